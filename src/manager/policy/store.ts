/**
 * The policy store: intent objects by path, changed only in transactions that hold or leave nothing behind. Every object is
 * an immutable value; a change replaces it, so whoever holds one may compare by identity.
 */
import { isDeepStrictEqual } from 'node:util'
import { MANAGER_POLICY_BYTES_MAX, MANAGER_POLICY_OBJECTS_MAX } from '../../limits.ts'
import type { Clock, Random } from '../../world/index.ts'
import { badRequest, isObject, type JsonObject } from '../rest/index.ts'
import { IN_MEMORY, type Storage } from '../storage.ts'
import { bytesOf, type KeptObject, keptFrom, objectFrom, referencesOf } from './kept.ts'
import { type Kind, type KindName, kindOf } from './kinds.ts'
import { checkTransaction } from './references.ts'
import { checkRules } from './rules.ts'

export interface PolicyObject {
  readonly kind: KindName
  readonly id: string
  readonly path: string
  readonly parentPath: string
  /** What clients wrote, with NSX's defaults. */
  readonly own: JsonObject
  /** As GET gives it, without embedded children. */
  readonly body: JsonObject
  readonly revision: number
  readonly references: readonly string[]
  /** Order of creation. */
  readonly order: number
  readonly bytes: number
}

export interface Change {
  readonly version: number
  readonly changed: ReadonlyMap<
    string,
    { readonly before: PolicyObject | undefined; readonly after: PolicyObject | undefined }
  >
}

/** What may be asked of the store and of a transaction alike. */
export interface PolicyReader {
  get(path: string): PolicyObject | undefined
  /** In order of creation. */
  children(parentPath: string, kind: KindName): readonly PolicyObject[]
  /** Who refers to this path. */
  referrers(path: string): readonly PolicyObject[]
}

export interface PolicyTransaction extends PolicyReader {
  /** Writes an object whole; returns the one that holds now, which is the old one when nothing differs. */
  set(write: PolicyWrite): PolicyObject
  /** Deletes with everything below. */
  remove(path: string): void
}

export interface PolicyWrite {
  readonly kind: Kind
  readonly id: string
  readonly path: string
  readonly parentPath: string
  readonly own: JsonObject
  readonly resourceType?: string
  /** Its embedded children changed: the revision goes up although its own fields did not. */
  readonly touched?: boolean
  readonly system?: JsonObject
}

export interface PolicyStore extends PolicyReader {
  /** Goes up with every change that changes something. */
  readonly version: number
  /** All or nothing. What `work` throws, and broken references, leave the store as it was. */
  transact<T>(user: string, work: (tx: PolicyTransaction) => T): T
  /** A change in which these objects stay as they are, and what is derived from them does not. */
  touch(paths: readonly string[]): void
  /** In order of creation. */
  ofKind(kind: KindName): ReadonlyMap<string, PolicyObject>
  /** Called after each change, in the order of subscription. */
  subscribe(listener: (change: Change) => void): () => void
}

interface State {
  readonly objects: Map<string, PolicyObject>
  readonly byKind: Map<KindName, Map<string, PolicyObject>>
  readonly childPaths: Map<string, Set<string>>
  readonly referrerPaths: Map<string, Set<string>>
  version: number
  bytes: number
  order: number
  ruleId: number
}

/** rule_id of a local manager: 1,000–999,999, then every other million (vcf-nsx 9.1.1, Rule). */
const nextRuleId = (last: number): number =>
  last % 1_000_000 === 999_999 && Math.floor(last / 1_000_000) % 2 === 0 ? last + 1_000_001 : last + 1

