/** Inventory objects as NSX takes them: spellings and limits of vcf-nsx 9.1.1 (DiscoveredResource and its Container* types). */
import { z } from 'zod'
import { badRequest, type JsonObject } from '../rest/index.ts'

const text = (max: number) => z.string().max(max)
const id = text(255).min(1)
const ids = z.array(id)
const port = z.number().int().min(0).max(65_535)
const protocol = z.enum(['TCP', 'UDP', 'SCTP'])
const health = z.enum(['HEALTHY', 'UNHEALTHY'])
const status = z.enum(['UNKNOWN', 'HEALTHY', 'UP', 'DOWN', 'DEGRADED'])

const COMMON = {
  resource_type: z.string(),
  external_id: id,
  display_name: text(255).optional(),
  description: text(1_024).optional(),
  // The inventory's documented limit of tags an object.
  tags: z
    .array(z.looseObject({ scope: text(128).optional(), tag: text(256).optional() }))
    .max(30)
    .optional(),
  scope: z
    .array(z.looseObject({ scope_id: z.string(), scope_type: z.enum(['CONTAINER_CLUSTER', 'VPC', 'VHC']) }))
    .optional(),
  origin_properties: z.array(z.looseObject({ key: text(255), value: text(1_024) })).optional(),
  network_status: health.optional(),
  network_errors: z
    .array(
      z.looseObject({
        error_code: z.string().optional(),
        error_message: z.string().optional(),
        spec: z.string().optional(),
      }),
    )
    .optional(),
  container_cluster_id: id.optional(),
}

const ingress = z
  .array(
    z.looseObject({
      ip: z.string().optional(),
      hostname: text(255).optional(),
      ports: z.array(z.looseObject({ port: port.optional(), protocol: protocol.optional() })).optional(),
    }),
  )
  .optional()

const servicePorts = z
  .array(
    z.looseObject({
      name: z.string().optional(),
      protocol: protocol.optional(),
      port: port.optional(),
      target_port: text(15).optional(),
      node_port: port.optional(),
    }),
  )
  .optional()

const of = <S extends z.ZodRawShape>(shape: S) => z.looseObject({ ...COMMON, ...shape })

const CLUSTER_TYPES = [
  'PAS',
  'PKS',
  'Kubernetes',
  'Openshift',
  'WCP',
  'WCP_Guest',
  'AKS',
  'EKS',
  'TKGm',
  'TKGi',
  'GKE',
  'Gardener',
  'Rancher',
  'TAS',
  'SupervisorCluster',
  'WorkloadCluster',
  'Other',
] as const

const TYPES = {
  ContainerCluster: of({
    cluster_type: z.enum(CLUSTER_TYPES).optional(),
    cni_type: z.enum(['NCP', 'Antrea', 'Other']).optional(),
    infrastructure: z
      .looseObject({ infra_type: z.enum(['vSphere', 'AWS', 'Azure', 'Google', 'VMC', 'KVM', 'Baremetal']) })
      .optional(),
    cluster_ip_ranges: z.array(z.string()).max(2).optional(),
    node_port_range: z.string().optional(),
    node_port_local_range: z.string().optional(),
  }),
  ContainerClusterNode: of({
    ip_addresses: z.array(z.string()).optional(),
    external_ip_addresses: z.array(z.string()).optional(),
    pod_cidrs: z.array(z.string()).optional(),
    provider_id: z.string().optional(),
    cni_agent_status: health.optional(),
  }),
  ContainerProject: of({}),
  ContainerApplication: of({
    container_project_id: id.optional(),
    status: status.optional(),
    type: z.enum(['CLUSTER_IP', 'NODE_PORT', 'LOAD_BALANCER', 'EXTERNAL_NAME']).optional(),
    cluster_ips: z.array(z.string()).optional(),
    service_ports: servicePorts,
    load_balancer_ingress: ingress,
    node_port_local_endpoints: z
      .array(z.looseObject({ node_ip: z.string(), node_port: port, protocol }))
      .optional(),
  }),
  ContainerApplicationInstance: of({
    container_project_id: id.optional(),
    status: status.optional(),
    cluster_node_id: z.string().optional(),
    container_application_ids: ids.optional(),
  }),
  ContainerIngressPolicy: of({
    container_project_id: id.optional(),
    spec: z.string().optional(),
    container_application_ids: ids.optional(),
    load_balance_ingress: ingress,
  }),
  ContainerNetworkPolicy: of({
    container_project_id: id.optional(),
    spec: z.string().optional(),
    policy_type: z.enum(['NETWORK_POLICY', 'ASG', 'ACNP', 'ANP']).optional(),
  }),
  ContainerEgress: of({ egress_ip: z.string().optional(), spec: z.string().optional() }),
  ContainerGateway: of({
    container_project_id: id.optional(),
    spec: z.string().optional(),
    addresses: z
      .array(
        z.looseObject({ type: z.enum(['HOST_NAME', 'IP_ADDRESS', 'NAMED_ADDRESS']), address: text(255) }),
      )
      .optional(),
    listeners: z
      .array(
        z.looseObject({
          name: text(255).optional(),
          hostname: text(255).optional(),
          port: port.optional(),
          protocol: z.enum(['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP']).optional(),
        }),
      )
      .optional(),
  }),
  ContainerIpPool: of({
    spec: z.string().optional(),
    ip_version: z.enum(['4', '6']).optional(),
    ip_ranges: z
      .array(
        z.looseObject({
          cidr: z.string().optional(),
          start: z.string().optional(),
          end: z.string().optional(),
          gateway: z.string().optional(),
          prefix_length: z.number().int().min(0).max(128).optional(),
          vlan: z.number().int().min(0).max(4_095).optional(),
        }),
      )
      .optional(),
  }),
} as const

export type ContainerType = keyof typeof TYPES

export const CONTAINER_TYPES = Object.keys(TYPES) as readonly ContainerType[]

/** Each type's list under /api/v1/fabric/. */
export const FABRIC_PATHS: Readonly<Record<ContainerType, string>> = {
  ContainerCluster: 'container-clusters',
  ContainerClusterNode: 'container-cluster-nodes',
  ContainerProject: 'container-projects',
  ContainerApplication: 'container-applications',
  ContainerApplicationInstance: 'container-application-instances',
  ContainerIngressPolicy: 'container-ingress-policies',
  ContainerNetworkPolicy: 'container-network-policies',
  ContainerEgress: 'container-egresses',
  ContainerGateway: 'container-gateways',
  ContainerIpPool: 'container-ip-pools',
}

/** The newer types have their singular in the path of one object. */
export const FABRIC_SINGULARS: Readonly<Partial<Record<ContainerType, string>>> = {
  ContainerEgress: 'container-egress',
  ContainerGateway: 'container-gateway',
  ContainerIpPool: 'container-ip-pool',
}

export const isContainerType = (value: unknown): value is ContainerType =>
  typeof value === 'string' && Object.hasOwn(TYPES, value)

/** Throws 400 naming the first wrong property. */
export function checkContainer(type: ContainerType, object: JsonObject): void {
  const result = TYPES[type].safeParse(object)
  if (result.success) return
  const [issue] = result.error.issues
  throw badRequest(
    `Field level validation errors: {${type} ${String(object['external_id']).slice(0, 64)}: property ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'invalid'}}`,
  )
}
