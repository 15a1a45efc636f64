/**
 * Defaults of built-in resources (the files defaults.go under pkg/apis of Kubernetes), as far as objects of the sandbox meet them, and the
 * fields Go writes whether they are set or not.
 */
import { type Fields, fieldsOf, isFields, isList, listOf, omit, own, textOf } from '../json.ts'

// What has nothing to be filled is given back as it is: changes of big objects are found by identity then.

/** Missing fields filled; what is there stays. */
const fill = (object: Fields, defaults: Fields): Fields =>
  Object.keys(defaults).every((key) => Object.hasOwn(object, key))
    ? object
    : { ...object, ...omit(defaults, ...Object.keys(object)) }

const mapList = (object: Fields, key: string, change: (item: Fields) => Fields): Fields => {
  const list = own(object, key)
  if (!isList(list)) return object
  const changed = list.map((item) => (isFields(item) ? change(item) : item))
  return changed.every((item, at) => item === list[at]) ? object : { ...object, [key]: changed }
}

const mapField = (object: Fields, key: string, change: (field: Fields) => Fields): Fields => {
  const field = own(object, key)
  if (!isFields(field)) return object
  const changed = change(field)
  return changed === field ? object : { ...object, [key]: changed }
}

const pullPolicy = (image: string): string => {
  const name = image.slice(image.lastIndexOf('/') + 1)
  const isLatest = !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'))
  return isLatest ? 'Always' : 'IfNotPresent'
}

const probe = (field: Fields): Fields =>
  fill(
    mapField(field, 'httpGet', (get) => fill(get, { path: '/', scheme: 'HTTP' })),
    {
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
  )

function container(object: Fields): Fields {
  const withPorts = mapList(object, 'ports', (port) => fill(port, { protocol: 'TCP' }))
  const withProbes = ['livenessProbe', 'readinessProbe', 'startupProbe'].reduce(
    (all, key) => mapField(all, key, probe),
    withPorts,
  )
  return fill(withProbes, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(textOf(object, 'image')),
  })
}

const VOLUME_MODES: readonly string[] = ['configMap', 'secret', 'projected', 'downwardAPI']

function volume(object: Fields): Fields {
  const withModes = VOLUME_MODES.reduce(
    (all, key) => mapField(all, key, (source) => fill(source, { defaultMode: 420 })),
    object,
  )
  return mapField(withModes, 'hostPath', (path) => fill(path, { type: '' }))
}

/** Of Pods and of templates alike. */
export function podSpec(spec: Fields): Fields {
  const lists = ['containers', 'initContainers'].reduce((all, key) => mapList(all, key, container), spec)
  const account = textOf(spec, 'serviceAccountName')
  return fill(mapList(lists, 'volumes', volume), {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...(account === '' ? {} : { serviceAccount: account }),
  })
}

/** A limit is a request where none is given. */
const withRequests = (one: Fields): Fields =>
  mapField(one, 'resources', (resources) => {
    const limits = fieldsOf(resources, 'limits')
    const requests = fieldsOf(resources, 'requests')
    return Object.keys(limits).every((key) => Object.hasOwn(requests, key))
      ? resources
      : { ...resources, requests: { ...limits, ...requests } }
  })

const NO_TIMES = { lastProbeTime: null, lastTransitionTime: null }
const NO_STATUS = { ready: false, restartCount: 0, image: '', imageID: '', state: {}, lastState: {} }

export function podDefaults(pod: Fields): Fields {
  const withStatus = mapField(pod, 'status', (status) => {
    const statuses = ['containerStatuses', 'initContainerStatuses'].reduce(
      (all, key) => mapList(all, key, (one) => fill(one, NO_STATUS)),
      status,
    )
    return mapList(statuses, 'conditions', (one) => fill(one, NO_TIMES))
  })
  return mapField(withStatus, 'spec', (spec) => {
    const full = ['containers', 'initContainers'].reduce(
      (all, key) => mapList(all, key, withRequests),
      podSpec(spec),
    )
    return fill(full, { enableServiceLinks: true })
  })
}

