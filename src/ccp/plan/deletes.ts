/** What goes: policies that NSX does not hold any more, and groups that nobody uses any more. */
import type { ClusterGroup, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import { CHILD_DELETE_DELAY_MS, DELETE_GUARD_COUNT, DELETE_GUARD_SHARE } from '../../limits.ts'
import type { Steps } from '../../world/steps.ts'
import { annotationOf } from '../ownership.ts'
import { isUuidName, type TranslatedPolicy } from '../translate/index.ts'
import { isTemporaryName } from './changes.ts'
import type { Owned } from './inventory.ts'
import type { DeleteState, PlanInput, Step } from './types.ts'

export interface StalePolicies {
  /** May go now, if the whole plan's deletes are free. */
  readonly gone: readonly ClusterNetworkPolicy[]
  /** Stay until the same policy is realized under its new name. */
  readonly waiting: readonly ClusterNetworkPolicy[]
  readonly state: DeleteState
}

/** `kept`: names of ours that stay. `active`: what is written, by path. */
export function stalePolicies(
  input: PlanInput,
  owned: Owned,
  kept: ReadonlySet<string>,
  active: ReadonlyMap<string, TranslatedPolicy>,
): StalePolicies {
  const stale = [...owned.policies.values()].filter(({ metadata }) => !kept.has(metadata.name))
  const renamed = stale.filter((policy) => isUnderNewName(policy, owned, active))
  const isRenamed = new Set(renamed)
  const gone = stale.filter((policy) => !isRenamed.has(policy))
  return { gone, waiting: renamed, state: guard(input, owned, gone) }
}

function isUnderNewName(
  policy: ClusterNetworkPolicy,
  owned: Owned,
  active: ReadonlyMap<string, TranslatedPolicy>,
): boolean {
  if (isTemporaryName(policy.metadata.name)) return false
  const successor = active.get(annotationOf(policy, 'intentPath') ?? '')
  if (successor === undefined) return false
  const stored = owned.policies.get(successor.name)
  return stored === undefined || !isRealized(stored)
}

/** Every node that has to has said so, about this very generation. */
export function isRealized({ metadata, status }: ClusterNetworkPolicy): boolean {
  return (
    status?.phase === 'Realized' &&
    status.observedGeneration === metadata.generation &&
    (status.currentNodesRealized ?? 0) === (status.desiredNodesRealized ?? 0)
  )
}

/** Whether so many deletes are believed at once. What two snapshots agree on does not count. */
function guard(input: PlanInput, owned: Owned, gone: readonly ClusterNetworkPolicy[]): DeleteState {
  const { confirmed, suspect, approvedSource } = input.memory
  const names = gone.map(({ metadata }) => metadata.name).filter((name) => !isTemporaryName(name))
  const elsewhere = gone.filter((policy) => annotationOf(policy, 'source') !== input.source)
  if (elsewhere.length > 0 && approvedSource !== input.source)
    return { kind: 'approval', names: elsewhere.map(({ metadata }) => metadata.name).sort() }
  const here = [...owned.policies.keys()].filter((name) => !isTemporaryName(name)).length
  const total = here + (input.elsewhere?.policies ?? 0)
  const open = names.filter((name) => !confirmed.has(name))
  const isMany = open.length > Math.max(DELETE_GUARD_COUNT, DELETE_GUARD_SHARE * total)
  const isAllOfSeveral = total > 1 && names.length === total && open.length > 0
  const isSuspect = open.some((name) => suspect.has(name))
  return isMany || isAllOfSeveral || isSuspect ? { kind: 'guarded', names: names.sort() } : { kind: 'free' }
}

/** Groups looked at in one step. */
const GROUPS_A_STEP = 500

export interface StaleGroups {
  readonly steps: readonly Step[]
  readonly unused: readonly string[]
  readonly againMs: number | undefined
}

/**
 * Groups that neither a policy nor a parent names. A child that its parent has replaced stays for a while, so that
 * whoever is late still finds it; a child whose parent goes too has nobody left to be late.
 */
export function* staleGroups(input: PlanInput, owned: Owned, used: ReadonlySet<string>): Steps<StaleGroups> {
  const { nowMs, unusedSince } = input.memory
  const steps: Step[] = []
  const unused: string[] = []
  let againMs: number | undefined
  let looked = 0
  for (const group of owned.groups.values()) {
    looked += 1
    if (looked % GROUPS_A_STEP === 0) yield undefined
    const { name } = group.metadata
    if (used.has(name) || !mayGo(input, group)) continue
    if (isUuidName(name)) {
      steps.push({ kind: 'delete-group', stage: 'delete-groups', base: group })
      continue
    }
    const isReplaced = used.has(name.slice(0, 36))
    const waitMs = isReplaced ? (unusedSince.get(name) ?? nowMs) + CHILD_DELETE_DELAY_MS - nowMs : 0
    if (waitMs <= 0) steps.push({ kind: 'delete-group', stage: 'delete-children', base: group })
    else {
      unused.push(name)
      againMs = Math.min(againMs ?? waitMs, waitMs)
    }
  }
  return { steps, unused, againMs }
}

/** From this source, or of a group that this source holds too, or a person agreed. */
const mayGo = (input: PlanInput, group: ClusterGroup): boolean =>
  annotationOf(group, 'source') === input.source ||
  input.memory.approvedSource === input.source ||
  input.translation.groups.has(group.metadata.name.slice(0, 36))
