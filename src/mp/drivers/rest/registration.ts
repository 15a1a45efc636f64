/** The cluster-control-plane that stands for this cluster in NSX, and how often NSX wants to hear of it. */
import { asAdapterError, needsPerson } from '../../../errors.ts'
import type { Logger } from '../../../log/index.ts'
import { type NsxRest, paginate } from '../../../nsx/index.ts'
import type { ClusterControlPlane } from '../../../nsx/model.ts'

const COLLECTION = '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes'

export interface Registration {
  /** Of the cluster-control-plane; NSX's documentation wants it to be the cluster's name. */
  readonly id: string
  /** Another one after NSX lost the registration and got a new one. */
  readonly source: string
}

interface Deps {
  readonly clusterId: string
  readonly clusterName: string
  readonly log: Logger
}

/**
 * Looks the cluster up by its id. Rejects with CLUSTER_NOT_REGISTERED, or the manager's errors. An identity that may not
 * read the collection is no reason to stop: then its own calls say what NSX thinks of it.
 */
export async function findRegistration(
  { clusterId, clusterName, log }: Deps,
  nsx: NsxRest,
  signal: AbortSignal,
): Promise<Registration> {
  try {
    for await (const one of paginate<ClusterControlPlane>(nsx, COLLECTION, signal))
      if (one?.node_id === clusterId)
        return { id: one.id ?? clusterName, source: `nsx:${one.unique_id ?? one.id ?? clusterId}` }
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (error.code !== 'NSX_FORBIDDEN' && error.code !== 'NSX_NOT_FOUND') throw error
    log.warn({ code: error.code }, `whether the cluster is registered cannot be seen: ${error.message}`)
    return { id: clusterName, source: `nsx:${clusterId}` }
  }
  throw needsPerson(
    'CLUSTER_NOT_REGISTERED',
    `${nsx.origin} has no cluster-control-plane with the node_id ${clusterId}; register the cluster, or compare cluster.id with NSX (a manager restored from a backup forgets what was registered since)`,
  )
}

/** AntreaHeartbeatConfig of the cluster; undefined where NSX does not give one. */
export async function readReportInterval(
  nsx: NsxRest,
  controlPlane: string,
  signal: AbortSignal,
): Promise<{ readonly report_interval?: unknown } | undefined> {
  try {
    return await nsx.call({
      method: 'GET',
      path: `${COLLECTION}/${encodeURIComponent(controlPlane)}/heartbeat-config`,
      signal,
    })
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (error.kind === 'retry') throw error
    return undefined
  }
}
