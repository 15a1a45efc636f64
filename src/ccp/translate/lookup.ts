/**
 * Looking up what an object refers to, remembering what was asked: a result stays right as long as every object it
 * asked for is still the same one. So a commit translates again only what it touches, with the same result as from
 * scratch.
 */
import type { Steps } from './steps.ts'
import { type DesiredObject, type DesiredObjects, objectKey } from './types.ts'

export type Lookup = (kind: string, path: string) => DesiredObject | undefined

interface Kept<T> {
  readonly result: T
  readonly asked: ReadonlyMap<string, DesiredObject | undefined>
}

/** Results by the object they were made from. Holding no object alive, it needs no limit. */
export type Cache<T> = WeakMap<DesiredObject, Kept<T>>

export interface Tracker {
  readonly lookup: Lookup
  /** The kept result of this object, or a new one, in steps. One at a time: what it asks is noted for all around it. */
  keep<T>(cache: Cache<T>, object: DesiredObject, compute: () => Steps<T>): Steps<T>
  /** The kept result, if it still holds. */
  kept<T>(cache: Cache<T>, object: DesiredObject): T | undefined
}

export function createTracker(objects: DesiredObjects): Tracker {
  const frames: Map<string, DesiredObject | undefined>[] = []
  const note = (key: string, found: DesiredObject | undefined) => {
    for (const frame of frames) frame.set(key, found)
  }
  const isStill = (asked: Kept<unknown>['asked']): boolean => {
    for (const [key, found] of asked) if (objects.get(key) !== found) return false
    return true
  }
  const recall = <T>(cache: Cache<T>, object: DesiredObject): Kept<T> | undefined => {
    const kept = cache.get(object)
    if (kept === undefined || !isStill(kept.asked)) return undefined
    for (const [key, found] of kept.asked) note(key, found)
    return kept
  }
  return {
    lookup(kind, path) {
      const key = objectKey(kind, path)
      const found = objects.get(key)
      note(key, found)
      return found
    },
    kept: (cache, object) => recall(cache, object)?.result,
    *keep<T>(cache: Cache<T>, object: DesiredObject, compute: () => Steps<T>): Steps<T> {
      const kept = recall(cache, object)
      if (kept !== undefined) return kept.result
      const frame = new Map<string, DesiredObject | undefined>()
      frames.push(frame)
      try {
        const result = yield* compute()
        cache.set(object, { result, asked: frame })
        return result
      } finally {
        frames.pop()
      }
    },
  }
}
