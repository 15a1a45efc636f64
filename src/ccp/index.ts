/**
 * The CCP channel: NSX policy down into Antrea policy, its realization up. source/ keeps the complete copy of what NSX
 * wants, translate/ turns it into Antrea objects, plan/ compares these with the cluster, apply executes, realization and
 * report tell NSX. Only the composition (adapter.ts), the command line and tests come in here.
 */
import { ccpMachine } from '../../machines/ccp.ts'
import type { Health } from '../health/index.ts'
import type { ClusterGroup, ClusterNetworkPolicy, Tier } from '../kube/antrea.ts'
import type { KubeClient, Store } from '../kube/contract.ts'
import type { Logger } from '../log/index.ts'
import type { NsxManager } from '../nsx/index.ts'
import type { Clock, Random } from '../world/index.ts'

/** NSX's categories that Antrea policy can carry. */
export type Category = 'Emergency' | 'Infrastructure' | 'Environment' | 'Application'

export interface TierSetting {
  readonly name: string
  /** 0–249, lower is evaluated first. */
  readonly priority: number
}

/** The tier of each category; all four are configured together. */
export type TierSettings = Readonly<Record<Category, TierSetting>>

export const DEFAULT_TIERS: TierSettings = {
  Emergency: { name: 'nsx-category-emergency', priority: 1 },
  Infrastructure: { name: 'nsx-category-infrastructure', priority: 2 },
  Environment: { name: 'nsx-category-environment', priority: 3 },
  Application: { name: 'nsx-category-application', priority: 4 },
}

export interface CcpDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  readonly nsx: NsxManager
  readonly kube: KubeClient
  readonly stores: {
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly clusterGroups: Store<ClusterGroup>
    readonly tiers: Store<Tier>
  }
  /** The ClusterControlPlane's node_id. */
  readonly clusterId: string
  /** uid of the namespace kube-system. */
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
  readonly settings: { readonly tiers: TierSettings }
}

export type CcpLogic = typeof ccpMachine

/** The CCP chart over a real manager and cluster; it takes no input. */
export function provideCcp(_deps: CcpDeps): CcpLogic {
  return ccpMachine
}