/** With what `storage` kept; the version goes on from there. */
export function createPolicyStore(clock: Clock, random: Random, storage: Storage = IN_MEMORY): PolicyStore {
  const state = stateFrom(storage)
  const listeners = new Set<(change: Change) => void>()
  const reader = readerOf(state)
  const tell = (changed: Change['changed']) => {
    state.version += 1
    keepCounters(storage, state)
    const change = { version: state.version, changed }
    for (const listener of listeners) listener(change)
  }
  return {
    ...reader,
    ofKind: (kind) => state.byKind.get(kind) ?? new Map(),
    get version() {
      return state.version
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    transact(user, work) {
      const pending = new Map<string, PolicyObject | undefined>()
      const tx = openTransaction(state, reader, pending, { clock, random, user })
      const result = work(tx)
      for (const [path, after] of pending) if (state.objects.get(path) === after) pending.delete(path)
      if (pending.size === 0) return result
      checkTransaction(tx, pending)
      checkRules(tx, pending)
      checkCapacity(state, pending)
      storage.check()
      const changed = new Map(
        [...pending].map(([path, after]) => [path, { before: state.objects.get(path), after }]),
      )
      for (const [path, after] of pending) {
        apply(state, path, after)
        storage.keep('policy', path, after === undefined ? undefined : () => keptFrom(after))
      }
      storage.undo(() => tell(putBack(state, changed)))
      tell(changed)
      return result
    },
    touch(paths) {
      const touched = paths.flatMap((path) => {
        const object = state.objects.get(path)
        return object === undefined ? [] : ([[path, { before: object, after: object }]] as const)
      })
      if (touched.length > 0) tell(new Map(touched))
    },
  }
}

function stateFrom(storage: Storage): State {
  const state: State = {
    objects: new Map(),
    byKind: new Map(),
    childPaths: new Map(),
    referrerPaths: new Map(),
    version: 0,
    bytes: 0,
    order: 0,
    ruleId: 999,
  }
  const objects = [...storage.kept('policy')].map(([path, value]) => objectFrom(path, value as KeptObject))
  for (const object of objects.sort(byOrder)) apply(state, object.path, object)
  for (const [, counters] of storage.kept('policy-counters')) Object.assign(state, counters)
  // What was derived from other things (members of groups) may have changed after the last version was given away.
  if (state.version > 0) {
    state.version += 1
    keepCounters(storage, state)
  }
  return state
}

const byOrder = (a: PolicyObject, b: PolicyObject): number => a.order - b.order

const keepCounters = (storage: Storage, { version, order, ruleId }: State): void =>
  storage.keep('policy-counters', 'all', { version, order, ruleId })

/** As it was before a change that did not hold. Returns the change that this is. */
function putBack(state: State, changed: Change['changed']): Change['changed'] {
  for (const [path, { before }] of changed) apply(state, path, before)
  // What came back is in its old place again.
  const objects = [...state.objects.values()].sort(byOrder)
  for (const index of [state.objects, state.byKind, state.childPaths, state.referrerPaths]) index.clear()
  state.bytes = 0
  for (const object of objects) apply(state, object.path, object)
  return new Map([...changed].map(([path, { before, after }]) => [path, { before: after, after: before }]))
}

function readerOf(state: State): PolicyReader {
  const pick = (paths: Iterable<string>) =>
    [...paths].flatMap((path) => {
      const object = state.objects.get(path)
      return object === undefined ? [] : [object]
    })
  return {
    get: (path) => state.objects.get(path),
    children: (parentPath, kind) =>
      pick(state.childPaths.get(parentPath) ?? []).filter((child) => child.kind === kind),
    referrers: (path) => pick(state.referrerPaths.get(path) ?? []),
  }
}

interface Author {
  readonly clock: Clock
  readonly random: Random
  readonly user: string
}

function openTransaction(
  state: State,
  base: PolicyReader,
  pending: Map<string, PolicyObject | undefined>,
  author: Author,
): PolicyTransaction {
  /** Paths touched below each parent, so that a large transaction does not search itself again and again. */
  const touchedBelow = new Map<string, Set<string>>()
  const note = (path: string, parentPath: string, object: PolicyObject | undefined) => {
    pending.set(path, object)
    const below = touchedBelow.get(parentPath) ?? new Set()
    touchedBelow.set(parentPath, below.add(path))
  }
  const get = (path: string) => (pending.has(path) ? pending.get(path) : base.get(path))
  const below = (parentPath: string): PolicyObject[] =>
    [
      ...new Set([...(state.childPaths.get(parentPath) ?? []), ...(touchedBelow.get(parentPath) ?? [])]),
    ].flatMap((path) => get(path) ?? [])
  const remove = (path: string) => {
    const object = get(path)
    if (object === undefined) return
    for (const child of below(path)) remove(child.path)
    note(path, object.parentPath, undefined)
  }
  return {
    get,
    children: (parentPath, kind) => below(parentPath).filter((child) => child.kind === kind),
    referrers: (path) => {
      const candidates = new Set(base.referrers(path).map((object) => object.path))
      for (const [changed, object] of pending) if (object?.references.includes(path)) candidates.add(changed)
      return [...candidates].flatMap((candidate) => {
        const object = get(candidate)
        return object?.references.includes(path) ? [object] : []
      })
    },
    set(write) {
      const before = get(write.path)
      if (before !== undefined && write.touched !== true && isSame(write, before)) return before
      const after = makeObject(state, write, before, author)
      note(write.path, write.parentPath, after)
      return after
    },
    remove,
  }
}

/** A display_name that is the id is the same as none: clients put back what they read. */
const isSame = ({ id, own }: PolicyWrite, before: PolicyObject): boolean =>
  isDeepStrictEqual({ display_name: id, ...before.own }, { display_name: id, ...own })

function makeObject(
  state: State,
  write: PolicyWrite,
  before: PolicyObject | undefined,
  author: Author,
): PolicyObject {
  const { kind, id, path, parentPath, own } = write
  const revision = before === undefined ? 0 : before.revision + 1
  const uniqueId = before?.body['unique_id'] ?? author.random.uuid()
  if (before === undefined) {
    state.order += 1
    if (kind.name === 'Rule') state.ruleId = nextRuleId(state.ruleId)
  }
  const body: JsonObject = {
    ...own,
    resource_type: write.resourceType ?? own['resource_type'] ?? before?.body['resource_type'] ?? kind.name,
    id,
    display_name: own['display_name'] ?? id,
    path,
    relative_path: id,
    ...(parentPath === '' ? {} : { parent_path: parentPath }),
    unique_id: uniqueId,
    realization_id: uniqueId,
    ...(kind.name === 'Rule' ? { rule_id: before?.body['rule_id'] ?? state.ruleId } : {}),
    marked_for_delete: false,
    overridden: false,
    _create_time: before?.body['_create_time'] ?? author.clock.now(),
    _create_user: before?.body['_create_user'] ?? author.user,
    _last_modified_time: author.clock.now(),
    _last_modified_user: author.user,
    _system_owned: false,
    _protection: 'NOT_PROTECTED',
    ...write.system,
    _revision: revision,
  }
  return {
    kind: kind.name,
    id,
    path,
    parentPath,
    own,
    body,
    revision,
    references: referencesOf(kind, own),
    order: before?.order ?? state.order,
    bytes: bytesOf(body),
  }
}

function checkCapacity(state: State, pending: ReadonlyMap<string, PolicyObject | undefined>): void {
  let { bytes } = state
  let count = state.objects.size
  for (const [path, after] of pending) {
    const before = state.objects.get(path)
    bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0)
    count += Number(after !== undefined) - Number(before !== undefined)
  }
  const grows = bytes > state.bytes || count > state.objects.size
  if (grows && (bytes > MANAGER_POLICY_BYTES_MAX || count > MANAGER_POLICY_OBJECTS_MAX))
    throw badRequest(
      `The policy store is full (${MANAGER_POLICY_OBJECTS_MAX} objects); delete what is not needed.`,
    )
}

