/**
 * The garbage collector's part: dependents go with their last owner, or lose it. It also takes a pod from its node in
 * the kubelet's place, and empties terminating namespaces.
 */
import type { Timer } from '../../world/index.ts'
import type { Change } from './collection.ts'
import { type Core, collectionOf, nowText } from './core.ts'
import { isList, textOf } from './json.ts'
import { finalizersOf, withMeta } from './meta.ts'
import { sweepNamespace } from './namespaces.ts'
import { trackUpdate } from './patch/index.ts'
import { FINALIZERS, removeObject } from './remove.ts'
import { keyOf, type Resource } from './resource.ts'
import { resourceText } from './status.ts'
import type { StoredObject } from './types.ts'
import { isFinished } from './update.ts'

const BACKGROUND = { graceSeconds: undefined, propagation: 'Background', dryRun: false } as const

interface Dependent {
  readonly id: string
  readonly key: string
}

const ownerUids = (object: StoredObject): readonly string[] =>
  (object.metadata.ownerReferences ?? []).map((owner) => textOf(owner, 'uid'))

/** Starts following the store; returns the stop. Removals happen in the same turn as what causes them. */
export function startControllers(core: Core, kubeletMs: number | undefined): () => void {
  const dependents = new Map<string, Map<string, Dependent>>()
  const timers = new Map<string, Timer>()
  const queue: (() => void)[] = []
  let busy = false

  const resourceOf = (id: string): Resource | undefined =>
    core.registry.all().find((resource) => resourceText(resource) === id)

  /** Work found while a change is announced is done after it, so that everybody hears changes in order. */
  const later = (work: () => void) => {
    queue.push(work)
    if (busy) return
    busy = true
    queueMicrotask(() => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        try {
          next()
        } catch (error) {
          core.log.error({ err: error }, 'a controller of the API server failed')
        }
      }
      busy = false
    })
  }

  const index = (id: string, change: Change) => {
    const { key } = change.entry
    const dependent = `${id} ${key}`
    if (change.previous !== undefined)
      for (const uid of ownerUids(change.previous.object)) dependents.get(uid)?.delete(dependent)
    if (change.type === 'DELETED') return
    for (const uid of ownerUids(change.entry.object)) {
      const known = dependents.get(uid) ?? new Map<string, Dependent>()
      known.set(dependent, { id, key })
      dependents.set(uid, known)
    }
  }

  const collect = (uid: string) => {
    const known = [...(dependents.get(uid)?.values() ?? [])]
    dependents.delete(uid)
    for (const { id, key } of known) {
      const resource = resourceOf(id)
      const object = core.store.collection(id).get(key)?.object
      if (resource === undefined || object === undefined) continue
      const others = ownerUids(object).filter((one) => one !== uid)
      if (others.length === 0) removeObject(core, resource, object, BACKGROUND)
      else disown(core, id, key, object, uid)
    }
  }

  const finalizeOwner = (id: string, key: string) => {
    const object = core.store.collection(id).get(key)?.object
    if (object?.metadata.deletionTimestamp === undefined) return
    const { uid } = object.metadata
    if (finalizersOf(object).includes(FINALIZERS.Orphan)) {
      for (const one of [...(dependents.get(uid)?.values() ?? [])]) {
        const dependent = core.store.collection(one.id).get(one.key)?.object
        if (dependent !== undefined) disown(core, one.id, one.key, dependent, uid)
      }
      dropFinalizer(core, id, key, FINALIZERS.Orphan)
    } else if (finalizersOf(object).includes(FINALIZERS.Foreground)) {
      for (const one of [...(dependents.get(uid)?.values() ?? [])]) {
        const dependent = core.store.collection(one.id).get(one.key)?.object
        const resource = resourceOf(one.id)
        if (
          dependent !== undefined &&
          resource !== undefined &&
          dependent.metadata.deletionTimestamp === undefined
        )
          removeObject(core, resource, dependent, BACKGROUND)
      }
      if ((dependents.get(uid)?.size ?? 0) === 0) dropFinalizer(core, id, key, FINALIZERS.Foreground)
    }
  }

  /** Owners that wait for their dependents look again when one goes. */
  const wakeOwners = (object: StoredObject) => {
    for (const uid of ownerUids(object))
      for (const resource of core.registry.all())
        for (const entry of collectionOf(core, resource).entries(''))
          if (entry.object.metadata.uid === uid && entry.object.metadata.deletionTimestamp !== undefined)
            finalizeOwner(resourceText(resource), entry.key)
  }

  const stopPod = (object: StoredObject) => {
    const { uid, name, namespace } = object.metadata
    if (kubeletMs === undefined || timers.has(uid)) return
    timers.set(
      uid,
      core.clock.setTimeout(() => {
        timers.delete(uid)
        const now = core.store.collection('pods').get(keyOf(namespace, name))?.object
        if (now?.metadata.uid !== uid) return
        const stopped = withMeta(now, { deletionGracePeriodSeconds: 0 })
        if (isFinished(stopped)) core.store.remove('pods', keyOf(namespace, name))
        else
          core.store.put('pods', keyOf(namespace, name), (resourceVersion) =>
            withMeta(stopped, { resourceVersion }),
          )
      }, kubeletMs),
    )
  }

  const sweep = (namespace: string) =>
    later(() =>
      sweepNamespace(core, namespace, (resource, object) => {
        removeObject(core, resource, object, BACKGROUND)
      }),
    )

  const onChange = (id: string, change: Change) => {
    index(id, change)
    const { object } = change.entry
    const { uid, deletionTimestamp, namespace, name } = object.metadata
    if (change.type === 'DELETED') {
      if (dependents.has(uid)) later(() => collect(uid))
      if (isList(object.metadata.ownerReferences)) later(() => wakeOwners(object))
      const within = namespace === undefined ? undefined : core.store.collection('namespaces').get(namespace)
      if (within?.object.metadata.deletionTimestamp !== undefined && namespace !== undefined) sweep(namespace)
      return
    }
    if (deletionTimestamp === undefined) return
    if (id === 'namespaces') sweep(name)
    else if (id === 'pods' && (object.metadata.deletionGracePeriodSeconds ?? 0) > 0) stopPod(object)
    if (finalizersOf(object).some((one) => one === FINALIZERS.Orphan || one === FINALIZERS.Foreground))
      later(() => finalizeOwner(id, change.entry.key))
  }
  const unsubscribe = core.store.subscribe(onChange)
  return () => {
    unsubscribe()
    for (const timer of timers.values()) core.clock.clearTimeout(timer)
    timers.clear()
  }
}

function disown(core: Core, id: string, key: string, object: StoredObject, uid: string): void {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(
    (owner) => textOf(owner, 'uid') !== uid,
  )
  const shape = core.registry.all().find((resource) => resourceText(resource) === id)?.versions[0]?.shape
  const left = withMeta(object, { ownerReferences })
  const managedFields =
    shape === undefined || object.metadata.managedFields === undefined
      ? object.metadata.managedFields
      : trackUpdate(object, left, shape, {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: object.apiVersion,
          time: nowText(core),
        })
  core.store.put(id, key, (resourceVersion) => withMeta(left, { managedFields, resourceVersion }))
}

function dropFinalizer(core: Core, id: string, key: string, finalizer: string): void {
  const object = core.store.collection(id).get(key)?.object
  if (object === undefined) return
  const finalizers = finalizersOf(object).filter((one) => one !== finalizer)
  const stored = core.store.put(id, key, (resourceVersion) =>
    withMeta(object, { finalizers, resourceVersion }),
  )
  if (isFinished(stored)) core.store.remove(id, key)
}
