/** A live copy of one resource. Complete or not synced, never partial: a snapshot is swapped in whole. */
import type { Store } from './contract.ts'
import type { KubeObject, ResourceType } from './types.ts'

/** `namespace/name`, or `name` for cluster-scoped objects. */
export const keyOf = (object: KubeObject): string =>
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`

/** A store and its writer's side; only the watch of its resource writes. */
export interface WritableStore<T extends KubeObject = KubeObject> extends Store<T> {
  /** The resourceVersion up to which the store holds everything; undefined until a complete list is in. */
  readonly position: string | undefined
  /** Takes a complete snapshot in place of everything, and is synced from then on. */
  swap(objects: ReadonlyMap<string, T>, position: string): void
  upsert(object: T, position: string): void
  remove(object: KubeObject, position: string): void
  /** A bookmark: nothing changed up to here. */
  advance(position: string): void
  setLive(isLive: boolean): void
  /** Nothing may be decided from the content until the next swap; the objects stay for its comparison. */
  setUnsynced(): void
  /** The resource is not served: what it held is gone, and its listeners hear of it. Not synced until the next swap. */
  empty(): void
  /** Called after `synced` or `live` changed; returns the unsubscribe. */
  onState(listener: () => void): () => void
}

/**
 * An empty store. Listeners get the keys whose object changed (by uid or resourceVersion), also those that vanished in a
 * swap. What a listener throws goes to `onListenerError` and hinders nobody.
 */
export function createStore<T extends KubeObject = KubeObject>(
  type: ResourceType,
  onListenerError: (error: unknown) => void = () => {},
): WritableStore<T> {
  let objects = new Map<string, T>()
  let position: string | undefined
  let synced = false
  let live = false
  const listeners = new Set<(changed: ReadonlySet<string>) => void>()
  const stateListeners = new Set<() => void>()

  const guarded = (call: () => void) => {
    try {
      call()
    } catch (error) {
      onListenerError(error)
    }
  }
  const tell = (changed: ReadonlySet<string>) => {
    if (changed.size === 0) return
    for (const listener of [...listeners]) guarded(() => listener(changed))
  }
  const setState = (nextSynced: boolean, nextLive: boolean) => {
    if (synced === nextSynced && live === nextLive) return
    synced = nextSynced
    live = nextLive
    for (const listener of [...stateListeners]) guarded(listener)
  }

  return {
    type,
    get synced() {
      return synced
    },
    get live() {
      return live
    },
    get size() {
      return objects.size
    },
    get position() {
      return position
    },
    get: (key) => objects.get(key),
    keys: () => objects.keys(),
    values: () => objects.values(),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onState(listener) {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    swap(snapshot, newPosition) {
      const before = objects
      const after = new Map(snapshot)
      const changed = new Set(snapshot.keys())
      for (const [key, known] of before) {
        const object = snapshot.get(key)
        if (object === undefined) changed.add(key)
        else if (isSameVersion(known, object)) {
          // The one that is known already may be held elsewhere too.
          after.set(key, known)
          changed.delete(key)
        }
      }
      objects = after
      position = newPosition
      setState(true, live)
      tell(changed)
    },
    upsert(object, newPosition) {
      const key = keyOf(object)
      const known = objects.get(key)
      position = newPosition
      if (known !== undefined && isSameVersion(known, object)) return
      objects.set(key, object)
      tell(new Set([key]))
    },
    remove(object, newPosition) {
      const key = keyOf(object)
      position = newPosition
      if (objects.delete(key)) tell(new Set([key]))
    },
    advance(newPosition) {
      position = newPosition
    },
    setLive: (isLive) => setState(synced, isLive),
    empty() {
      const gone = new Set(objects.keys())
      objects = new Map()
      position = undefined
      setState(false, false)
      tell(gone)
    },
    setUnsynced() {
      position = undefined
      setState(false, false)
    },
  }
}

/** Compared for equality only; an object without a version never counts as the same. */
const isSameVersion = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.resourceVersion !== undefined &&
  a.metadata.resourceVersion === b.metadata.resourceVersion &&
  a.metadata.uid === b.metadata.uid
