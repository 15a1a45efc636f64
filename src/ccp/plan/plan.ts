/** Desired and actual in, steps out. Pure: the same input gives the same plan. */
import type { ClusterNetworkPolicy } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { runSteps, type Steps } from '../../world/steps.ts'
import type { TranslatedGroup, TranslatedPolicy } from '../translate/index.ts'
import { changeSteps, isSimple, isTemporaryName, type Kept, type PolicyChanges } from './changes.ts'
import { type StaleGroups, staleGroups, stalePolicies } from './deletes.ts'
import { driftedAlone } from './drifted.ts'
import { groupsOfStored, planGroups } from './groups.ts'
import {
  type GroupObstacles,
  groupObstacles,
  groupsEver,
  keepHeld,
  obstacle,
  pinnedBy,
  wholeForm,
} from './holding.ts'
import {
  isAsWritten,
  isNarrowed,
  listNames,
  type Owned,
  parentName,
  sortOut,
  storedPolicyHash,
} from './inventory.ts'
import { planTiers } from './tiers.ts'
import { objectRef, type Plan, type PlanInput, type PlanWarning, STAGES, type Step } from './types.ts'

/** A renamed policy's old object waits for its successor; how often that is looked at. */
const RENAME_LOOK_MS = 1_000
/** Groups and policies looked at in one step. */
const GROUPS_A_STEP = 500
const POLICIES_A_STEP = 20

/**
 * The next steps towards the desired state. Empty steps and nothing awaited: the cluster is as it should be. A plan may
 * stop early (groups to be computed first, a narrowing before a widening); the next one goes on from there.
 */
export const plan = (input: PlanInput): Plan => runSteps(planSteps(input))

/** The same in steps of at most about a millisecond (sorting a large list is one). */
export function* planSteps(input: PlanInput): Steps<Plan> {
  const whole = yield* planPart(input)
  if (whole === undefined) throw new Error('a plan of everything asks for something elsewhere')
  return whole
}

/** Undefined: how the policies elsewhere use the groups that change decides, so they have to be part of it. */
export function* planPart(input: PlanInput): Steps<Plan | undefined> {
  const owned = yield* sortOut(input.cluster, input.clusterId)
  const whole = yield* planOwned(input, owned)
  // Two adapters in one cluster would undo each other's work for ever.
  if (whole === undefined || owned.rivals.length === 0) return whole
  return { ...whole, steps: [], awaiting: [], againMs: undefined }
}

