/** The table of built-in resources: where they are served and which rules their writes follow. */
import { type Fields, fieldsOf, textOf } from '../json.ts'
import type { NameRule } from '../names.ts'
import { type Resource, STANDARD_VERBS } from '../resource.ts'
import { selectableText } from '../selectors.ts'
import { AGE, COLUMNS, NAME } from './columns.ts'
import * as defaults from './defaults.ts'
import * as prepare from './prepare.ts'
import { structShape } from './shapes.ts'
import * as check from './validate.ts'

interface Row {
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly namespaced?: boolean
  readonly nameRule?: NameRule
  readonly hasGeneration?: boolean
  readonly hasStatus?: boolean
  readonly createOnUpdate?: boolean
  readonly conditionalUpdate?: boolean
  readonly verbs?: readonly string[]
  readonly defaults?: (object: Fields) => Fields
  readonly prepare?: prepare.Prepare
  readonly validate?: check.Validate
  /** Paths of selectable fields, and what stands for an absent value. */
  readonly selectable?: readonly string[]
}

const CORE: readonly Row[] = [
  {
    kind: 'Namespace',
    plural: 'namespaces',
    shortNames: ['ns'],
    namespaced: false,
    nameRule: 'label',
    hasStatus: true,
    verbs: STANDARD_VERBS.filter((verb) => verb !== 'deletecollection'),
    defaults: defaults.namespaceDefaults,
    prepare: prepare.prepareNamespace,
    selectable: ['status.phase'],
  },
  {
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    namespaced: false,
    hasStatus: true,
    defaults: defaults.nodeDefaults,
    prepare: prepare.prepareNode,
    selectable: ['spec.unschedulable'],
  },
  {
    kind: 'Pod',
    plural: 'pods',
    shortNames: ['po'],
    categories: ['all'],
    hasGeneration: true,
    hasStatus: true,
    defaults: defaults.podDefaults,
    prepare: prepare.preparePod,
    validate: check.validatePod,
    selectable: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  },
  {
    kind: 'Service',
    plural: 'services',
    shortNames: ['svc'],
    categories: ['all'],
    nameRule: 'label',
    hasStatus: true,
    createOnUpdate: true,
    defaults: defaults.serviceDefaults,
    validate: check.validateService,
    selectable: ['spec.clusterIP', 'spec.type'],
  },
  {
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
    validate: check.validateData,
  },
  {
    kind: 'Secret',
    plural: 'secrets',
    defaults: defaults.secretDefaults,
    validate: check.validateData,
    selectable: ['type'],
  },
  { kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] },
  {
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    createOnUpdate: true,
    validate: check.validateEvent,
    selectable: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  },
  {
    kind: 'Endpoints',
    plural: 'endpoints',
    shortNames: ['ep'],
    createOnUpdate: true,
    defaults: defaults.endpointsDefaults,
  },
]

const APPS: readonly Row[] = [
  {
    kind: 'Deployment',
    plural: 'deployments',
    shortNames: ['deploy'],
    defaults: defaults.deploymentDefaults,
    prepare: prepare.resetStatus({}),
  },
  {
    kind: 'ReplicaSet',
    plural: 'replicasets',
    shortNames: ['rs'],
    defaults: defaults.replicaSetDefaults,
    prepare: prepare.resetStatus({ replicas: 0 }),
    selectable: ['status.replicas'],
  },
  {
    kind: 'DaemonSet',
    plural: 'daemonsets',
    shortNames: ['ds'],
    defaults: defaults.daemonSetDefaults,
    prepare: prepare.resetStatus(fieldsOf(defaults.EMPTIES['DaemonSet'], 'status')),
  },
  {
    kind: 'StatefulSet',
    plural: 'statefulsets',
    shortNames: ['sts'],
    defaults: defaults.statefulSetDefaults,
    prepare: prepare.resetStatus({ replicas: 0, availableReplicas: 0 }),
  },
].map((row) => ({
  categories: ['all'],
  hasGeneration: true,
  hasStatus: true,
  validate: check.validateTemplate,
  ...row,
}))

