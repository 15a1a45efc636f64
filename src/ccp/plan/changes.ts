/**
 * From changes to steps, never wider: one change is one write; creations alone go in order of precedence and deletes
 * alone against it, where each moment equals the old or the new for every flow; anything else first only narrows, and
 * only then widens (semantics: "never wider").
 */
import type { ClusterNetworkPolicy, ClusterNetworkPolicySpec, PolicyRule } from '../../kube/antrea.ts'
import type { Steps } from '../../world/steps.ts'
import { groupsOf, type TranslatedPolicy } from '../translate/index.ts'
import { type GroupChange, parentSpec } from './groups.ts'
import { isAsWritten } from './inventory.ts'
import { between, decideAlike, deniesOf } from './narrow.ts'
import { canKeepWhole, groupObject, policyObject, respecified, wholeSpecOf } from './objects.ts'
import type { PlanInput, Stage, Step } from './types.ts'

/** What an object becomes. One that only stays becomes what it last was in whole, and is told nothing new. */
export type Target = Pick<TranslatedPolicy, 'name' | 'path' | 'displayName' | 'hash' | 'spec'> & {
  readonly isStaying?: true
}

/** An object of ours and what it becomes. */
export interface Kept {
  readonly base: ClusterNetworkPolicy
  readonly policy: Target
}

export interface PolicyChanges {
  /** In order of precedence. */
  readonly created: readonly TranslatedPolicy[]
  readonly replaced: readonly Kept[]
  /** Ours and right as they are. */
  readonly unchanged: readonly Kept[]
  /** Highest precedence first. */
  readonly deleted: readonly ClusterNetworkPolicy[]
  /** Stay until their successors under another name are realized; NSX does not hold them any more. */
  readonly waiting: readonly ClusterNetworkPolicy[]
  readonly groups: readonly GroupChange[]
  /** Objects of ours, by name, that stand for a policy on its way to another place. */
  readonly temporary: ReadonlyMap<string, ClusterNetworkPolicy>
}

/** Where a policy waits while its own object is still at the old place. */
export const temporaryName = (name: string): string => `${name}-t`
export const isTemporaryName = (name: string): boolean => name.endsWith('-t')

/** The steps; `isPartial`: they only narrow, and the rest is planned from what is then there. */
export function* changeSteps(
  input: PlanInput,
  changes: PolicyChanges,
): Steps<{ steps: Step[]; isPartial: boolean }> {
  const { groups } = changes
  if (!isSimple(changes)) {
    const uses = yield* usesOf(changes)
    const narrow = yield* narrowing(input, changes, uses)
    if (narrow.length > 0) return { steps: narrow, isPartial: true }
    const steps = yield* final(input, { ...changes, groups: allowsFirst(groups, uses) })
    return { steps, isPartial: false }
  }
  return { steps: yield* final(input, changes), isPartial: false }
}

/** One change, or changes that all go one way: each moment equals the old or the new, and there is nothing to narrow. */
export function isSimple({ created, replaced, deleted, waiting, groups }: PolicyChanges): boolean {
  const changed = replaced.length + deleted.length + groups.length
  // What waits has its allows still: beside any change but a creation these might show where they never have.
  const isAlone = created.length + changed <= 1 && (changed === 0 || waiting.length === 0)
  const isOneWay =
    replaced.length + groups.length === 0 &&
    (deleted.length === 0 || (created.length === 0 && waiting.length === 0))
  return isAlone || isOneWay
}

type Uses = ReadonlyMap<string, Use>

/**
 * Groups that only allows use take their new members while the denies' groups still hold the old and the new ones: so
 * what they let through is denied by neither.
 */
const allowsFirst = (groups: readonly GroupChange[], uses: Uses): GroupChange[] => {
  const isAllow = ({ group }: GroupChange) => uses.get(group.name) === 'allow'
  return [...groups.filter(isAllow), ...groups.filter((change) => !isAllow(change))]
}

function* final(input: PlanInput, { created, replaced, deleted, groups }: PolicyChanges): Steps<Step[]> {
  const steps: Step[] = []
  for (const change of groups) {
    yield undefined
    steps.push(groupStep(input, change, change.to, 'widen-groups'))
  }
  for (const policy of created) {
    yield undefined
    const object = policyObject(input, policy, policy.spec)
    steps.push({ kind: 'create-policy', stage: 'policies', object })
  }
  for (const { base, policy } of replaced) {
    yield undefined
    steps.push({ kind: 'replace-policy', stage: 'policies', base, object: finished(input, base, policy) })
  }
  for (const base of [...deleted].reverse())
    steps.push({ kind: 'delete-policy', stage: 'delete-policies', base })
  return steps
}

const finished = (input: PlanInput, base: ClusterNetworkPolicy, policy: Target): ClusterNetworkPolicy =>
  policy.isStaying ? respecified(input, base, policy.spec) : policyObject(input, policy, policy.spec, base)

function groupStep(input: PlanInput, change: GroupChange, children: readonly string[], stage: Stage): Step {
  const { group, base } = change
  const object = groupObject(input, group, group.name, parentSpec(children), base)
  return { kind: 'replace-group', stage, base, object }
}

/** How the rules of ours, old and new, use a group that changes. */
type Use = 'nobody' | 'allow' | 'deny' | 'both'

