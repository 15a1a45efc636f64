/** The Antrea stand-in's contract: a controller half and an agents half, each a client of any API server. */
import type { Logger } from '../../log/index.ts'
import type { Clock, Handler, HttpClient, Random } from '../../world/index.ts'
import type { AdmissionHook, AggregatedApi } from '../apiserver/types.ts'

/** Which Antrea is played. Older ones lack what came later; their schemas prune it. */
export type ProfileName = 'v2.7' | 'v2.1' | 'v1.13'

export interface StandInDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /**
   * The API server, as a cluster administrator. Asked for when started: the embedded server is made with the hooks below.
   * The client stays the caller's to close.
   */
  readonly connect: () => HttpClient
}

export interface ControllerOptions {
  /** Writes of policy status a second, as the real controller's client has them (qps 50, burst 100). */
  readonly statusWritesPerSecond?: number
  /** v2.7 when absent. */
  readonly profile?: ProfileName
  /** Where its own port is, as its AntreaControllerInfo says; a Node that is not there when absent. */
  readonly place?: { readonly node: string; readonly port: number }
  /** Who may call what the controller serves beside its aggregated APIs; absent: the API server is asked, as by agents. */
  readonly access?: (token: string, method: string, path: string) => Promise<boolean>
}

/** antrea-controller's outward behaviour: webhooks, aggregated APIs, system tiers, status, AntreaControllerInfo. */
export interface StandInController {
  /** For the embedded API server, in process. */
  readonly admission: readonly AdmissionHook[]
  readonly aggregated: readonly AggregatedApi[]
  /** The same for a real API server: /mutate/*, /validate/* (AdmissionReview v1) and /apis/* on one TLS port; and /loglevel. */
  readonly handler: Handler
  /** Creates the system tiers and starts its watches; resolves when its caches are synced. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Where an agent's API is. */
export interface AgentPlace {
  readonly port: number
  /** PEM of the CA of its certificate, whose SAN is DNS:localhost; told in AntreaAgentInfo. */
  readonly caPem?: string
  close(): Promise<void>
}

/** A policy that traffic is counted for. */
export interface CountedPolicy {
  readonly kind: 'ClusterNetworkPolicy' | 'NetworkPolicy' | 'networking.k8s.io/NetworkPolicy'
  readonly uid: string
}

export interface Traffic {
  readonly packets: number
  readonly bytes: number
  readonly sessions: number
}

export interface AgentsOptions {
  /** v2.7 when absent. */
  readonly profile?: ProfileName
  /**
   * Puts an agent's API onto a TLS socket. Called when the agent starts; closed when it stops. Absent: the agents have no
   * API, and name the usual port.
   */
  readonly serveAgent?: (node: string, handler: Handler) => Promise<AgentPlace>
  /** Who may call an agent's API; absent: the API server is asked (TokenReview and SubjectAccessReview). */
  readonly agentAccess?: (token: string, method: string, path: string) => Promise<boolean>
  /** Between two reports of statistics; 60 s as the real agents'. */
  readonly statisticsMs?: number
  /** From seeing a policy to reporting it. */
  readonly realizationDelayMs?: number
  /** AntreaAgentInfo heartbeat; 60 s as the real agent's. */
  readonly heartbeatMs?: number
}

/** One agent for each Node, over the controlplane API: it works against the stand-in's controller and a real one. */
export interface StandInAgents {
  start(): Promise<void>
  stop(): Promise<void>
  /** A silent agent watches and reports nothing, and its heartbeat stands still. */
  setSilent(nodeName: string, isSilent: boolean): void
  /** Its reports say that realization failed, with this message; undefined: they succeed again. */
  setFailing(nodeName: string, message: string | undefined): void
  /** Its part of SupportBundleCollections fails with this message; undefined: it succeeds again. */
  setBundleFailing(nodeName: string, message: string | undefined): void
  /**
   * Counts traffic that this agent reports with its next statistics, as if it had passed: for one rule, or for a policy of
   * Kubernetes as a whole.
   */
  addTraffic(nodeName: string, policy: CountedPolicy, rule: string | undefined, traffic: Traffic): void
}
