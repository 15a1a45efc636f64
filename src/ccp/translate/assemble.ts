/** From drafted policies to the translation: each its place, and those that have none held. */
import type { ClusterNetworkPolicySpec } from '../../kube/antrea.ts'
import { RULES_PER_DIRECTION_MAX } from '../../limits.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { Steps } from '../../world/steps.ts'
import type { Category, TierSettings } from '../settings.ts'
import { madePolicyHash, uuidName } from './canonical.ts'
import { problem } from './findings.ts'
import { CATEGORIES, type Priority, priorities } from './order.ts'
import { hasErrors, type PolicyDraft } from './policy.ts'
import type {
  DesiredObject,
  EmptyPolicy,
  HeldPolicy,
  TranslatedGroup,
  TranslatedPolicy,
  Translation,
} from './types.ts'

export interface Drafted {
  readonly object: DesiredObject
  readonly draft: PolicyDraft
}

interface KeptSpec {
  readonly priority: number
  readonly isTied: boolean
  readonly policy: TranslatedPolicy
}
export type SpecCache = WeakMap<PolicyDraft, KeptSpec>

interface Finishing {
  readonly tiers: TierSettings
  readonly specs: SpecCache
  /** What was drafted the last time, by path. */
  readonly before: ReadonlyMap<string, Drafted>
}

export function* assemble(
  drafted: readonly Drafted[],
  groups: ReadonlyMap<string, TranslatedGroup>,
  finishing: Finishing,
): Steps<Translation> {
  const { tiers, specs } = finishing
  const held: HeldPolicy[] = []
  const empty: EmptyPolicy[] = []
  const ready: TranslatedPolicy[] = []
  const uses = countNames(drafted)
  yield
  const places = yield* placesOf(drafted)
  const tied = tiedNumbers(drafted)
  yield
  for (const { object, draft } of drafted) {
    const { name, number } = placeFacts(draft)
    const { path, hash } = object
    const extra: Problem[] = []
    if (name === undefined) extra.push(problem('NO_UNIQUE_ID', `${path} has no UUID`))
    else if ((uses.get(name) ?? 0) > 1)
      extra.push(problem('DUPLICATE_ID', `unique_id ${name} is there twice`))
    const place = name === undefined ? undefined : places.get(name)
    if (hasErrors(draft) || extra.length > 0 || name === undefined || place === undefined)
      held.push({ path, name, hash, problems: [...extra, ...draft.problems] })
    else if (draft.ingress.length + draft.egress.length === 0)
      empty.push({
        path,
        name,
        hash,
        notices: [...draft.problems, problem('EMPTY_POLICY', 'no enabled rule matches anything')],
      })
    else {
      const before = specs.get(draft)?.policy
      const policy = finish(object, name, draft, { ...place, isTied: tied.has(number) }, finishing)
      ready.push(policy)
      if (policy !== before) yield
    }
  }
  ready.sort(byPrecedence)
  const { within, beyond } = withinCapacity(ready)
  held.push(...beyond)
  held.sort((a, b) => (a.path < b.path ? -1 : 1))
  const used = new Set(within.map(({ category }) => category))
  return {
    policies: within,
    held,
    empty,
    groups,
    tiers: CATEGORIES.filter((category) => used.has(category)).map((category) => tiers[category]),
  }
}

function placesOf(drafted: readonly Drafted[]): Steps<ReadonlyMap<string, Priority>> {
  return priorities(
    drafted.flatMap(({ draft }) => {
      const { head } = draft
      const { name } = placeFacts(draft)
      return name === undefined || head.category === undefined || head.sequence === undefined
        ? []
        : [{ name, category: head.category, sequence: head.sequence }]
    }),
  )
}

interface PlaceFacts {
  readonly name: string | undefined
  /** Its category and sequence number: what it may share with others. */
  readonly number: string
  readonly allows: boolean
  readonly denies: boolean
}

const factsOf = new WeakMap<PolicyDraft, PlaceFacts>()

/** Found once for each draft: all of them are looked at with each commit. */
function placeFacts(draft: PolicyDraft): PlaceFacts {
  const known = factsOf.get(draft)
  if (known !== undefined) return known
  const { head, ingress, egress } = draft
  const rules = [...ingress, ...egress]
  const facts = {
    name: uuidName(head.uniqueId),
    number: `${head.category} ${head.sequence}`,
    allows: rules.some(({ action }) => action === 'Allow'),
    denies: rules.some(({ action }) => action !== 'Allow'),
  }
  factsOf.set(draft, facts)
  return facts
}

