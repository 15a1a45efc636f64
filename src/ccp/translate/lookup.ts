/**
 * Looking up what an object refers to, remembering what was asked: a result stays right as long as every object it
 * asked for is still the same one. So a commit translates again only what it touches, with the same result as from
 * scratch.
 */
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
  /** The kept result of this object, or a new one. */
  keep<T>(cache: Cache<T>, object: DesiredObject, compute: () => T): T
}

export function createTracker(objects: DesiredObjects): Tracker {
  const frames: Map<string, DesiredObject | undefined>[] = []
  const note = (key: string, found: DesiredObject | undefined) => {
    for (const frame of frames) frame.set(key, found)
  }
  return {
    lookup(kind, path) {
      const key = objectKey(kind, path)
      const found = objects.get(key)
      note(key, found)
      return found
    },
    keep<T>(cache: Cache<T>, object: DesiredObject, compute: () => T): T {
      const kept = cache.get(object)
      if (kept !== undefined && [...kept.asked].every(([key, found]) => objects.get(key) === found)) {
        for (const [key, found] of kept.asked) note(key, found)
        return kept.result
      }
      const frame = new Map<string, DesiredObject | undefined>()
      frames.push(frame)
      try {
        const result = compute()
        cache.set(object, { result, asked: frame })
        return result
      } finally {
        frames.pop()
      }
    },
  }
}
