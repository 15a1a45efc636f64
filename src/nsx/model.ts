/**
 * NSX's own shapes, spelled as NSX 9.1.1 spells them (vendor SDK vcf-nsx 9.1.1.0). Everything is optional on the wire;
 * whoever reads checks. Only what the adapter and the manager use.
 */
export interface Tag {
  readonly scope?: string
  readonly tag?: string
}

/** PolicyConfigResource: the base of every intent object. */
export interface PolicyConfigResource {
  readonly id?: string
  readonly resource_type?: string
  readonly display_name?: string
  readonly description?: string
  readonly tags?: readonly Tag[]
  readonly path?: string
  readonly relative_path?: string
  readonly parent_path?: string
  readonly unique_id?: string
  readonly realization_id?: string
  readonly marked_for_delete?: boolean
  readonly overridden?: boolean
  readonly _revision?: number
  readonly _create_time?: number
  readonly _create_user?: string
  readonly _last_modified_time?: number
  readonly _last_modified_user?: string
  readonly _system_owned?: boolean
  readonly _protection?: string
}

export interface Rule extends PolicyConfigResource {
  readonly action?: string
  readonly direction?: string
  readonly ip_protocol?: string
  readonly source_groups?: readonly string[]
  readonly destination_groups?: readonly string[]
  readonly sources_excluded?: boolean
  readonly destinations_excluded?: boolean
  readonly services?: readonly string[]
  readonly service_entries?: readonly ServiceEntry[]
  readonly profiles?: readonly string[]
  readonly scope?: readonly string[]
  readonly logged?: boolean
  readonly disabled?: boolean
  readonly tag?: string
  readonly notes?: string
  readonly rule_id?: number
  readonly sequence_number?: number
}

export interface SecurityPolicy extends PolicyConfigResource {
  readonly category?: string
  readonly sequence_number?: number
  readonly internal_sequence_number?: number
  readonly scope?: readonly string[]
  readonly stateful?: boolean
  readonly tcp_strict?: boolean
  readonly logging_enabled?: boolean
  readonly connectivity_preference?: string
  readonly connectivity_strategy?: string
  readonly application_connectivity_strategy?: readonly unknown[]
  readonly scheduler_path?: string
  readonly rules?: readonly Rule[]
}

export interface Expression extends PolicyConfigResource {
  readonly member_type?: string
  readonly key?: string
  readonly operator?: string
  readonly scope_operator?: string
  readonly value?: string
  readonly conjunction_operator?: string
  readonly expressions?: readonly Expression[]
  readonly ip_addresses?: readonly string[]
  readonly paths?: readonly string[]
}

export interface Group extends PolicyConfigResource {
  readonly group_type?: readonly string[]
  readonly expression?: readonly Expression[]
  readonly extended_expression?: readonly unknown[]
  readonly reference?: boolean
}

export interface ServiceEntry extends PolicyConfigResource {
  readonly l4_protocol?: string
  readonly source_ports?: readonly string[]
  readonly destination_ports?: readonly string[]
  readonly nested_service_path?: string
}

export interface Service extends PolicyConfigResource {
  readonly service_entries?: readonly ServiceEntry[]
  readonly is_default?: boolean
}

export interface SecurityPolicyContainerCluster extends PolicyConfigResource {
  readonly container_cluster_type?: string
  readonly container_cluster_path?: string
}

export interface ClusterControlPlane extends PolicyConfigResource {
  readonly node_id?: string
  readonly certificate?: string
  readonly vhc_path?: string
  readonly node_type?: string
}

export interface KeyValuePair {
  readonly key: string
  readonly value: string
}

export interface NetworkError {
  readonly error_code?: string
  readonly error_message?: string
  readonly spec?: string
}

/** DiscoveredResource: the base of every inventory object. `external_id` is the Kubernetes uid; the cluster's is its node_id. */
export interface InventoryObject {
  readonly resource_type: string
  readonly external_id: string
  readonly display_name?: string
  readonly description?: string
  readonly tags?: readonly Tag[]
  readonly origin_properties?: readonly KeyValuePair[]
  readonly container_cluster_id?: string
  readonly container_project_id?: string
  readonly network_status?: 'HEALTHY' | 'UNHEALTHY'
  readonly network_errors?: readonly NetworkError[]
  readonly [field: string]: unknown
}

export const INVENTORY_TYPES = [
  'ContainerClusterNode',
  'ContainerProject',
  'ContainerApplication',
  'ContainerApplicationInstance',
  'ContainerIngressPolicy',
  'ContainerNetworkPolicy',
  'ContainerGateway',
  'ContainerEgress',
  'ContainerIpPool',
] as const
/** Parents first; deletes go the other way. */
export type InventoryType = (typeof INVENTORY_TYPES)[number]

/** Those that came with NSX 4.2; an older manager has no list of them (vendor SDK 9.1.1). */
export const NEWER_INVENTORY_TYPES: ReadonlySet<InventoryType> = new Set<InventoryType>([
  'ContainerGateway',
  'ContainerEgress',
  'ContainerIpPool',
])

/** The list under /api/v1/fabric/ of each type. */
export const INVENTORY_PATHS: Readonly<Record<InventoryType, string>> = {
  ContainerClusterNode: 'container-cluster-nodes',
  ContainerProject: 'container-projects',
  ContainerApplication: 'container-applications',
  ContainerApplicationInstance: 'container-application-instances',
  ContainerIngressPolicy: 'container-ingress-policies',
  ContainerNetworkPolicy: 'container-network-policies',
  ContainerGateway: 'container-gateways',
  ContainerEgress: 'container-egresses',
  ContainerIpPool: 'container-ip-pools',
}

export interface ListResult<T> {
  readonly results: readonly T[]
  readonly result_count?: number
  readonly cursor?: string
}
