/**
 * What the channels may ask of the Kubernetes side. `kube/` implements it; ccp and mp see only these types, so that a
 * test or the simulator can stand in.
 */
import type { AdapterError } from '../errors.ts'
import type { KubeObject, ResourceType } from './types.ts'

/** A complete, live copy of one resource. Handlers only mark keys; who listens reads the store. */
export interface Store<T extends KubeObject = KubeObject> {
  readonly type: ResourceType
  /** True once a complete list is in; stays true through reconnects (the copy is then older, never partial). */
  readonly synced: boolean
  /** False while the watch is not streaming: what the store holds may be behind the cluster. */
  readonly live: boolean
  readonly size: number
  /** `namespace/name`, or `name` for cluster-scoped objects. */
  get(key: string): T | undefined
  keys(): IterableIterator<string>
  values(): IterableIterator<T>
  /** Called after a change with the keys that changed (added, modified, deleted); returns the unsubscribe. */
  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void
}

export interface WriteOptions {
  readonly signal?: AbortSignal
}

/**
 * Single objects. Every write passes the gate first (`LEASE_NOT_HELD`, kind wait-for, when it is shut), goes with
 * fieldManager `antrea-nsx-adapter`, fieldValidation=Strict and timeout=5s, and resolves with the object as stored.
 * Errors are AdapterErrors: KUBE_CONFLICT, KUBE_NOT_FOUND, KUBE_ALREADY_EXISTS, KUBE_FORBIDDEN, KUBE_UNAUTHORIZED,
 * KUBE_ADMISSION_DENIED, KUBE_INVALID, KUBE_UNKNOWN_FIELD, KUBE_TOO_LARGE, KUBE_QUOTA_EXCEEDED, KUBE_WEBHOOK_UNAVAILABLE,
 * KUBE_WEBHOOK_FAILED, KUBE_WRITE_UNCERTAIN, KUBE_THROTTLED, KUBE_SERVER_ERROR, KUBE_EXPIRED and the transport's. A 429
 * with Retry-After is waited for and the call made again, within KUBE_THROTTLED_WAIT_MS.
 */
export interface KubeClient {
  get<T extends KubeObject>(
    type: ResourceType,
    name: string,
    namespace?: string,
    signal?: AbortSignal,
  ): Promise<T | undefined>
  /** All pages; for rare reads. Watched resources are read from their stores. */
  list<T extends KubeObject>(type: ResourceType, namespace?: string, signal?: AbortSignal): Promise<T[]>
  /** As `list`, over all namespaces and without spec and status: PartialObjectMetadata. */
  listMetadata(type: ResourceType, signal?: AbortSignal): Promise<KubeObject[]>
  create<T extends KubeObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>
  /** PUT of the whole object; `metadata.resourceVersion` and `uid` must be those it was read with. */
  replace<T extends KubeObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>
  /** With both preconditions; an object that is already gone counts as done. */
  delete(type: ResourceType, object: KubeObject, options?: WriteOptions): Promise<void>
}

/** The fence. Shut unless the lease is held and its deadline is far enough. */
export interface WriteGate {
  /** Throws AdapterError LEASE_NOT_HELD when no write may be sent now. */
  check(): void
  /** Aborted when the gate shuts; renewed when it opens again. Writes in flight are aborted by it. */
  readonly signal: AbortSignal
}

/** An open gate, for what writes without a lease (the lease itself, tests). */
export const OPEN_GATE: WriteGate = { check() {}, signal: new AbortController().signal }

/** Says which way an error of the cluster goes; used by both channels' charts. */
export type KubeFailure = AdapterError
