/** Which ClusterGroups are wanted, which are new, and which existing ones change. */
import type { ClusterGroup, ClusterGroupSpec, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import type { Steps } from '../../world/steps.ts'
import { groupSpecHash, groupsOf, type TranslatedGroup } from '../translate/index.ts'
import { isComputed, type Owned, storedGroupHash } from './inventory.ts'
import { groupObject } from './objects.ts'
import { objectRef, type PlanInput, type Step } from './types.ts'

/** An existing parent whose children change. */
export interface GroupChange {
  readonly group: TranslatedGroup
  readonly base: ClusterGroup
  readonly from: readonly string[]
  readonly to: readonly string[]
}

export interface GroupPlan {
  /** Creations (and repairs of children), in stages of their own. */
  readonly steps: readonly Step[]
  readonly awaiting: readonly string[]
  readonly changes: readonly GroupChange[]
  /** Those (`objectRef`) that would be written, and are left as they are for now. */
  readonly resting: readonly string[]
}

const named = new WeakMap<ClusterNetworkPolicy, readonly string[]>()

/** ClusterGroups a stored policy names; found once for each version of it. */
export function groupsOfStored(policy: ClusterNetworkPolicy): readonly string[] {
  const known = named.get(policy)
  if (known !== undefined) return known
  const { ingress, egress, appliedTo } = policy.spec
  const whole = appliedTo === undefined ? [] : [{ action: 'Allow' as const, appliedTo }]
  const names = groupsOf([...(ingress ?? []), ...(egress ?? []), ...whole])
  named.set(policy, names)
  return names
}

export const parentSpec = (children: readonly string[]): ClusterGroupSpec => ({
  childGroups: [...children].sort(),
})

const hashes = new WeakMap<ClusterGroupSpec, string>()

/** Hash of a translated child's spec; the translation keeps what does not change, so it is made once. */
export function wantedHash(spec: ClusterGroupSpec): string {
  const known = hashes.get(spec)
  if (known !== undefined) return known
  const hash = groupSpecHash(spec)
  hashes.set(spec, hash)
  return hash
}

interface Parent {
  readonly children: readonly string[]
  readonly spec: ClusterGroupSpec
  readonly hash: string
}

const parents = new WeakMap<TranslatedGroup, Parent>()

/** A group's own object as it is wanted. */
export function parentOf(group: TranslatedGroup): Parent {
  const known = parents.get(group)
  if (known !== undefined) return known
  const children = [...group.children.keys()].sort()
  const spec = parentSpec(children)
  const parent = { children, spec, hash: groupSpecHash(spec) }
  parents.set(group, parent)
  return parent
}

/** Compared in one step; a group of many children makes a step of each. */
const GROUPS_A_STEP = 10

/**
 * New children come first, then new parents; an existing parent changes only when all its new children are computed.
 * `isInUse`: whether stored policies of ours name a group.
 */
export function* planGroups(
  input: PlanInput,
  owned: Owned,
  wanted: readonly TranslatedGroup[],
  isInUse: (name: string) => boolean,
): Steps<GroupPlan> {
  const steps: Step[] = []
  const awaiting: string[] = []
  const changes: GroupChange[] = []
  const resting: string[] = []
  const unlessResting = (name: string, write: () => void) => {
    const ref = objectRef('group', name)
    if (input.memory.resting?.has(ref) === true) resting.push(ref)
    else write()
  }
  const awaitComputed = (name: string) => {
    const stored = owned.groups.get(name)
    if (stored === undefined || !isComputed(stored)) awaiting.push(name)
  }
  for (const [at, group] of wanted.entries()) {
    if (at % GROUPS_A_STEP === 0) yield undefined
    const parent = owned.groups.get(group.name)
    const before = new Set(parent?.spec.childGroups ?? [])
    for (const [name, spec] of group.children) {
      if (group.children.size > 1) yield undefined
      const step = childStep(input, group, name, spec, owned.groups.get(name))
      if (step !== undefined) unlessResting(name, () => steps.push(step))
      if (parent !== undefined && !before.has(name)) awaitComputed(name)
    }
    const wantedParent = parentOf(group)
    if (parent === undefined) {
      const object = groupObject(input, group, group.name, wantedParent.spec)
      unlessResting(group.name, () => steps.push({ kind: 'create-group', stage: 'parents', object }))
    }
    if (!isInUse(group.name)) awaitComputed(group.name)
    if (parent !== undefined && storedGroupHash(parent) !== wantedParent.hash)
      unlessResting(group.name, () =>
        changes.push({ group, base: parent, from: parent.spec.childGroups ?? [], to: wantedParent.children }),
      )
  }
  return { steps, awaiting, changes, resting }
}

function childStep(
  input: PlanInput,
  group: TranslatedGroup,
  name: string,
  spec: ClusterGroupSpec,
  stored: ClusterGroup | undefined,
): Step | undefined {
  if (stored === undefined)
    return { kind: 'create-group', stage: 'children', object: groupObject(input, group, name, spec) }
  // A child is its content; another content under its name is somebody's edit.
  if (storedGroupHash(stored) === wantedHash(spec)) return undefined
  const object = groupObject(input, group, name, spec, stored)
  return { kind: 'replace-group', stage: 'children', base: stored, object }
}
