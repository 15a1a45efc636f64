/** The system tiers, and what /validate/tier refuses. */
import type { Refusal } from './checks.ts'

export const SYSTEM_TIERS = [
  ['emergency', 50],
  ['securityops', 100],
  ['networkops', 150],
  ['platform', 200],
  ['application', 250],
  ['baseline', 253],
] as const

export const DEFAULT_TIER = 'application'
const RESERVED_PRIORITIES: ReadonlySet<number> = new Set([251, 252, 254, 255])
const TIERS_MAX = 20

/** The identity of antrea-controller, which alone may move a tier. */
const CONTROLLER = 'system:serviceaccount:kube-system:antrea-controller'

/** The controller's own picture, which may lag. */
export interface TierLookup {
  /** Priorities of all tiers. */
  priorities(): ReadonlySet<number>
  clusterPoliciesIn(tier: string): number
  policiesIn(tier: string): number
}

export function checkNewTier(name: string, priority: number, lookup: TierLookup): Refusal {
  const taken = lookup.priorities()
  if (taken.size >= TIERS_MAX) return `maximum number of Tiers supported: ${TIERS_MAX}`
  if (RESERVED_PRIORITIES.has(priority)) return `tier ${name} priority ${priority} is reserved`
  return taken.has(priority) ? `tier ${name} priority ${priority} overlaps with existing Tier` : undefined
}

export const checkTierUpdate = (before: number, after: number, username: string): Refusal =>
  before === after || username === CONTROLLER ? undefined : 'update to Tier priority is not allowed'

export function checkTierDelete(name: string, lookup: TierLookup): Refusal {
  if (SYSTEM_TIERS.some(([system]) => system === name)) return `cannot delete reserved tier ${name}`
  const cluster = lookup.clusterPoliciesIn(name)
  if (cluster > 0) return `tier ${name} is referenced by ${cluster} Antrea ClusterNetworkPolicies`
  const namespaced = lookup.policiesIn(name)
  return namespaced > 0 ? `tier ${name} is referenced by ${namespaced} Antrea NetworkPolicies` : undefined
}
