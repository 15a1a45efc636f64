/** Antrea's and Kubernetes' objects as far as the stand-in reads them. */
import type { Stored } from './follow.ts'

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

export interface IpBlock {
  readonly cidr?: string
  readonly except?: readonly string[]
}

export interface NamespacedName {
  readonly name?: string
  readonly namespace?: string
}

export interface AppliedTo {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly externalEntitySelector?: LabelSelector
  readonly group?: string
  readonly serviceAccount?: NamespacedName
  readonly service?: NamespacedName
  readonly nodeSelector?: LabelSelector
}

export interface Peer extends Omit<AppliedTo, 'service'> {
  readonly ipBlock?: IpBlock
  readonly namespaces?: { readonly match?: string; readonly sameLabels?: readonly string[] }
  readonly fqdn?: string
  readonly scope?: string
}

export interface PolicyPort {
  readonly protocol?: string
  readonly port?: number | string
  readonly endPort?: number
  readonly sourcePort?: number
  readonly sourceEndPort?: number
}

export interface PolicyProtocol {
  readonly icmp?: { readonly icmpType?: number; readonly icmpCode?: number }
  readonly igmp?: { readonly igmpType?: number; readonly groupAddress?: string }
}

export interface Rule {
  readonly action?: string
  readonly name?: string
  readonly ports?: readonly PolicyPort[]
  readonly protocols?: readonly PolicyProtocol[]
  readonly l7Protocols?: readonly { readonly http?: object; readonly tls?: object }[]
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly toServices?: readonly (NamespacedName & { readonly scope?: string })[]
  readonly enableLogging?: boolean
  readonly logLabel?: string
  readonly appliedTo?: readonly AppliedTo[]
}

export interface PolicySpec {
  readonly tier?: string
  readonly priority?: number
  readonly appliedTo?: readonly AppliedTo[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

export interface GroupSpec {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly nodeSelector?: LabelSelector
  readonly externalEntitySelector?: LabelSelector
  readonly ipBlocks?: readonly IpBlock[]
  readonly serviceReference?: NamespacedName
  readonly childGroups?: readonly string[]
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

export interface PolicyStatus {
  readonly phase: string
  readonly observedGeneration: number
  readonly currentNodesRealized: number
  readonly desiredNodesRealized: number
  readonly conditions: readonly Condition[]
}

export interface AntreaPolicy extends Stored {
  readonly spec?: PolicySpec
  readonly status?: Partial<PolicyStatus>
}

export interface AntreaGroup extends Stored {
  readonly spec?: GroupSpec
  readonly status?: { readonly conditions?: readonly Condition[] }
}

export interface Tier extends Stored {
  readonly spec?: { readonly priority?: number; readonly description?: string }
}

export interface KubePeer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: IpBlock
}

export interface KubeRule {
  readonly ports?: readonly {
    readonly protocol?: string
    readonly port?: number | string
    readonly endPort?: number
  }[]
  readonly from?: readonly KubePeer[]
  readonly to?: readonly KubePeer[]
}

/** networking.k8s.io/v1 NetworkPolicy. */
export interface KubePolicy extends Stored {
  readonly spec?: {
    readonly podSelector?: LabelSelector
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly KubeRule[]
    readonly egress?: readonly KubeRule[]
  }
}

export interface Pod extends Stored {
  readonly spec?: {
    readonly nodeName?: string
    readonly hostNetwork?: boolean
    readonly serviceAccountName?: string
    readonly containers?: readonly {
      readonly ports?: readonly {
        readonly name?: string
        readonly containerPort: number
        readonly protocol?: string
      }[]
    }[]
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip?: string }[]
  }
}

export interface KubeNode extends Stored {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] }
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] }
}

export interface ServicePort {
  readonly name?: string
  readonly protocol?: string
  readonly port: number
}

export interface Service extends Stored {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
    readonly ports?: readonly ServicePort[]
  }
}

/** discovery.k8s.io/v1. */
export interface EndpointSlice extends Stored {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly namespace?: string; readonly name?: string }
  }[]
  readonly ports?: readonly {
    readonly name?: string
    readonly protocol?: string
    readonly port?: number
  }[]
}
