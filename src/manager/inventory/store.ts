/** The inventory in memory: objects by cluster, type and external id; a batch holds whole or not at all. */
import { MANAGER_INVENTORY_BATCH_MAX, MANAGER_INVENTORY_OBJECTS_MAX } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import { badRequest, isObject, type JsonObject, notFound } from '../rest/index.ts'
import { IN_MEMORY, type Storage } from '../storage.ts'
import { type ContainerType, checkContainer, isContainerType } from './schema.ts'

export interface Inventory {
  cluster(id: string): JsonObject | undefined
  clusters(): readonly JsonObject[]
  /** Creates or replaces the cluster's own record; type and infrastructure may be left out later. */
  putCluster(body: JsonObject): JsonObject
  /** The record and everything of the cluster. */
  removeCluster(id: string): void
  /** One `action=updates`. Throws 400 or 404 and leaves everything as it was. */
  update(clusterId: string, body: JsonObject): void
  /** Sorted by external id; of one cluster, or of all. */
  list(type: ContainerType, clusterId: string | undefined): readonly JsonObject[]
  get(type: ContainerType, externalId: string): JsonObject | undefined
  /** Of all clusters, in no order of meaning. */
  each(type: ContainerType): Iterable<JsonObject>
  count(type: ContainerType): number
}

type Objects = Map<string, JsonObject>

interface ClusterInventory {
  record: JsonObject
  readonly byType: Map<ContainerType, Objects>
  /** Lists in order, made when asked for and thrown away when an id comes or goes. */
  readonly sorted: Map<ContainerType, readonly JsonObject[]>
}

/** With what `storage` kept. */
export function createInventory(clock: Clock, storage: Storage = IN_MEMORY): Inventory {
  const clusters = clustersFrom(storage)
  const stamp = (object: JsonObject): JsonObject => ({ ...object, _last_sync_time: clock.now() })
  return {
    cluster: (id) => clusters.get(id)?.record,
    clusters: () => [...clusters.values()].map(({ record }) => record),
    putCluster(body) {
      const id = body['external_id']
      checkContainer('ContainerCluster', { resource_type: 'ContainerCluster', ...body })
      const held = clusters.get(String(id))
      const record = stamp({ ...held?.record, resource_type: 'ContainerCluster', ...body })
      if (record['cluster_type'] === undefined || !isObject(record['infrastructure']))
        throw badRequest(
          'Field level validation errors: {ContainerCluster: cluster_type and infrastructure.infra_type are required}',
        )
      storage.check()
      storage.keep('container-cluster', String(id), record)
      const before = held?.record
      storage.undo(() => {
        if (held === undefined || before === undefined) clusters.delete(String(id))
        else held.record = before
      })
      if (held !== undefined) held.record = record
      else clusters.set(String(id), newCluster(record))
      return record
    },
    removeCluster(id) {
      const held = clusters.get(id)
      if (held === undefined) return
      storage.check()
      storage.keep('container-cluster', id, undefined)
      for (const [type, objects] of held.byType)
        for (const externalId of objects.keys())
          storage.keep('inventory', keyOf(id, type, externalId), undefined)
      storage.undo(() => void clusters.set(id, held))
      clusters.delete(id)
    },
    update: (clusterId, body) => {
      const cluster = clusters.get(clusterId)
      if (cluster === undefined) throw notFound(`ContainerCluster ${clusterId}`)
      const edits = readBatch(cluster, clusterId, body, countAll(clusters))
      if (edits.length === 0) return
      storage.check()
      const before = edits.map(({ type, id }) => ({ type, id, object: cluster.byType.get(type)?.get(id) }))
      storage.undo(() => applyEdits(cluster, before))
      const stamped = edits.map(({ type, id, object }) => ({
        type,
        id,
        object: object === undefined ? undefined : stamp(object),
      }))
      for (const { type, id, object } of stamped)
        storage.keep('inventory', keyOf(clusterId, type, id), object)
      applyEdits(cluster, stamped)
    },
    list(type, clusterId) {
      if (clusterId !== undefined) {
        const cluster = clusters.get(clusterId)
        return cluster === undefined ? [] : sortedOf(cluster, type)
      }
      return [...clusters.values()].flatMap((cluster) => sortedOf(cluster, type)).sort(byExternalId)
    },
    get(type, externalId) {
      for (const { byType } of clusters.values()) {
        const object = byType.get(type)?.get(externalId)
        if (object !== undefined) return object
      }
      return undefined
    },
    each: (type) => each(clusters, type),
    count: (type) =>
      type === 'ContainerCluster'
        ? clusters.size
        : [...clusters.values()].reduce((sum, { byType }) => sum + (byType.get(type)?.size ?? 0), 0),
  }
}

const newCluster = (record: JsonObject): ClusterInventory => ({
  record,
  byType: new Map(),
  sorted: new Map(),
})

/** Of an object among what is kept. */
const keyOf = (clusterId: string, type: ContainerType, externalId: string): string =>
  JSON.stringify([clusterId, type, externalId])

