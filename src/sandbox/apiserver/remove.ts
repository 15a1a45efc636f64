/** DELETE: preconditions, grace periods, finalizers, owners; one object or a collection. */
import { isReviewed, mutate, validate } from './admission.ts'
import { readOptions } from './body.ts'
import { type Call, type Core, collectionOf, nowText, timeText } from './core.ts'
import { type Fields, fieldsOf, isText, listOf, quoted, textOf } from './json.ts'
import { finalizersOf, storedOf, withMeta } from './meta.ts'
import { checkNamespaceDelete, terminating } from './namespaces.ts'
import { isDryRun } from './options.ts'
import { keyOf, type Resource } from './resource.ts'
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  notFound,
  resourceText,
  unsupported,
  wrong,
} from './status.ts'
import type { StoredObject } from './types.ts'
import { isFinished } from './update.ts'

export type Propagation = 'Background' | 'Foreground' | 'Orphan'

export interface DeleteOptions {
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly graceSeconds: number | undefined
  readonly propagation: Propagation
  readonly dryRun: boolean
}

/** The object as it is now, or a Status when it is gone at once. */
export interface Removal {
  readonly object: StoredObject
  readonly isGone: boolean
}

export async function readDeleteOptions(call: Call): Promise<DeleteOptions> {
  const body = await readOptions(call.request)
  const { query } = call.request
  const kind = textOf(body, 'kind')
  if (kind !== '' && kind !== 'DeleteOptions')
    throw badRequest(`converting (${kind}) to (DeleteOptions): unknown conversion`)
  const preconditions = fieldsOf(body, 'preconditions')
  const grace = body['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined
  const propagation = textOf(body, 'propagationPolicy') || query.get('propagationPolicy') || orphanText(body)
  const errors: FieldError[] = []
  if (!['Background', 'Foreground', 'Orphan'].includes(propagation))
    errors.push(
      unsupported('propagationPolicy', quoted(propagation), [
        '"Foreground"',
        '"Background"',
        '"Orphan"',
        '"nil"',
      ]),
    )
  else if (textOf(body, 'propagationPolicy') !== '' && body['orphanDependents'] !== undefined)
    errors.push(
      wrong(
        'propagationPolicy',
        quoted(propagation),
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    )
  const dryRuns = listOf(body, 'dryRun')
  if (dryRuns.some((one) => one !== 'All')) errors.push(unsupported('dryRun', quoted(dryRuns), ['"All"']))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const dryRun = isDryRun(call) || dryRuns.length > 0
  return {
    uid: isText(preconditions['uid']) ? preconditions['uid'] : undefined,
    resourceVersion: isText(preconditions['resourceVersion']) ? preconditions['resourceVersion'] : undefined,
    graceSeconds: grace === undefined ? undefined : graceNumber(grace),
    propagation: propagation as Propagation,
    dryRun,
  }
}

/** A negative grace period is the shortest one. */
function graceNumber(given: unknown): number {
  const seconds = Number(given)
  if (!Number.isInteger(seconds))
    throw badRequest(`gracePeriodSeconds is ${quoted(given)}, which is no whole number`)
  return seconds < 0 ? 1 : seconds
}

const orphanText = (body: Fields): string => (body['orphanDependents'] === true ? 'Orphan' : 'Background')

/** Deletes the object of the call; throws NotFound, Conflict and what admission throws. */
export async function remove(core: Core, call: Call, options: DeleteOptions): Promise<Removal> {
  const { resource, name = '', namespace } = call
  const key = keyOf(namespace, name)
  const current = () => {
    const entry = collectionOf(core, resource).get(key)
    if (entry === undefined) throw notFound(resource, name)
    checkPreconditions(resource, entry.object, options)
    return entry.object
  }
  const before = current()
  if (resource.group === '' && resource.plural === 'namespaces') checkNamespaceDelete(name)
  const review = {
    operation: 'DELETE' as const,
    object: undefined,
    oldObject: before,
    dryRun: options.dryRun,
    options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
  }
  if (isReviewed(core, call, 'DELETE', true)) await mutate(core, call, review)
  if (isReviewed(core, call, 'DELETE', false)) await validate(core, call, review)
  return removeObject(core, resource, current(), options)
}

function checkPreconditions(resource: Resource, object: StoredObject, options: DeleteOptions): void {
  const { uid, resourceVersion, name } = object.metadata
  const isNamespace = resource.group === '' && resource.plural === 'namespaces'
  if (isNamespace && options.uid !== undefined && options.uid !== uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`,
    )
  const byKind = { group: resource.group, plural: resource.kind }
  if (options.uid !== undefined && options.uid !== uid)
    throw conflict(
      byKind,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    )
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
    throw conflict(
      byKind,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    )
}

/** Without admission: what the server's own controllers do as well. */
export function removeObject(
  core: Core,
  resource: Resource,
  object: StoredObject,
  options: Pick<DeleteOptions, 'graceSeconds' | 'propagation' | 'dryRun'>,
): Removal {
  const id = resourceText(resource)
  const key = keyOf(object.metadata.namespace, object.metadata.name)
  const marked = mark(core, resource, object, options)
  if (options.dryRun) return { object: marked ?? object, isGone: marked === undefined }
  if (marked === undefined) return { object: core.store.remove(id, key) ?? object, isGone: true }
  if (marked === object) return { object, isGone: false }
  const stored = core.store.put(id, key, (resourceVersion) => withMeta(marked, { resourceVersion }))
  // A pod that nobody has to stop is marked first, and goes then.
  const isGone = resource.graceSeconds !== undefined && isFinished(stored)
  const last = isGone ? core.store.remove(id, key) : undefined
  return { object: last ?? stored, isGone }
}

/** The object marked for deletion when something has to be waited for; undefined when it goes at once. */
function mark(
  core: Core,
  resource: Resource,
  object: StoredObject,
  options: Pick<DeleteOptions, 'graceSeconds' | 'propagation'>,
): StoredObject | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds: left = 0, generation } = object.metadata
  if (resource.group === '' && resource.plural === 'namespaces')
    return deletionTimestamp === undefined
      ? terminating(core, withFinalizer(object, options.propagation))
      : object
  const grace = resource.graceSeconds === undefined ? 0 : graceOf(resource, object, options.graceSeconds)
  const kept = deletionTimestamp === undefined ? withFinalizer(object, options.propagation) : object
  const isGraceful = resource.graceSeconds !== undefined
  if (finalizersOf(kept).length === 0 && !isGraceful) return undefined
  // A second delete can only shorten the wait.
  if (deletionTimestamp !== undefined && grace >= left && !(isGraceful && grace === 0)) return object
  return withMeta(kept, {
    deletionTimestamp: grace === 0 ? nowText(core) : timeText(core.clock.now() + grace * 1_000),
    deletionGracePeriodSeconds: grace,
    ...(generation === undefined || deletionTimestamp !== undefined ? {} : { generation: generation + 1 }),
  })
}

function graceOf(resource: Resource, object: StoredObject, wanted: number | undefined): number {
  const usual = resource.graceSeconds?.(object) ?? 0
  return usual === 0 ? 0 : (wanted ?? usual)
}

/** The garbage collector works these off (owners.ts). */
export const FINALIZERS: Readonly<Record<Exclude<Propagation, 'Background'>, string>> = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
}

function withFinalizer(object: StoredObject, propagation: Propagation): StoredObject {
  if (propagation === 'Background') return object
  const finalizer = FINALIZERS[propagation]
  const finalizers = finalizersOf(object)
  return finalizers.includes(finalizer)
    ? object
    : storedOf(object, { ...object.metadata, finalizers: [...finalizers, finalizer] })
}