export function nodeDefaults(node: Fields): Fields {
  const withSpec = mapField(node, 'spec', (spec) => {
    const cidr = textOf(spec, 'podCIDR')
    return cidr === '' ? spec : fill(spec, { podCIDRs: [cidr] })
  })
  const times = { lastHeartbeatTime: null, lastTransitionTime: null }
  return mapField(withSpec, 'status', (status) => mapList(status, 'conditions', (one) => fill(one, times)))
}

const template = (spec: Fields): Fields => mapField(spec, 'template', (one) => mapField(one, 'spec', podSpec))

export function serviceDefaults(service: Fields): Fields {
  const port = (one: Fields): Fields => fill(one, { protocol: 'TCP', targetPort: one['port'] })
  return mapField(service, 'spec', (spec) => {
    const type = textOf(spec, 'type') || 'ClusterIP'
    const isExternal = type === 'NodePort' || type === 'LoadBalancer'
    return fill(mapList(spec, 'ports', port), {
      sessionAffinity: 'None',
      type,
      ...(isExternal ? { externalTrafficPolicy: 'Cluster' } : {}),
      ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
      ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
    })
  })
}

export function networkPolicyDefaults(policy: Fields): Fields {
  const ports = (rule: Fields): Fields => mapList(rule, 'ports', (port) => fill(port, { protocol: 'TCP' }))
  return mapField(policy, 'spec', (spec) => {
    const egress = listOf(spec, 'egress').length > 0
    return fill(mapList(mapList(spec, 'ingress', ports), 'egress', ports), {
      policyTypes: egress ? ['Ingress', 'Egress'] : ['Ingress'],
    })
  })
}

