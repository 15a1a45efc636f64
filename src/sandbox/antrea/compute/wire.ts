/** controlplane.antrea.io/v1beta2 as it travels (pkg/apis/controlplane/v1beta2/types.go). */
export const CONTROLPLANE = 'controlplane.antrea.io/v1beta2'

export interface WireIpNet {
  /** 16 bytes, base64; absent prefixLength is 0. */
  readonly ip: string
  readonly prefixLength?: number
}

export interface WireBlock {
  readonly cidr: WireIpNet
  readonly except?: readonly WireIpNet[]
}

export interface WirePeer {
  readonly addressGroups?: readonly string[]
  readonly ipBlocks?: readonly WireBlock[]
  readonly fqdns?: readonly string[]
  readonly toServices?: readonly object[]
}

export interface WireService {
  readonly protocol: string
  readonly port?: number | string
  readonly endPort?: number
  readonly srcPort?: number
  readonly srcEndPort?: number
  readonly icmpType?: number
  readonly icmpCode?: number
  readonly igmpType?: number
  readonly groupAddress?: string
}

export interface WireRule {
  readonly direction: 'In' | 'Out'
  readonly from: WirePeer
  readonly to: WirePeer
  readonly services?: readonly WireService[]
  readonly name?: string
  readonly action?: string
  readonly priority?: number
  readonly enableLogging: boolean
  readonly logLabel?: string
  readonly appliedToGroups?: readonly string[]
}

export type SourceType = 'K8sNetworkPolicy' | 'AntreaClusterNetworkPolicy' | 'AntreaNetworkPolicy'

export interface SourceRef {
  readonly type: SourceType
  readonly namespace?: string
  readonly name: string
  readonly uid: string
}

export interface WirePolicy {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation: number }
  readonly rules?: readonly WireRule[]
  readonly appliedToGroups?: readonly string[]
  readonly priority?: number
  readonly tierPriority?: number
  readonly sourceRef: SourceRef
}

export interface WirePort {
  readonly port: number
  readonly name?: string
  readonly protocol: string
}

export interface WireMember {
  readonly pod?: { readonly name: string; readonly namespace: string }
  readonly node?: { readonly name: string }
  readonly service?: { readonly name: string; readonly namespace: string }
  readonly ips?: readonly string[]
  readonly ports?: readonly WirePort[]
}

/** A member and the Node it lives on; members are the same when their keys are. */
export interface Member {
  readonly key: string
  readonly node: string
  readonly wire: WireMember
}
