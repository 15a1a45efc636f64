/** What the NSX-compatible manager is made with and what it offers; the contract with the sandbox and the tests. */
import type { Logger } from '../log/index.ts'
import type { Clock, Handler, Random } from '../world/index.ts'
import type { Storage } from './storage.ts'

/** With a password, or with what `hashPassword` (password.ts) made of one. */
export type ManagerUser =
  | { readonly name: string; readonly password: string }
  | { readonly name: string; readonly passwordHash: string }

export interface ManagerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Enterprise administrators who log in by basic authentication or a session. */
  readonly users: readonly ManagerUser[]
  /** Sent on idle streams at least so often; HEARTBEAT_MS when absent. */
  readonly heartbeatMs?: number
  /** Newest commits kept for watches that resume; older ones answer 410. */
  readonly historyCommitsMax?: number
  /** What outlives the process (store/); without it everything is in memory, and a new manager has a new source. */
  readonly storage?: Storage
  /** Where uploaded content lies until it is old: a folder that is the manager's alone; a temporary one without it. */
  readonly contentFolder?: string
  /** The public API alone, as an NSX Manager without the channels serves it. */
  readonly publicApiOnly?: boolean
  /** NSX's limits of its API service; none without it. */
  readonly rateLimits?: Partial<ManagerRateLimits>
}

/** 0 is no limit. */
export interface ManagerRateLimits {
  /** Over it: 429. */
  readonly clientRequestsPerSecond: number
  /** Calls of one client at once, and of all. Over either: 503. */
  readonly clientConcurrency: number
  readonly globalConcurrency: number
}

/** What registering a cluster leaves behind: its ClusterControlPlane and the identity that may speak for it. */
export interface ClusterRegistration {
  /** The ClusterControlPlane's node_id: `{cluster_id}` of the channels. */
  readonly nodeId: string
  /** Its name; the certificate's CN must agree. */
  readonly name: string
  readonly certificatePem: string
}

export interface ManagerAuditEntry {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  /** The certificate's CN or the user's name; empty when not authenticated. */
  readonly user: string
  /** The request changes what users see (policy, inventory): not sessions, status and health of the channels. */
  readonly mutating: boolean
}

export interface ManagerAudit {
  /** The newest ones, oldest first, bounded. */
  entries(): readonly ManagerAuditEntry[]
  /** Since the start or the last `clear`, whatever `entries` keeps. */
  mutatingCount(): number
  clear(): void
  subscribe(listener: (entry: ManagerAuditEntry) => void): () => void
}

export interface ManagerFault {
  readonly path?: RegExp
  readonly methods?: readonly string[]
  readonly latencyMs?: number
  /** Answer so, with an NSX error body, in place of the real answer. */
  readonly status?: number
  readonly retryAfterSeconds?: number
  /** NSX's error_code of that answer; the status without it. */
  readonly errorCode?: number
  /** Strikes so often, then goes; without it until removed. */
  readonly times?: number
  /** Lets so many requests that match go by first. */
  readonly after?: number
  /** Strikes this share of the requests that match, drawn from `seed`; each without it. */
  readonly share?: number
  readonly seed?: number
  /** Strikes searches alone, and what they answer. */
  readonly search?: SearchFault
}

/** What NSX's search does at times; one field or several. */
export interface SearchFault {
  /**
   * Policy objects are as an index has them that knows each change later by something between these two, drawn from `seed`.
   * It begins as the store is when the fault is put in. With `share` or `after` it is another node's index that answers.
   */
  readonly lagMs?: readonly [least: number, most: number]
  /** So many results of each page are lost; result_count and cursor are as if they were there. */
  readonly lose?: number
  /** Larger pages are refused: with 400 and 255, or with 503 and 60576. */
  readonly pageSizeMax?: number
  readonly refuseWith?: 255 | 60_576
}

export interface Manager {
  /** For `serve` on TLS sockets and for `connectInProcess`. */
  readonly handler: Handler
  register(cluster: ClusterRegistration): void
  readonly audit: ManagerAudit
  readonly faults: {
    /** Returns the removal. The first fault that matches is taken. */
    add(fault: ManagerFault): () => void
    clear(): void
    /** Open channel streams stay open and say nothing any more. Returns how many. */
    freezeStreams(): number
    /** Ends open channel streams. Returns how many. */
    dropStreams(): number
  }
  /** A store restored from a backup or made anew: `source` and the epoch change, the content stays. */
  renewSource(): void
  close(): void
}
