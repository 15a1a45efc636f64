/** What a driver is given, and what it is to the chart. */
import type { AdapterError } from '../../errors.ts'
import type { ClusterNetworkPolicy, Store } from '../../kube/index.ts'
import type { Session } from '../../protocol/index.ts'
import type { Clock, Random } from '../../world/index.ts'
import type { Reporter } from '../report.ts'
import type { DesiredState, FollowHandlers } from '../source/index.ts'

export interface DriverDeps {
  readonly clock: Clock
  readonly random: Random
  /** The ClusterControlPlane's node_id and its name. */
  readonly clusterId: string
  readonly clusterName: string
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
  readonly stores: { readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy> }
}

/** As machines/adapter.ts has it. */
export interface CcpLeader {
  readonly leaseCreated: number
  readonly transitions: number
}

/** What the chart's link does with one NSX or another. */
export interface CcpDriver {
  /** Rejects with an AdapterError. */
  connect(leader: CcpLeader, signal: AbortSignal): Promise<Session>
  /** Complete sets until the link breaks; rejects with why. */
  follow(session: Session, handlers: FollowHandlers, signal: AbortSignal): Promise<never>
  /** The set as NSX told it last. */
  told(): DesiredState | undefined
  /** Resolves when NSX answers on a fresh connection. */
  probe(signal: AbortSignal): Promise<void>
  close(session: string): Promise<void>
  /** How policies stand goes to NSX where it takes that, and is always looked at: it is shown elsewhere too. */
  readonly reporter: Reporter
  /** How long to wait before the next attempt. */
  backoffMs(failures: number, error: AdapterError | undefined): number
  /** How long a full sync may take. */
  readonly syncLimitMs: number
}
