/** What is to be asked of NSX next, from what is held and what search says. Pure: values in, values out. */
import { REST_BODY_AGE_MS, REST_BODY_SHARE, REST_MEMBERS_A_CYCLE } from '../../../limits.ts'
import { kindAt } from './bodies.ts'
import { genericGroups, type Held, type Memory, MISSES, reach } from './memory.ts'
import { keyAt, type View } from './prints.ts'

export type Ask =
  /** GET of the object. `key`: what search says of it at this moment. */
  | { readonly what: 'body'; readonly path: string; readonly key: string }
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
  `${ask.what} ${ask.path} ${ask.what === 'body' ? ask.key : ask.what === 'members' ? ask.of : ''}`

/** Bodies and spans first; members when all groups are known. Empty: the set is as complete as it can be. */
export function decide(situation: Situation): readonly Ask[] {
  const isNew = (ask: Ask) => !situation.asked.has(askName(ask))
  const reached = reach(situation.memory)
  const first = [...spansToAsk(situation), ...bodiesToAsk(situation, reached)].filter(isNew)
  return first.length > 0 ? first : membersToAsk(situation, reached).filter(isNew)
}

/**
 * Search may show a span late, or one that is gone: NSX itself is asked before a policy is taken in or let go, and before
 * an object of the cluster goes whose policy nobody told of.
 */
function spansToAsk({ memory, view, owned }: Situation): Ask[] {
  const paths = new Set<string>()
  for (const path of view.spanned) if (!memory.policies.has(path)) paths.add(path)
  for (const [path, missed] of memory.policies) if (missed >= MISSES) paths.add(path)
  for (const path of owned) if (!memory.policies.has(path) && !memory.refused.has(path)) paths.add(path)
  return [...paths]
    .filter((path) => kindAt(path) === 'SecurityPolicy')
    .map((path) => ({ what: 'span', path }))
}

function bodiesToAsk({ memory, view, nowMs }: Situation, reached: ReadonlySet<string>): Ask[] {
  const asks: Ask[] = []
  const old: (readonly [path: string, readMs: number])[] = []
  for (const path of reached) {
    const held = memory.bodies.get(path)
    const key = keyAt(view, path)
    if (held === undefined || isDoubtful(held, key, view) || memory.absent.has(path))
      asks.push({ what: 'body', path, key })
    else if (nowMs - held.readMs > REST_BODY_AGE_MS) old.push([path, held.readMs])
  }
  const oldest = old.sort((a, b) => a[1] - b[1]).slice(0, Math.ceil(memory.bodies.size / REST_BODY_SHARE))
  return [...asks, ...oldest.map(([path]) => ({ what: 'body' as const, path, key: keyAt(view, path) }))]
}

/** What search says is neither the revision that is held nor what it said when that was read. */
function isDoubtful(
  { key: held, seen, missed, behindSinceMs }: Held,
  key: string,
  { isWhole }: View,
): boolean {
  if (behindSinceMs !== undefined) return true
  if (key === '') return isWhole && missed >= MISSES
  return key !== held && key !== seen
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
