/**
 * Whether a policy and all it refers to are held as NSX had them at one moment, and what has to be read again to know. Each
 * object is read for itself and search is late, so that a policy and a group may be of different moments: together they may
 * let through what NSX never did. Pure.
 *
 * Reads are numbered in their order. An object is of a moment when it was read as it is before and after it. So of the
 * newest change X in such a set, all others must have been read again after X was known; X itself is of its own moment.
 */
import { REST_STEADY_MAX } from '../../../limits.ts'
import { type Memory, MISSES, reach } from './memory.ts'

/** Paths of a policy and of all that it refers to. */
const closureOf = (memory: Memory, policy: string): ReadonlySet<string> =>
  reach({ policies: new Map([[policy, 0]]), bodies: memory.bodies })

/** What to read again, and after which number that has to begin. */
export interface Again {
  readonly path: string
  readonly after: number
}

/**
 * Of all policies that changed, or something in them, since the last complete set. Empty also when it were more than
 * REST_STEADY_MAX (`spent` of them are used): then what search says has to do.
 */
export function toReadAgain(memory: Memory, spent: number): readonly Again[] {
  const after = new Map<string, number>()
  for (const policy of memory.policies.keys()) {
    const changed = changedIn(memory, policy)
    if (changed === undefined) continue
    for (const path of unsteadyIn(memory, changed))
      after.set(path, Math.max(after.get(path) ?? 0, changed.newest.known))
    if (spent + after.size > REST_STEADY_MAX) return []
  }
  return [...after].map(([path, number]) => ({ path, after: number }))
}

interface Changed {
  readonly closure: ReadonlySet<string>
  readonly newest: { readonly path: string; readonly known: number }
  /** The latest of the others. */
  readonly before: number
}

function changedIn(memory: Memory, policy: string): Changed | undefined {
  const closure = closureOf(memory, policy)
  let newest = { path: policy, known: 0 }
  let before = 0
  for (const path of closure) {
    const known = memory.bodies.get(path)?.known ?? 0
    if (known > newest.known) {
      before = newest.known
      newest = { path, known }
    } else before = Math.max(before, known)
  }
  return newest.known > memory.told ? { closure, newest, before } : undefined
}

function unsteadyIn({ bodies }: Memory, { closure, newest, before }: Changed): readonly string[] {
  return [...closure].filter((path) => {
    const held = bodies.get(path)
    if (held === undefined || held.read > newest.known) return false
    return path !== newest.path || held.first < before
  })
}

/**
 * Whether a policy changed, or something in it, of which it is not sure that NSX still has it: the next cycle knows. What was
 * handed over last stays until then.
 */
export const isInDoubt = (memory: Memory): boolean =>
  [...memory.policies].some(([policy, missed]) => {
    const changed = changedIn(memory, policy)
    if (changed === undefined) return false
    return (
      missed > 0 || [...changed.closure].some((path) => (memory.absent.get(path)?.cycles ?? MISSES) < MISSES)
    )
  })