function apply(state: State, path: string, after: PolicyObject | undefined): void {
  const before = state.objects.get(path)
  for (const target of before?.references ?? []) unlink(state.referrerPaths, target, path)
  state.bytes += (after?.bytes ?? 0) - (before?.bytes ?? 0)
  if (after === undefined) {
    state.objects.delete(path)
    if (before !== undefined) state.byKind.get(before.kind)?.delete(path)
    if (before !== undefined) unlink(state.childPaths, before.parentPath, path)
    return
  }
  state.objects.set(path, after)
  const ofKind = state.byKind.get(after.kind) ?? new Map()
  state.byKind.set(after.kind, ofKind.set(path, after))
  if (before === undefined) link(state.childPaths, after.parentPath, path)
  for (const target of after.references) link(state.referrerPaths, target, path)
}

const link = (index: Map<string, Set<string>>, key: string, value: string) =>
  index.set(key, (index.get(key) ?? new Set()).add(value))

const unlink = (index: Map<string, Set<string>>, key: string, value: string) => {
  const values = index.get(key)
  values?.delete(value)
  if (values?.size === 0) index.delete(key)
}

/** As GET of one object gives it: with its embedded children, rules in the order they are evaluated. */
export function renderWhole(reader: PolicyReader, object: PolicyObject): JsonObject {
  const { embedded } = kindOf(object.kind)
  if (embedded === undefined) return object.body
  const children = reader.children(object.path, embedded.kind)
  const ordered = embedded.kind === 'Rule' ? [...children].sort(byEvaluation) : children
  return { ...object.body, [embedded.field]: ordered.map((child) => child.body) }
}

/** NSX's own order of rules: sequence_number, then rule_id. */
export const byEvaluation = (a: PolicyObject, b: PolicyObject): number =>
  numberOf(a, 'sequence_number') - numberOf(b, 'sequence_number') ||
  numberOf(a, 'rule_id') - numberOf(b, 'rule_id')

const numberOf = ({ body }: PolicyObject, field: string): number => {
  const value = isObject(body) ? body[field] : undefined
  return typeof value === 'number' ? value : 0
}
