/**
 * What the adapter may do, and why: the one table from which its roles are made (`rbac`, docs/rbac.yaml), by which the
 * sandbox's API server lets it in, and to which tests hold what it really asks. Pure.
 */
import type { Verb } from './client.ts'
import { IDENTITY_SECRET, SERVICE_ACCOUNT } from './marks.ts'
import { RESOURCES, type ResourceName, resourcePath } from './resources.ts'

export interface Right {
  readonly resource: ResourceName
  /** `pods/log` and the like. */
  readonly subresource?: string
  /** `namespace`: only in the adapter's own, where its leases are; `antrea`: only in ANTREA_NAMESPACE. */
  readonly scope: 'cluster' | 'namespace' | 'antrea'
  readonly verbs: readonly Verb[]
  /** Only objects of these names. */
  readonly names?: readonly string[]
  readonly why: string
}

/** Where Antrea's own manifests and charts put its Pods (antrea-io/antrea build/charts/antrea). */
export const ANTREA_NAMESPACE = 'kube-system'

const WATCH = ['list', 'watch'] as const satisfies readonly Verb[]

const watched = (resource: ResourceName, why: string): Right => ({
  resource,
  scope: 'cluster',
  verbs: WATCH,
  why,
})

export const RIGHTS: readonly Right[] = [
  watched('nodes', 'inventory, and which nodes a policy spans'),
  watched('namespaces', 'inventory'),
  {
    resource: 'namespaces',
    scope: 'cluster',
    verbs: ['get'],
    names: ['kube-system'],
    why: "the cluster's own identity is this namespace's uid",
  },
  watched('pods', 'inventory'),
  watched('services', 'inventory'),
  watched('endpointSlices', 'inventory: the Pods behind a Service'),
  watched('ingresses', 'inventory'),
  watched('networkPolicies', 'inventory'),
  watched('gateways', 'inventory, where Gateway API is installed'),
  watched('antreaNetworkPolicies', 'inventory and their realization'),
  watched('groups', 'inventory'),
  watched('egresses', 'inventory'),
  watched('ipPools', 'inventory'),
  watched('externalIPPools', 'inventory'),
  watched('antreaAgentInfos', "the agents' health"),
  watched('antreaControllerInfos', "antrea-controller's health"),
  {
    resource: 'computedNetworkPolicies',
    scope: 'cluster',
    verbs: ['list'],
    why: 'what antrea-controller computed of policies that have no status of their own',
  },
  {
    resource: 'customResourceDefinitions',
    scope: 'cluster',
    verbs: ['get'],
    names: ['clustergroups.crd.antrea.io', 'clusternetworkpolicies.crd.antrea.io'],
    why: "which fields this cluster's Antrea can hold",
  },
  {
    resource: 'clusterNetworkPolicies',
    scope: 'cluster',
    verbs: ['get', ...WATCH, 'create', 'update', 'delete'],
    why: "NSX's policies are written here; one that changed in between is read again",
  },
  {
    resource: 'clusterGroups',
    scope: 'cluster',
    verbs: ['get', ...WATCH, 'create', 'update', 'delete'],
    why: "NSX's groups are written here; one that changed in between is read again",
  },
  {
    resource: 'tiers',
    scope: 'cluster',
    verbs: ['get', ...WATCH, 'create'],
    why: "a tier for each category of NSX's is made where it is not there, and never changed",
  },
  {
    resource: 'leases',
    scope: 'namespace',
    verbs: ['get', 'list', 'create', 'update', 'delete'],
    why: 'leader election, and a Lease for each instance; those of instances that are gone are swept',
  },
  {
    resource: 'configMaps',
    scope: 'namespace',
    verbs: ['get', 'list', 'create', 'delete'],
    why: 'how to undo an operation is written down before it begins, and read by the next leader',
  },
  {
    resource: 'secrets',
    scope: 'namespace',
    verbs: ['get'],
    names: [IDENTITY_SECRET],
    why: "the cluster's certificate and key for NSX, which register and rotate put there",
  },
  {
    resource: 'serviceAccounts',
    subresource: 'token',
    scope: 'namespace',
    verbs: ['create'],
    names: [SERVICE_ACCOUNT],
    why: 'its own token is renewed before it is over',
  },
  {
    resource: 'traceflows',
    scope: 'cluster',
    verbs: ['get', 'list', 'create', 'delete'],
    why: "NSX's traceflows run as Antrea's; those that a leader left behind are swept",
  },
  {
    resource: 'pods',
    subresource: 'log',
    scope: 'antrea',
    verbs: ['get'],
    why: 'logs of antrea-controller and the agents, when NSX or a person asks for them',
  },
  {
    resource: 'configMaps',
    scope: 'antrea',
    verbs: ['get'],
    names: ['antrea-ca'],
    why: "the authority of antrea-controller's certificate, to change its log level",
  },
  {
    resource: 'configMaps',
    scope: 'antrea',
    verbs: ['get'],
    names: ['antrea-config'],
    why: "Antrea's configuration, in support bundles with its secrets masked",
  },
  {
    resource: 'supportBundles',
    scope: 'cluster',
    verbs: ['create'],
    why: "antrea-controller's support bundle, when NSX or a person asks for one",
  },
  {
    resource: 'supportBundles',
    scope: 'cluster',
    verbs: ['get', 'delete'],
    names: ['controller'],
    why: 'whether it is collected; deleted when it was read',
  },
  {
    resource: 'supportBundles',
    subresource: 'download',
    scope: 'cluster',
    verbs: ['get'],
    names: ['controller'],
    why: 'the bundle itself',
  },
  ...(['clusterPolicyStats', 'antreaPolicyStats', 'networkPolicyStats'] as const).map(
    (resource): Right => ({
      resource,
      scope: 'cluster',
      verbs: ['list'],
      why: 'what the rules of policies matched',
    }),
  ),
]

