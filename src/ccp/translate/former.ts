/**
 * The set that was translated last, and who asked for what: so that the next one looks only at what a commit touches. It
 * only saves work: whatever it does not know is worked out, with the same result.
 */
import { Askers } from './askers.ts'
import { type DesiredObject, type DesiredObjects, objectKey } from './types.ts'

/** Over so many changes at once, everything is looked at. */
const CHANGES_MAX = 500

const NOTHING: ReadonlyMap<string, unknown> = new Map()

/** Objects sorted by path, and for each what its result was made from. */
export class Former {
  private objects: DesiredObjects = new Map()
  private sorted: DesiredObject[] = []
  /** Keys of what differs, as `next` found; undefined: too much. */
  private changed: readonly string[] | undefined
  private readonly asked = new Askers()

  /** Paths of what may have another result than before, and the new set in order; undefined: too much. */
  next(
    objects: DesiredObjects,
  ): { readonly touched: Set<string>; readonly sorted: DesiredObject[] } | undefined {
    this.changed = undefined
    if (this.sorted.length === 0) return undefined
    const changed: string[] = []
    for (const [key, object] of objects) {
      if (this.objects.get(key) === object) continue
      changed.push(key)
      if (changed.length > CHANGES_MAX) return undefined
    }
    if (objects.size - changed.length < this.objects.size)
      for (const key of this.objects.keys()) if (!objects.has(key)) changed.push(key)
    if (changed.length > CHANGES_MAX) return undefined
    this.changed = changed
    const sorted = [...this.sorted]
    for (const key of changed) put(sorted, this.objects.get(key), objects.get(key))
    const touched = new Set<string>()
    for (const key of changed) {
      const path = (objects.get(key) ?? this.objects.get(key))?.path
      if (path !== undefined) touched.add(path)
      this.addAskers(key, touched)
    }
    return { touched, sorted }
  }

  /** Adds the paths of those whose result asked for this, by `objectKey` or by what `recall` noted. */
  addAskers(key: string, touched: Set<string>): void {
    for (const { path } of this.asked.of(key)) touched.add(path)
  }

  /** What an object's result was made from, by key. */
  note(object: DesiredObject, asked: ReadonlyMap<string, unknown> | undefined): void {
    this.asked.set(askerOf(object), object, asked ?? NOTHING)
  }

  /** All of it is translated now. */
  settle(objects: DesiredObjects, sorted: DesiredObject[]): void {
    for (const key of this.changed ?? this.objects.keys()) {
      const object = objects.has(key) ? undefined : this.objects.get(key)
      if (object !== undefined) this.asked.set(askerOf(object), object, NOTHING)
    }
    this.objects = objects
    this.sorted = sorted
  }
}

/** Objects of two kinds may share a path. None of the kinds that ask has a space in its name. */
const askerOf = ({ kind, path }: DesiredObject): string => objectKey(kind, path)

function put(
  sorted: DesiredObject[],
  before: DesiredObject | undefined,
  now: DesiredObject | undefined,
): void {
  const { path } = (now ?? before) as DesiredObject
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle]?.path ?? '') < path) low = middle + 1
    else high = middle
  }
  if (before === undefined) {
    if (now !== undefined) sorted.splice(low, 0, now)
    return
  }
  const at = sorted.indexOf(before, low)
  if (now === undefined) sorted.splice(at, 1)
  else sorted[at] = now
}
