/** Policies that are not written, and what of the cluster they keep as it is. */
import type { ClusterNetworkPolicy } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { annotationOf } from '../ownership.ts'
import {
  type Code,
  groupsOf,
  policySpecHash,
  problem,
  type TranslatedGroup,
  type TranslatedPolicy,
} from '../translate/index.ts'
import type { Kept, Target } from './changes.ts'
import { groupsOfStored, parentOf, wantedHash } from './groups.ts'
import { isAsWritten, listNames, type Owned } from './inventory.ts'
import { respecified, wholeSpecOf } from './objects.ts'
import type { TierPlan } from './tiers.ts'
import { objectRef, type PlanInput, type PlanWarning, type Refusal, type Step } from './types.ts'

/** Why the cluster does not let this policy be written; undefined: it does. */
export function obstacle(
  input: PlanInput,
  owned: Owned,
  tiers: TierPlan,
  groups: GroupObstacles,
  policy: TranslatedPolicy,
): readonly Problem[] | undefined {
  const found: Problem[] = []
  const hold = (code: Code, detail: string) => void found.push(problem(code, detail))
  const { refused } = input.memory
  const conflict = tiers.conflicts.get(policy.category)
  if (conflict !== undefined) hold('TIER_CONFLICT', conflict)
  if (owned.foreignPolicies.has(policy.name))
    hold('NAME_CONFLICT', `ClusterNetworkPolicy ${policy.name} exists and is not ours`)
  for (const name of policy.groups) found.push(...groups(name))
  const refusal = refused.get(objectRef('policy', policy.name))
  if (refusal?.specHash === policy.specHash) hold(refusal.code, refusal.message)
  return found.length === 0 ? undefined : found
}

/** Why a ClusterGroup cannot be written, its children counted: something of it is taken or refused. Empty: it can. */
export type GroupObstacles = (name: string) => readonly Problem[]

/** Each group is looked at once in a plan, however many policies name it and however many children it has. */
export function groupObstacles(input: PlanInput, owned: Owned): GroupObstacles {
  if (owned.foreignGroups.size + input.memory.refused.size === 0) return () => []
  const known = new Map<string, readonly Problem[]>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const found = problemsOfGroup(input, owned, name)
    known.set(name, found)
    return found
  }
}

function problemsOfGroup(input: PlanInput, owned: Owned, name: string): readonly Problem[] {
  const group = input.translation.groups.get(name)
  return [name, ...(group?.children.keys() ?? [])].flatMap((one) => {
    const refusal = group === undefined ? undefined : groupRefusal(input, group, one)
    return [
      ...(owned.foreignGroups.has(one)
        ? [problem('NAME_CONFLICT', `ClusterGroup ${one} exists and is not ours`)]
        : []),
      ...(refusal === undefined ? [] : [problem(refusal.code, `ClusterGroup ${one}: ${refusal.message}`)]),
    ]
  })
}

/** A refusal holds for what was refused; a parent with other children is worth another try. */
function groupRefusal(input: PlanInput, group: TranslatedGroup, name: string): Refusal | undefined {
  const refusal = input.memory.refused.get(objectRef('group', name))
  if (refusal === undefined) return undefined
  const child = group.children.get(name)
  const wanted = child === undefined ? parentOf(group).hash : wantedHash(child)
  return refusal.specHash === wanted ? refusal : undefined
}

export interface Held {
  /** Names of our stored policies that stay. */
  readonly names: ReadonlySet<string>
  /** ClusterGroups their stored specs name. */
  readonly pinned: ReadonlySet<string>
  /** These stored policies. */
  readonly stored: readonly ClusterNetworkPolicy[]
  /** Put back what a hand has changed, where its old form is remembered. */
  readonly steps: readonly Step[]
  readonly problems: ReadonlyMap<string, readonly Problem[]>
  readonly warnings: readonly PlanWarning[]
}

interface HeldRef {
  readonly path: string
  readonly name: string | undefined
}

