/** What an explanation holds: facts, each beside the words for them. The command line prints it, scripts read it. */
import type { PlanPreview } from '../ccp/index.ts'
import type { Problem } from '../protocol/index.ts'
import type { Change } from './diff-fields.ts'
import type { Sight } from './sight.ts'

export interface ExplainedProblem extends Problem {
  /** What NSX says, what Antrea can say, what to change; absent for codes of the cluster's own. */
  readonly nsx?: string
  readonly antrea?: string
  readonly change?: string
}

export interface ExplainedNsxRule {
  readonly path: string
  readonly rule_id?: number
  readonly display_name?: string
  readonly enabled: boolean
  /** The rule in words. */
  readonly words: string
  /** Names of Antrea's rules that it became; empty where it became none. */
  readonly antrea_rules: readonly string[]
  readonly problems: readonly ExplainedProblem[]
  readonly statistics?: ExplainedCounters
}

export interface ExplainedCounters {
  readonly packet_count?: string
  readonly byte_count?: string
  readonly session_count?: string
  readonly problem?: string
}

export interface ExplainedAntreaRule {
  readonly direction: 'ingress' | 'egress'
  readonly name: string
  readonly action: string
  readonly words: string
}

/** What the cluster has of an object, beside what it should have. */
export interface ExplainedStored {
  readonly exists: boolean
  /** As the translation wants it. */
  readonly equal?: boolean
  /** Somebody changed it since the adapter wrote it; by these. */
  readonly changed_by?: readonly string[]
  readonly generation?: number
  /** Of the NSX body that is in force. */
  readonly applied_hash?: string
  readonly changes?: readonly Change[]
  readonly more_changes?: number
  /** What the next comparison does about it. */
  readonly next: string
}

export interface ExplainedRealization {
  readonly state: string
  readonly words: string
  readonly nodes?: { readonly current: number; readonly desired: number }
  readonly evidence?: string
  readonly applied_hash?: string
}

export interface ExplainedPolicy {
  readonly kind: 'SecurityPolicy'
  readonly path: string
  readonly display_name: string
  /** Only this rule of it was asked for. */
  readonly rule_path?: string
  readonly category: string
  readonly sequence_number?: number
  readonly scope: string
  /** The revision NSX wants. */
  readonly hash: string
  readonly version: number
  readonly state: 'translated' | 'held' | 'empty' | 'obstructed'
  readonly rules: readonly ExplainedNsxRule[]
  readonly more_rules?: number
  readonly problems: readonly ExplainedProblem[]
  readonly object?: {
    readonly kind: 'ClusterNetworkPolicy'
    readonly name: string
    readonly tier: string
    readonly tier_priority?: number
    readonly priority: number
    readonly rules: readonly ExplainedAntreaRule[]
    readonly more_rules?: number
    /** `false`: these are those in force, not what NSX wants. */
    readonly wanted: boolean
  }
  readonly groups: readonly { readonly name: string; readonly path?: string }[]
  readonly stored: ExplainedStored
  readonly realization?: ExplainedRealization
  readonly statistics?: {
    readonly source?: string
    readonly since?: string
    readonly problem?: { readonly code: string; readonly message: string }
  }
}

export interface ExplainedGroup {
  readonly kind: 'Group'
  readonly path: string
  readonly display_name: string
  readonly hash: string
  readonly version: number
  /** Its expression in words. */
  readonly words: string
  readonly state: 'translated' | 'held'
  readonly problems: readonly ExplainedProblem[]
  readonly object?: {
    readonly kind: 'ClusterGroup'
    readonly name: string
    readonly children: readonly { readonly name: string; readonly words: string; readonly stored: boolean }[]
    readonly more_children?: number
  }
  readonly stored: ExplainedStored
  /** Whether antrea-controller has computed its members. */
  readonly computed?: boolean
  /** Pods it holds by the selectors that are stored, as the adapter reads them. */
  readonly pods?: readonly string[]
  readonly more_pods?: number
  /** Rules of NSX's that name it. */
  readonly used_by: readonly string[]
  readonly more_users?: number
}

export interface ExplainedObject {
  readonly kind: 'ClusterNetworkPolicy' | 'ClusterGroup' | 'Tier'
  readonly name: string
  readonly exists: boolean
  readonly ownership: string
  /** Why it is there, or is not, in words. */
  readonly why: string
  readonly intent_path?: string
  readonly applied_hash?: string
  readonly wanted_hash?: string
  readonly source?: string
  readonly facts: Readonly<Record<string, string | number | boolean>>
  /** What it was made from, explained; where NSX still has it. */
  readonly from?: ExplainedPolicy | ExplainedGroup
}

export interface ExplainedPod {
  readonly kind: 'Pod'
  readonly namespace: string
  readonly name: string
  readonly node?: string
  readonly ips: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly host_network: boolean
  readonly groups: readonly {
    readonly name: string
    readonly path?: string
    readonly display_name?: string
  }[]
  readonly more_groups?: number
  /** Of all Antrea's cluster-wide policies that apply to it, in the order in which they are evaluated. */
  readonly rules: readonly ExplainedPodRule[]
  readonly more_rules?: number
  /** Rules of others in which it is the other end. */
  readonly peer_of: readonly string[]
  readonly more_peer_of?: number
}

export interface ExplainedPodRule extends ExplainedAntreaRule {
  readonly order: number
  readonly tier: string
  readonly tier_priority?: number
  readonly priority: number
  readonly policy: string
  /** Of NSX; absent for a policy that NSX did not make. */
  readonly policy_path?: string
  readonly rule_path?: string
}

export interface ExplainedUsed {
  readonly kind: 'Service' | 'ContextProfile' | 'GroupMembers'
  readonly path: string
  readonly display_name: string
  readonly hash: string
  readonly version: number
  readonly words: string
  readonly used_by: readonly string[]
  readonly more_users?: number
}

export type Explained = ExplainedPolicy | ExplainedGroup | ExplainedObject | ExplainedPod | ExplainedUsed

/** What explanations are made from, of one moment. */
export interface Scene extends PlanPreview {
  /** This instance does not know what NSX wants: only the cluster's side can be told. */
  readonly isBlind?: boolean
  readonly clusterId: string
  readonly sight: Sight
}