function* planOwned(input: PlanInput, owned: Owned): Steps<Plan | undefined> {
  const inTheWay = groupObstacles(input, owned)
  if (!areUsableElsewhere(input, inTheWay)) return undefined
  const { translation, memory } = input
  const needed = new Set(translation.policies.map(({ category }) => category))
  const tiers = planTiers(input.cluster.tiers, input.tiers, needed, memory.refused)

  const active: TranslatedPolicy[] = []
  const problems = new Map<string, readonly Problem[]>()
  const heldRefs = translation.held.map(({ path, name }) => ({ path, name: name as string | undefined }))
  for (const [at, policy] of translation.policies.entries()) {
    if (at % POLICIES_A_STEP === 0) yield undefined
    const found = obstacle(input, owned, tiers, inTheWay, policy)
    if (found === undefined) active.push(policy)
    else {
      problems.set(policy.path, found)
      heldRefs.push({ path: policy.path, name: policy.name })
    }
  }
  const held = keepHeld(input, owned, heldRefs)
  for (const [path, found] of held.problems) problems.set(path, [...(problems.get(path) ?? []), ...found])

  const stale = stalePolicies(
    input,
    owned,
    new Set([...active.map(({ name }) => name), ...held.names]),
    new Map(active.map((policy) => [policy.path, policy])),
  )
  const isFree = stale.state.kind === 'free'
  const guarded = stale.state.kind === 'guarded' ? stale.gone : []
  const pinned = pinnedBy(owned, [...held.pinned, ...guarded.flatMap(groupsEver)])
  yield undefined
  const inUse = yield* groupsInUse(owned)
  const wanted = yield* wantedGroups(input, inTheWay, active, pinned)
  const isInUse = (name: string) => inUse.has(name) || input.elsewhere?.names(name) === true
  const groups = yield* planGroups(input, owned, wanted, isInUse)
  const base = {
    held: problems,
    warnings: [
      ...owned.warnings,
      ...held.warnings,
      ...conflictWarnings(problems),
      ...deleteWarnings(stale.state),
    ],
    deletes: stale.state,
    rivals: owned.rivals,
    unused: [...memory.unusedSince.keys()].filter((name) => owned.groups.has(name)),
    renaming: stale.waiting.map(({ metadata }) => metadata.name),
  }
  if (groups.awaiting.length > 0) {
    const awaiting = [...new Set(groups.awaiting)].sort()
    const awaited = new Set(awaiting.map(parentName))
    const isReady = (name: string) => owned.groups.has(name) && !awaited.has(name)
    const repairs = yield* changeSteps(input, driftedAlone(input, owned, active, groups.changes, isReady))
    const steps = inStages([...tiers.steps, ...groups.steps, ...held.steps, ...repairs.steps])
    return { ...base, steps, awaiting, resting: groups.resting, againMs: undefined }
  }

  const staying = [...held.stored, ...(isFree ? [] : stale.gone)]
  const { resting, ...changes } = policyChanges(input, owned, active, staying, isFree ? stale.gone : [])
  yield undefined
  const all = { ...changes, groups: groups.changes, waiting: stale.waiting }
  if (isElsewhereNeeded(input) && !isSimple(all)) return undefined
  const { steps, isPartial } = yield* changeSteps(input, all)
  yield undefined
  const used = yield* usedAfter(input, owned, wanted, active, pinned, isFree ? stale.gone : [])
  const rest: StaleGroups =
    isFree && !isPartial
      ? yield* staleGroups(input, owned, used)
      : { steps: [], unused: base.unused, againMs: undefined }
  return {
    ...base,
    steps: inStages([...tiers.steps, ...groups.steps, ...held.steps, ...steps, ...rest.steps]),
    awaiting: [],
    resting: [...groups.resting, ...resting],
    unused: rest.unused,
    againMs:
      stale.waiting.length > 0 ? Math.min(rest.againMs ?? RENAME_LOOK_MS, RENAME_LOOK_MS) : rest.againMs,
  }
}

const isElsewhereNeeded = ({ elsewhere }: PlanInput): boolean => (elsewhere?.groups.length ?? 0) > 0

/** A group that cannot be written holds the policies that name it. */
const areUsableElsewhere = ({ elsewhere, translation }: PlanInput, inTheWay: GroupObstacles): boolean =>
  (elsewhere?.groups ?? []).every((name) => !translation.groups.has(name) || inTheWay(name).length === 0)

function* groupsInUse(owned: Owned): Steps<ReadonlySet<string>> {
  const inUse = new Set<string>()
  let looked = 0
  for (const policy of owned.policies.values()) {
    for (const name of groupsOfStored(policy)) inUse.add(name)
    looked += 1
    if (looked % POLICIES_A_STEP === 0) yield undefined
  }
  return inUse
}

/** Groups that active policies name, and pinned ones that NSX still defines and that translate. */
function* wantedGroups(
  input: PlanInput,
  inTheWay: GroupObstacles,
  active: readonly TranslatedPolicy[],
  pinned: ReadonlySet<string>,
): Steps<TranslatedGroup[]> {
  const elsewhere = input.elsewhere?.groups ?? []
  const names = new Set([...pinned, ...elsewhere])
  for (const policy of active) for (const name of policy.groups) names.add(name)
  yield undefined
  const wanted: TranslatedGroup[] = []
  for (const [at, name] of [...names].sort().entries()) {
    if (at % GROUPS_A_STEP === 0) yield undefined
    const group = input.translation.groups.get(name)
    if (group !== undefined && inTheWay(name).length === 0) wanted.push(group)
  }
  return wanted
}

