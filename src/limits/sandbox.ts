/** Limits of the sandbox: Antrea's stand-in, the embedded API server, the real control plane. */
const KIB = 1024
const MIB = 1024 * KIB

// ---- the sandbox's Antrea stand-in
/** One call of the stand-in to its API server. */
export const STANDIN_CALL_TIMEOUT_MS = 10_000
/** A list is read in pages of KUBE_PAGE_OBJECTS; one page or one answer is at most so long. */
export const STANDIN_BODY_BYTES_MAX = 64 * MIB
export const STANDIN_WATCH_LINE_BYTES_MAX = 8 * MIB
/** kube-apiserver sends a bookmark about every minute; a watch that says nothing for two is opened again. */
export const STANDIN_WATCH_SILENCE_MS = 120_000
/** A stand-in that cannot reach its API server tries again after 100 ms, doubled up to this. */
export const STANDIN_RETRY_MAX_MS = 5_000
/** Nothing may be said on an agent's watch for long: the controller ends each after two to four hours, and half an hour more is given. */
export const STANDIN_AGENT_WATCH_SILENCE_MS = 4.5 * 3_600_000
/** Objects of one resource in the stand-in's memory: as many pods as Kubernetes supports. Over it: the list is refused. */
export const STANDIN_OBJECTS_MAX = 150_000
/** Events waiting for one slow watcher of the aggregated API. Over it: the watch ends and the watcher starts anew. */
export const STANDIN_WATCHER_EVENTS_MAX = 10_000
/** Open watches of the aggregated API: three for each of 1,000 nodes. Over it: 429. */
export const STANDIN_WATCHES_MAX = 3_000
/** An AdmissionReview holds an object twice: etcd's limit of 1.5 MiB, twice, and its escapes. */
export const STANDIN_REVIEW_BYTES_MAX = 8 * MIB
/** Rule names counted for one policy; they outlive their rules. Over it: further names are not counted. */
export const STANDIN_RULE_NAMES_MAX = 10_000
/** Nodes that report latencies or multicast groups, and peers each names: Kubernetes supports 5,000. Over it: passed over. */
export const STANDIN_NODES_MAX = 5_000
/** Addresses of one peer, and Pods and groups of one Node's multicast report: twice the Pods of a large Node. Over it: passed over. */
export const STANDIN_REPORTED_MAX = 500

// ---- the sandbox's API server
/** A request body, as kube-apiserver's own limit. Over it: 413. */
export const APISERVER_BODY_BYTES_MAX = 3 * MIB
/** Brackets in a body nest at most so deep; Antrea's deepest schema needs some 30. Over it: 400. */
export const APISERVER_NESTING_MAX = 200
/** Changes kept for watches and continue tokens: 20,000 pods' changes of 4 KiB are 80 MiB. Older ones are compacted. */
export const APISERVER_HISTORY_EVENTS_MAX = 20_000
/** Bytes waiting for one watch's reader: 4,000 changes of 4 KiB. Over it: the watch ends, its client resumes it. */
export const APISERVER_WATCH_BUFFER_BYTES_MAX = 16 * MIB
export const APISERVER_WATCHES_MAX = 10_000
/** Objects of one resource; Kubernetes supports 150,000 Pods. Over it: creates get 507. */
export const APISERVER_OBJECTS_MAX = 200_000
/** Requests kept for looking at; some 200 B each. */
export const APISERVER_AUDIT_ENTRIES_MAX = 10_000
/** Bookmarks on a quiet watch, as kube-apiserver's watch cache sends them. */
export const APISERVER_BOOKMARK_MS = 60_000
/** Without timeoutSeconds a watch ends after between this and twice this (--min-request-timeout). */
export const APISERVER_WATCH_TIMEOUT_S_MIN = 1_800
/** A patch that meets a concurrent write is made again so often (apiserver's MaxRetryWhenPatchConflicts). */
export const APISERVER_PATCH_TRIES_MAX = 5
/** Of a followed log, waiting for a slow reader; beyond it the stream ends, as a kubelet's would. */
export const APISERVER_LOG_BYTES_MAX = 4 * MIB
/** Lines the sandbox keeps of each of Antrea's containers, some 200 B each. */
export const SANDBOX_CONTAINER_LINES_MAX = 5_000

// ---- the sandbox's real control plane
/** What one of its programs writes is kept so far: weeks of kube-apiserver's warnings, some 20 KiB an hour at most. */
export const SANDBOX_PROCESS_LOG_BYTES_MAX = 32 * MIB
