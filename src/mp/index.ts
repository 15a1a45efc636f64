/**
 * The MP channel: the cluster's inventory and health up to NSX, requests down. inventory/ maps, plans and applies; health
 * judges Antrea's heartbeats. Only the composition (adapter.ts), the command line and tests come in here.
 */
import { mpMachine } from '../../machines/mp.ts'
import type { Health } from '../health/index.ts'
import type { AntreaAgentInfo, AntreaControllerInfo, ClusterNetworkPolicy } from '../kube/antrea.ts'
import type { Store, WriteGate } from '../kube/contract.ts'
import type { Logger } from '../log/index.ts'
import type { NsxManager } from '../nsx/index.ts'
import type { Clock, Random } from '../world/index.ts'

export interface MpDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  readonly nsx: NsxManager
  readonly stores: {
    readonly nodes: Store
    readonly namespaces: Store
    readonly pods: Store
    readonly services: Store
    readonly endpointSlices: Store
    readonly ingresses: Store
    readonly networkPolicies: Store
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly antreaAgentInfos: Store<AntreaAgentInfo>
    readonly antreaControllerInfos: Store<AntreaControllerInfo>
  }
  /** The ClusterControlPlane's node_id. */
  readonly clusterId: string
  readonly clusterName: string
  /** uid of the namespace kube-system. */
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
  /** NSX is written only while the lease is held. */
  readonly gate: WriteGate
}

export type MpLogic = typeof mpMachine

/** The MP chart over a real manager and cluster; it takes no input. */
export function provideMp(_deps: MpDeps): MpLogic {
  return mpMachine
}
