/** What NSX calls the policies in the cluster and their rules, for answers to NSX that speak of them. */
import type { ClusterNetworkPolicy } from '../kube/antrea.ts'
import { annotationOf, ownershipOf } from './ownership.ts'
import type { DesiredObject, DesiredObjects } from './translate/index.ts'
import { objectKey } from './translate/index.ts'
import { ruleName } from './translate/rules.ts'

export interface IntentNames {
  /** Path of the NSX policy that this object of ours was made from; undefined: it is not ours. */
  policyPath(policy: ClusterNetworkPolicy): string | undefined
  /** The rule of that policy with this rule_id; undefined before NSX has told what it wants. */
  rulePath(policyPath: string, ruleId: string): string | undefined
  /** What NSX wants now. */
  take(objects: DesiredObjects): void
}

export function createIntentNames(clusterId: string): IntentNames {
  let desired: DesiredObjects = new Map()
  const rules = new WeakMap<DesiredObject, ReadonlyMap<string, string>>()
  const rulesOf = (policy: DesiredObject) => {
    const known = rules.get(policy)
    if (known !== undefined) return known
    const made = rulePaths(policy)
    rules.set(policy, made)
    return made
  }
  return {
    policyPath: (policy) =>
      ownershipOf(policy, clusterId) === 'ours' ? annotationOf(policy, 'intentPath') : undefined,
    rulePath(policyPath, ruleId) {
      const policy = desired.get(objectKey('SecurityPolicy', policyPath))
      return policy === undefined ? undefined : rulesOf(policy).get(ruleId)
    },
    take(objects) {
      desired = objects
    },
  }
}

function rulePaths({ path, body }: DesiredObject): ReadonlyMap<string, string> {
  const list: unknown = body?.['rules']
  const paths = new Map<string, string>()
  for (const rule of Array.isArray(list) ? (list as unknown[]) : []) {
    const fields = (typeof rule === 'object' && rule !== null ? rule : {}) as {
      readonly id?: unknown
      readonly path?: unknown
      readonly rule_id?: unknown
    }
    const rulePath = typeof fields.path === 'string' ? fields.path : `${path}/rules/${String(fields.id)}`
    const id = typeof fields.rule_id === 'number' ? { rule_id: fields.rule_id } : {}
    paths.set(ruleName(id, rulePath), rulePath)
  }
  return paths
}
