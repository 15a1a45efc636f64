/** metadata.managedFields: who wrote which field last, through which version and subresource. */
import { type Fields, fieldsOf, isFields, omit } from '../json.ts'
import type { Shape } from '../schema/shape.ts'
import type { ManagedFields, StoredObject } from '../types.ts'
import {
  type Comparison,
  compare,
  difference,
  EMPTY,
  type FieldSet,
  fromFieldsV1,
  isEmpty,
  toFieldsV1,
  touches,
  union,
} from './fieldset.ts'

export interface Writer {
  readonly manager: string
  readonly operation: 'Update' | 'Apply'
  readonly apiVersion: string
  readonly subresource?: string
  /** RFC 3339, whole seconds. */
  readonly time: string
}

export interface Owned {
  readonly entry: Omit<ManagedFields, 'fieldsV1'>
  readonly set: FieldSet
  /** The set as it is stored, of an entry that is as it was read. */
  readonly stored?: Fields
}

const SYSTEM_FIELDS = [
  'name',
  'namespace',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
]

/** What can be owned: without type, identity and what the server itself writes. */
export function ownable(object: Fields): Fields {
  const metadata = omit(fieldsOf(object, 'metadata'), ...SYSTEM_FIELDS)
  return { ...omit(object, 'apiVersion', 'kind', 'metadata'), metadata }
}

/** Fields a write to the main resource or to a subresource leaves alone (the strategies' reset fields). */
export function withoutReset(object: Fields, hasStatus: boolean, subresource: string | undefined): Fields {
  if (subresource === 'status') return { ...omit(object, 'spec'), metadata: {} }
  return hasStatus ? omit(object, 'status') : object
}

/** The same for a configuration: metadata that only names the object is nothing to own. */
export const ownableConfiguration = (object: Fields): Fields => {
  const rest = ownable(object)
  return Object.keys(fieldsOf(rest, 'metadata')).length === 0 ? omit(rest, 'metadata') : rest
}

export const readOwned = (object: Fields): readonly Owned[] => {
  const entries = fieldsOf(object, 'metadata')['managedFields']
  if (!Array.isArray(entries)) return []
  return entries.filter(isFields).map((entry) => {
    let set: FieldSet | undefined
    return {
      entry: omit(entry, 'fieldsV1') as unknown as Owned['entry'],
      stored: fieldsOf(entry, 'fieldsV1'),
      // Most writes leave most entries alone: a big pod's is read only when it is needed.
      get set() {
        set ??= fromFieldsV1(entry['fieldsV1'])
        return set
      },
    }
  })
}

export const isWriter = (owned: Owned, writer: Writer): boolean =>
  owned.entry.manager === writer.manager &&
  owned.entry.operation === writer.operation &&
  owned.entry.apiVersion === writer.apiVersion &&
  (owned.entry.subresource ?? '') === (writer.subresource ?? '')

export const newOwned = (writer: Writer, set: FieldSet): Owned => ({
  entry: {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  },
  set,
})

/** Entries in the order kube-apiserver writes them: by operation, time, manager. Empty ones go. */
export function writeOwned(owned: readonly Owned[]): readonly ManagedFields[] {
  const order = ({ entry }: Owned) =>
    [entry.operation, entry.time ?? '', entry.manager, entry.apiVersion, entry.subresource ?? ''].join('\0')
  return owned
    .filter((one) => (one.stored === undefined ? !isEmpty(one.set) : Object.keys(one.stored).length > 0))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .map((one) => {
      const { subresource, ...rest } = one.entry
      const fieldsV1 = one.stored ?? toFieldsV1(one.set)
      return { ...rest, fieldsV1, ...(subresource === undefined ? {} : { subresource }) }
    })
}

/** Takes what changed from the others and drops what is gone everywhere. */
export const yieldFields = (owned: readonly Owned[], { changed, removed }: Comparison): readonly Owned[] =>
  owned.map((one) => {
    const { entry, stored } = one
    if (stored !== undefined && !touches(stored, changed) && !touches(stored, removed)) return one
    return { entry, set: difference(difference(one.set, changed), removed) }
  })

/** Ownership after a write that is not an apply: the writer owns what it changed. */
export function trackUpdate(
  before: Fields,
  after: StoredObject,
  shape: Shape,
  writer: Writer,
): readonly ManagedFields[] {
  const difference_ = compare(ownable(before), ownable(after), shape)
  const owned = readOwned(before)
  const mine = owned.find((one) => isWriter(one, writer))
  const others = yieldFields(
    owned.filter((one) => one !== mine),
    difference_,
  )
  const set = difference(union(mine?.set ?? EMPTY, difference_.changed), difference_.removed)
  // The entry's time is renewed by a changed value; fields that only went do not renew it.
  const isOlder = mine !== undefined && isEmpty(difference_.changed)
  return writeOwned([...others, isOlder ? { entry: mine.entry, set } : newOwned(writer, set)])
}
