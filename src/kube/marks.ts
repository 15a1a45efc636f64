/** The words by which objects of the adapter are known in a cluster (semantics of ownership: ccp/ownership.ts). Pure. */

/** Our field manager, and the value of the label. */
export const MANAGER = 'antrea-nsx-adapter'
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by'

/** A label or an annotation of ours. */
export const mark = (name: string): string => `${MANAGER}/${name}`
/** Annotation: the ClusterControlPlane's node_id. */
export const CLUSTER_ID = mark('cluster-id')

/** In the adapter's namespace: the Secret with the cluster's identity in NSX, and the service account it runs as. */
export const IDENTITY_SECRET = 'antrea-nsx-adapter-identity'
export const SERVICE_ACCOUNT = 'antrea-nsx-adapter'