/** Finds the stored objects of held policies by name, or by intent path where a policy's id cannot be read. */
export function keepHeld(input: PlanInput, owned: Owned, held: readonly HeldRef[]): Held {
  const byPath = new Map(
    [...owned.policies.values()].map((policy) => [annotationOf(policy, 'intentPath'), policy]),
  )
  const names = new Set<string>()
  const pinned = new Set<string>()
  const steps: Step[] = []
  const objects: ClusterNetworkPolicy[] = []
  const problems = new Map<string, readonly Problem[]>()
  for (const { path, name } of held) {
    const stored = (name === undefined ? undefined : owned.policies.get(name)) ?? byPath.get(path)
    const objectName = stored?.metadata.name ?? name
    if (objectName === undefined) continue
    const foreign = owned.foreignPolicies.get(objectName)
    if (foreign !== undefined) {
      // Somebody took our marks off it, perhaps: it is in force as it is, with the groups that it names.
      for (const group of groupsEver(foreign)) pinned.add(group)
      continue
    }
    names.add(objectName)
    const known = input.memory.remembered.get(objectName)
    const kept = stored === undefined || !isAsWritten(stored) ? known : stored
    const step = known === undefined || !mayRestore(input, known) ? [] : [restore(input, known, stored)]
    if (stored === undefined) steps.push(...step)
    if (stored !== undefined && !isAsWritten(stored)) {
      if (known === undefined)
        problems.set(path, [problem('HELD_DRIFT', `${objectName} was changed by hand`)])
      else steps.push(...step)
    }
    if (stored !== undefined) objects.push(stored)
    for (const policy of [stored, kept])
      if (policy !== undefined) for (const group of groupsEver(policy)) pinned.add(group)
  }
  const warnings: PlanWarning[] = []
  if (held.length > 0)
    warnings.push({ code: 'HELD_POLICIES', detail: listNames(held.map(({ path }) => path)) })
  if (problems.size > 0) warnings.push({ code: 'HELD_DRIFT', detail: listNames([...problems.keys()]) })
  return { names, pinned, stored: objects, steps, problems, warnings }
}

/** A stored policy that NSX has no translation for, and what it becomes: what it last was in whole. */
export function wholeForm(base: ClusterNetworkPolicy): Kept {
  const policy: Target = {
    name: base.metadata.name,
    path: annotationOf(base, 'intentPath') ?? '',
    displayName: annotationOf(base, 'displayName') ?? '',
    hash: annotationOf(base, 'appliedHash') ?? '',
    spec: (isAsWritten(base) ? wholeSpecOf(base) : undefined) ?? base.spec,
    isStaying: true,
  }
  return { base, policy }
}

/** With the stored children of these groups. */
export const pinnedBy = (owned: Owned, names: readonly string[]): ReadonlySet<string> =>
  new Set([...names, ...names.flatMap((name) => owned.groups.get(name)?.spec.childGroups ?? [])])

/** ClusterGroups that a stored policy names, or will again when it is whole. */
export function groupsEver(policy: ClusterNetworkPolicy): readonly string[] {
  const whole = wholeSpecOf(policy)
  return [
    ...groupsOfStored(policy),
    ...(whole === undefined ? [] : groupsOf([...whole.ingress, ...whole.egress])),
  ]
}

/** Not what the API server refuses, and not more often than it is good where somebody changes it again and again. */
function mayRestore({ memory }: PlanInput, known: ClusterNetworkPolicy): boolean {
  const ref = objectRef('policy', known.metadata.name)
  const specHash = policySpecHash(wholeSpecOf(known) ?? known.spec)
  return memory.resting?.has(ref) !== true && memory.refused.get(ref)?.specHash !== specHash
}

function restore(input: PlanInput, known: ClusterNetworkPolicy, stored?: ClusterNetworkPolicy): Step {
  const spec = wholeSpecOf(known) ?? known.spec
  if (stored !== undefined)
    return {
      kind: 'replace-policy',
      stage: 'policies',
      base: stored,
      object: respecified(input, stored, spec),
    }
  const { uid: _uid, resourceVersion: _version, ...metadata } = known.metadata
  const object = respecified(input, { ...known, metadata }, spec)
  return { kind: 'create-policy', stage: 'policies', object }
}
