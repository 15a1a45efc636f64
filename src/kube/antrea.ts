/**
 * Antrea's custom resources as the adapter reads and writes them: crd.antrea.io/v1beta1
 * (antrea-io/antrea pkg/apis/crd/v1beta1/types.go). Only the fields used here.
 */
import type { KubeObject } from './types.ts'

export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}

export interface IPBlock {
  readonly cidr: string
  readonly except?: readonly string[]
}

export type RuleAction = 'Allow' | 'Drop' | 'Reject' | 'Pass'

export interface PolicyPeer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: IPBlock
  readonly group?: string
  /** Egress only. */
  readonly fqdn?: string
}

export interface AppliedTo {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly group?: string
}

export interface PolicyPort {
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  readonly port?: number | string
  readonly endPort?: number
  readonly sourcePort?: number
  readonly sourceEndPort?: number
}

/** ICMP by type and code; with neither, all of it. The numbers count for ICMPv4 and ICMPv6 alike. */
export interface PolicyProtocol {
  readonly icmp: { readonly icmpType?: number; readonly icmpCode?: number }
}

export interface PolicyRule {
  readonly name?: string
  readonly action: RuleAction
  readonly ports?: readonly PolicyPort[]
  readonly protocols?: readonly PolicyProtocol[]
  readonly from?: readonly PolicyPeer[]
  readonly to?: readonly PolicyPeer[]
  readonly appliedTo?: readonly AppliedTo[]
  readonly enableLogging?: boolean
  readonly logLabel?: string
}

export interface ClusterNetworkPolicySpec {
  readonly tier: string
  readonly priority: number
  readonly appliedTo?: readonly AppliedTo[]
  readonly ingress: readonly PolicyRule[]
  readonly egress: readonly PolicyRule[]
}

export interface PolicyCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface ClusterNetworkPolicyStatus {
  readonly phase?: 'Pending' | 'Realizing' | 'Realized' | 'Failed'
  readonly observedGeneration?: number
  readonly currentNodesRealized?: number
  readonly desiredNodesRealized?: number
  readonly conditions?: readonly PolicyCondition[]
}

export interface ClusterNetworkPolicy extends KubeObject {
  readonly spec: ClusterNetworkPolicySpec
  readonly status?: ClusterNetworkPolicyStatus
}

export interface ClusterGroupSpec {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlocks?: readonly IPBlock[]
  readonly childGroups?: readonly string[]
  readonly serviceReference?: { readonly name: string; readonly namespace: string }
}

export interface ClusterGroup extends KubeObject {
  readonly spec: ClusterGroupSpec
  readonly status?: { readonly conditions?: readonly PolicyCondition[] }
}

export interface Tier extends KubeObject {
  readonly spec: { readonly priority: number; readonly description?: string }
}

export interface MonitoringCondition {
  readonly type: string
  readonly status: string
  readonly lastHeartbeatTime?: string
  readonly reason?: string
  readonly message?: string
}

/** Fields stand at the top level: the monitoring kinds have no status subresource. */
export interface AntreaAgentInfo extends KubeObject {
  readonly version?: string
  readonly nodeRef?: { readonly kind?: string; readonly name?: string }
  readonly agentConditions?: readonly MonitoringCondition[]
  readonly apiPort?: number
  /** Base64 of PEM; since Antrea 1.13. */
  readonly apiCABundle?: string
}

export interface AntreaControllerInfo extends KubeObject {
  readonly version?: string
  readonly connectedAgentNum?: number
  readonly nodeRef?: { readonly name?: string }
  readonly apiPort?: number
  readonly controllerConditions?: readonly MonitoringCondition[]
}
