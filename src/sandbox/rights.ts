/** The adapter's rights as docs/rbac.yaml grants them, so that the sandbox's API server refuses what a real one would. */
import {
  ANTREA_NAMESPACE,
  type ManifestObject,
  RIGHTS,
  type Right,
  type Rule,
  rbacManifest,
  ruleOf,
} from '../kube/rights.ts'
import type { UserInfo } from './apiserver/types.ts'

const rulesOf = (scope: Right['scope']): Rule[] => RIGHTS.filter((right) => right.scope === scope).map(ruleOf)

/** The ClusterRole, but for its paths beside resources. */
export const CLUSTER_RULES: readonly Rule[] = rulesOf('cluster')

/** The Role in the lease's namespace. */
export const LEASE_RULES: readonly Rule[] = rulesOf('namespace')

/** The Role in Antrea's namespace. */
export const ANTREA_RULES: readonly Rule[] = rulesOf('antrea')

export const ADAPTER_USER = 'antrea-nsx-adapter'
export const LEASE_NAMESPACE = 'antrea-nsx-adapter'
const ADMIN_GROUP = 'system:masters'

/** `authorize` of the API server: administrators do everything, the adapter what its roles say, nobody else anything. */
export function mayDo(user: UserInfo, verb: string, resource: string, namespace?: string): boolean {
  if (user.groups.includes(ADMIN_GROUP)) return true
  if (user.user !== ADAPTER_USER) return false
  return (
    allows(CLUSTER_RULES, verb, resource) ||
    (namespace === LEASE_NAMESPACE && allows(LEASE_RULES, verb, resource)) ||
    (namespace === ANTREA_NAMESPACE && allows(ANTREA_RULES, verb, resource))
  )
}

function allows(rules: readonly Rule[], verb: string, resource: string): boolean {
  const [whole = '', subresource] = resource.split('/')
  const [plural = '', ...group] = whole.split('.')
  const name = subresource === undefined ? plural : `${plural}/${subresource}`
  return rules.some(
    (rule) =>
      rule.verbs.some((one) => one === verb) &&
      rule.resources.includes(name) &&
      rule.apiGroups.includes(group.join('.')),
  )
}

interface RbacObject {
  readonly collection: string
  readonly body: ManifestObject
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/** The same for a real API server: roles and their bindings to the adapter's user, as in docs/rbac.yaml. */
export const rbacObjects = (): readonly RbacObject[] =>
  rbacManifest({ namespace: LEASE_NAMESPACE, subject: { kind: 'User', name: ADAPTER_USER } })
    .filter(({ kind }) => kind !== 'Namespace')
    .map((body) => {
      const { namespace } = body.metadata
      const scope = namespace === undefined ? '' : `/namespaces/${namespace}`
      return { collection: `${RBAC}${scope}/${body.kind.toLowerCase()}s`, body }
    })
