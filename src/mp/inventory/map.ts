/**
 * Each Kubernetes object as NSX's inventory holds it: the table in docs/inventory.md, row by row. Pure. An object whose
 * parent is not known yet is `waiting`: neither written nor deleted, for the watches of two resources are not in step.
 */
import type { KubeObject } from '../../kube/types.ts'
import type { InventoryObject, InventoryType } from '../../nsx/model.ts'
import type { MapContext } from './map-context.ts'
import { mapEgress, mapGateway, mapIpPool } from './map-newer.ts'
import { mapIngress, mapService } from './map-services.ts'
import {
  type ConditionText,
  type Cuts,
  conditionErrors,
  cutText,
  DISPLAY_NAME_CHARS_MAX,
  labelTags,
  properties,
  specText,
} from './map-text.ts'

/** The resources that become inventory objects of their own. */
export const MAPPED = [
  'namespaces',
  'nodes',
  'services',
  'pods',
  'ingresses',
  'networkPolicies',
  'clusterNetworkPolicies',
  'antreaNetworkPolicies',
  'gateways',
  'egresses',
  'externalIPPools',
  'ipPools',
] as const
export type MappedResource = (typeof MAPPED)[number]

export type Mapped = { readonly object: InventoryObject; readonly cuts: number } | 'waiting'

/** Maps one object. An object without a uid cannot be named in NSX and waits. */
export function mapObject(resource: MappedResource, object: KubeObject, context: MapContext): Mapped {
  const cuts: Cuts = { count: 0 }
  const mapped = object.metadata.uid === undefined ? undefined : MAPPERS[resource](object, context, cuts)
  return mapped === undefined ? 'waiting' : { object: mapped, cuts: cuts.count }
}

type Mapper = (object: KubeObject, context: MapContext, cuts: Cuts) => InventoryObject | undefined

/** What every type has. */
const named = (type: InventoryType, { metadata }: KubeObject, { clusterId }: MapContext, cuts: Cuts) => ({
  resource_type: type,
  external_id: metadata.uid ?? '',
  container_cluster_id: clusterId,
  display_name: cutText(metadata.name, DISPLAY_NAME_CHARS_MAX, cuts),
  tags: labelTags(metadata.labels, cuts),
})

/** What every type has whose network state NSX shows. */
function base(
  type: InventoryType,
  object: KubeObject,
  context: MapContext,
  cuts: Cuts,
  errors: readonly object[],
  isHealthy = errors.length === 0,
) {
  return {
    ...named(type, object, context, cuts),
    network_status: isHealthy ? ('HEALTHY' as const) : ('UNHEALTHY' as const),
    network_errors: errors,
  }
}

const projectOf = ({ metadata }: KubeObject, { namespaces }: MapContext): string | undefined =>
  namespaces.get(metadata.namespace ?? '')?.metadata.uid

interface NodeShape {
  readonly spec?: { readonly podCIDRs?: readonly string[]; readonly providerID?: string }
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[]
    readonly conditions?: readonly ConditionText[]
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly osImage?: string }
  }
}

/** NSX matches a vSphere node by the VM's instance UUID; other providers are told as Kubernetes spells them. */
const providerId = (id: string | undefined): string | undefined =>
  id === undefined || id === '' ? undefined : id.replace(/^vsphere:\/\//, '').toLowerCase()

const mapNode: Mapper = (object, context, cuts) => {
  const { spec, status } = object as NodeShape
  const conditions = status?.conditions ?? []
  const ready = conditions.find(({ type }) => type === 'Ready')?.status === 'True'
  // "Ready: False" and "MemoryPressure: False" read differently: an error is what is not as it should be.
  const abnormal = conditions.filter(({ type, status: value }) =>
    type === 'Ready' ? value !== 'True' : value !== 'False',
  )
  const addresses = (wanted: string) =>
    (status?.addresses ?? []).filter(({ type }) => type === wanted).map(({ address }) => address ?? '')
  const agent = context.agentStatus(object.metadata.name)
  const provider = providerId(spec?.providerID)
  return {
    ...base(
      'ContainerClusterNode',
      object,
      context,
      cuts,
      ready ? [] : conditionErrors(abnormal, cuts),
      ready,
    ),
    ip_addresses: [...addresses('InternalIP'), ...addresses('ExternalIP')],
    origin_properties: properties(
      { kubelet_version: status?.nodeInfo?.kubeletVersion, os_image: status?.nodeInfo?.osImage },
      cuts,
    ),
    ...(provider === undefined ? {} : { provider_id: provider }),
    ...(agent === undefined ? {} : { cni_agent_status: agent }),
    ...(context.newerFields
      ? { external_ip_addresses: addresses('ExternalIP'), pod_cidrs: spec?.podCIDRs ?? [] }
      : {}),
  }
}

const mapNamespace: Mapper = (object, context, cuts) => base('ContainerProject', object, context, cuts, [])

interface PodShape {
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip?: string }[]
    readonly message?: string
    readonly reason?: string
    readonly conditions?: readonly ConditionText[]
  }
}

