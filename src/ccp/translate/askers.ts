/** Who asked for what, and back. Most keys have few askers, so these are lists until they are many. */
import type { DesiredObject } from './types.ts'

interface Asker {
  readonly path: string
}

/** A longer list is a set. */
const LISTED_MAX = 12

const NOBODY: readonly Asker[] = []

export class Askers {
  private readonly byName = new Map<string, { readonly asker: Asker; readonly keys: Keys }>()
  private readonly byKey = new Map<string, Asker[] | Set<Asker>>()

  /** From now on this asker, of this name, asks for these keys; for none with an empty map. */
  set(name: string, { path }: DesiredObject, keys: Keys): void {
    const before = this.byName.get(name)
    if (before !== undefined) {
      if (before.keys === keys) return
      for (const key of before.keys.keys()) this.remove(key, before.asker)
    }
    if (keys.size === 0) {
      this.byName.delete(name)
      return
    }
    const asker = before?.asker ?? { path }
    this.byName.set(name, { asker, keys })
    for (const key of keys.keys()) this.add(key, asker)
  }

  /** Who asked for this key. */
  of(key: string): Iterable<Asker> {
    return this.byKey.get(key) ?? NOBODY
  }

  private add(key: string, asker: Asker): void {
    const others = this.byKey.get(key)
    if (others === undefined) this.byKey.set(key, [asker])
    else if (!Array.isArray(others)) others.add(asker)
    else if (others.length < LISTED_MAX) others.push(asker)
    else this.byKey.set(key, new Set(others).add(asker))
  }

  private remove(key: string, asker: Asker): void {
    const others = this.byKey.get(key)
    if (others === undefined) return
    if (!Array.isArray(others)) others.delete(asker)
    else if (others.includes(asker)) others.splice(others.indexOf(asker), 1)
    const left = Array.isArray(others) ? others.length : others.size
    if (left === 0) this.byKey.delete(key)
  }
}

type Keys = ReadonlyMap<string, unknown>
