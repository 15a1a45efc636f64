/** The policies in the cluster and what NSX calls them, for answers that speak of them. Types and small pure helpers. */
import type { ClusterNetworkPolicy } from '../kube/antrea.ts'

export interface PolicyNames {
  /** Path of the NSX policy that this object is the adapter's own form of; undefined: it is not ours. */
  policyPath(policy: ClusterNetworkPolicy): string | undefined
  /** The rule of that policy with this rule_id; undefined where what NSX wants is not at hand. */
  rulePath(policyPath: string, ruleId: string): string | undefined
}

/** The rule_id in the name of a translated rule: what comes before `-in`, `-out`, `-v4`, `-v6` and their like. */
export const ruleIdOf = (ruleName: string): string => ruleName.split('-', 1)[0] ?? ''

/** How the channel names what NSX did not make (docs/protocol.md, Realization). */
export const foreignPath = (kind: ForeignKind, uid: string): string => `k8s:${kind}/${uid}`

export type ForeignKind = 'K8sNetworkPolicy' | 'AntreaNetworkPolicy' | 'AntreaClusterNetworkPolicy'
