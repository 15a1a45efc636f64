/** The cluster's own record in NSX, and what the manager on the other end can take. */
import { type AdapterError, asAdapterError } from '../../errors.ts'
import type { KubeObject } from '../../kube/index.ts'
import type { Logger } from '../../log/index.ts'
import { clusterRecordOf, infraTypeOf } from '../../nsx/cluster-record.ts'
import type { NsxApi } from '../../nsx/index.ts'

export interface ClusterRecordDeps {
  readonly nsx: NsxApi
  readonly log: Logger
  readonly clusterId: string
  readonly clusterName: string
  readonly nodes: { values(): Iterable<KubeObject> }
  /** Throws when nothing may be written now. */
  readonly check: () => void
}

const isAbsent = (error: AdapterError) => error.code === 'NSX_NOT_FOUND'

/**
 * Sees to it that NSX has a ContainerCluster for this cluster: registration makes it on some managers, on others the
 * inventory's writer does. One that is there is left as it is. A manager that does not serve the record at all is left
 * alone; then the inventory's own calls say whether it takes anything.
 */
export async function ensureClusterRecord(deps: ClusterRecordDeps, signal: AbortSignal): Promise<void> {
  const { nsx, log, clusterId, clusterName, nodes, check } = deps
  const path = '/api/v1/fabric/container-clusters'
  try {
    await nsx.call({ method: 'GET', path: `${path}/${encodeURIComponent(clusterId)}`, signal })
    return
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (!isAbsent(error)) throw error
  }
  check()
  try {
    await nsx.call({
      method: 'POST',
      path,
      body: clusterRecordOf({ clusterId, clusterName, infraType: infraTypeOf(nodes.values()) }),
      signal,
    })
    log.info({ cluster: clusterId }, 'the cluster was entered into the inventory of NSX')
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (error.kind === 'retry') throw error
    log.warn({ code: error.code }, `the cluster's record in NSX could not be made: ${error.message}`)
  }
}

/**
 * Whether the manager knows the inventory fields that came with NSX 4.2 (docs/inventory.md). One that does not tell its
 * version is taken as a new one; a failure that will pass rejects.
 */
export async function takesNewerFields(nsx: NsxApi, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await nsx.call<{ product_version?: unknown } | undefined>({
      method: 'GET',
      path: '/api/v1/node/version',
      signal,
    })
    const version = /^(\d+)\.(\d+)/.exec(String(answer?.product_version ?? ''))
    if (version === null) return true
    const [major, minor] = [Number(version[1]), Number(version[2])]
    return major > 4 || (major === 4 && minor >= 2)
  } catch (thrown) {
    const error = asAdapterError(thrown)
    if (error.kind === 'retry' && error.code !== 'NSX_NOT_JSON') throw error
    return true
  }
}