/** Numbers that several policies share of which one allows and another denies: NSX leaves open which comes first. */
function tiedNumbers(drafted: readonly Drafted[]): ReadonlySet<string> {
  const found = new Map<string, { policies: number; allows: boolean; denies: boolean }>()
  for (const { draft } of drafted) {
    const { number, allows, denies } = placeFacts(draft)
    if (!allows && !denies) continue
    const before = found.get(number)
    if (before === undefined) found.set(number, { policies: 1, allows, denies })
    else {
      before.policies += 1
      before.allows ||= allows
      before.denies ||= denies
    }
  }
  return new Set(
    [...found].flatMap(([at, { policies, allows, denies }]) =>
      policies > 1 && allows && denies ? [at] : [],
    ),
  )
}

function countNames(drafted: readonly Drafted[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const { draft } of drafted) {
    const { name } = placeFacts(draft)
    if (name !== undefined) uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return uses
}

function finish(
  { path, hash }: DesiredObject,
  name: string,
  draft: PolicyDraft,
  { priority, probed, isTied }: Priority & { isTied: boolean },
  { tiers, specs, before }: Finishing,
): TranslatedPolicy {
  const kept = specs.get(draft)
  if (kept !== undefined && kept.priority === priority && kept.isTied === isTied) return kept.policy
  const category = draft.head.category
  if (category === undefined) throw new Error(`${path} is finished without a category`)
  // In the order of canonical JSON, as the rules are.
  const spec: ClusterNetworkPolicySpec = {
    egress: draft.egress,
    ingress: draft.ingress,
    priority,
    tier: tiers[category].name,
  }
  const notices = [
    ...draft.problems,
    ...(probed ? [problem('ORDER_PROBED', 'its place was taken; it moved up by the smallest step')] : []),
    ...(isTied ? [problem('ORDER_TIE', 'another policy of this number decides otherwise')] : []),
  ]
  const made: TranslatedPolicy = {
    path,
    name,
    hash,
    displayName: draft.head.displayName,
    category,
    spec,
    specHash: madePolicyHash(spec),
    groups: draft.groups,
    notices,
  }
  const last = before.get(path)
  const former = last === undefined ? undefined : specs.get(last.draft)?.policy
  const policy = former !== undefined && isSame(former, made) ? former : made
  specs.set(draft, { priority, isTied, policy })
  return policy
}

/** A group that it names has changed, and nothing of the policy itself: who compares need not look inside. */
const isSame = (a: TranslatedPolicy, b: TranslatedPolicy): boolean =>
  a.specHash === b.specHash &&
  a.hash === b.hash &&
  a.name === b.name &&
  a.category === b.category &&
  a.displayName === b.displayName &&
  a.groups.join() === b.groups.join() &&
  JSON.stringify(a.notices) === JSON.stringify(b.notices)

const RANKS = Object.fromEntries(CATEGORIES.map((category, at) => [category, at])) as Record<Category, number>

const byPrecedence = (a: TranslatedPolicy, b: TranslatedPolicy): number =>
  RANKS[a.category] - RANKS[b.category] || a.spec.priority - b.spec.priority

/** Agents have so many rule priorities in a direction; what comes last finds none. */
function withinCapacity(ordered: readonly TranslatedPolicy[]): {
  within: TranslatedPolicy[]
  beyond: HeldPolicy[]
} {
  const within: TranslatedPolicy[] = []
  const beyond: HeldPolicy[] = []
  let [ingress, egress] = [0, 0]
  for (const policy of ordered) {
    ingress += policy.spec.ingress.length
    egress += policy.spec.egress.length
    if (ingress <= RULES_PER_DIRECTION_MAX && egress <= RULES_PER_DIRECTION_MAX) within.push(policy)
    else {
      const { path, name, hash } = policy
      const detail = `over ${RULES_PER_DIRECTION_MAX} rules in one direction`
      beyond.push({ path, name, hash, problems: [problem('PRIORITY_CAPACITY', detail)] })
    }
  }
  return { within, beyond }
}