function policyChanges(
  { memory }: PlanInput,
  owned: Owned,
  active: readonly TranslatedPolicy[],
  staying: readonly ClusterNetworkPolicy[],
  gone: readonly ClusterNetworkPolicy[],
): Omit<PolicyChanges, 'groups' | 'waiting'> & { readonly resting: readonly string[] } {
  const created: TranslatedPolicy[] = []
  const replaced: Kept[] = []
  const unchanged: Kept[] = []
  const resting: string[] = []
  for (const policy of active) {
    const base = owned.policies.get(policy.name)
    const ref = objectRef('policy', policy.name)
    const isResting = memory.resting?.has(ref) === true
    if (base === undefined) {
      if (isResting) resting.push(ref)
      else created.push(policy)
    } else if (storedPolicyHash(base) === policy.specHash && !isNarrowed(base))
      unchanged.push({ base, policy })
    else if (isResting) {
      // As it is, it counts like a policy that only stays: what its rules are now is taken into account.
      resting.push(ref)
      unchanged.push({ base, policy })
    } else replaced.push({ base, policy })
  }
  // What only stays (held, or not to be deleted yet) counts too: a group may change under its rules.
  for (const base of staying)
    (isNarrowed(base) && isAsWritten(base) ? replaced : unchanged).push(wholeForm(base))
  return {
    created,
    replaced,
    unchanged,
    deleted: byPrecedence(owned, gone),
    temporary: temporaries(owned),
    resting,
  }
}

const temporaries = (owned: Owned): ReadonlyMap<string, ClusterNetworkPolicy> =>
  new Map([...owned.policies].filter(([name]) => isTemporaryName(name)))

/** Highest precedence first, by the stored tier's place among those of ours, then by priority. */
function byPrecedence(owned: Owned, policies: readonly ClusterNetworkPolicy[]): ClusterNetworkPolicy[] {
  const place = (policy: ClusterNetworkPolicy) => owned.tierPriority(policy.spec.tier)
  return [...policies].sort((a, b) => place(a) - place(b) || a.spec.priority - b.spec.priority)
}

/** Names of groups that are named once the plan is done, or still are while it runs. */
function* usedAfter(
  input: PlanInput,
  owned: Owned,
  wanted: readonly TranslatedGroup[],
  active: readonly TranslatedPolicy[],
  pinned: ReadonlySet<string>,
  gone: readonly ClusterNetworkPolicy[],
): Steps<ReadonlySet<string>> {
  const leaving = new Set(gone.map(({ metadata }) => metadata.name))
  const used = new Set<string>(pinned)
  const written = new Set(active.map(({ name }) => name))
  for (const policy of active) for (const name of policy.groups) used.add(name)
  for (const name of input.elsewhere?.groups ?? []) used.add(name)
  yield undefined
  // A policy that is written in this plan no longer names what its stored form did; one that only stays still does.
  for (const [name, policy] of owned.policies)
    if (!leaving.has(name) && !written.has(name)) for (const group of groupsEver(policy)) used.add(group)
  if (input.elsewhere !== undefined)
    for (const name of owned.groups.keys()) if (input.elsewhere.names(name)) used.add(name)
  yield undefined
  const isWanted = new Set<string>()
  for (const [at, { name, children }] of wanted.entries()) {
    if (at % GROUPS_A_STEP === 0) yield undefined
    isWanted.add(name)
    if (used.has(name)) for (const child of children.keys()) used.add(child)
  }
  for (const name of [...used])
    if (!isWanted.has(name))
      for (const child of owned.groups.get(name)?.spec.childGroups ?? []) used.add(child)
  return used
}

function conflictWarnings(problems: ReadonlyMap<string, readonly Problem[]>): PlanWarning[] {
  return (['NAME_CONFLICT', 'TIER_CONFLICT'] as const).flatMap((code) => {
    const details = [...problems.values()].flat().filter((found) => found.code === code)
    return details.length === 0
      ? []
      : [{ code, detail: listNames([...new Set(details.map(({ message }) => message))]) }]
  })
}

function deleteWarnings(state: Plan['deletes']): PlanWarning[] {
  if (state.kind === 'free') return []
  const code = state.kind === 'guarded' ? 'CCP_DELETE_GUARD' : 'CCP_APPROVAL'
  return [{ code, detail: `${state.names.length} policies: ${listNames(state.names)}` }]
}

/** Stable: within a stage the order in which they were planned. */
function inStages(steps: readonly Step[]): Step[] {
  const of = Map.groupBy(steps, ({ stage }) => stage)
  return STAGES.flatMap((stage) => of.get(stage) ?? [])
}