/** Paths beside resources; most clusters grant them to everybody by system:discovery and system:public-info-viewer. */
export const PATHS: readonly { readonly path: string; readonly why: string }[] = [
  { path: '/version', why: 'whether the API server answers' },
  { path: groupOf('tiers'), why: "which of Antrea's resources are served" },
  { path: groupOf('gateways'), why: 'whether Gateway API is served' },
]

function groupOf(name: ResourceName): string {
  return resourcePath(RESOURCES[name]).split('/').slice(0, -1).join('/')
}

/** A rule of a Role or ClusterRole (rbac.authorization.k8s.io/v1 PolicyRule). */
export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly Verb[]
}

export const ruleOf = ({ resource, subresource, names, verbs }: Right): Rule => {
  const { group, plural } = RESOURCES[resource]
  return {
    apiGroups: [group],
    resources: [subresource === undefined ? plural : `${plural}/${subresource}`],
    ...(names === undefined ? {} : { resourceNames: names }),
    verbs,
  }
}

/** Whom the roles are bound to. */
export type Subject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string }

export interface ManifestOptions {
  /** Of the leases. */
  readonly namespace: string
  readonly subject: Subject
  /** The rights to grant; all of them when left out. */
  readonly rights?: readonly Right[]
}

const RBAC_GROUP = 'rbac.authorization.k8s.io'
const NAME = 'antrea-nsx-adapter'
/** Of the Role in Antrea's namespace, which may be the adapter's own too. */
const ANTREA_ROLE = `${NAME}-antrea`

/** The rights that one of the manifest's roles grants. */
export function scopeOf({ kind, metadata }: ManifestObject): Right['scope'] {
  if (kind === 'ClusterRole') return 'cluster'
  return metadata.name === ANTREA_ROLE ? 'antrea' : 'namespace'
}

export interface ManifestObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly object[]
  readonly roleRef?: object
  readonly subjects?: readonly object[]
}

/** Namespace, ClusterRole, Roles and their bindings, in the order in which they can be applied. */
export function rbacManifest({ namespace, subject, rights = RIGHTS }: ManifestOptions): ManifestObject[] {
  const apiVersion = `${RBAC_GROUP}/v1`
  const metadata = { name: NAME }
  const inNamespace = { name: NAME, namespace }
  const inAntreas = { name: ANTREA_ROLE, namespace: ANTREA_NAMESPACE }
  const rules = (scope: Right['scope']) => rights.filter((right) => right.scope === scope).map(ruleOf)
  const subjects = [subject.kind === 'ServiceAccount' ? subject : { apiGroup: RBAC_GROUP, ...subject }]
  const roleRef = (kind: string, name = NAME) => ({ apiGroup: RBAC_GROUP, kind, name })
  const paths = { nonResourceURLs: PATHS.map(({ path }) => path), verbs: ['get'] }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion, kind: 'ClusterRole', metadata, rules: [...rules('cluster'), paths] },
    { apiVersion, kind: 'Role', metadata: inNamespace, rules: rules('namespace') },
    { apiVersion, kind: 'Role', metadata: inAntreas, rules: rules('antrea') },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: roleRef('ClusterRole'), subjects },
    { apiVersion, kind: 'RoleBinding', metadata: inNamespace, roleRef: roleRef('Role'), subjects },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: inAntreas,
      roleRef: roleRef('Role', ANTREA_ROLE),
      subjects,
    },
  ]
}
