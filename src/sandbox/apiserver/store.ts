/** All collections under one revision counter, as etcd counts, and the bounded history of their changes. */
import { APISERVER_OBJECTS_MAX } from '../../limits.ts'
import {
  type Change,
  type ChangeType,
  type Collection,
  createCollection,
  type WritableCollection,
} from './collection.ts'
import { StatusError } from './status.ts'
import type { StoredObject } from './types.ts'

export interface Store {
  /** Newest revision; it is the resourceVersion of lists. */
  revision(): number
  /** Changes up to this one are forgotten. */
  compacted(): number
  compact(): void
  /** Made when it is first asked for. */
  collection(id: string): Collection
  drop(id: string): void
  /** Creates or replaces; `make` gets the new resourceVersion. */
  put(id: string, key: string, make: (resourceVersion: string) => StoredObject): StoredObject
  /** Removes; returns the last state at the revision of the deletion. */
  remove(id: string, key: string): StoredObject | undefined
  /** Called with each change of each collection. */
  subscribe(listener: (id: string, change: Change) => void): () => void
}

export function createStore(historyEventsMax: number): Store {
  const collections = new Map<string, WritableCollection>()
  const listeners = new Set<(id: string, change: Change) => void>()
  let order: { readonly collection: WritableCollection; readonly revision: number }[] = []
  let oldest = 0
  let revision = 1
  let compacted = 0

  const collectionOf = (id: string): WritableCollection => {
    const known = collections.get(id)
    if (known !== undefined) return known
    const made = createCollection()
    collections.set(id, made)
    return made
  }
  const trim = () => {
    while (order.length - oldest > historyEventsMax) {
      const first = order[oldest]
      first?.collection.forgetOldest()
      compacted = first?.revision ?? compacted
      oldest += 1
    }
    if (oldest > historyEventsMax) {
      order = order.slice(oldest)
      oldest = 0
    }
  }
  const record = (id: string, type: ChangeType, key: string, object: StoredObject): void => {
    const collection = collectionOf(id)
    const entry = { key, object, revision }
    const change: Change = { type, revision, entry, previous: collection.get(key) }
    order.push({ collection, revision })
    collection.record(change)
    trim()
    for (const listener of listeners) listener(id, change)
  }
  return {
    revision: () => revision,
    compacted: () => compacted,
    compact() {
      for (const collection of collections.values()) collection.forgetAll()
      order = []
      oldest = 0
      compacted = revision
    },
    collection: collectionOf,
    drop: (id) => collections.delete(id),
    put(id, key, make) {
      const collection = collectionOf(id)
      const isNew = collection.get(key) === undefined
      if (isNew && collection.size >= APISERVER_OBJECTS_MAX)
        throw new StatusError(
          507,
          undefined,
          `the sandbox holds at most ${APISERVER_OBJECTS_MAX} of one resource`,
        )
      const object = make(String(revision + 1))
      revision += 1
      record(id, isNew ? 'ADDED' : 'MODIFIED', key, object)
      return object
    },
    remove(id, key) {
      const last = collectionOf(id).get(key)
      if (last === undefined) return undefined
      revision += 1
      const metadata = { ...last.object.metadata, resourceVersion: String(revision) }
      const object = { ...last.object, metadata }
      record(id, 'DELETED', key, object)
      return object
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
