/** Namespaces: nothing is created in one that is missing or going, and one that is going is emptied first. */
import { type Call, type Core, collectionOf, nowText } from './core.ts'
import { fieldsOf, textOf } from './json.ts'
import { storedOf } from './meta.ts'
import { forbidden, notFound, resourceText } from './status.ts'
import type { StoredObject } from './types.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }

/** NamespaceLifecycle admission. */
export function checkNamespace(core: Core, call: Call, namespace: string | undefined): void {
  if (namespace === undefined) return
  const found = core.store.collection('namespaces').get(namespace)
  if (found === undefined) throw notFound(NAMESPACES, namespace)
  if (found.object.metadata.deletionTimestamp === undefined) return
  throw forbidden(
    call.resource,
    call.name ?? '',
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  )
}

const IMMORTAL = ['default', 'kube-system', 'kube-public']

export function checkNamespaceDelete(name: string): void {
  if (IMMORTAL.includes(name)) throw forbidden(NAMESPACES, name, 'this namespace may not be deleted')
}

/** Marks a namespace; `sweepNamespace` does the rest. */
export const terminating = (core: Core, namespace: StoredObject): StoredObject =>
  storedOf(
    { ...namespace, status: { ...fieldsOf(namespace, 'status'), phase: 'Terminating' } },
    { ...namespace.metadata, deletionTimestamp: nowText(core) },
  )

/**
 * Removes what a terminating namespace holds and, once it is empty, the namespace: the namespace controller's part.
 * `removeObject` deletes one object, which may stay for its finalizers or its grace period.
 */
export function sweepNamespace(
  core: Core,
  name: string,
  removeObject: (resource: ReturnType<Core['registry']['all']>[number], object: StoredObject) => void,
): void {
  const namespace = core.store.collection('namespaces').get(name)
  if (namespace?.object.metadata.deletionTimestamp === undefined) return
  let left = 0
  for (const resource of core.registry.all()) {
    if (!resource.namespaced) continue
    const collection = collectionOf(core, resource)
    for (const { object } of collection.entries(`${name}/`)) removeObject(resource, object)
    left += collection.entries(`${name}/`).length
  }
  const finalizers = namespace.object.metadata.finalizers ?? []
  if (left === 0 && finalizers.length === 0 && textOf(namespace.object.metadata, 'name') === name)
    core.store.remove(resourceText(NAMESPACES), name)
}
