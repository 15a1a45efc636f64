/** What the API server of the sandbox is made with and what it offers; the contract with the rest of the sandbox. */
import type { Logger } from '../../log/index.ts'
import type { Clock, Handler, Random } from '../../world/index.ts'

/** Any JSON value as it travels. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** An object as stored: never changed in place. */
export interface StoredObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: StoredMeta
  readonly [field: string]: unknown
}

export interface ManagedFields {
  readonly manager: string
  readonly operation: 'Update' | 'Apply'
  readonly apiVersion: string
  readonly time?: string
  readonly fieldsType: 'FieldsV1'
  readonly fieldsV1: Readonly<Record<string, unknown>>
  readonly subresource?: string
}

export interface StoredMeta {
  readonly name: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly unknown[]
  readonly finalizers?: readonly string[]
  readonly managedFields?: readonly ManagedFields[]
}

export interface UserInfo {
  readonly user: string
  readonly groups: readonly string[]
}

export interface GroupVersionResource {
  readonly group: string
  readonly version: string
  readonly resource: string
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** The request of admission.k8s.io/v1. */
export interface AdmissionRequest {
  readonly uid: string
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly resource: GroupVersionResource
  readonly subResource?: string
  readonly name: string
  readonly namespace?: string
  readonly operation: Operation
  readonly userInfo: { readonly username: string; readonly groups: readonly string[] }
  readonly object: StoredObject | null
  readonly oldObject: StoredObject | null
  readonly dryRun: boolean
  readonly options: JsonObject | null
}

/** The response of admission.k8s.io/v1. */
export interface AdmissionResponse {
  readonly allowed: boolean
  readonly status?: { readonly message?: string; readonly code?: number; readonly reason?: string }
  /** Base64 of a JSON Patch; only mutating hooks may send one. */
  readonly patch?: string
  readonly patchType?: 'JSONPatch'
  readonly warnings?: readonly string[]
}

/** A webhook that is called in process, in the order given: mutating ones, then validation, then the others. */
export interface AdmissionHook {
  readonly name: string
  readonly mutating: boolean
  /** `Ignore` lets a request pass when the hook throws; `Fail` (the default) refuses it with 500. */
  readonly failurePolicy?: 'Fail' | 'Ignore'
  match(gvr: GroupVersionResource, operation: Operation, subresource: string | undefined): boolean
  review(request: AdmissionRequest): Promise<AdmissionResponse>
}

/** One resource of an aggregated API as discovery shows it. */
export interface AggregatedResource {
  readonly name: string
  readonly singularName?: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
}

/**
 * An API that another handler answers: requests under /apis/GROUP/VERSION reach it with `x-remote-user` and
 * `x-remote-group` (several groups joined by ", ") of the authenticated caller.
 */
export interface AggregatedApi {
  readonly group: string
  readonly version: string
  readonly handler: Handler
  readonly resources: readonly AggregatedResource[]
}

export interface AuditEntry {
  readonly verb: string
  readonly user: string
  readonly path: string
  readonly code: number
  /** The verb writes and the request was not a dry run; refused requests count as well. */
  readonly mutating: boolean
}

export interface Audit {
  /** The newest ones, oldest first; at most APISERVER_AUDIT_ENTRIES_MAX. */
  entries(): readonly AuditEntry[]
  /** Since the start or the last `clear`; not bounded by what `entries` keeps. */
  mutatingCount(): number
  clear(): void
  /** Called for each finished request (a watch: when its headers are sent); returns the unsubscribe. */
  subscribe(listener: (entry: AuditEntry) => void): () => void
}

export interface RequestMatch {
  /** Tested on the path without the query; all paths when absent. */
  readonly path?: RegExp
  /** Kubernetes verbs (get, list, watch, create, update, patch, delete, deletecollection); all when absent. */
  readonly verbs?: readonly string[]
}

export interface RequestFault extends RequestMatch {
  /** Waited on the injected clock before anything else. */
  readonly latencyMs?: number
  /** Answer so in place of the real answer: 429, 500, 503, 504 … as a Status. */
  readonly status?: number
  /** Sent as Retry-After and in the Status. */
  readonly retryAfterSeconds?: number
  /** The answer's body drips: so much each second of the injected clock. */
  readonly bodyBytesPerSecond?: number
  /** The connection breaks after so many bytes of the answer's body; 0: right after the headers. */
  readonly resetAfterBytes?: number
  /** Strikes so often, then goes; without it until removed. */
  readonly times?: number
}

export interface ServerFaults {
  /** Returns the removal. The first fault that matches is taken. */
  add(fault: RequestFault): () => void
  /** Removes all added faults; frozen watches stay frozen. */
  clear(): void
  /** Open watches that match stay open and say nothing any more, as on a half-open link. Returns how many. */
  freezeWatches(path?: RegExp): number
  /** Ends open watches that match, as a server that goes down in order. Returns how many. */
  dropWatches(path?: RegExp): number
}

/** A line that a container wrote. */
export interface ContainerLine {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly text: string
}

export interface ContainerLog {
  /** Oldest first. */
  readonly lines: readonly ContainerLine[]
  /** Called with each new line, and with undefined when the container ends; returns the end of it. */
  follow(listener: (line: ContainerLine | undefined) => void): () => void
}

export interface ApiServerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly admission?: readonly AdmissionHook[]
  readonly aggregated?: readonly AggregatedApi[]
  readonly authentication?: { readonly tokens?: Readonly<Record<string, UserInfo>> }
  /** Absent: whoever is authenticated may do everything. `resource` is `plural`, `plural.group` or `plural.group/sub`. */
  readonly authorize?: (user: UserInfo, verb: string, resource: string, namespace?: string) => boolean
  /** Removes a gracefully deleted pod after so long, in a kubelet's place. Absent: it stays, as without a kubelet. */
  readonly kubelet?: { readonly removeAfterMs: number }
  /** The log of a pod's container for `kubectl logs`: of the one that ran before, where `isPrevious`; absent: 404 in words. */
  readonly podLogs?: (
    pod: StoredObject,
    container: string | undefined,
    isPrevious: boolean,
  ) => string | ContainerLog | undefined
  /** Events kept for watches and continue tokens; older ones are compacted. */
  readonly historyEventsMax?: number
}

export interface ApiServer {
  /** For `serve` on TLS sockets and for `connectInProcess`. */
  readonly handler: Handler
  /** Forgets the history: everything older than now gets 410. */
  compact(): void
  readonly audit: Audit
  readonly faults: ServerFaults
  /** The newest resourceVersion. */
  resourceVersion(): string
  /** A stored object as it is, for tests and for the sandbox's own parts. `resource` is `plural` or `plural.group`. */
  get(resource: string, name: string, namespace?: string): StoredObject | undefined
  list(resource: string): readonly StoredObject[]
  openWatches(): number
  /** Ends watches and timers. */
  close(): void
}