function* narrowing(input: PlanInput, changes: PolicyChanges, uses: Uses): Steps<Step[]> {
  const isUnsettled = (rule: PolicyRule) => groupsOf([rule]).some((name) => uses.get(name) === 'both')
  const steps: Step[] = []
  for (const policy of changes.created) {
    yield undefined
    const denies = between({ ...policy.spec, ingress: [], egress: [] }, policy.spec, isUnsettled)
    if (denies.ingress.length + denies.egress.length === 0) continue
    const object = decideAlike(denies, policy.spec)
      ? policyObject(input, policy, policy.spec)
      : policyObject(input, policy, denies, undefined, policy.spec)
    steps.push({ kind: 'create-policy', stage: 'narrow-policies', object })
  }
  // A policy that stays as it is gives up its allows for a moment only when a group changes under allows and denies.
  const isAround = ({ base, policy }: Kept) =>
    [...rulesOf(base.spec), ...rulesOf(policy.spec)].some(isUnsettled)
  const bystanders = [...uses.values()].includes('both') ? changes.unchanged.filter(isAround) : []
  for (const { base, policy } of [...changes.replaced, ...bystanders]) {
    yield undefined
    steps.push(...narrowOne(input, base, policy, isUnsettled, changes))
  }
  for (const base of [...changes.deleted, ...changes.waiting]) {
    yield undefined
    steps.push(...respecify(input, base, deniesOf(base.spec), undefined))
  }
  for (const change of changes.groups) {
    const children = narrowChildren(change, uses.get(change.group.name) ?? 'both')
    if (children.join() !== [...change.from].sort().join())
      steps.push(groupStep(input, change, children, 'narrow-groups'))
  }
  return steps
}

function narrowOne(
  input: PlanInput,
  base: ClusterNetworkPolicy,
  policy: Target,
  isUnsettled: (rule: PolicyRule) => boolean,
  changes: PolicyChanges,
): Step[] {
  const isMoved = base.spec.tier !== policy.spec.tier || base.spec.priority !== policy.spec.priority
  if (!isMoved) return respecify(input, base, between(base.spec, policy.spec, isUnsettled), policy)
  return [...holdPlace(input, policy, changes), ...respecify(input, base, deniesOf(base.spec), undefined)]
}

/** Writes the spec between, or at once the new one where that decides alike. */
function respecify(
  input: PlanInput,
  base: ClusterNetworkPolicy,
  spec: ClusterNetworkPolicySpec,
  policy: Target | undefined,
): Step[] {
  if (decideAlike(spec, base.spec)) return []
  const whole = wholeSpecOf(base) ?? (isAsWritten(base) ? base.spec : undefined)
  const isFinal = policy !== undefined && decideAlike(spec, policy.spec)
  // What cannot be kept beside it could not come back, and NSX has no translation of what only stays.
  if (policy?.isStaying && !isFinal && (whole === undefined || !canKeepWhole(whole))) return []
  const object = isFinal ? finished(input, base, policy) : respecified(input, base, spec, whole)
  return [{ kind: 'replace-policy', stage: 'narrow-policies', base, object }]
}

/** One step of 2⁻⁴⁰ behind the place itself: no policy stands there, and priorities stay exact. */
const BEHIND = 2 ** -40

/** The new place's denies, in an object of their own: one object cannot be at two places. */
function holdPlace(input: PlanInput, policy: Target, changes: PolicyChanges): Step[] {
  const name = temporaryName(policy.name)
  const denies = between({ ...policy.spec, ingress: [], egress: [] }, policy.spec, () => false)
  if (denies.ingress.length + denies.egress.length === 0) return []
  const spec = { ...denies, priority: policy.spec.priority + BEHIND }
  const stored = changes.temporary.get(name)
  if (stored !== undefined && decideAlike(stored.spec, spec)) return []
  const object = policyObject(input, { ...policy, name }, spec, stored)
  return stored === undefined
    ? [{ kind: 'create-policy', stage: 'narrow-policies', object }]
    : [{ kind: 'replace-policy', stage: 'narrow-policies', base: stored, object }]
}

const rulesOf = ({ ingress, egress }: ClusterNetworkPolicySpec): readonly PolicyRule[] => [
  ...(ingress ?? []),
  ...(egress ?? []),
]

/** Specs looked through in one step. */
const SPECS_A_STEP = 20

/** Each rule is looked at once, for all changing groups together. */
function* usesOf({ created, replaced, unchanged, deleted, waiting, groups }: PolicyChanges): Steps<Uses> {
  const specs = [
    ...created.map(({ spec }) => spec),
    ...[...replaced, ...unchanged].flatMap(({ base, policy }) => [base.spec, policy.spec]),
    ...[...deleted, ...waiting].map(({ spec }) => spec),
  ]
  const found = new Map(
    groups.map(({ group }) => [group.name, { denies: false, allows: false, isMixed: false }]),
  )
  for (const [at, spec] of (groups.length === 0 ? [] : specs).entries()) {
    if (at % SPECS_A_STEP === 0) yield undefined
    for (const rule of rulesOf(spec)) {
      const named = [...new Set(groupsOf([rule]))].flatMap((name) => found.get(name) ?? [])
      const isDeny = rule.action === 'Drop' || rule.action === 'Reject'
      for (const use of named) {
        if (isDeny) use.denies = true
        else use.allows = true
        // An allow that names two changing groups would for a moment see the one's old and the other's new members.
        if (named.length > 1) use.isMixed = true
      }
    }
  }
  return new Map([...found].map(([name, use]) => [name, useOf(use)]))
}

function useOf({ denies, allows, isMixed }: { denies: boolean; allows: boolean; isMixed: boolean }): Use {
  if (!denies && !allows) return 'nobody'
  if (denies) return allows ? 'both' : 'deny'
  return isMixed ? 'both' : 'allow'
}

function narrowChildren(change: GroupChange, use: Use): string[] {
  if (use === 'nobody' || use === 'allow') return [...change.from].sort()
  return [...new Set([...change.from, ...change.to])].sort()
}
