/** The adapter's rights as docs/rbac.yaml grants them, so that the sandbox's API server refuses what a real one would. */
import type { UserInfo } from './apiserver/types.ts'

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const READ = ['get', 'list', 'watch'] as const

/** The ClusterRole. */
export const CLUSTER_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['nodes', 'namespaces', 'pods', 'services'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'], verbs: READ },
  {
    apiGroups: ['crd.antrea.io'],
    resources: ['clusternetworkpolicies', 'clustergroups'],
    verbs: [...READ, 'create', 'update', 'delete'],
  },
  { apiGroups: ['crd.antrea.io'], resources: ['tiers'], verbs: [...READ, 'create'] },
  { apiGroups: ['crd.antrea.io'], resources: ['antreaagentinfos', 'antreacontrollerinfos'], verbs: READ },
]

/** The Role in the lease's namespace. */
export const LEASE_RULES: readonly Rule[] = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'list', 'create', 'update', 'delete'],
  },
]

export const ADAPTER_USER = 'antrea-nsx-adapter'
export const LEASE_NAMESPACE = 'antrea-nsx-adapter'
const ADMIN_GROUP = 'system:masters'

/** `authorize` of the API server: administrators do everything, the adapter what its roles say, nobody else anything. */
export function mayDo(user: UserInfo, verb: string, resource: string, namespace?: string): boolean {
  if (user.groups.includes(ADMIN_GROUP)) return true
  if (user.user !== ADAPTER_USER) return false
  return (
    allows(CLUSTER_RULES, verb, resource) ||
    (namespace === LEASE_NAMESPACE && allows(LEASE_RULES, verb, resource))
  )
}

function allows(rules: readonly Rule[], verb: string, resource: string): boolean {
  const [name = '', ...group] = resource.split('.')
  return rules.some(
    (rule) =>
      rule.verbs.includes(verb) && rule.resources.includes(name) && rule.apiGroups.includes(group.join('.')),
  )
}

interface RbacObject {
  readonly collection: string
  readonly body: { readonly apiVersion: string; readonly kind: string; readonly [field: string]: unknown }
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/** The same for a real API server: roles and their bindings to the adapter's user, as in docs/rbac.yaml. */
export function rbacObjects(): readonly RbacObject[] {
  const apiGroup = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'User', apiGroup, name: ADAPTER_USER }]
  const object = (kind: string, namespace: string | undefined, fields: object): RbacObject => ({
    collection: `${RBAC}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}s`,
    body: {
      apiVersion: `${apiGroup}/v1`,
      kind,
      metadata: { name: ADAPTER_USER, ...(namespace === undefined ? {} : { namespace }) },
      ...fields,
    },
  })
  const roleRef = (kind: string) => ({ apiGroup, kind, name: ADAPTER_USER })
  return [
    object('ClusterRole', undefined, { rules: CLUSTER_RULES }),
    object('Role', LEASE_NAMESPACE, { rules: LEASE_RULES }),
    object('ClusterRoleBinding', undefined, { roleRef: roleRef('ClusterRole'), subjects }),
    object('RoleBinding', LEASE_NAMESPACE, { roleRef: roleRef('Role'), subjects }),
  ]
}
