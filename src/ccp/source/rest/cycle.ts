/** One look at NSX: what search says, then what is to be asked because of it, until nothing is left to ask. */
import { AdapterError, needsPerson, retry } from '../../../errors.ts'
import {
  REST_ADDRESSES_MAX,
  REST_NEWEST_SIZE,
  REST_ROUNDS_MAX,
  REST_TORN_MAX,
  REST_WHOLE_MS,
  REST_WITHHELD_MAX,
} from '../../../limits.ts'
import { type Answer, absorb, membersObject } from './absorb.ts'
import { type Asking, POLICY_API, urlOf } from './asking.ts'
import { type Body, bodyFrom } from './bodies.ts'
import { type Ask, askName, decide } from './decide.ts'
import { complete, groupsWithin, type Memory, noteView } from './memory.ts'
import type { Pages } from './pages.ts'
import {
  isOwnSpan,
  PRINT_FIELDS,
  type Print,
  printFrom,
  SPAN_FIELDS,
  spannedPolicies,
  type View,
  wholeView,
  withNewest,
} from './prints.ts'
import { isInDoubt } from './steady.ts'

export interface CycleDeps {
  readonly asking: Asking
  readonly pages: Pages
  readonly clusterName: string
  /** The ClusterControlPlane's node_id. */
  readonly clusterId: string
  /** And its id in NSX, by which spans name it. */
  readonly planeId: string
  /** Paths of the policies that the cluster's own objects were made from. */
  readonly owned: () => ReadonlySet<string>
  readonly nowMs: () => number
  /** A larger one with each call, also over the sessions. */
  readonly number: () => number
}

/** What was known before; changed as the cycle goes on, so that what was read is not read again after a failure. */
export interface Known {
  memory: Memory
  view: View | undefined
  /** When all that search knows was last read, monotonic. */
  wholeMs: number
}

const SPANS = 'resource_type:SecurityPolicyContainerCluster AND marked_for_delete:false'
const PRINTS =
  'resource_type:(SecurityPolicy OR Rule OR Group OR Service OR ServiceEntry OR PolicyContextProfile) AND marked_for_delete:false'
const CONTROL_PLANES = '/infra/sites/default/enforcement-points/default/cluster-control-planes'

/**
 * True: what is known now is a complete set. False: search changed while it was read, three times, or what changed is in
 * doubt until the next cycle.
 * Rejects with the manager's error; what was read before it is kept.
 */
export async function runCycle(deps: CycleDeps, known: Known, isWhole: boolean): Promise<boolean> {
  const wholeDue = deps.nowMs() - known.wholeMs >= REST_WHOLE_MS
  const view = await readView(deps, known, isWhole || wholeDue || known.memory.isDirty)
  if (view === undefined) {
    known.memory = { ...known.memory, isDirty: true }
    return false
  }
  const owned = deps.owned()
  known.memory = noteView(known.memory, view, owned)
  const asked = new Set<string>()
  for (let round = 1; ; round += 1) {
    const before = known.memory
    await askAll(deps, known, owned, asked)
    if (hasSameBodies(before, known.memory)) break
    const isStill = round < REST_ROUNDS_MAX && (await readView(deps, known, false)) !== undefined
    if (isStill) continue
    known.memory = { ...known.memory, isDirty: true }
    break
  }
  const { withheld } = known.memory
  if (withheld < REST_WITHHELD_MAX && isInDoubt(known.memory)) {
    known.memory = { ...known.memory, withheld: withheld + 1 }
    return false
  }
  known.memory = complete(known.memory, deps.number())
  return true
}

/** Search as it is now, all of it or with what changed last; undefined when it does not stand still. Kept in `known`. */
async function readView(deps: CycleDeps, known: Known, isWhole: boolean): Promise<View | undefined> {
  for (let attempt = 1; attempt <= REST_TORN_MAX; attempt += 1) {
    const spans = await deps.pages.search(SPANS, SPAN_FIELDS)
    if (spans === undefined) continue
    const spanned = spannedPolicies(spans, deps.planeId)
    const view =
      (isWhole || known.view === undefined ? undefined : await newestView(deps, known.view, spanned)) ??
      (await readWhole(deps, known, spanned))
    if (view === undefined) continue
    known.view = view
    return view
  }
  return undefined
}

