/** Sorts the cluster's objects by whose they are. */
import type { ClusterGroup, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import type { KubeObject } from '../../kube/types.ts'
import { type Steps, sortSteps } from '../../world/steps.ts'
import { annotationOf, isRivalObject, ownershipOf } from '../ownership.ts'
import { groupSpecHash, policySpecHash } from '../translate/index.ts'
import type { ClusterView, PlanWarning } from './types.ts'

export interface Owned {
  readonly policies: ReadonlyMap<string, ClusterNetworkPolicy>
  readonly groups: ReadonlyMap<string, ClusterGroup>
  /** Names that are taken by objects that are not ours. */
  readonly foreignPolicies: ReadonlyMap<string, ClusterNetworkPolicy>
  readonly foreignGroups: ReadonlyMap<string, ClusterGroup>
  readonly warnings: readonly PlanWarning[]
  /** Objects that another adapter keeps. */
  readonly rivals: readonly string[]
  /** A tier's place, whoever made it; after all others where it is not there. */
  tierPriority(name: string): number
}

/** Objects looked at, or hashes made, in one step. */
const OBJECTS_A_STEP = 200
const HASHES_A_STEP = 5

const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name < b.metadata.name ? -1 : 1)

/** What is ours, in the order of names, and what a person should know of what nearly is. */
export function* sortOut(cluster: ClusterView, clusterId: string): Steps<Owned> {
  const similar: string[] = []
  const elsewhere: string[] = []
  const others: string[] = []
  const rivals: string[] = []
  function* split<T extends KubeObject>(
    objects: readonly T[],
    kind: string,
    hash: (object: T) => string,
  ): Steps<{ ours: ReadonlyMap<string, T>; foreign: ReadonlyMap<string, T> }> {
    const ours = new Map<string, T>()
    const foreign = new Map<string, T>()
    let hashed = 0
    const sorted = yield* sortSteps(objects, byName)
    for (const [at, object] of sorted.entries()) {
      if (at % OBJECTS_A_STEP === OBJECTS_A_STEP - 1) yield undefined
      const { name } = object.metadata
      const ownership = ownershipOf(object, clusterId)
      if (ownership === 'ours') ours.set(name, object)
      else foreign.set(name, object)
      if (ownership === 'looks-like-ours') similar.push(`${kind} ${name}`)
      if (ownership === 'foreign-cluster') elsewhere.push(`${kind} ${name}`)
      if (ownership === 'other-adapter') others.push(`${kind} ${name}`)
      if (isRivalObject(object, ownership)) rivals.push(`${kind} ${name}`)
      if (ownership !== 'ours' || hashes.has(object)) continue
      // Made here, a few at a time: whoever compares finds them.
      hash(object)
      hashed += 1
      if (hashed % HASHES_A_STEP === 0) yield undefined
    }
    return { ours, foreign }
  }
  const policies = yield* split(cluster.policies, 'ClusterNetworkPolicy', storedPolicyHash)
  const groups = yield* split(cluster.groups, 'ClusterGroup', storedGroupHash)
  const tiers = new Map(cluster.tiers.map(({ metadata, spec }) => [metadata.name, spec.priority]))
  const warnings: PlanWarning[] = []
  if (similar.length > 0) warnings.push({ code: 'LOOKS_LIKE_OURS', detail: listNames(similar) })
  if (elsewhere.length > 0) warnings.push({ code: 'FOREIGN_CLUSTER_ID', detail: listNames(elsewhere) })
  if (others.length > 0) warnings.push({ code: 'SECOND_ADAPTER', detail: listNames(others) })
  return {
    rivals,
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

export const isGroupAsWritten = (group: ClusterGroup): boolean =>
  annotationOf(group, 'specHash') === storedGroupHash(group)

/** Its members are computed, as far as antrea-controller has said. */
export const isComputed = (group: ClusterGroup): boolean =>
  (group.status?.conditions ?? []).some(
    ({ type, status }) => type === 'GroupMembersComputed' && status === 'True',
  )

/** It says of itself that it holds less than it should. */
export const isNarrowed = (policy: ClusterNetworkPolicy): boolean =>
  annotationOf(policy, 'wholeSpec') !== undefined

/** A child's name begins with its parent's, which is a UUID. */
export const parentName = (group: string): string => group.slice(0, 36)
