/** The cluster's own record in NSX's inventory, as whoever comes first makes it: registration, or the inventory's writer. Pure. */

export interface ClusterRecordFacts {
  readonly clusterId: string
  readonly clusterName: string
  readonly infraType: string
}

/** Body of POST /api/v1/fabric/container-clusters (docs/inventory.md). */
export const clusterRecordOf = ({ clusterId, clusterName, infraType }: ClusterRecordFacts) => ({
  resource_type: 'ContainerCluster',
  external_id: clusterId,
  display_name: clusterName.slice(0, 255),
  cluster_type: 'Kubernetes',
  cni_type: 'Antrea',
  infrastructure: { infra_type: infraType },
  network_status: 'HEALTHY',
  network_errors: [],
  scope: [{ scope_id: clusterId, scope_type: 'CONTAINER_CLUSTER' }],
})

const PROVIDERS: Readonly<Record<string, string>> = {
  vsphere: 'vSphere',
  aws: 'AWS',
  azure: 'Azure',
  gce: 'Google',
}

interface NodeLike {
  readonly spec?: unknown
}

/** By the cloud provider's prefix in the nodes' providerID; nodes without one are bare metal as far as can be seen. */
export function infraTypeOf(nodes: Iterable<NodeLike>): string {
  for (const { spec } of nodes) {
    const id = (spec as { providerID?: string } | undefined)?.providerID
    const known = PROVIDERS[id?.split('://', 1)[0] ?? '']
    if (known !== undefined) return known
  }
  return 'Baremetal'
}
