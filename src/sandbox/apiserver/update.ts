/** PUT and the common path of all changes to an object that is there. */
import { APISERVER_PATCH_TRIES_MAX } from '../../limits.ts'
import { isReviewed, mutate, type Review, validate } from './admission.ts'
import { readObject } from './body.ts'
import type { Entry } from './collection.ts'
import { type Answer, type Call, type Core, collectionOf } from './core.ts'
import { contentErrors, createDecoded } from './create.ts'
import { decodeBody, decodeObject } from './decode.ts'
import { equal, type Fields, fieldsOf, listOf, omit, own, quoted, textOf } from './json.ts'
import { finalizersOf, isSpecChanged, keptMeta, storedOf, updateErrors, versionMissing } from './meta.ts'
import { checkWriteOptions, isDryRun, writerOf } from './options.ts'
import { trackUpdate } from './patch/index.ts'
import { withoutReset } from './patch/managed.ts'
import { apiVersionOf, keyOf, type Resource } from './resource.ts'
import { withDefaults } from './schema/index.ts'
import {
  conflict,
  type FieldError,
  invalid,
  MODIFIED,
  notFound,
  resourceText,
  StatusError,
  storageKey,
  wrong,
} from './status.ts'
import type { ManagedFields, StoredObject } from './types.ts'

/** The new content for the current object, decoded; `managedFields` when the change is an apply. */
export interface Wanted {
  readonly object: Fields
  readonly managedFields?: readonly ManagedFields[]
}

export async function update(core: Core, call: Call): Promise<Answer> {
  checkWriteOptions(call)
  const body = await readObject(call.request, call.resource.kind, !call.resource.custom)
  const wanted = decodeBody(call, body)
  const dryRun = isDryRun(call)
  const { resource, name = '' } = call
  const exists = collectionOf(core, resource).get(keyOf(call.namespace, name)) !== undefined
  if (!exists && resource.createOnUpdate && call.subresource === undefined)
    return createDecoded(core, call, withoutVersion(wanted), dryRun)
  const resourceVersion = textOf(fieldsOf(wanted, 'metadata'), 'resourceVersion')
  if (exists && resourceVersion === '' && !resource.unconditionalUpdate)
    throw invalid({ group: resource.group, kind: resource.plural }, name, [versionMissing()])
  return change(core, call, () => ({ object: wanted }), dryRun)
}

const withoutVersion = (object: Fields): Fields => ({
  ...object,
  metadata: omit(fieldsOf(object, 'metadata'), 'resourceVersion', 'uid'),
})

/**
 * Changes the object to what `want` makes of its current state, again when somebody else wrote meanwhile and the client
 * named no resourceVersion. Throws NotFound, Conflict, Invalid and what admission throws.
 */
export async function change(
  core: Core,
  call: Call,
  want: (current: StoredObject) => Wanted,
  dryRun: boolean,
): Promise<Answer> {
  const { resource, name = '', namespace } = call
  const collection = collectionOf(core, resource)
  for (let tries = 1; ; tries += 1) {
    const entry = collection.get(keyOf(namespace, name))
    if (entry === undefined) throw notFound(resource, name)
    const filled = withDefaultsOf(call, entry)
    const wanted = want(inCallVersion(filled.object, call))
    checkPreconditions(resource, fieldsOf(wanted.object, 'metadata'), entry.object)
    const object = await settle(core, call, filled, wanted, dryRun)
    if (collection.get(entry.key) === entry) return commit(core, call, entry, object, dryRun)
    const isPinned = textOf(fieldsOf(wanted.object, 'metadata'), 'resourceVersion') !== ''
    if (isPinned || tries >= APISERVER_PATCH_TRIES_MAX) throw conflict(resource, name, MODIFIED)
  }
}

/** An object stored before its schema had a default has it when it is changed. */
function withDefaultsOf({ version: { schema } }: Call, entry: Entry): Entry {
  if (schema === undefined) return entry
  const object = withDefaults(entry.object, schema) as StoredObject
  return object === entry.object ? entry : { ...entry, object }
}

const inCallVersion = (object: StoredObject, call: Call): StoredObject => ({
  ...object,
  apiVersion: apiVersionOf(call.resource, call.version.name),
})

/** The uid and resourceVersion a client sends with an object are preconditions. */
function checkPreconditions(resource: Resource, metadata: Fields, current: StoredObject): void {
  const { uid, resourceVersion, name, namespace } = current.metadata
  const [wantedUid, wantedVersion] = [textOf(metadata, 'uid'), textOf(metadata, 'resourceVersion')]
  if (wantedUid !== '' && wantedUid !== uid)
    throw conflict(
      resource,
      name,
      `StorageError: invalid object, Code: 4, Key: ${storageKey(resource, resource.custom, keyOf(namespace, name))}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${uid}`,
    )
  if (wantedVersion !== '' && !/^\d+$/.test(wantedVersion))
    throw new StatusError(
      500,
      undefined,
      `strconv.ParseUint: parsing ${quoted(wantedVersion)}: invalid syntax`,
    )
  if (wantedVersion !== '' && wantedVersion !== resourceVersion) throw conflict(resource, name, MODIFIED)
}

