/**
 * What a hand has changed while groups for something else are still to be computed: that is no reason to leave it so. Only
 * what NSX still wants as it was written counts here, and it becomes just that again, as if nothing else were going on.
 */
import { annotationOf } from '../ownership.ts'
import type { TranslatedPolicy } from '../translate/index.ts'
import type { Kept, PolicyChanges } from './changes.ts'
import { type GroupChange, parentOf } from './groups.ts'
import { isComputed, isNarrowed, type Owned, storedPolicyHash } from './inventory.ts'
import { objectRef, type PlanInput } from './types.ts'

/** The changes that put it back; `groups`: those that differ, `isReady`: whether one is there and computed. */
export function driftedAlone(
  { memory }: PlanInput,
  owned: Owned,
  active: readonly TranslatedPolicy[],
  groups: readonly GroupChange[],
  isReady: (group: string) => boolean,
): PolicyChanges {
  const created: TranslatedPolicy[] = []
  const replaced: Kept[] = []
  for (const policy of active) {
    const base = owned.policies.get(policy.name)
    const former = base ?? memory.remembered.get(policy.name)
    if (former === undefined || memory.resting?.has(objectRef('policy', policy.name)) === true) continue
    const isWanted = annotationOf(former, 'specHash') === policy.specHash && !isNarrowed(former)
    if (!isWanted || (base !== undefined && storedPolicyHash(base) === policy.specHash)) continue
    if (!policy.groups.every(isReady)) continue
    if (base === undefined) created.push(policy)
    else replaced.push({ base, policy })
  }
  // One group alone is one write; beside others it would have to be told who uses them how.
  const drifted = groups.filter(({ group, base, to }) => {
    const isWanted = annotationOf(base, 'specHash') === parentOf(group).hash
    return isWanted && to.every((child) => isThereComputed(owned, child))
  })
  const isAlone = drifted.length === 1 && created.length + replaced.length === 0
  return {
    created,
    replaced,
    unchanged: [],
    deleted: [],
    waiting: [],
    groups: isAlone ? drifted : [],
    temporary: owned.policies,
  }
}

function isThereComputed(owned: Owned, name: string): boolean {
  const group = owned.groups.get(name)
  return group !== undefined && isComputed(group)
}
