/** Reading back what NSX holds of this cluster. Complete or it throws; what is not an object of this cluster is left out. */

import { needsPerson } from '../../errors.ts'
import { INVENTORY_OBJECTS_MAX } from '../../limits.ts'
import type { NsxApi } from '../../nsx/index.ts'
import { INVENTORY_PATHS, type InventoryObject, type InventoryType } from '../../nsx/model.ts'
import { paginate } from '../../nsx/paginate.ts'

/** Of an answer only what the adapter writes is kept. */
const KEPT = [
  'display_name',
  'tags',
  'origin_properties',
  'container_cluster_id',
  'container_project_id',
  'network_status',
  'network_errors',
  'ip_addresses',
  'external_ip_addresses',
  'pod_cidrs',
  'provider_id',
  'cni_agent_status',
  'status',
  'type',
  'cluster_ips',
  'service_ports',
  'load_balancer_ingress',
  'node_port_local_endpoints',
  'cluster_node_id',
  'container_application_ids',
  'spec',
  'policy_type',
  'load_balance_ingress',
  'egress_ip',
  'addresses',
  'listeners',
  'ip_version',
  'ip_ranges',
] as const

/**
 * Every object of one type that NSX holds of this cluster, by external id. A manager that ignores the filter, or an item
 * that is no inventory object, does no harm: it is left out. Rejects as `paginate` does, and with INVENTORY_TOO_LARGE.
 */
export async function readType(
  nsx: NsxApi,
  clusterId: string,
  type: InventoryType,
  signal: AbortSignal,
): Promise<Map<string, InventoryObject>> {
  const path = `/api/v1/fabric/${INVENTORY_PATHS[type]}?container_cluster_id=${encodeURIComponent(clusterId)}`
  const objects = new Map<string, InventoryObject>()
  for await (const item of paginate<unknown>(nsx, path, signal)) {
    const object = asInventoryObject(item, type)
    if (object === undefined || object.container_cluster_id !== clusterId) continue
    if (objects.size >= INVENTORY_OBJECTS_MAX)
      throw needsPerson(
        'INVENTORY_TOO_LARGE',
        `NSX holds over ${INVENTORY_OBJECTS_MAX} objects of type ${type} of this cluster; remove what does not belong there`,
      )
    objects.set(object.external_id, object)
  }
  return objects
}

function asInventoryObject(item: unknown, type: InventoryType): InventoryObject | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const fields = item as Readonly<Record<string, unknown>>
  const id = fields['external_id']
  if (typeof id !== 'string' || id === '') return undefined
  const kept: Record<string, unknown> = { resource_type: type, external_id: id }
  for (const field of KEPT)
    if (fields[field] !== undefined && fields[field] !== null) kept[field] = fields[field]
  return kept as unknown as InventoryObject
}