export function deploymentDefaults(deployment: Fields): Fields {
  return mapField(deployment, 'spec', (spec) => {
    const strategy = fieldsOf(spec, 'strategy')
    const type = textOf(strategy, 'type') || 'RollingUpdate'
    const rolling = fill(fieldsOf(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' })
    return {
      ...fill(template(spec), { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }),
      strategy: { ...strategy, type, ...(type === 'RollingUpdate' ? { rollingUpdate: rolling } : {}) },
    }
  })
}

export function daemonSetDefaults(set: Fields): Fields {
  const metadata = fieldsOf(set, 'metadata')
  const annotations = fill(fieldsOf(metadata, 'annotations'), {
    'deprecated.daemonset.template.generation': '1',
  })
  return mapField({ ...set, metadata: { ...metadata, annotations } }, 'spec', (spec) => {
    const strategy = fieldsOf(spec, 'updateStrategy')
    const type = textOf(strategy, 'type') || 'RollingUpdate'
    const rolling = fill(fieldsOf(strategy, 'rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 })
    return {
      ...fill(template(spec), { revisionHistoryLimit: 10 }),
      updateStrategy: { ...strategy, type, ...(type === 'RollingUpdate' ? { rollingUpdate: rolling } : {}) },
    }
  })
}

export function statefulSetDefaults(set: Fields): Fields {
  return mapField(set, 'spec', (spec) => {
    const strategy = fieldsOf(spec, 'updateStrategy')
    const type = textOf(strategy, 'type') || 'RollingUpdate'
    return {
      ...fill(template(spec), {
        replicas: 1,
        revisionHistoryLimit: 10,
        podManagementPolicy: 'OrderedReady',
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      }),
      updateStrategy: {
        ...strategy,
        type,
        ...(type === 'RollingUpdate'
          ? { rollingUpdate: fill(fieldsOf(strategy, 'rollingUpdate'), { partition: 0 }) }
          : {}),
      },
    }
  })
}

export const replicaSetDefaults = (set: Fields): Fields =>
  mapField(set, 'spec', (spec) => fill(template(spec), { replicas: 1 }))

export const endpointSliceDefaults = (slice: Fields): Fields =>
  mapList(
    mapList(slice, 'ports', (port) => fill(port, { name: '', protocol: 'TCP' })),
    'endpoints',
    (endpoint) => fill(endpoint, { conditions: {} }),
  )

export const endpointsDefaults = (endpoints: Fields): Fields =>
  mapList(endpoints, 'subsets', (subset) =>
    mapList(subset, 'ports', (port) => fill(port, { protocol: 'TCP' })),
  )

/** stringData is written over data and never read back. */
export function secretDefaults(secret: Fields): Fields {
  const encoded = Object.entries(fieldsOf(secret, 'stringData')).map(
    ([key, value]) => [key, Buffer.from(String(value)).toString('base64')] as const,
  )
  const data = { ...fieldsOf(secret, 'data'), ...Object.fromEntries(encoded) }
  const rest = omit(secret, 'stringData')
  return fill(Object.keys(data).length === 0 ? rest : { ...rest, data }, { type: 'Opaque' })
}

export function namespaceDefaults(namespace: Fields): Fields {
  const metadata = fieldsOf(namespace, 'metadata')
  const name = textOf(metadata, 'name')
  // A generated name is not known yet; the label comes with it (prepare).
  if (name === '') return namespace
  const labels = { ...fieldsOf(metadata, 'labels'), 'kubernetes.io/metadata.name': name }
  return { ...namespace, metadata: { ...metadata, labels } }
}

export const crdDefaults = (crd: Fields): Fields =>
  mapField(crd, 'spec', (spec) => {
    const names = fieldsOf(spec, 'names')
    const kind = textOf(names, 'kind')
    return {
      ...fill(spec, { conversion: { strategy: 'None' } }),
      names: fill(names, {
        ...(kind === '' ? {} : { listKind: `${kind}List`, singular: kind.toLowerCase() }),
      }),
    }
  })

const NODE_INFO = [
  'machineID',
  'systemUUID',
  'bootID',
  'kernelVersion',
  'osImage',
  'containerRuntimeVersion',
  'kubeletVersion',
  'kubeProxyVersion',
  'operatingSystem',
  'architecture',
]

const EMPTY_TEMPLATE = { metadata: {}, spec: { containers: null } }

/** By kind: what Go writes for an object of which nothing is set (fields without `omitempty`). */
export const EMPTIES: Readonly<Record<string, Fields>> = {
  Pod: { spec: { containers: null }, status: {} },
  Namespace: { spec: {}, status: {} },
  Node: {
    spec: {},
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: Object.fromEntries(NODE_INFO.map((key) => [key, ''])),
    },
  },
  Service: { spec: {}, status: { loadBalancer: {} } },
  Ingress: { spec: {}, status: { loadBalancer: {} } },
  NetworkPolicy: { spec: { podSelector: {} } },
  Lease: { spec: {} },
  EndpointSlice: { addressType: '', endpoints: null, ports: null },
  Event: {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
  },
  Deployment: { spec: { selector: null, template: EMPTY_TEMPLATE, strategy: {} }, status: {} },
  ReplicaSet: { spec: { selector: null, template: EMPTY_TEMPLATE }, status: { replicas: 0 } },
  DaemonSet: {
    spec: { selector: null, template: EMPTY_TEMPLATE, updateStrategy: {} },
    status: {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    },
  },
  StatefulSet: {
    spec: { selector: null, template: EMPTY_TEMPLATE, updateStrategy: {} },
    status: { replicas: 0, availableReplicas: 0 },
  },
  CustomResourceDefinition: {
    spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null },
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
  },
  APIService: { spec: {}, status: {} },
}

/** The object over what Go always writes; nulls that nobody filled stay as Go writes them. */
export function overEmpty(object: Fields, empty: Fields): Fields {
  const added = Object.entries(empty).map(([key, value]) => {
    const present = own(object, key)
    if (present === undefined) return [key, value] as const
    return [key, isFields(present) && isFields(value) ? overEmpty(present, value) : present] as const
  })
  if (added.every(([key, value]) => own(object, key) === value)) return object
  return { ...object, ...Object.fromEntries(added) }
}