const mapPod: Mapper = (object, context, cuts) => {
  const { spec, status } = object as PodShape
  const { name, namespace, uid } = object.metadata
  const project = projectOf(object, context)
  const nodeName = spec?.nodeName
  const node = nodeName === undefined || nodeName === '' ? '' : context.nodes.get(nodeName)?.metadata.uid
  if (project === undefined || node === undefined) return undefined
  const phase = status?.phase
  const healthy = phase === 'Running' || phase === 'Succeeded'
  const own = status?.message ? [{ reason: status.reason ?? phase ?? '', message: status.message }] : []
  const failing = (status?.conditions ?? []).filter((condition) => condition.status !== 'True')
  const ips = (status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => ip !== undefined && ip !== '')
  const services = [...context.servicesOf(`${namespace}/${name}`, uid ?? '')]
    .map((key) => context.services.get(key)?.metadata.uid)
    .filter((id) => id !== undefined)
  return {
    ...base(
      'ContainerApplicationInstance',
      object,
      context,
      cuts,
      healthy ? [] : conditionErrors([...own, ...failing], cuts),
      healthy,
    ),
    status: phase === 'Running' ? 'UP' : phase === 'Unknown' ? 'UNKNOWN' : 'DOWN',
    container_project_id: project,
    ...(node === '' ? {} : { cluster_node_id: node }),
    container_application_ids: services.sort(),
    origin_properties: properties({ ip: ips.length > 0 ? ips.join(',') : status?.podIP }, cuts),
  }
}

interface PolicyShape {
  readonly spec?: unknown
  readonly metadata: { readonly generation?: number }
  readonly status?: {
    readonly phase?: string
    readonly observedGeneration?: number
    readonly conditions?: readonly ConditionText[]
  }
}

/** A failure counts only for the spec it was observed on. */
const mapAntreaPolicy = (policyType: 'ACNP' | 'ANP', object: KubeObject, context: MapContext, cuts: Cuts) => {
  const { status, metadata } = object as PolicyShape
  const isCurrent = status?.observedGeneration === metadata.generation
  const failed = status?.phase === 'Failed' && isCurrent
  const conditions = (status?.conditions ?? []).filter(
    ({ type, status: value }) => type === 'RealizationFailure' && value === 'True',
  )
  return {
    ...base(
      'ContainerNetworkPolicy',
      object,
      context,
      cuts,
      failed ? conditionErrors(conditions, cuts) : [],
      !failed,
    ),
    policy_type: policyType,
    spec: specText(object.spec),
  }
}

/** With its namespace's project, or not yet. */
const inProject =
  (map: (object: KubeObject, context: MapContext, cuts: Cuts) => InventoryObject): Mapper =>
  (object, context, cuts) => {
    const project = projectOf(object, context)
    return project === undefined
      ? undefined
      : { ...map(object, context, cuts), container_project_id: project }
  }

const mapPool: Mapper = (object, context, cuts) => ({
  ...named('ContainerIpPool', object, context, cuts),
  ...mapIpPool(object),
})

const MAPPERS: Readonly<Record<MappedResource, Mapper>> = {
  nodes: mapNode,
  namespaces: mapNamespace,
  services: inProject((object, context, cuts) => ({
    ...base('ContainerApplication', object, context, cuts, []),
    ...mapService(object, context, cuts),
  })),
  pods: mapPod,
  ingresses: inProject((object, context, cuts) => ({
    ...base('ContainerIngressPolicy', object, context, cuts, []),
    ...mapIngress(object, context),
  })),
  networkPolicies: inProject((object, context, cuts) => ({
    ...base('ContainerNetworkPolicy', object, context, cuts, []),
    policy_type: 'NETWORK_POLICY',
    spec: specText(object.spec),
  })),
  clusterNetworkPolicies: (object, context, cuts) => mapAntreaPolicy('ACNP', object, context, cuts),
  antreaNetworkPolicies: inProject((object, context, cuts) => mapAntreaPolicy('ANP', object, context, cuts)),
  gateways: inProject((object, context, cuts) => ({
    ...named('ContainerGateway', object, context, cuts),
    ...mapGateway(object, cuts),
  })),
  egresses: (object, context, cuts) => ({
    ...named('ContainerEgress', object, context, cuts),
    ...mapEgress(object),
  }),
  externalIPPools: mapPool,
  ipPools: mapPool,
}
