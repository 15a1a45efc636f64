/** What registration looks at, wants and does. Pure. */
import type { KeyPair } from './certificate.ts'

/** One of the certificates of a record (record.ts). */
export type Which = 'previous' | 'shown' | 'next'

export interface ObservedIdentity {
  readonly id: string
  readonly name: string
  readonly nodeId: string
  readonly certificateId: string
  /** Of its certificate; undefined where NSX shows no certificate with that id. */
  readonly fingerprint: string | undefined
  readonly roles: readonly string[]
  /** uid of the cluster that made it, from its tag. */
  readonly clusterUid: string | undefined
}

export interface ObservedCertificate {
  readonly id: string
  readonly fingerprint: string
  readonly commonName: string
}

export interface ObservedControlPlane {
  readonly name: string
  readonly nodeId: string
  readonly fingerprints: readonly string[]
  readonly clusterUid: string | undefined
  /** A bare-metal one shares the list. */
  readonly isAntrea: boolean
}

/** A ContainerCluster of the inventory. */
export interface ObservedClusterRecord {
  /** external_id: the node_id of its control plane. */
  readonly clusterId: string
  readonly name: string
}

/** NSX as it was read: complete lists. */
export interface ObservedNsx {
  readonly version: string | undefined
  /** NSX's clock before ours, in milliseconds; undefined where the answer has no Date. */
  readonly aheadMs: number | undefined
  readonly identities: readonly ObservedIdentity[]
  readonly certificates: readonly ObservedCertificate[]
  readonly controlPlanes: readonly ObservedControlPlane[]
  readonly clusterRecords: readonly ObservedClusterRecord[]
}

/** What a person asks for. */
export interface Wish {
  readonly clusterName: string
  /** Roles of the principal identity; undefined: LEAST_ROLES for a new one, and what it has for one that is there. */
  readonly roles: readonly string[] | undefined
  /** The old node_id, given by hand. */
  readonly clusterId: string | undefined
  /** A person says that what has this name in NSX is this cluster's. */
  readonly takesOver: boolean
  readonly clusterUid: string | undefined
}

/** One change, in NSX's terms or of what is kept of the identity. Steps are in the order in which they must be done. */
export type Step =
  | { readonly kind: 'keep-new-key' }
  | { readonly kind: 'keep-next' }
  | {
      readonly kind: 'create-identity'
      readonly which: Which
      readonly nodeId: string
      readonly certificateId?: string
    }
  | { readonly kind: 'put-control-plane'; readonly which: readonly Which[]; readonly isNew: boolean }
  | { readonly kind: 'create-cluster-record' }
  | { readonly kind: 'keep-cluster-id' }
  | { readonly kind: 'check-identity' }
  | { readonly kind: 'show-next' }
  | { readonly kind: 'await-instances' }
  | { readonly kind: 'forget-previous' }
  | { readonly kind: 'delete-control-plane' }
  | { readonly kind: 'delete-identity'; readonly id: string; readonly nodeId: string }
  | { readonly kind: 'delete-certificate'; readonly id: string; readonly fingerprint: string }
  | { readonly kind: 'delete-cluster-record'; readonly clusterId: string }
  | { readonly kind: 'forget-identity' }
  /** Of the cluster or of this machine: `cluster`, `here` know what it stands for. */
  | { readonly kind: 'place'; readonly id: string; readonly text: string }

export interface Plan {
  readonly steps: readonly Step[]
}

/** Why it cannot go on, and what to do. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

/**
 * What the vendor's own operator gives the identities of the clusters it registers (vmware-tanzu/nsx-operator,
 * nsxserviceaccount), in place of the Enterprise Admin that the product's guide asks of a hand-made one.
 */
export const LEAST_ROLES: readonly string[] = ['ccp_internal_operator', 'cluster_info_reader']

/** Tag on what was made for a cluster: the uid of its namespace kube-system. */
export const UID_SCOPE = 'antrea-nsx-adapter/cluster-uid'

export type MakeKeyPair = (commonName: string) => Promise<KeyPair>
