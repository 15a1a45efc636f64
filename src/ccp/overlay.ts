/**
 * What we wrote ourselves and the store has not shown yet: without it the next plan would write it again. An entry goes
 * as soon as the store shows anything else than what it was made from. Resource versions are compared for equality only.
 */
import type { KubeObject, Store } from '../kube/index.ts'

interface Entry<T> {
  readonly base: string | undefined
  readonly now: T | undefined
}

export interface Overlay<T extends KubeObject> {
  written(name: string, base: KubeObject | undefined, now: KubeObject | undefined): void
  get(name: string): T | undefined
  values(): T[]
  clear(): void
}

export function createOverlay<T extends KubeObject>(store: Store<T>): Overlay<T> {
  const entries = new Map<string, Entry<T>>()
  const identity = (object: KubeObject | undefined) =>
    object === undefined ? undefined : `${object.metadata.uid}/${object.metadata.resourceVersion}`
  const get = (name: string): T | undefined => {
    const shown = store.get(name)
    const entry = entries.get(name)
    if (entry === undefined) return shown
    if (identity(shown) === entry.base) return entry.now
    entries.delete(name)
    return shown
  }
  return {
    written(name, base, now) {
      // What the store shows at this moment may already be newer than the base: then it knows better.
      const shown = identity(store.get(name))
      if (shown === identity(base)) entries.set(name, { base: shown, now: now as T | undefined })
      else entries.delete(name)
    },
    get,
    values() {
      const all: T[] = []
      for (const name of store.keys()) {
        const object = get(name)
        if (object !== undefined) all.push(object)
      }
      for (const name of [...entries.keys()]) {
        const object = store.get(name) === undefined ? get(name) : undefined
        if (object !== undefined) all.push(object)
      }
      return all
    },
    clear: () => entries.clear(),
  }
}
