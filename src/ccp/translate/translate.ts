/** The whole: a complete set of NSX objects in, Antrea objects and held policies out. */
import type { ClusterNetworkPolicySpec } from '../../kube/antrea.ts'
import { RULES_PER_DIRECTION_MAX } from '../../limits.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { TierSettings } from '../settings.ts'
import { GroupBody, readBody } from './body.ts'
import { policySpecHash, uuidName } from './canonical.ts'
import { groupChildren } from './children.ts'
import { isError, problem } from './findings.ts'
import { type GroupShape, groupShape } from './groups.ts'
import { type Cache, createTracker, type Tracker } from './lookup.ts'
import { CATEGORIES, type Priority, priorities } from './order.ts'
import type { ResolveGroup } from './peers.ts'
import { draftPolicy, hasErrors, type PolicyDraft } from './policy.ts'
import type {
  DesiredObject,
  DesiredObjects,
  EmptyPolicy,
  HeldPolicy,
  TranslatedGroup,
  TranslatedPolicy,
  Translation,
} from './types.ts'

export type Translate = (objects: DesiredObjects) => Translation

interface NamedGroup {
  readonly name: string | undefined
  readonly displayName: string
  readonly shape: GroupShape
}

/**
 * A translator. What it keeps between calls only saves work: the result is always that of a translation from scratch,
 * whatever the order of the objects.
 */
export function createTranslator(tiers: TierSettings): Translate {
  const shapes: Cache<NamedGroup> = new WeakMap()
  const children: Cache<TranslatedGroup> = new WeakMap()
  const drafts: Cache<PolicyDraft> = new WeakMap()
  const specs = new WeakMap<PolicyDraft, { priority: number; policy: TranslatedPolicy }>()

  return (objects) => {
    const tracker = createTracker(objects)
    const all = [...objects.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    const named = (object: DesiredObject) => tracker.keep(shapes, object, () => nameGroup(object, tracker))
    const resolve = resolver(tracker, named)

    const groups = new Map<string, TranslatedGroup>()
    for (const object of all.filter(({ kind }) => kind === 'Group')) {
      const { name, displayName, shape } = named(object)
      if (name === undefined || shape.problems.some(isError) || groups.has(name)) continue
      groups.set(
        name,
        tracker.keep(children, object, () => ({
          path: object.path,
          name,
          hash: object.hash,
          displayName,
          children: groupChildren(name, named(object).shape),
        })),
      )
    }

    const drafted = all
      .filter(({ kind }) => kind === 'SecurityPolicy')
      .map((object) => ({
        object,
        draft: tracker.keep(drafts, object, () => draftPolicy(object, tracker.lookup, resolve)),
      }))
      .filter(({ draft }) => !draft.head.isDeleted)
    return assemble(drafted, groups, tiers, specs)
  }
}

function nameGroup(object: DesiredObject, tracker: Tracker): NamedGroup {
  const shape = groupShape(object, tracker.lookup)
  const read = object.body === undefined ? undefined : readBody(GroupBody, object.body)
  const body = read !== undefined && 'body' in read ? read.body : undefined
  return { name: uuidName(body?.unique_id), displayName: body?.display_name ?? '', shape }
}

function resolver(tracker: Tracker, named: (object: DesiredObject) => NamedGroup): ResolveGroup {
  return (path) => {
    const about = { group_path: path }
    if (path.startsWith('/orgs/'))
      return { problems: [problem('PROJECT_SCOPE', `${path} lives in a project`, about)] }
    if (path.startsWith('/global-infra/'))
      return { problems: [problem('GLOBAL_OBJECT', `${path} is a global object`, about)] }
    const object = tracker.lookup('Group', path)
    if (object === undefined) return { problems: [problem('GROUP_MISSING', `${path} is not there`, about)] }
    const { name, shape } = named(object)
    const errors = shape.problems.filter(isError)
    if (errors.length > 0) return { problems: errors }
    if (name === undefined) return { problems: [problem('NO_UNIQUE_ID', `${path} has no UUID`, about)] }
    return { group: { path, name, shape } }
  }
}

interface Drafted {
  readonly object: DesiredObject
  readonly draft: PolicyDraft
}

function assemble(
  drafted: readonly Drafted[],
  groups: ReadonlyMap<string, TranslatedGroup>,
  tiers: TierSettings,
  specs: WeakMap<PolicyDraft, { priority: number; policy: TranslatedPolicy }>,
): Translation {
  const held: HeldPolicy[] = []
  const empty: EmptyPolicy[] = []
  const ready: TranslatedPolicy[] = []
  const uses = countNames(drafted)
  const places = priorities(
    drafted.flatMap(({ draft: { head } }) => {
      const name = uuidName(head.uniqueId)
      return name === undefined || head.category === undefined || head.sequence === undefined
        ? []
        : [{ name, category: head.category, sequence: head.sequence }]
    }),
  )
  for (const { object, draft } of drafted) {
    const name = uuidName(draft.head.uniqueId)
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
    else ready.push(finish(object, name, draft, place, tiers, specs))
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

function countNames(drafted: readonly Drafted[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const { draft } of drafted) {
    const name = uuidName(draft.head.uniqueId)
    if (name !== undefined) uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return uses
}

function finish(
  { path, hash }: DesiredObject,
  name: string,
  draft: PolicyDraft,
  { priority, probed }: Priority,
  tiers: TierSettings,
  specs: WeakMap<PolicyDraft, { priority: number; policy: TranslatedPolicy }>,
): TranslatedPolicy {
  const kept = specs.get(draft)
  if (kept !== undefined && kept.priority === priority) return kept.policy
  const category = draft.head.category
  if (category === undefined) throw new Error(`${path} is finished without a category`)
  const spec: ClusterNetworkPolicySpec = {
    tier: tiers[category].name,
    priority,
    ingress: draft.ingress,
    egress: draft.egress,
  }
  const moved = probed
    ? [problem('ORDER_PROBED', 'its place was taken; it moved up by the smallest step')]
    : []
  const policy: TranslatedPolicy = {
    path,
    name,
    hash,
    displayName: draft.head.displayName,
    category,
    spec,
    specHash: policySpecHash(spec),
    groups: draft.groups,
    notices: [...draft.problems, ...moved],
  }
  specs.set(draft, { priority, policy })
  return policy
}

const byPrecedence = (a: TranslatedPolicy, b: TranslatedPolicy): number =>
  CATEGORIES.indexOf(a.category) - CATEGORIES.indexOf(b.category) || a.spec.priority - b.spec.priority

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
