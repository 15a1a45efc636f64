/** A plan is a value: what it was made from, and the steps in their order. */

import type { WarningCode } from '../../health/warnings.ts'
import type { ClusterGroup, ClusterNetworkPolicy, Tier } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { TierSettings } from '../settings.ts'
import type { Translation } from '../translate/index.ts'

/** The cluster as its complete stores (and our own newest writes) show it. */
export interface ClusterView {
  readonly policies: readonly ClusterNetworkPolicy[]
  readonly groups: readonly ClusterGroup[]
  readonly tiers: readonly Tier[]
}

/** A write the API server refuses for what it says, or for want of a right; not sent again as it is, for a while. */
export interface Refusal {
  readonly specHash: string
  readonly code: 'WRITE_REFUSED' | 'WRITE_FORBIDDEN' | 'FIELD_PRUNED'
  readonly message: string
}

/** What the planner is told beside desired and actual. */
export interface PlanMemory {
  /** Monotonic. */
  readonly nowMs: number
  /** The last form of our objects that had its spec-hash, by name; for held ones that were changed by hand. */
  readonly remembered: ReadonlyMap<string, ClusterNetworkPolicy>
  /** By `objectRef`. */
  readonly refused: ReadonlyMap<string, Refusal>
  /** Since when a child group has been used by nobody. */
  readonly unusedSince: ReadonlyMap<string, number>
  /** Names of policies that two snapshots, far enough apart, agree are gone. */
  readonly confirmed: ReadonlySet<string>
  /** Names of policies that were too many to go at first sight: they wait, also once they are fewer beside new ones. */
  readonly suspect: ReadonlySet<string>
  /** Objects (`objectRef`) that somebody else changes again and again: they are left as they are for now. */
  readonly resting?: ReadonlySet<string>
  /** A person agreed to deletes under this source. */
  readonly approvedSource: string | undefined
}

/** Where only a part of the cluster is planned: what the rest, which is as it should be, means for it. */
export interface Elsewhere {
  /** Policies of ours there, temporary ones not counted. */
  readonly policies: number
  /** Whether a policy there names this ClusterGroup. */
  names(group: string): boolean
  /** Of the groups that may change: those that policies there are to name, and do. */
  readonly groups: readonly string[]
}

export interface PlanInput {
  readonly translation: Translation
  readonly source: string
  readonly clusterId: string
  readonly tiers: TierSettings
  readonly cluster: ClusterView
  readonly memory: PlanMemory
  /** `translation.policies` and `cluster` hold a part only; absent: they are the whole. */
  readonly elsewhere?: Elsewhere
}

/** Stages run one after the other; a stage begins only when all before it are done. */
export const STAGES = [
  'tiers',
  'children',
  'parents',
  'narrow-policies',
  'narrow-groups',
  'widen-groups',
  'policies',
  'delete-policies',
  'delete-groups',
  'delete-children',
] as const
export type Stage = (typeof STAGES)[number]

export type Step =
  | { readonly kind: 'create-tier'; readonly stage: Stage; readonly object: Tier }
  | { readonly kind: 'create-group'; readonly stage: Stage; readonly object: ClusterGroup }
  | {
      readonly kind: 'replace-group'
      readonly stage: Stage
      readonly base: ClusterGroup
      readonly object: ClusterGroup
    }
  | { readonly kind: 'create-policy'; readonly stage: Stage; readonly object: ClusterNetworkPolicy }
  | {
      readonly kind: 'replace-policy'
      readonly stage: Stage
      readonly base: ClusterNetworkPolicy
      readonly object: ClusterNetworkPolicy
    }
  | { readonly kind: 'delete-policy'; readonly stage: Stage; readonly base: ClusterNetworkPolicy }
  | { readonly kind: 'delete-group'; readonly stage: Stage; readonly base: ClusterGroup }

export interface PlanWarning {
  readonly code: WarningCode
  readonly detail: string
}

/** Why policies that NSX does not hold any more are still there. */
export type DeleteState =
  | { readonly kind: 'free' }
  /** Too many at once: these wait for another snapshot. */
  | { readonly kind: 'guarded'; readonly names: readonly string[] }
  /** They were made from another policy store: these wait for a person. */
  | { readonly kind: 'approval'; readonly names: readonly string[] }

export interface Plan {
  readonly steps: readonly Step[]
  /** Policies held by the state of the cluster, beside those the translation holds; by path. */
  readonly held: ReadonlyMap<string, readonly Problem[]>
  readonly warnings: readonly PlanWarning[]
  readonly deletes: DeleteState
  /** Objects of another adapter: while there are any, there are no steps. */
  readonly rivals: readonly string[]
  /** Groups whose members must be computed before the rest can be planned. */
  readonly awaiting: readonly string[]
  /** Child groups that nobody uses at the moment; those of before keep their time. */
  readonly unused: readonly string[]
  /** Names of policies that stay until their successors under another name are realized. */
  readonly renaming: readonly string[]
  /** Objects (`objectRef`) that are not as they should be, and are left so for now. */
  readonly resting: readonly string[]
  /** Look again after this, although nothing changes. */
  readonly againMs: number | undefined
}

export const objectRef = (kind: 'policy' | 'group' | 'tier', name: string): string => `${kind} ${name}`

/** A step in one line, for people. */
export const stepText = (step: Step): string => {
  const { name } = ('object' in step ? step.object : step.base).metadata
  return `${step.stage}: ${step.kind} ${name}`
}
