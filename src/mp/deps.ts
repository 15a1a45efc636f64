/** What the MP channel is made with. */
import type { Health, TellFact } from '../health/index.ts'
import type { AntreaAgentInfo, AntreaControllerInfo, ClusterNetworkPolicy } from '../kube/antrea.ts'
import type { Store, WriteGate } from '../kube/contract.ts'
import type { ResourceName } from '../kube/index.ts'
import type { Logger } from '../log/index.ts'
import type { NsxManager, NsxRest } from '../nsx/index.ts'
import type { Operation } from '../operations/index.ts'
import type { Clock, Random } from '../world/index.ts'
import type { InventoryInsight } from './insight.ts'

export interface MpDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  readonly nsx: NsxManager | NsxRest
  readonly stores: {
    readonly nodes: Store
    readonly namespaces: Store
    readonly pods: Store
    readonly services: Store
    readonly endpointSlices: Store
    readonly ingresses: Store
    readonly networkPolicies: Store
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly antreaNetworkPolicies: Store
    readonly gateways: Store
    readonly egresses: Store
    readonly externalIPPools: Store
    readonly ipPools: Store
    readonly antreaAgentInfos: Store<AntreaAgentInfo>
    readonly antreaControllerInfos: Store<AntreaControllerInfo>
  }
  /** Whether the cluster serves an optional resource; undefined while it is not known. */
  readonly isServed: (name: ResourceName) => boolean | undefined
  /** The ClusterControlPlane's node_id. */
  readonly clusterId: string
  readonly clusterName: string
  /** uid of the namespace kube-system. */
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
  /** NSX is written only while the lease is held. */
  readonly gate: WriteGate
  /** Somebody wants nothing of the inventory written for now; the chart knows it, and who enters the cluster asks here. */
  readonly isPaused?: () => boolean
  /** Hears of what was sent and answered. */
  readonly tell?: TellFact
  /** What the manager may ask for, beside a comparison of the inventory. */
  readonly operations: readonly Operation[]
  /** Gets the way to look at what the next comparison would send. */
  readonly onInsight?: (insight: InventoryInsight) => void
}
