/** The inventory's calls: NSX's bulk write and cluster records, and the lists under /api/v1/fabric. */
import {
  badRequest,
  type Call,
  EMPTY,
  type JsonObject,
  listPage,
  notFound,
  ok,
  type Route,
  readJson,
} from '../rest/index.ts'
import { type ContainerType, FABRIC_PATHS, FABRIC_SINGULARS } from './schema.ts'
import type { Inventory } from './store.ts'

const FABRIC = '/api/v1/fabric'

export interface InventoryAccess {
  /** Throws 403. */
  readonly mayWrite: (call: Call, clusterId: string) => void
  /** An object as whoever makes this call sees it. */
  readonly shown: (call: Call) => (type: ContainerType, object: JsonObject) => JsonObject
}

export function inventoryRoutes(
  inventory: Inventory,
  { mayWrite, shown }: InventoryAccess,
): readonly Route[] {
  return [
    {
      method: 'POST',
      pattern: '/api/v1/inventory/container/:cluster',
      access: 'inventory',
      mutating: true,
      async run(call) {
        if (call.query.get('action') !== 'updates')
          throw badRequest('The action of this call must be updates.')
        const { cluster = '' } = call.params
        inventory.update(cluster, await readJson(call.request))
        return EMPTY
      },
    },
    {
      method: 'POST',
      pattern: `${FABRIC}/container-clusters`,
      access: 'read',
      mutating: true,
      async run(call) {
        const body = await readJson(call.request)
        mayWrite(call, String(body['external_id']))
        return ok(inventory.putCluster(body))
      },
    },
    {
      method: 'DELETE',
      pattern: `${FABRIC}/container-clusters/:cluster`,
      access: 'inventory',
      mutating: true,
      run({ params: { cluster = '' } }) {
        if (inventory.cluster(cluster) === undefined) throw notFound(`ContainerCluster ${cluster}`)
        inventory.removeCluster(cluster)
        return EMPTY
      },
    },
    ...(Object.keys(FABRIC_PATHS) as ContainerType[]).flatMap((type) => readRoutes(inventory, type, shown)),
  ]
}

function readRoutes(
  inventory: Inventory,
  type: ContainerType,
  shown: InventoryAccess['shown'],
): readonly Route[] {
  const one = (id: string): JsonObject | undefined =>
    type === 'ContainerCluster' ? inventory.cluster(id) : inventory.get(type, id)
  const readOne = (segment: string): Route => ({
    method: 'GET',
    pattern: `${FABRIC}/${segment}/:id`,
    access: 'read',
    run(call) {
      const { id = '' } = call.params
      const object = one(id)
      if (object === undefined) throw notFound(`${type} ${id}`)
      return ok(shown(call)(type, object))
    },
  })
  const singular = FABRIC_SINGULARS[type]
  return [
    {
      method: 'GET',
      pattern: `${FABRIC}/${FABRIC_PATHS[type]}`,
      access: 'read',
      run: (call) => list(inventory, type, call.query, shown(call)),
    },
    readOne(FABRIC_PATHS[type]),
    ...(singular === undefined ? [] : [readOne(singular)]),
  ]
}

function list(
  inventory: Inventory,
  type: ContainerType,
  query: URLSearchParams,
  shown: ReturnType<InventoryAccess['shown']>,
) {
  const clusterId = query.get('container_cluster_id') ?? query.get('scope_id') ?? undefined
  const all =
    type === 'ContainerCluster'
      ? inventory.clusters().filter((cluster) => isWanted(cluster, query, ['cluster_type']))
      : inventory
          .list(type, clusterId)
          .filter((object) => isWanted(object, query, ['container_project_id']) && isMember(object, query))
  return ok(
    listPage(all, query, {
      defaultSort: 'external_id',
      valueOf: (object, field) => object[field],
      keyOf: (object) => String(object['external_id']),
      render: (object) => shown(type, object),
      presorted: type !== 'ContainerCluster',
    }),
  )
}

const isWanted = (object: JsonObject, query: URLSearchParams, fields: readonly string[]): boolean =>
  fields.every((field) => !query.has(field) || object[field] === query.get(field))

function isMember(object: JsonObject, query: URLSearchParams): boolean {
  const application = query.get('container_application_id')
  const held = object['container_application_ids']
  return application === null || (Array.isArray(held) && held.includes(application))
}