async function newestView(
  { pages, nowMs }: CycleDeps,
  view: View,
  spanned: ReadonlySet<string>,
): Promise<View | undefined> {
  const page = await pages.newest(PRINTS, PRINT_FIELDS, REST_NEWEST_SIZE)
  if (page === undefined) return undefined
  return withNewest(view, spanned, printsOf(page.results), page.count, nowMs())
}

async function readWhole(
  deps: CycleDeps,
  known: Known,
  spanned: ReadonlySet<string>,
): Promise<View | undefined> {
  const all = await deps.pages.search(PRINTS, PRINT_FIELDS)
  if (all === undefined) return undefined
  known.wholeMs = deps.nowMs()
  return wholeView(spanned, printsOf(all), all.length, known.view, deps.nowMs())
}

const printsOf = (results: readonly unknown[]): readonly Print[] =>
  results.flatMap((result) => printFrom(result) ?? [])

/** Until what is held asks for nothing more; each answer may name further objects. */
async function askAll(
  deps: CycleDeps,
  known: Known,
  owned: ReadonlySet<string>,
  asked: Set<string>,
): Promise<void> {
  const { view } = known
  if (view === undefined) return
  for (;;) {
    const asks = decide({ memory: known.memory, view, owned, nowMs: deps.nowMs(), asked })
    if (asks.length === 0) return
    for (const ask of asks) asked.add(askName(ask))
    await deps.asking.all(asks, async (ask) => {
      const began = deps.number()
      const answer = await answerOf(deps, known.memory, ask)
      if (isDenied(answer) && known.memory.policies.has(ask.path)) await findPlane(deps)
      known.memory = absorb(known.memory, answer, { nowMs: deps.nowMs(), began, ended: deps.number() })
    })
  }
}

const isDenied = (answer: Answer): boolean => 'isOurs' in answer && !answer.isOurs

async function answerOf(deps: CycleDeps, memory: Memory, ask: Ask): Promise<Answer> {
  switch (ask.what) {
    case 'body':
      return { ask, body: await bodyAt(deps, ask.path) }
    case 'policy':
      return policyAt(deps, memory, ask)
    case 'span':
      return { ask, isOurs: await hasSpan(deps, ask.path) }
    case 'members':
      return { ask, addresses: await membersAt(deps, memory, ask) }
  }
}

/**
 * A policy that is another one than is held, or that was not held, has to be the same before and after its spans were read:
 * then it was so while it was this cluster's.
 */
async function policyAt(
  deps: CycleDeps,
  memory: Memory,
  ask: Extract<Ask, { what: 'policy' }>,
): Promise<Answer> {
  const { path, after } = ask
  const isHeld = (body: Body | undefined) =>
    memory.policies.has(path) && body?.key === memory.bodies.get(path)?.key
  let body = await bodyAt(deps, path)
  const isDoubted = after !== undefined || memory.absent.has(path)
  if (!isDoubted && isHeld(body)) return { ask, body, isOurs: true }
  for (let attempt = 1; body !== undefined; attempt += 1) {
    const isOurs = await hasSpan(deps, path)
    if (!isOurs || isHeld(body) || attempt === REST_TORN_MAX) return { ask, body, isOurs }
    const again = await bodyAt(deps, path)
    if (again?.key === body.key) return { ask, body, isOurs }
    body = again
  }
  return { ask, body, isOurs: false }
}

async function bodyAt({ asking }: CycleDeps, path: string): Promise<Body | undefined> {
  const value = await asking.find<unknown>(urlOf(path))
  return value === undefined ? undefined : bodyFrom(path, value)
}

/** By the policy's own list, which is never late. */
async function hasSpan({ pages, planeId }: CycleDeps, path: string): Promise<boolean> {
  const spans = await untorn(() => pages.list(`${path}/container-cluster-span`))
  return spans !== 'absent' && spans.some((span) => isOwnSpan(span, planeId))
}

