/** The Kubernetes side in one piece, for the composition of the adapter. */
import type { Health } from '../health/index.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient, Random } from '../world/index.ts'
import type { Access, AccessOptions } from './access.ts'
import type { KubeClient, Store, WriteGate } from './contract.ts'
import type { LeaseLogic } from './lease.ts'
import type { ResourceName } from './resources.ts'
import type { WatchLogic } from './watch.ts'

export interface KubeSideOptions {
  /** Read again after a 401 or a TLS refusal, so that rotated credentials are picked up. */
  readonly access: AccessOptions
  /** A client of one origin with this identity; `createHttpClient` of the real world, or a link of a test. */
  readonly connect: (access: Access) => HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  /** Unique for each running process; its name in the Lease. */
  readonly instance: string
  readonly userAgent: string
  /** What is watched. */
  readonly resources: readonly ResourceName[]
  readonly lease?: { readonly namespace?: string; readonly name?: string }
}

export interface KubeSide {
  readonly client: KubeClient
  readonly gate: WriteGate
  store(name: ResourceName): Store
  /** The chart of one resource with its ports provided; it takes no input. */
  watch(name: ResourceName): WatchLogic
  readonly lease: LeaseLogic
  /** True when every watched store is complete and kept up to date. */
  ready(): boolean
  /** Called after a store's `synced` or `live` changed; returns the unsubscribe. */
  onReadiness(listener: () => void): () => void
  /** uid of the namespace kube-system: the cluster's own identity. */
  clusterUid(signal?: AbortSignal): Promise<string>
  close(): Promise<void>
}

/** Reads the credentials and builds everything; nothing is sent yet. Throws the errors of loadAccess. */
export async function createKubeSide(_options: KubeSideOptions): Promise<KubeSide> {
  throw new Error('being written')
}
