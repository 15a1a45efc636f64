/**
 * Looking up what an object refers to, remembering what was asked: a result stays right as long as every object it
 * asked for is still the same one. So a commit translates again only what it touches, with the same result as from
 * scratch.
 */
import type { Steps } from '../../world/steps.ts'
import { type DesiredObject, type DesiredObjects, objectKey } from './types.ts'

export type Lookup = (kind: string, path: string) => DesiredObject | undefined

interface Kept<T> {
  readonly result: T
  /** By key, what was found: an object of the set, or what was made of one. */
  readonly asked: ReadonlyMap<string, unknown>
}

/** Results by the object they were made from. Holding no object alive, it needs no limit. */
export type Cache<T> = WeakMap<DesiredObject, Kept<T>>

export interface Tracker {
  readonly lookup: Lookup
  /** The kept result of this object, or a new one, in steps. One at a time: what it asks is noted for all around it. */
  keep<T>(cache: Cache<T>, object: DesiredObject, compute: () => Steps<T>): Steps<T>
  /** Finds what was made of a path earlier in this pass; who asks depends on that alone, not on all that it stands on. */
  recall<T extends Made>(made: ReadonlyMap<string, T>, path: string): T | undefined
}

/** What was made of a path. */
interface Made {
  /** `madeKey` of that path, made once: very many ask. */
  readonly key: string
}

const NOTHING: ReadonlyMap<string, unknown> = new Map()

/** No path has a line feed in it. */
export const madeKey = (path: string): string => `\n${path}`

/** `made`: what `recall` finds in, by path, complete before the first who asks. */
export function createTracker(objects: DesiredObjects, made: ReadonlyMap<string, unknown>): Tracker {
  const frames: Map<string, unknown>[] = []
  const note = (key: string, found: unknown) => {
    for (let at = 0; at < frames.length; at += 1) frames[at]!.set(key, found)
  }
  const isStill = (asked: Kept<unknown>['asked']): boolean => {
    for (const [key, found] of asked)
      if ((key.startsWith('\n') ? made.get(key.slice(1)) : objects.get(key)) !== found) return false
    return true
  }
  return {
    lookup(kind, path) {
      const key = objectKey(kind, path)
      const found = objects.get(key)
      note(key, found)
      return found
    },
    recall(from, path) {
      const found = from.get(path)
      note(found?.key ?? madeKey(path), found)
      return found
    },
    *keep<T>(cache: Cache<T>, object: DesiredObject, compute: () => Steps<T>): Steps<T> {
      const kept = cache.get(object)
      if (kept !== undefined && isStill(kept.asked)) {
        for (const [key, found] of kept.asked) note(key, found)
        return kept.result
      }
      const frame = new Map<string, unknown>()
      frames.push(frame)
      try {
        const result = yield* compute()
        cache.set(object, { result, asked: frame.size === 0 ? NOTHING : frame })
        return result
      } finally {
        frames.pop()
      }
    },
  }
}
