/** The registered clusters, by node_id and by certificate; derived from the ClusterControlPlanes in the policy store. */
import type { Clock, Peer } from '../../world/index.ts'
import { parseCertificates, type RegisteredCertificate } from '../policy/certificate.ts'
import { PATHS, type PolicyObject, type PolicyStore } from '../policy/index.ts'

export interface RegisteredCluster {
  /** `{cluster_id}` of the channels. */
  readonly nodeId: string
  /** The ClusterControlPlane's id; the certificate's CN must be the same. */
  readonly name: string
  readonly path: string
  readonly certificates: readonly RegisteredCertificate[]
}

export interface ClusterDirectory {
  all(): readonly RegisteredCluster[]
  byNodeId(nodeId: string): RegisteredCluster | undefined
  byPath(path: string): RegisteredCluster | undefined
  /** By fingerprint, never by subject; expired certificates and another CN identify nobody. */
  clusterOf(peer: Peer): RegisteredCluster | undefined
  /** This certificate still speaks for the cluster. */
  isCurrent(nodeId: string, fingerprint: string): boolean
  /** Called after clusters came, went or changed their certificates. */
  subscribe(listener: () => void): () => void
}

export function createDirectory(store: PolicyStore, clock: Clock): ClusterDirectory {
  let clusters: readonly RegisteredCluster[] = []
  let byNodeId = new Map<string, RegisteredCluster>()
  const listeners = new Set<() => void>()
  const read = () => {
    clusters = store.children(PATHS.enforcementPoint, 'ClusterControlPlane').map(clusterFrom)
    byNodeId = new Map(clusters.map((cluster) => [cluster.nodeId, cluster]))
  }
  store.subscribe(({ changed }) => {
    const concerned = [...changed.values()].some(
      ({ before, after }) => (after ?? before)?.kind === 'ClusterControlPlane',
    )
    if (!concerned) return
    read()
    for (const listener of listeners) listener()
  })
  read()
  const holds = (cluster: RegisteredCluster, fingerprint: string) =>
    cluster.certificates.some(
      (certificate) => certificate.fingerprint === fingerprint && clock.now() < certificate.notAfterMs,
    )
  return {
    all: () => clusters,
    byNodeId: (nodeId) => byNodeId.get(nodeId),
    byPath: (path) => clusters.find((cluster) => cluster.path === path),
    clusterOf({ certificateSha256: fingerprint, commonName }) {
      if (fingerprint === undefined) return undefined
      const cluster = clusters.find((candidate) => holds(candidate, fingerprint))
      return commonName === undefined || commonName === cluster?.name ? cluster : undefined
    },
    isCurrent(nodeId, fingerprint) {
      const cluster = byNodeId.get(nodeId)
      return cluster !== undefined && holds(cluster, fingerprint)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const clusterFrom = ({ id, path, own }: PolicyObject): RegisteredCluster => ({
  nodeId: String(own['node_id']),
  name: id,
  path,
  certificates: parseCertificates(own['certificate']),
})
