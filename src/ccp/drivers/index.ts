/**
 * How the CCP channel speaks with NSX: over the channel of docs/protocol.md, or over NSX's public REST API. Both give the same
 * complete sets. Only ccp comes in here.
 */

import type { ClusterNetworkPolicy, Store } from '../../kube/index.ts'
import { isRest, type NsxManager, type NsxRest } from '../../nsx/index.ts'
import type { Clock, Random } from '../../world/index.ts'
import type { ReportSource } from '../report.ts'
import { channelDriver } from './channel.ts'
import { restDriver } from './rest.ts'
import type { CcpDriver } from './types.ts'

export type { CcpDriver } from './types.ts'

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

export const driverFor = (deps: DriverDeps, nsx: NsxManager | NsxRest, source: ReportSource): CcpDriver =>
  isRest(nsx) ? restDriver(deps, nsx, source) : channelDriver(deps, nsx, source)