/** Through the resource's rules, admission and validation to what would be stored. */
async function settle(
  core: Core,
  call: Call,
  entry: Entry,
  wanted: Wanted,
  dryRun: boolean,
): Promise<StoredObject> {
  const { resource, name = '' } = call
  const current = entry.object
  const merged = mergeParts(call, wanted.object, current)
  const managed =
    wanted.managedFields ?? (isReset(call, wanted.object) ? [] : track(core, call, current, merged))
  const owned: Fields = { ...merged, metadata: { ...fieldsOf(merged, 'metadata'), managedFields: managed } }
  const review: Review = {
    operation: 'UPDATE',
    object: owned,
    oldObject: current,
    dryRun,
    options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1' },
  }
  const reviewed = isReviewed(core, call, 'UPDATE', true)
    ? remerge(call, await mutate(core, call, review), owned, current)
    : owned
  const object = finish(call, reviewed, current)
  // kube-apiserver checks metadata twice on updates, and its answers list both findings.
  const metaFound = [...updateErrors(object, current), ...immutableErrors(wanted.object, current)]
  const errors = [...metaFound, ...metaFound, ...contentErrors(call, object, current)]
  if (errors.length > 0) throw invalid(resource, name, errors)
  if (isReviewed(core, call, 'UPDATE', false)) await validate(core, call, { ...review, object })
  return object
}

/** A client cannot mark an object itself; what it leaves out is kept. */
function immutableErrors(wanted: Fields, current: StoredObject): readonly FieldError[] {
  const sent = textOf(fieldsOf(wanted, 'metadata'), 'deletionTimestamp')
  const isSame = Date.parse(sent) === Date.parse(current.metadata.deletionTimestamp ?? '')
  return sent === '' || isSame
    ? []
    : [wrong('metadata.deletionTimestamp', quoted(sent), 'field is immutable')]
}

/** Main resource and status change only their own parts. */
function mergeParts(call: Call, wanted: Fields, current: StoredObject): Fields {
  const { resource, subresource } = call
  const metadata = keptMeta(fieldsOf(wanted, 'metadata'), current.metadata)
  const head = { apiVersion: apiVersionOf(resource, resource.storage), kind: resource.kind }
  if (subresource === 'status') {
    const status = own(wanted, 'status')
    return {
      ...omit(current, 'status'),
      ...head,
      metadata: statusMeta(resource, metadata, current),
      ...(status === undefined ? {} : { status }),
    }
  }
  const prepared = resource.prepare({ ...wanted, metadata }, current)
  if (!resource.hasStatus) return { ...prepared, ...head }
  const status = own(current, 'status')
  return { ...omit(prepared, 'status'), ...head, ...(status === undefined ? {} : { status }) }
}

/** Status endpoints of custom resources leave metadata alone, those of workloads labels. */
function statusMeta(resource: Resource, metadata: Fields, current: StoredObject): Fields {
  if (resource.custom) return { ...current.metadata }
  if (resource.group !== 'apps') return metadata
  const { labels } = current.metadata
  return { ...omit(metadata, 'labels'), ...(labels === undefined ? {} : { labels }) }
}

function remerge(call: Call, changed: Fields | undefined, before: Fields, current: StoredObject): Fields {
  if (changed === undefined || changed === before) return before
  const decoded = decodeObject(changed, call.resource, call.version).object
  const merged = mergeParts(call, decoded, current)
  const { managedFields } = fieldsOf(before, 'metadata')
  return { ...merged, metadata: { ...fieldsOf(merged, 'metadata'), managedFields } }
}

/** `managedFields: [{}]` clears them; else they are the server's. */
const isReset = (call: Call, wanted: Fields): boolean => {
  const sent = listOf(fieldsOf(wanted, 'metadata'), 'managedFields')
  return call.subresource === undefined && sent.length === 1 && Object.keys(fieldsOf(sent[0])).length === 0
}

/** What has no owners gets none before it is applied. */
function track(core: Core, call: Call, current: StoredObject, merged: Fields): readonly ManagedFields[] {
  if ((current.metadata.managedFields ?? []).length === 0) return []
  const { hasStatus } = call.resource
  const part = (object: Fields) => withoutReset(object, hasStatus, call.subresource)
  const before = { ...part(current), metadata: metadataPart(call, current) }
  const after = { ...part(merged), metadata: metadataPart(call, merged) }
  return trackUpdate(
    { ...before, metadata: { ...before.metadata, managedFields: current.metadata.managedFields } },
    after as unknown as StoredObject,
    call.version.shape,
    writerOf(core, call, 'Update'),
  )
}

/** Status writes of custom resources own no metadata: they cannot change it. */
const metadataPart = (call: Call, object: Fields): Fields =>
  call.subresource === 'status' && call.resource.custom ? {} : fieldsOf(object, 'metadata')

function finish({ resource, subresource }: Call, object: Fields, current: StoredObject): StoredObject {
  const metadata = fieldsOf(object, 'metadata')
  const { generation = 0 } = current.metadata
  const isBumped =
    resource.hasGeneration && subresource === undefined && isSpecChanged(resource, current, object)
  return storedOf(object, {
    ...metadata,
    generation: isBumped ? generation + 1 : current.metadata.generation,
  })
}

/** Stores it, unless nothing changed; removes it when the last finalizer of a deletion went. */
function commit(core: Core, call: Call, entry: Entry, object: StoredObject, dryRun: boolean): Answer {
  if (dryRun || equal(entry.object, object)) return { code: 200, object }
  const id = resourceText(call.resource)
  if (isFinished(object)) {
    // The last state is not stored any more: what goes is the object as it was.
    core.store.remove(id, entry.key)
    return { code: 200, object }
  }
  const stored = core.store.put(id, entry.key, (resourceVersion) =>
    storedOf(object, { ...object.metadata, resourceVersion }),
  )
  return { code: 200, object: stored }
}

/** Marked for deletion, and neither a finalizer nor a grace period is left to wait for. */
export const isFinished = (object: StoredObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  finalizersOf(object).length === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  textOf(object, 'kind') !== 'Namespace'
