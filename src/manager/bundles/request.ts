/** NSX's SupportBundleRequest (NSX API 9.1.1), as far as it concerns Antrea clusters. Pure. */
import { MANAGER_BUNDLE_CLUSTERS_MAX, MANAGER_BUNDLE_NODES_MAX } from '../../limits.ts'
import { badRequest, isObject, type JsonObject } from '../rest/index.ts'

export interface WantedOfCluster {
  readonly clusterId: string
  /** Ids or names; all without any. */
  readonly nodes: readonly string[]
}

export interface WantedCollection {
  /** As it came, for `request_properties`. */
  readonly properties: JsonObject
  /** Nodes of NSX itself. */
  readonly managers: readonly string[]
  readonly clusters: readonly WantedOfCluster[]
  readonly days: number | undefined
}

const FILTERS: readonly unknown[] = ['ALL', 'DEFAULT', 'REMOVE_CORE_FILES', 'EAL4_AUDIT']

/** Throws 400 in NSX's words. */
export function collectionOf(body: JsonObject): WantedCollection {
  const { nodes = [], container_nodes: containers = [], content_filters: filters = ['DEFAULT'] } = body
  const days = body['log_age_limit']
  if (!isTexts(nodes)) throw badRequest('nodes must be a list of ids.')
  if (!Array.isArray(containers) || !containers.every(isObject))
    throw badRequest('container_nodes must be a list of SupportBundleContainerNode.')
  if (!Array.isArray(filters) || !filters.every((one) => FILTERS.includes(one)))
    throw badRequest(`content_filters may hold ${FILTERS.join(', ')}.`)
  if (filters.includes('EAL4_AUDIT') && (filters.length > 1 || days !== undefined))
    throw badRequest('EAL4_AUDIT goes with no other content filter and no log_age_limit.')
  if (days !== undefined && !(Number.isInteger(days) && Number(days) >= 1 && Number(days) <= 365))
    throw badRequest('log_age_limit must be a whole number from 1 to 365.')
  if (body['remote_file_server'] !== undefined)
    throw badRequest(
      'This manager sends no bundle to a file server: leave out remote_file_server, and the bundle is the answer.',
    )
  const clusters = containers.flatMap(clustersOf)
  if (clusters.length === 0 && nodes.length === 0)
    throw badRequest('container_nodes must name a cluster: this manager collects of Antrea clusters.')
  if (clusters.length > MANAGER_BUNDLE_CLUSTERS_MAX)
    throw badRequest(`At most ${MANAGER_BUNDLE_CLUSTERS_MAX} clusters are collected at once.`)
  if (new Set(clusters.map(({ clusterId }) => clusterId)).size < clusters.length)
    throw badRequest('A cluster is named once.')
  return { properties: body, managers: nodes, clusters, days: days === undefined ? undefined : Number(days) }
}

function clustersOf(container: JsonObject): WantedOfCluster[] {
  if (container['container_type'] !== 'ANTREA') throw badRequest('container_type must be ANTREA.')
  const { clusters } = container
  if (!Array.isArray(clusters) || clusters.length === 0 || !clusters.every(isObject))
    throw badRequest('clusters must be a list of at least one AntreaContainerClusterNode.')
  return clusters.map(({ cluster_id: clusterId, nodes = [] }) => {
    if (typeof clusterId !== 'string' || clusterId === '') throw badRequest('cluster_id is required.')
    if (!isTexts(nodes) || nodes.length > MANAGER_BUNDLE_NODES_MAX)
      throw badRequest(`nodes must be a list of at most ${MANAGER_BUNDLE_NODES_MAX} ids.`)
    return { clusterId, nodes }
  })
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '' && one.length <= 253)
