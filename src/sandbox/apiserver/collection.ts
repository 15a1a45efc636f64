/** The objects of one resource in etcd's key order, their changes, and who listens. */
import type { StoredObject } from './types.ts'

/** One stored state of an object. */
export interface Entry {
  readonly key: string
  readonly object: StoredObject
  readonly revision: number
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

export interface Change {
  readonly type: ChangeType
  readonly revision: number
  /** The state after the change; of a deletion the last state, at the deletion's revision. */
  readonly entry: Entry
  readonly previous: Entry | undefined
}

export interface Collection {
  readonly size: number
  get(key: string): Entry | undefined
  /** In key order. `prefix` is a namespace with its slash, or empty. */
  entries(prefix: string): readonly Entry[]
  /** The entries as they were at a revision that is not compacted. */
  entriesAt(prefix: string, revision: number): readonly Entry[]
  /** Changes after a revision, oldest first. */
  changesAfter(revision: number): readonly Change[]
  /** Called with each change as it is made; returns the unsubscribe. */
  subscribe(listener: (change: Change) => void): () => void
}

/** For the store alone. */
export interface WritableCollection extends Collection {
  record(change: Change): void
  /** Forgets the oldest change. */
  forgetOldest(): void
  forgetAll(): void
}

/** First index whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

const TRIM_AT = 1_024

export function createCollection(): WritableCollection {
  const byKey = new Map<string, Entry>()
  const keys: string[] = []
  let changes: Change[] = []
  let oldest = 0
  const listeners = new Set<(change: Change) => void>()

  const firstAfter = (revision: number): number => {
    let [low, high] = [oldest, changes.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((changes[middle]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
  const entries = (prefix: string): readonly Entry[] => {
    if (prefix === '') return keys.map((key) => byKey.get(key) as Entry)
    const from = lowerBound(keys, prefix)
    // The character after the slash ends the namespace's range.
    const to = lowerBound(keys, `${prefix.slice(0, -1)}0`)
    return keys.slice(from, to).map((key) => byKey.get(key) as Entry)
  }
  return {
    get size() {
      return byKey.size
    },
    get: (key) => byKey.get(key),
    entries,
    entriesAt(prefix, revision) {
      const undone = new Map<string, Entry | undefined>()
      for (let at = changes.length - 1; at >= firstAfter(revision); at -= 1) {
        const change = changes[at]
        if (change !== undefined) undone.set(change.entry.key, change.previous)
      }
      if (undone.size === 0) return entries(prefix)
      const kept = entries(prefix).filter(({ key }) => !undone.has(key))
      const former = [...undone.values()].filter((entry) => entry?.key.startsWith(prefix)) as Entry[]
      return [...kept, ...former].sort((a, b) => (a.key < b.key ? -1 : 1))
    },
    changesAfter: (revision) => changes.slice(firstAfter(revision)),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    record(change) {
      const { key } = change.entry
      if (change.type === 'DELETED') {
        byKey.delete(key)
        keys.splice(lowerBound(keys, key), 1)
      } else {
        if (!byKey.has(key)) keys.splice(lowerBound(keys, key), 0, key)
        byKey.set(key, change.entry)
      }
      changes.push(change)
      for (const listener of listeners) listener(change)
    },
    forgetOldest() {
      oldest += 1
      if (oldest > TRIM_AT && oldest * 2 > changes.length) {
        changes = changes.slice(oldest)
        oldest = 0
      }
    },
    forgetAll() {
      changes = []
      oldest = 0
    },
  }
}

/** Texts of objects, made once each: objects are never changed in place. */
const texts = new WeakMap<StoredObject, string>()

/** The object's JSON after `{"apiVersion":…,"kind":…,`. Stored objects always have metadata. */
function restOf(object: StoredObject): string {
  const known = texts.get(object)
  if (known !== undefined) return known
  const { apiVersion: _version, kind: _kind, ...rest } = object
  const text = JSON.stringify(rest).slice(1)
  texts.set(object, text)
  return text
}

/** A JSON text of the object in the given version; lists of built-in resources leave type and version out. */
export const jsonOf = (object: StoredObject, apiVersion: string, withType = true): string =>
  withType
    ? `{"kind":${JSON.stringify(object.kind)},"apiVersion":${JSON.stringify(apiVersion)},${restOf(object)}`
    : `{${restOf(object)}`
