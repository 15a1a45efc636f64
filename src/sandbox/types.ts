/** The sandbox's parts: an embedded cluster without sockets (the simulator stands on it too), and the whole on sockets. */
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient, Peer, Random } from '../world/index.ts'
import type { LinkFaults } from '../world/link.ts'
import type { AgentsOptions, ControllerOptions, StandInAgents, StandInController } from './antrea/types.ts'
import type { AntreaLogs } from './antrea-pods.ts'
import type { ApiServer, ApiServerOptions } from './apiserver/types.ts'

export interface EmbeddedClusterOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Node names; node-1 to node-3 when absent. */
  readonly nodes?: readonly string[]
  /** Creates the demo application too. */
  readonly demo?: boolean
  /** Creates Antrea's own Pods too, in kube-system, with logs. */
  readonly antreaPods?: boolean
  readonly historyEventsMax?: number
  /** Puts the agents' own APIs onto sockets; without it they have none. */
  readonly agents?: Pick<AgentsOptions, 'serveAgent' | 'agentAccess'>
  /** antrea-controller's own port, which the caller puts its handler on. */
  readonly antreaController?: Pick<ControllerOptions, 'place' | 'access' | 'statusWritesPerSecond'>
  /** Absent: whoever is authenticated may do everything. */
  readonly authorize?: NonNullable<ApiServerOptions['authorize']>
  /** From an agent's seeing a policy to its reporting it; the stand-in's default when absent. */
  readonly realizationDelayMs?: number
}

/** API server, Antrea stand-in and objects in one process, on the given clock; sockets are the caller's. */
export interface EmbeddedCluster {
  readonly api: ApiServer
  readonly controller: StandInController
  readonly agents: StandInAgents
  /** Of Antrea's own Pods. */
  readonly logs: AntreaLogs
  /** An in-process client with these credentials and the switches of its link. */
  connect(peer: Partial<Peer>): { client: HttpClient; faults: LinkFaults }
  /** An in-process client as cluster administrator. */
  readonly admin: HttpClient
  start(): Promise<void>
  stop(): Promise<void>
}
