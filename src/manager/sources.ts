/** Everything that search finds and tags are counted of. */
import { CONTAINER_TYPES, type ContainerType, type Inventory } from './inventory/index.ts'
import { KIND_NAMES, type KindName } from './policy/index.ts'
import type { JsonObject } from './rest/index.ts'
import type { Searched, SearchSource } from './search/index.ts'
import type { Trust } from './trust/index.ts'
import { shown, type Vms } from './vms/index.ts'

/** Kinds whose objects have a resource_type of their own. */
const VARIED: readonly KindName[] = ['ServiceEntry', 'ClusterControlPlane']

export function searchSources(
  store: Searched,
  inventory: Inventory,
  trust: Trust,
  vms: Vms,
  /** An inventory object as users see it. */
  shownContainer: (type: ContainerType, object: JsonObject) => JsonObject,
): readonly SearchSource[] {
  return [
    ...KIND_NAMES.map((name): SearchSource => {
      const objects = store.ofKind(name)
      return {
        types: [name],
        varies: VARIED.includes(name),
        count: objects.size,
        bodies: () => bodies(objects),
      }
    }),
    ...CONTAINER_TYPES.map(
      (type): SearchSource => ({
        types: [type],
        count: inventory.count(type),
        bodies: () => containers(inventory, type, shownContainer),
      }),
    ),
    listed('VirtualMachine', vms.count, () => [...vms.all()].map(shown)),
    listed('PrincipalIdentity', trust.count.identities, trust.identities),
    listed('Certificate', trust.count.certificates, trust.certificates),
  ]
}

const listed = (type: string, count: number, bodies: () => readonly JsonObject[]): SearchSource => ({
  types: [type],
  count,
  bodies,
})

function* bodies(objects: ReadonlyMap<string, { readonly body: JsonObject }>): Generator<JsonObject, void> {
  for (const { body } of objects.values()) yield body
}

function* containers(
  inventory: Inventory,
  type: ContainerType,
  shownContainer: (type: ContainerType, object: JsonObject) => JsonObject,
): Generator<JsonObject, void> {
  for (const object of inventory.each(type)) yield shownContainer(type, object)
}

export function* taggedObjects(sources: readonly SearchSource[]): Generator<JsonObject, void> {
  for (const source of sources) for (const body of source.bodies()) if (body['tags'] !== undefined) yield body
}
