/** Members by cluster and Namespace, as NSX groups them (vcf-nsx 9.1.1, PolicyContainerGroupMemberDetails and PolicyGroupKubernetes*). */
import { isObject, type JsonObject } from '../rest/index.ts'
import type { Found } from './evaluate.ts'
import type { Item, Subject, World } from './world.ts'

const named = ({ id, name }: Item) => ({ external_id: id, display_name: name })

export const itemsOf = ({ items }: Found, subject: Subject): readonly Item[] => [
  ...(items.get(subject)?.values() ?? []),
]

/** Pods that are members themselves, or by their Namespace, their Service or their cluster. */
export function podsOf(world: World, found: Found): readonly Item[] {
  const has = (subject: Subject, id: string | undefined) =>
    id !== undefined && found.items.get(subject)?.has(id) === true
  const pods = [...world.items('ContainerApplicationInstance')]
  return pods.filter((pod) => {
    const services = pod.body['container_application_ids']
    return (
      has('ContainerApplicationInstance', pod.id) ||
      has('ContainerProject', pod.projectId) ||
      has('ContainerCluster', pod.clusterId) ||
      (Array.isArray(services) && services.some((id) => has('ContainerApplication', String(id))))
    )
  })
}

function grouped(items: readonly Item[], keyOf: (item: Item) => string | undefined): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item) ?? ''
    const held = groups.get(key)
    if (held === undefined) groups.set(key, [item])
    else held.push(item)
  }
  return groups
}

const nameIn = (world: World, subject: Subject, id: string) => world.item(subject, id)?.name ?? id

/** The one result of `members/pods`; none without Pods. */
export function podResults(world: World, pods: readonly Item[]): readonly JsonObject[] {
  const cluster = [...grouped(pods, ({ clusterId }) => clusterId)].map(([cluster_id, ofCluster]) => ({
    cluster_id,
    cluster_name: nameIn(world, 'ContainerCluster', cluster_id),
    namespaces: [...grouped(ofCluster, ({ projectId }) => projectId)].map(([id, ofNamespace]) => ({
      id,
      display_name: nameIn(world, 'ContainerProject', id),
      pods: ofNamespace.map((pod) => ({
        id: pod.id,
        display_name: pod.name,
        path: `/fabric/container-application-instances/${pod.id}`,
      })),
    })),
  }))
  return cluster.length === 0 ? [] : [{ cluster }]
}

/** One result with `clusters`, each with its items under `field`. */
export function byCluster(
  world: World,
  items: readonly Item[],
  field: string,
  leaf: (item: Item) => JsonObject,
): readonly JsonObject[] {
  const clusters = [...grouped(items, ({ clusterId }) => clusterId)].map(([id, ofCluster]) => ({
    external_id: id,
    display_name: nameIn(world, 'ContainerCluster', id),
    [field]: ofCluster.map((item) => ({ ...named(item), ...leaf(item) })),
  }))
  return clusters.length === 0 ? [] : [{ clusters }]
}

/** The same with Namespaces between. */
export function byNamespace(
  world: World,
  items: readonly Item[],
  field: string,
  leaf: (item: Item) => JsonObject,
): readonly JsonObject[] {
  const clusters = [...grouped(items, ({ clusterId }) => clusterId)].map(([id, ofCluster]) => ({
    external_id: id,
    display_name: nameIn(world, 'ContainerCluster', id),
    namespaces: [...grouped(ofCluster, ({ projectId }) => projectId)].map(([namespace, ofNamespace]) => ({
      external_id: namespace,
      display_name: nameIn(world, 'ContainerProject', namespace),
      [field]: ofNamespace.map((item) => ({ ...named(item), ...leaf(item) })),
    })),
  }))
  return clusters.length === 0 ? [] : [{ clusters }]
}

const list = (body: JsonObject, field: string): readonly unknown[] =>
  Array.isArray(body[field]) ? (body[field] as readonly unknown[]) : []
const ingressIps = (body: JsonObject, field: string) =>
  list(body, field).flatMap((one) => (isObject(one) && typeof one['ip'] === 'string' ? [one['ip']] : []))

export const LEAVES = {
  nodeIps: ({ body }: Item): JsonObject => ({ ip_addresses: list(body, 'ip_addresses') }),
  podCidrs: ({ body }: Item): JsonObject => ({ pod_cidrs: list(body, 'pod_cidrs') }),
  service: ({ body }: Item): JsonObject => ({
    ...(body['type'] === undefined ? {} : { type: body['type'] }),
    cluster_ips: list(body, 'cluster_ips'),
    load_balance_ingresses: list(body, 'load_balancer_ingress')
      .filter(isObject)
      .map(({ ip, hostname, ports }) => ({
        ...(ip === undefined ? {} : { load_balancer_ingress_ip: ip }),
        ...(hostname === undefined ? {} : { hostname }),
        ...(ports === undefined ? {} : { ports }),
      })),
    node_port_local_endpoints: list(body, 'node_port_local_endpoints')
      .filter(isObject)
      // A text here, a number in the inventory.
      .map((one) => ({ ...one, node_port: String(one['node_port']) })),
  }),
  ingress: ({ body }: Item): JsonObject => ({
    load_balance_ingress_ip_addresses: ingressIps(body, 'load_balance_ingress'),
  }),
  gateway: ({ body }: Item): JsonObject => ({ gateway_ip_addresses: list(body, 'gateway_ip_addresses') }),
  egress: ({ body }: Item): JsonObject =>
    body['egress_ip'] === undefined ? {} : { egress_ip: body['egress_ip'] },
  ipPool: ({ body }: Item): JsonObject => ({ ip_ranges: list(body, 'ip_ranges') }),
} as const