const NETWORKING: readonly Row[] = [
  {
    kind: 'Ingress',
    plural: 'ingresses',
    shortNames: ['ing'],
    hasGeneration: true,
    hasStatus: true,
    prepare: prepare.resetStatus({ loadBalancer: {} }),
    validate: check.validateIngress,
  },
  {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    shortNames: ['netpol'],
    hasGeneration: true,
    defaults: defaults.networkPolicyDefaults,
    validate: check.validateNetworkPolicy,
  },
]

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  '': CORE,
  apps: APPS,
  'networking.k8s.io': NETWORKING,
  'discovery.k8s.io': [
    {
      kind: 'EndpointSlice',
      plural: 'endpointslices',
      hasGeneration: true,
      defaults: defaults.endpointSliceDefaults,
      validate: check.validateEndpointSlice,
    },
  ],
  'coordination.k8s.io': [
    {
      kind: 'Lease',
      plural: 'leases',
      createOnUpdate: true,
      conditionalUpdate: true,
      validate: check.validateLease,
    },
  ],
  'apiextensions.k8s.io': [
    {
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      namespaced: false,
      hasGeneration: true,
      hasStatus: true,
      conditionalUpdate: true,
      defaults: defaults.crdDefaults,
      prepare: prepare.prepareCrd,
      validate: check.validateCrd,
    },
  ],
  'apiregistration.k8s.io': [
    {
      kind: 'APIService',
      plural: 'apiservices',
      categories: ['api-extensions'],
      namespaced: false,
      verbs: ['get', 'list', 'watch'],
      hasStatus: true,
    },
  ],
}

/** Every built-in resource; `services` lists the stored Services, whose addresses are taken. */
export function builtinResources(services: () => Iterable<Fields>): readonly Resource[] {
  return Object.entries(GROUPS).flatMap(([group, rows]) =>
    rows.map((row) => {
      const resource = toResource(group, row)
      return row.kind === 'Service'
        ? { ...resource, prepare: prepare.createServicePrepare(services) }
        : resource
    }),
  )
}

function toResource(group: string, row: Row): Resource {
  const fields = (row.selectable ?? []).map((path) => [path, path.split('.')] as const)
  const selectable = (object: Fields) =>
    Object.fromEntries(fields.map(([path, parts]) => [path, selectableOf(object, path, parts)]))
  return {
    group,
    kind: row.kind,
    listKind: `${row.kind}List`,
    plural: row.plural,
    singular: row.kind.toLowerCase(),
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced: row.namespaced ?? true,
    verbs: row.verbs ?? STANDARD_VERBS,
    versions: [
      {
        name: 'v1',
        served: true,
        get shape() {
          return structShape(row.kind)
        },
        columns: COLUMNS[row.kind] ?? [NAME, AGE],
      },
    ],
    storage: 'v1',
    custom: false,
    hasStatus: row.hasStatus ?? false,
    nameRule: row.nameRule ?? 'subdomain',
    hasGeneration: row.hasGeneration ?? false,
    createOnUpdate: row.createOnUpdate ?? false,
    unconditionalUpdate: row.conditionalUpdate !== true,
    empty: defaults.EMPTIES[row.kind] ?? {},
    defaults: row.defaults ?? ((object) => object),
    prepare: row.prepare ?? prepare.keep,
    validate: row.validate ?? check.anything,
    selectable,
    ...(row.kind === 'Pod' ? { graceSeconds: podGraceSeconds } : {}),
  }
}

function selectableOf(object: Fields, path: string, parts: readonly string[]): string {
  if (path === 'source')
    return textOf(fieldsOf(object, 'source'), 'component') || textOf(object, 'reportingComponent')
  const value = selectableText(object, ...parts)
  return value === '' && /^spec\.(unschedulable|hostNetwork)$/.test(path) ? 'false' : value
}

/** A pod that is on no node, or has ended, goes at once: no kubelet has to stop it. */
function podGraceSeconds(pod: Fields): number {
  const spec = fieldsOf(pod, 'spec')
  const phase = textOf(fieldsOf(pod, 'status'), 'phase')
  if (textOf(spec, 'nodeName') === '' || phase === 'Failed' || phase === 'Succeeded') return 0
  const seconds = spec['terminationGracePeriodSeconds']
  return typeof seconds === 'number' ? seconds : 30
}
