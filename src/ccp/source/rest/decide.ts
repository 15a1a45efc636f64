/** What is to be asked of NSX next, from what is held and what search says. Pure: values in, values out. */
import {
  REST_BODY_AGE_MS,
  REST_BODY_SHARE,
  REST_CONFIRMED_MAX,
  REST_LATE_MS,
  REST_MEMBERS_A_CYCLE,
} from '../../../limits.ts'
import { kindAt } from './bodies.ts'
import { genericGroups, type Held, type Memory, MISSES, reach } from './memory.ts'
import { keyAt, type View } from './prints.ts'
import { toReadAgain } from './steady.ts'

export type Ask =
  /** GET of the object. `key`: what search says of it at this moment. */
  | { readonly what: 'body'; readonly path: string; readonly key: string; readonly after?: number }
  /**
   * GET of a policy and then, when it is another one than is held, of its own spans: it may have lost ours
   * meanwhile. `after`: it is read again, after the read of that number, so that it is of one moment with others; its spans too.
   */
  | { readonly what: 'policy'; readonly path: string; readonly key: string; readonly after?: number }
  /** The list of a policy's own spans. */
  | { readonly what: 'span'; readonly path: string }
  /** Effective addresses of a group; `of`: hashes of the groups that they depend on. */
  | { readonly what: 'members'; readonly path: string; readonly of: string }

export interface Situation {
  readonly memory: Memory
  readonly view: View
  /** Paths of the policies that the cluster's own objects were made from. */
  readonly owned: ReadonlySet<string>
  readonly nowMs: number
  /** What was asked in this cycle already, as `askName` has it. */
  readonly asked: ReadonlySet<string>
}

/** The same twice in one cycle has the same answer, unless search says something else by now. */
export const askName = (ask: Ask): string =>
  `${ask.what} ${ask.path} ${'key' in ask ? (ask.after ?? ask.key) : 'of' in ask ? ask.of : ''}`

/** Bodies and spans first, then what makes them of one moment; members when all groups are known. Empty: the set is as complete as it can be. */
export function decide(situation: Situation): readonly Ask[] {
  const isNew = (ask: Ask) => !situation.asked.has(askName(ask))
  const reached = reach(situation.memory)
  const first = [...spansToAsk(situation), ...bodiesToAsk(situation, reached)].filter(isNew)
  if (first.length > 0) return first
  const again = againToAsk(situation).filter(isNew)
  return again.length > 0 ? again : membersToAsk(situation, reached).filter(isNew)
}

/**
 * Search may show a span late, or one that is gone: NSX itself is asked before a policy is taken in or let go, and before
 * an object of the cluster goes whose policy nobody told of.
 */
function spansToAsk({ memory, owned }: Situation): Ask[] {
  const paths = new Set<string>()
  for (const [path, missed] of memory.policies) if (missed >= MISSES) paths.add(path)
  for (const path of owned) if (!memory.policies.has(path) && !memory.refused.has(path)) paths.add(path)
  return [...paths].filter(isPolicy).map((path) => ({ what: 'span', path }))
}

/** A first read of many policies believes search in which of them are ours: asking for each would make it thrice as long. */
const isBelieved = ({ isComplete, policies, bodies }: Memory, path: string): boolean =>
  !isComplete && policies.size > REST_CONFIRMED_MAX && policies.has(path) && !bodies.has(path)

const isPolicy = (path: string): boolean => kindAt(path) === 'SecurityPolicy'

function bodiesToAsk(situation: Situation, reached: ReadonlySet<string>): Ask[] {
  const { memory, view, nowMs } = situation
  const ask = (path: string): Ask => ({
    what: isPolicy(path) && !isBelieved(memory, path) ? 'policy' : 'body',
    path,
    key: keyAt(view, path),
  })
  const asks = [...view.spanned].filter((path) => isPolicy(path) && !memory.policies.has(path)).map(ask)
  const old: (readonly [path: string, readMs: number])[] = []
  for (const path of reached) {
    const held = memory.bodies.get(path)
    const key = keyAt(view, path)
    if (held === undefined || isDoubtful(held, key, situation) || memory.absent.has(path))
      asks.push(ask(path))
    else if (nowMs - held.readMs > REST_BODY_AGE_MS) old.push([path, held.readMs])
  }
  const oldest = old.sort((a, b) => a[1] - b[1]).slice(0, Math.ceil(memory.bodies.size / REST_BODY_SHARE))
  return [...asks, ...oldest.map(([path]) => ask(path))]
}

function againToAsk({ memory, view, asked }: Situation): Ask[] {
  const spent = [...asked].filter((name) => / \d+$/.test(name)).length
  return toReadAgain(memory, spent).map(({ path, after }) => ({
    what: isPolicy(path) ? 'policy' : 'body',
    path,
    key: keyAt(view, path),
    after,
  }))
}

/**
 * What search says is neither the revision that is held nor what it said when that was read. It may also have gone on and come
 * back to that (a rule that came and went again): as long as it is another one, NSX is asked now and then.
 */
function isDoubtful(held: Held, key: string, { view, nowMs }: Situation): boolean {
  if (held.behindSinceMs !== undefined) return true
  if (key === '') return view.isWhole && held.missed >= MISSES
  return key !== held.key && (key !== held.seen || nowMs - held.readMs > REST_LATE_MS)
}

/** New and changed groups at once, of the others some a cycle: NSX has no sign of a machine that came or went. */
function membersToAsk({ memory, asked }: Situation, reached: ReadonlySet<string>): Ask[] {
  const groups = [...genericGroups(memory, reached)]
  const changed = groups.filter(([path, of]) => memory.members.get(path)?.of !== of)
  const readMs = ([path]: readonly [string, string]) => memory.members.get(path)?.readMs ?? 0
  const others = groups.filter((group) => !changed.includes(group)).sort((a, b) => readMs(a) - readMs(b))
  const left = REST_MEMBERS_A_CYCLE - [...asked].filter((name) => name.startsWith('members ')).length
  return [...changed, ...others.slice(0, Math.max(0, left))].map(([path, of]) => ({
    what: 'members',
    path,
    of,
  }))
}