/** A short list that changed between its pages three times in a row is a reason to begin anew. */
async function untorn<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 1; attempt <= REST_TORN_MAX; attempt += 1) {
    const result = await read()
    if (result !== undefined) return result
  }
  throw retry('NSX_LIST_INCOMPLETE', 'a list of the manager changed each time it was read; it is read again')
}

/** Members count for the groups that are held: when they are others than before, these are looked at once more behind them. */
async function membersAt(
  deps: CycleDeps,
  memory: Memory,
  { path, of }: Extract<Ask, { what: 'members' }>,
): Promise<readonly string[] | undefined> {
  const addresses = await membersOf(deps, path)
  const held = memory.members.get(path)
  if (addresses === undefined) return undefined
  if (held?.of === of && held.object.hash === membersObject(path, addresses).hash) return addresses
  for (const group of groupsWithin(memory, path)) {
    const body = await bodyAt(deps, group)
    if (body?.key !== memory.bodies.get(group)?.key) return undefined
  }
  return addresses
}

/**
 * The effective addresses of a group. Undefined when NSX cannot tell: an empty list is what it answers also before it has
 * worked them out, and counts only for a group that is realized.
 */
async function membersOf(
  { asking, pages }: Pick<CycleDeps, 'asking' | 'pages'>,
  path: string,
): Promise<readonly string[] | undefined> {
  const list = await pages.list(`${path}/members/ip-addresses`)
  if (list === undefined || list === 'absent') return undefined
  const addresses = list.filter((item) => typeof item === 'string')
  if (addresses.length > REST_ADDRESSES_MAX) return undefined
  if (addresses.length > 0) return addresses
  const status = await asking.find<{ consolidated_status?: { consolidated_status?: unknown } }>(
    `${POLICY_API}/infra/realized-state/status?intent_path=${encodeURIComponent(path)}`,
  )
  return status?.consolidated_status?.consolidated_status === 'SUCCESS' ? [] : undefined
}

/** The cluster-control-plane that stands for this cluster: spans name it by its id. */
export interface Plane {
  readonly id: string
  readonly uniqueId: string
}

interface PlaneFields {
  readonly id?: unknown
  readonly node_id?: unknown
  readonly unique_id?: unknown
}

/**
 * The cluster's own control plane: that with its name, as NSX's documentation has it, or whichever has its node_id. Rejects with
 * CLUSTER_NOT_REGISTERED (needs a person): a cluster that NSX does not know has no spans, and its policies stay as they are.
 * An identity that may not look there goes on without: `undefined`.
 */
export async function findPlane({
  asking,
  pages,
  clusterName,
  clusterId,
}: Pick<CycleDeps, 'asking' | 'pages' | 'clusterName' | 'clusterId'>): Promise<Plane | undefined> {
  const isOwn = (plane: PlaneFields | undefined) => plane?.node_id === clusterId
  const from = ({ id, unique_id: uniqueId }: PlaneFields) => ({
    id: typeof id === 'string' ? id : clusterName,
    uniqueId: String(uniqueId ?? clusterId),
  })
  try {
    const named = await asking.find<PlaneFields>(urlOf(`${CONTROL_PLANES}/${clusterName}`))
    if (named !== undefined && isOwn(named)) return from(named)
    const all = await untorn(() => pages.list(CONTROL_PLANES))
    const own = all === 'absent' ? undefined : (all as readonly PlaneFields[]).find(isOwn)
    if (own !== undefined) return from(own)
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'NSX_FORBIDDEN') return undefined
    throw error
  }
  throw needsPerson(
    'CLUSTER_NOT_REGISTERED',
    `NSX has no cluster-control-plane with the node_id ${clusterId}; register the cluster, or compare cluster.id with NSX. What is in force stays`,
  )
}

/** The same objects as before: nothing came, changed or went. */
function hasSameBodies(before: Memory, after: Memory): boolean {
  if (before === after) return true
  if (before.bodies.size !== after.bodies.size || before.policies.size !== after.policies.size) return false
  for (const [path, { object }] of after.bodies) if (before.bodies.get(path)?.object !== object) return false
  for (const path of after.policies.keys()) if (!before.policies.has(path)) return false
  return true
}
