/** metadata as the server writes it: identity, versions, generation, ownership. Pure. */
import { equal, type Fields, fieldsOf, isList, listOf, omit, own } from './json.ts'
import { looseFinalizerErrors, metaErrors, nameErrors, nameRequired } from './names.ts'
import type { Resource } from './resource.ts'
import { denied, type FieldError, wrong } from './status.ts'
import type { StoredMeta, StoredObject } from './types.ts'

const ORDER = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]

/** Fields in the usual order, without those that are empty. */
export function metaOf(fields: Fields): StoredMeta {
  const isSet = (value: unknown): boolean => {
    if (value === undefined || value === null || value === '') return false
    return typeof value !== 'object' || Object.keys(value).length > 0
  }
  const kept = ORDER.flatMap((key) => (isSet(fields[key]) ? [[key, fields[key]] as const] : []))
  return Object.fromEntries(kept) as unknown as StoredMeta
}

/** Puts the object into the order it is stored in. */
export const storedOf = (object: Fields, metadata: Fields): StoredObject =>
  ({
    apiVersion: object['apiVersion'],
    kind: object['kind'],
    metadata: metaOf(metadata),
    ...omit(object, 'apiVersion', 'kind', 'metadata'),
  }) as StoredObject

export const withMeta = (object: StoredObject, changes: Fields): StoredObject =>
  storedOf(object, { ...object.metadata, ...changes })

/** What only the server sets; a write keeps it as it was. */
const KEPT = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'name',
  'namespace',
  'managedFields',
]

export const keptMeta = (metadata: Fields, previous: StoredMeta): Fields => ({
  ...omit(metadata, ...KEPT, 'selfLink'),
  ...Object.fromEntries(KEPT.map((key) => [key, own(previous, key)])),
})

/** Everything the generation counts: all but metadata, and but status where that has an endpoint of its own. */
export const isSpecChanged = (resource: Resource, before: Fields, after: Fields): boolean => {
  const spec = (object: Fields) =>
    omit(object, 'metadata', 'apiVersion', ...(resource.hasStatus ? ['status'] : []))
  if (!equal(spec(before), spec(after))) return true
  // Rollouts follow their annotations too.
  const notes = (object: Fields) => fieldsOf(fieldsOf(object, 'metadata'), 'annotations')
  return resource.kind === 'Deployment' && !equal(notes(before), notes(after))
}

export function createErrors(resource: Resource, object: Fields): readonly FieldError[] {
  const metadata = fieldsOf(object, 'metadata')
  const name = String(metadata['name'] ?? '')
  return [
    ...(name === '' ? [nameRequired()] : nameErrors(name, resource.nameRule)),
    ...metaErrors(metadata),
    ...(resource.custom ? [] : looseFinalizerErrors(metadata)),
  ]
}

export function updateErrors(object: Fields, previous: StoredObject): readonly FieldError[] {
  const metadata = fieldsOf(object, 'metadata')
  const found = [...metaErrors(metadata)]
  if (previous.metadata.deletionTimestamp !== undefined) {
    const before = new Set(previous.metadata.finalizers ?? [])
    const added = listOf(metadata, 'finalizers').filter((one) => !before.has(String(one)))
    if (added.length > 0)
      found.push(
        denied(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((one) => JSON.stringify(one)).join(', ')}}`,
        ),
      )
  }
  return found
}

export const versionMissing = (): FieldError =>
  wrong('metadata.resourceVersion', '0', 'must be specified for an update')

export const finalizersOf = (object: StoredObject): readonly string[] =>
  isList(object.metadata.finalizers) ? object.metadata.finalizers : []
