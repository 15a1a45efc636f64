/** Sorts the cluster's objects by whose they are. */
import type { ClusterGroup, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import type { KubeObject } from '../../kube/types.ts'
import { annotationOf, ownershipOf } from '../ownership.ts'
import { groupSpecHash, policySpecHash } from '../translate/index.ts'
import type { ClusterView, PlanWarning } from './types.ts'

export interface Owned {
  readonly policies: ReadonlyMap<string, ClusterNetworkPolicy>
  readonly groups: ReadonlyMap<string, ClusterGroup>
  /** Names that are taken by objects that are not ours. */
  readonly foreignPolicies: ReadonlySet<string>
  readonly foreignGroups: ReadonlySet<string>
  readonly warnings: readonly PlanWarning[]
  /** A tier's place, whoever made it; after all others where it is not there. */
  tierPriority(name: string): number
}

/** What is ours by name, and what a person should know of what nearly is. */
export function sortOut(cluster: ClusterView, clusterId: string): Owned {
  const similar: string[] = []
  const elsewhere: string[] = []
  const split = <T extends KubeObject>(objects: readonly T[], kind: string) => {
    const ours = new Map<string, T>()
    const foreign = new Set<string>()
    for (const object of objects) {
      const { name } = object.metadata
      const ownership = ownershipOf(object, clusterId)
      if (ownership === 'ours') ours.set(name, object)
      else foreign.add(name)
      if (ownership === 'looks-like-ours') similar.push(`${kind} ${name}`)
      if (ownership === 'foreign-cluster') elsewhere.push(`${kind} ${name}`)
    }
    return { ours, foreign }
  }
  const policies = split(cluster.policies, 'ClusterNetworkPolicy')
  const groups = split(cluster.groups, 'ClusterGroup')
  const tiers = new Map(cluster.tiers.map(({ metadata, spec }) => [metadata.name, spec.priority]))
  const warnings: PlanWarning[] = []
  if (similar.length > 0) warnings.push({ code: 'LOOKS_LIKE_OURS', detail: listNames(similar) })
  if (elsewhere.length > 0) warnings.push({ code: 'FOREIGN_CLUSTER_ID', detail: listNames(elsewhere) })
  return {
    policies: policies.ours,
    groups: groups.ours,
    foreignPolicies: policies.foreign,
    foreignGroups: groups.foreign,
    warnings,
    tierPriority: (name) => tiers.get(name) ?? Number.MAX_SAFE_INTEGER,
  }
}

const NAMES_SHOWN = 5

/** A few names and how many more. */
export function listNames(names: readonly string[]): string {
  const sorted = [...names].sort()
  const shown = sorted.slice(0, NAMES_SHOWN).join(', ')
  return sorted.length > NAMES_SHOWN ? `${shown} and ${sorted.length - NAMES_SHOWN} more` : shown
}

const hashes = new WeakMap<object, string>()

const kept = (object: object, make: () => string): string => {
  const known = hashes.get(object)
  if (known !== undefined) return known
  const hash = make()
  hashes.set(object, hash)
  return hash
}

/** Hash of what is stored, in normal form; made once for each version of an object. */
export const storedPolicyHash = (policy: ClusterNetworkPolicy): string =>
  kept(policy, () => policySpecHash(policy.spec))

export const storedGroupHash = (group: ClusterGroup): string => kept(group, () => groupSpecHash(group.spec))

/** As it was written: nobody has changed it by hand. */
export const isAsWritten = (policy: ClusterNetworkPolicy): boolean =>
  annotationOf(policy, 'specHash') === storedPolicyHash(policy)

/** Its members are computed, as far as antrea-controller has said. */
export const isComputed = (group: ClusterGroup): boolean =>
  (group.status?.conditions ?? []).some(
    ({ type, status }) => type === 'GroupMembersComputed' && status === 'True',
  )
