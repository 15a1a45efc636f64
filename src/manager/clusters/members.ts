/**
 * Which objects a cluster's set holds, kept by counting: spans hold policies, policies, groups and services hold what they
 * refer to. A change costs what it touches, not what the set holds. References never form a loop (the store refuses it),
 * so that a count of zero means that nobody needs the object.
 */
import type { Change, PolicyObject, PolicyStore } from '../policy/index.ts'
import type { Entry, Framed, Frames } from './frames.ts'

export interface Members {
  entries(): readonly Entry[]
  /** By path, its members by the path with a line feed behind: a group and its members have one path. */
  at(key: string): Entry | undefined
  /** Takes a change in; what each key touched held before. Empty when the change does not concern this cluster. */
  update(change: Change): ReadonlyMap<string, Entry | undefined>
}

/** No path has a line feed in it. */
const MEMBERS = '\n'

const SPAN = 'SecurityPolicyContainerCluster'
/** Kinds that are part of their parent's body. */
const PARTS: ReadonlySet<string> = new Set(['Rule', 'ServiceEntry'])

/** `path` is the cluster's ClusterControlPlane. */
export function createMembers(store: PolicyStore, frames: Frames, path: string): Members {
  const held = new Map<string, Framed>()
  const counts = new Map<string, number>()
  let touched = new Map<string, Entry | undefined>()

  const touch = (at: string) => {
    if (touched.has(at)) return
    touched.set(at, held.get(at)?.entry)
    touched.set(at + MEMBERS, held.get(at)?.members)
  }
  /** Goes through its work list: references may be deeper than a stack. */
  const hold = (...wanted: string[]) => {
    for (let at = wanted.pop(); at !== undefined; at = wanted.pop()) {
      const count = counts.get(at) ?? 0
      counts.set(at, count + 1)
      if (count > 0) continue
      const object = store.get(at)
      const framed = object === undefined ? undefined : frames.of(object)
      if (framed === undefined) continue
      touch(at)
      held.set(at, framed)
      wanted.push(...framed.targets)
    }
  }
  const release = (...unwanted: string[]) => {
    for (let at = unwanted.pop(); at !== undefined; at = unwanted.pop()) {
      const count = (counts.get(at) ?? 0) - 1
      if (count > 0) {
        counts.set(at, count)
        continue
      }
      counts.delete(at)
      const framed = held.get(at)
      if (framed === undefined) continue
      touch(at)
      held.delete(at)
      unwanted.push(...framed.targets)
    }
  }
  /** A held object is another one now; what it named is released by the caller, after all that is newly named is held. */
  const replace = (at: string): readonly string[] => {
    const before = held.get(at)
    const object = store.get(at)
    const after = object === undefined ? undefined : frames.of(object)
    if (before === undefined || after === undefined || before === after) return []
    touch(at)
    held.set(at, after)
    hold(...after.targets)
    return before.targets
  }
  const isOwnSpan = (object: PolicyObject | undefined): object is PolicyObject =>
    object?.kind === SPAN && object.references.includes(path)

  for (const span of store.referrers(path)) if (isOwnSpan(span)) hold(span.parentPath)
  return {
    entries: () =>
      [...held.values()].flatMap(({ entry, members }) =>
        members === undefined ? [entry] : [entry, members],
      ),
    at: (key) =>
      key.endsWith(MEMBERS) ? held.get(key.slice(0, -MEMBERS.length))?.members : held.get(key)?.entry,
    update(change) {
      const { changed } = change
      touched = new Map()
      const unwanted: string[] = []
      const bodies = new Set<string>(frames.around(change))
      for (const [at, { before, after }] of changed) {
        const object = after ?? before
        bodies.add(object !== undefined && PARTS.has(object.kind) ? object.parentPath : at)
        if (isOwnSpan(after) && before === undefined) hold(after.parentPath)
        if (isOwnSpan(before) && after === undefined) unwanted.push(before.parentPath)
      }
      for (const at of bodies) unwanted.push(...replace(at))
      release(...unwanted)
      return touched
    },
  }
}
