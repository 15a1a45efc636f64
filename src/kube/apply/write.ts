/** One object written, and what the server made of it looked at. */
import { AdapterError, needsPerson, retry } from '../../errors.ts'
import { KUBE_CONFLICTS_MAX } from '../../limits.ts'
import type { KubeClient } from '../contract.ts'
import type { KubeObject, ResourceType } from '../types.ts'

/** What the engine has to know of a kind. */
export interface ObjectKind<T extends KubeObject> {
  readonly type: ResourceType
  /** Equal for specs that mean the same, whatever admission fills in. */
  readonly specHash: (object: T) => string
  readonly isOurs: (object: T) => boolean
  /** It is as we wrote it: nobody has changed it since, and nothing of it was left out. */
  readonly isAsWritten: (object: T) => boolean
}

export interface Writing {
  readonly kube: KubeClient
  readonly signal: AbortSignal
}

/**
 * POST. Resolves with the object as stored. What is stored otherwise than it was sent (a CRD that does not know a field, a
 * webhook that takes out what marks it as ours) is removed again: FIELD_PRUNED.
 */
export async function createObject<T extends KubeObject>(
  kind: ObjectKind<T>,
  object: T,
  writing: Writing,
): Promise<T> {
  const stored = await writing.kube.create(kind.type, object, writing)
  if (isAsSent(kind, stored, object)) return stored
  await onFresh(kind, stored, writing, (fresh) => deleteIt(kind, fresh, writing))
  throw pruned(kind, object)
}

/**
 * PUT on the version that was planned from (`base`). What is stored otherwise than it was sent is put back to the form
 * before: `former`, else `base` where that is as it was written, else it is removed if it never was otherwise (its first
 * generation: a creation whose answer was lost). Then FIELD_PRUNED. Throws KUBE_CONFLICT when somebody changed it since,
 * KUBE_NOT_FOUND when it is gone: the plan is made anew.
 */
export async function replaceObject<T extends KubeObject>(
  kind: ObjectKind<T>,
  base: T,
  object: T,
  former: T | undefined,
  writing: Writing,
): Promise<T> {
  const put = (wanted: T) => (fresh: T) => writing.kube.replace(kind.type, atVersion(wanted, fresh), writing)
  const stored = await onFresh(kind, base, writing, put(object))
  if (stored === undefined)
    throw retry('KUBE_NOT_FOUND', `${kind.type.kind} ${object.metadata.name} is gone; the plan is made anew`)
  if (isAsSent(kind, stored, object)) return stored
  const back = formBefore(kind, base, former)
  // Marks of ours may be what was taken out, so who it belongs to is not asked again.
  const undone = { ...kind, isOurs: () => true }
  if (back === undefined) await onFresh(undone, stored, writing, (fresh) => deleteIt(kind, fresh, writing))
  else await onFresh(undone, stored, writing, put(withoutStatus(back)))
  throw pruned(kind, object)
}

/** DELETE of the version that was planned from. What is gone already is done. Throws KUBE_CONFLICT as above. */
export async function removeObject<T extends KubeObject>(
  kind: ObjectKind<T>,
  base: T,
  writing: Writing,
): Promise<void> {
  await onFresh(kind, base, writing, (fresh) => deleteIt(kind, fresh, writing))
}

async function deleteIt<T extends KubeObject>(kind: ObjectKind<T>, fresh: T, writing: Writing): Promise<T> {
  await writing.kube.delete(kind.type, fresh, writing)
  return fresh
}

const isAsSent = <T extends KubeObject>(kind: ObjectKind<T>, stored: T, sent: T): boolean =>
  kind.specHash(stored) === kind.specHash(sent) && kind.isOurs(stored)

function formBefore<T extends KubeObject>(
  kind: ObjectKind<T>,
  base: T,
  former: T | undefined,
): T | undefined {
  if (kind.isAsWritten(base)) return base
  return former ?? (base.metadata.generation === 1 ? undefined : base)
}

function withoutStatus<T extends KubeObject>(object: T): T {
  const { managedFields: _managers, ...metadata } = object.metadata
  return { ...object, status: undefined, metadata }
}

/**
 * A status that somebody writes in between moves the resourceVersion without changing what was planned from: then the
 * write is sent again on the newer version. Any other change means a new plan. undefined: it is gone.
 */
async function onFresh<T extends KubeObject>(
  kind: ObjectKind<T>,
  base: T,
  { kube, signal }: Writing,
  write: (fresh: T) => Promise<T>,
): Promise<T | undefined> {
  let fresh: T | undefined = base
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(fresh)
    } catch (error) {
      if (!(error instanceof AdapterError) || error.code !== 'KUBE_CONFLICT' || attempt >= KUBE_CONFLICTS_MAX)
        throw error
      const { name, namespace } = base.metadata
      fresh = await kube.get<T>(kind.type, name, namespace, signal)
      if (fresh === undefined) return undefined
      const isSame =
        fresh.metadata.uid === base.metadata.uid &&
        kind.specHash(fresh) === kind.specHash(base) &&
        kind.isOurs(fresh)
      if (!isSame) throw error
    }
  }
}

const atVersion = <T extends KubeObject>(object: T, { metadata }: T): T => ({
  ...object,
  metadata: {
    ...object.metadata,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
  },
})

const pruned = <T extends KubeObject>({ type }: ObjectKind<T>, { metadata }: T): AdapterError =>
  needsPerson(
    'FIELD_PRUNED',
    `${type.kind} ${metadata.name} was stored otherwise than it was sent, so it was put back: upgrade Antrea's CRDs, or look at mutating webhooks`,
  )