function clustersFrom(storage: Storage): Map<string, ClusterInventory> {
  const clusters = new Map<string, ClusterInventory>()
  for (const [id, record] of storage.kept('container-cluster'))
    clusters.set(id, newCluster(record as JsonObject))
  for (const [key, object] of storage.kept('inventory')) {
    const [clusterId, type, id] = JSON.parse(key) as [string, ContainerType, string]
    const cluster = clusters.get(clusterId)
    if (cluster !== undefined) applyEdits(cluster, [{ type, id, object: object as JsonObject }])
  }
  return clusters
}

function* each(
  clusters: ReadonlyMap<string, ClusterInventory>,
  type: ContainerType,
): Generator<JsonObject, void> {
  for (const { record, byType } of clusters.values())
    if (type === 'ContainerCluster') yield record
    else yield* byType.get(type)?.values() ?? []
}

const countAll = (clusters: ReadonlyMap<string, ClusterInventory>): number => {
  let count = 0
  for (const { byType } of clusters.values()) for (const objects of byType.values()) count += objects.size
  return count
}

const byExternalId = (a: JsonObject, b: JsonObject): number =>
  String(a['external_id']) < String(b['external_id']) ? -1 : 1

function sortedOf(cluster: ClusterInventory, type: ContainerType): readonly JsonObject[] {
  const known = cluster.sorted.get(type)
  if (known !== undefined) return known
  const made = [...(cluster.byType.get(type)?.values() ?? [])].sort(byExternalId)
  cluster.sorted.set(type, made)
  return made
}

interface Edit {
  readonly type: ContainerType
  readonly id: string
  readonly object: JsonObject | undefined
}

/** What a batch comes to, each object once; nothing is changed yet. */
function readBatch(
  cluster: ClusterInventory,
  clusterId: string,
  body: JsonObject,
  count: number,
): readonly Edit[] {
  const updates = body['container_inventory_objects']
  if (!Array.isArray(updates)) throw badRequest('container_inventory_objects must be a list.')
  if (updates.length > MANAGER_INVENTORY_BATCH_MAX)
    throw badRequest(`A batch may hold at most ${MANAGER_INVENTORY_BATCH_MAX} objects.`)
  const pending = new Map<string, Edit>()
  const key = (type: ContainerType, id: string) => `${type} ${id}`
  const get = (type: ContainerType, id: string): JsonObject | undefined => {
    const edit = pending.get(key(type, id))
    return edit === undefined ? cluster.byType.get(type)?.get(id) : edit.object
  }
  for (const update of updates) {
    const edit = readUpdate(update, clusterId, get)
    pending.set(key(edit.type, edit.id), edit)
  }
  checkBatch(pending, get, count)
  return [...pending.values()]
}

function applyEdits(cluster: ClusterInventory, edits: readonly Edit[]): void {
  for (const { type, id, object } of edits) {
    const objects = cluster.byType.get(type) ?? new Map<string, JsonObject>()
    cluster.byType.set(type, objects)
    cluster.sorted.delete(type)
    if (object === undefined) objects.delete(id)
    else objects.set(id, object)
  }
}

type Lookup = (type: ContainerType, id: string) => JsonObject | undefined

/** CREATE overwrites, UPDATE merges the fields named, DELETE of what is absent succeeds: a batch may be sent again. */
function readUpdate(update: unknown, clusterId: string, get: Lookup): Edit {
  const object = isObject(update) ? update['container_object'] : undefined
  if (!isObject(update) || !isObject(object)) throw badRequest('Each element must hold a container_object.')
  const type = object['resource_type']
  if (!isContainerType(type) || type === 'ContainerCluster')
    throw badRequest(`The resource_type ${String(type).slice(0, 64)} is not an inventory type.`)
  const id = object['external_id']
  if (typeof id !== 'string' || id === '') throw badRequest(`A ${type} has no external_id.`)
  const before = get(type, id)
  switch (update['object_update_type']) {
    case 'DELETE':
      return { type, id, object: undefined }
    case 'CREATE':
      return { type, id, object: owned(type, object, clusterId) }
    case 'UPDATE':
      if (before === undefined) throw badRequest(`The ${type} ${id.slice(0, 64)} to update does not exist.`)
      return { type, id, object: owned(type, { ...before, ...object }, clusterId) }
    default:
      throw badRequest('object_update_type must be CREATE, UPDATE or DELETE.')
  }
}

/** The URL says whose it is, whatever the object says. */
function owned(type: ContainerType, object: JsonObject, clusterId: string): JsonObject {
  checkContainer(type, object)
  const named = object['container_cluster_id']
  if (named !== undefined && named !== clusterId)
    throw badRequest(`The container_cluster_id of a ${type} is not the cluster of this call.`)
  return { ...object, container_cluster_id: clusterId }
}

/** A project that an object names must exist once the batch is in; the room must suffice. */
function checkBatch(pending: ReadonlyMap<string, Edit>, get: Lookup, count: number): void {
  let grows = 0
  for (const { type, id, object } of pending.values()) {
    if (object === undefined) continue
    grows += 1
    const project = object['container_project_id']
    if (typeof project === 'string' && get('ContainerProject', project) === undefined)
      throw badRequest(
        `The ContainerProject ${project.slice(0, 64)} of ${type} ${id.slice(0, 64)} does not exist.`,
      )
  }
  if (count + grows > MANAGER_INVENTORY_OBJECTS_MAX)
    throw badRequest(`The inventory is full (${MANAGER_INVENTORY_OBJECTS_MAX} objects).`)
}
