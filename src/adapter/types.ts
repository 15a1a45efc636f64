/** What the composition is given, and what it gives. */
import type { InspectionEvent } from 'xstate'
import type { PausedChannel } from '../../machines/index.ts'
import type { Mode, TierSettings } from '../ccp/index.ts'
import type { Transition } from '../diagnostics/index.ts'
import type { Health, TellFact } from '../health/index.ts'
import type { Access, AccessOptions } from '../kube/access.ts'
import type { AgentPlace } from '../kube/agents/index.ts'
import type { KubeSide } from '../kube/cluster.ts'
import type { ResourceName } from '../kube/resources.ts'
import type { Logger, OwnLog } from '../log/index.ts'
import type { NsxRestGiven } from '../nsx/index.ts'
import type { OwnFiles } from '../operations/index.ts'
import type { StatusSnapshot } from '../status/index.ts'
import type { Clock, HttpClient, Random } from '../world/index.ts'
import type { Insight } from './insight.ts'

export interface AdapterSettings {
  /** The ClusterControlPlane's node_id. */
  readonly clusterId: string
  readonly clusterName: string
  /** Unique for each running process; its name in the Lease. */
  readonly instance: string
  readonly lease: { readonly namespace: string; readonly name: string }
  /** DEFAULT_TIERS when absent. */
  readonly tiers?: TierSettings
  /** `enforce` when absent. `observe`: nothing is written to the cluster but the lease. */
  readonly mode?: Mode
  /** Domain names of context profiles are translated; off when absent. */
  readonly fqdnProfiles?: boolean
  /** Members of groups outside the cluster are asked of NSX's public API so often; not at all when absent. */
  readonly memberPollMs?: number
}

export interface AdapterOptions {
  readonly settings: AdapterSettings
  readonly version: string
  readonly kubeAccess: AccessOptions
  readonly connectKube: (access: Access) => HttpClient
  /** The manager with the channels, with this cluster's client certificate. This or `nsxRest` is there. */
  readonly nsxHttp?: HttpClient
  /** NSX by its public API alone; the adapter closes it. */
  readonly nsxRest?: NsxRestGiven
  /** SHA-256 of that certificate, lower-case hex; each instance says in its own Lease which one it uses. */
  readonly nsxCertificateSha256?: () => string | undefined
  /** A client of an antrea-agent's API that may read there; without it no agent is asked. */
  readonly connectAgent?: (place: AgentPlace) => HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Beside its status, what this process tells of itself in a support bundle. */
  readonly ownFiles?: OwnFiles
  /** Of this process: shown and changed where somebody asks for it. */
  readonly ownLog?: OwnLog
  readonly health: Health
  /** Hears of every transition of every chart; must neither throw nor wait. */
  readonly onTransition?: (transition: Transition) => void
  /** Hears what was done and how it went; must neither throw nor wait. */
  readonly onFact?: TellFact
  /** Hears of everything that XState tells of the charts, as it happens; must neither throw nor wait. */
  readonly inspect?: (event: InspectionEvent) => void
  /** The root chart broke, which nothing inside can mend: whoever runs the process ends it. */
  readonly onBroken?: (error: unknown) => void
}

export interface Adapter {
  start(): void
  /** A clean stop: sessions closed, lease released, sockets closed; at most some 3 s. */
  stop(): Promise<void>
  /** As SIGKILL would: nothing is closed in words. */
  kill(): Promise<void>
  /** A person confirms what waits for a person (the delete guard after a change of the manager's store). */
  approve(): void
  /** NSX is shown another certificate from now on: what it refused is tried again at once. */
  renewed(): void
  /** This channel writes nothing for so long; asked again, the new time counts. */
  pause(channel: PausedChannel, forMs: number): void
  resume(channel: PausedChannel): void
  /** How long no chart has moved. */
  idleMs(): number
  /** What another adapter keeps in this cluster, and a person may have taken over; a line each. */
  adoption(): readonly string[]
  /** Takes over what was shown. Rejects with why not: changed since, not leading, refused by the API server. */
  adopt(shown: readonly string[]): Promise<void>
  status(): StatusSnapshot
  /** The API server as this instance may ask it for itself alone, whoever leads: for its own credentials. */
  readonly cluster: Pick<KubeSide, 'own' | 'http' | 'watchEvents'>
  /** What the channels know and would do next, for who looks at it. */
  readonly insight: Insight
}

/** What each channel reads of the cluster. */
export const WATCHED: readonly ResourceName[] = [
  'clusterNetworkPolicies',
  'clusterGroups',
  'tiers',
  'nodes',
  'namespaces',
  'pods',
  'services',
  'endpointSlices',
  'ingresses',
  'networkPolicies',
  'antreaNetworkPolicies',
  'groups',
  'egresses',
  'ipPools',
  'externalIPPools',
  'gateways',
  'antreaAgentInfos',
  'antreaControllerInfos',
]
