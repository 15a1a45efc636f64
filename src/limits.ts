/**
 * Every limit in one place, with its arithmetic and with what happens at it. Names carry their unit.
 * Design rule 9: every queue, buffer, file, frame, loop and timer is bounded.
 */
const KIB = 1024
const MIB = 1024 * KIB

// ---- the channels (docs/protocol.md §1)
/** Longest line of a stream. Over it: the stream ends with LINE_TOO_LONG and a full sync follows. */
export const LINE_BYTES_MAX = 16 * MIB
/** A snapshot held while it is read: 10,000 objects of 10 KiB are 100 MiB. Over it: SNAPSHOT_TOO_LARGE, nothing changes. */
export const SNAPSHOT_BYTES_MAX = 256 * MIB
export const SNAPSHOT_OBJECTS_MAX = 100_000
/** Events between two commits. Over it: full sync. */
export const TRANSACTION_BYTES_MAX = 64 * MIB
/** What comes on a watch that was opened before the snapshot: as much as the manager keeps for one that was not. */
export const AHEAD_BYTES_MAX = 64 * MIB
/** Items in one status report. */
export const STATUS_ITEMS_MAX = 200
/** The manager sends something at least so often. */
export const HEARTBEAT_MS = 15_000
/** After so much silence the adapter probes on a new connection … */
export const SILENCE_PROBE_MS = 30_000
/** … and at this the stream is replaced in any case (design rule 7). */
export const SILENCE_REPLACE_MS = 45_000
/** One call to the manager. */
export const NSX_CALL_TIMEOUT_MS = 20_000
/** An answer of a manager that is read whole: 1,000 inventory objects of 10 KiB a page. */
export const NSX_BODY_BYTES_MAX = 32 * MIB

/** NSX's own default limit of one client (KB 411782); a pace grows no further once a manager has refused. */
export const NSX_PACE_PER_SECOND_MAX = 100
/** One call a second still brings a status report and a heartbeat through. */
export const NSX_PACE_PER_SECOND_MIN = 1
/** Half of a call's deadline. With at most some ten callers at once it takes a pace under one a second to get there. */
export const NSX_PACE_WAIT_MS_MAX = 10_000

/** Groups whose members are polled: each is a call a period, so 1,000 a minute are 17 a second of NSX's 100. */
export const MEMBER_POLL_GROUPS_MAX = 1_000
/** As many as one group's shards hold (100,000), doubled; beyond it the group counts as too large. */
export const MEMBER_POLL_ADDRESSES_MAX = 200_000

// ---- Kubernetes
/** One short call; writes also carry `timeout=5s` for the server's own part. */
export const KUBE_CALL_TIMEOUT_MS = 10_000
export const KUBE_WRITE_TIMEOUT_MS = 5_000
/** Objects a page: 500 pods of 12 KiB are 6 MiB, parsed in some 30 ms. */
export const KUBE_PAGE_OBJECTS = 500
/** One page or one watch line: a page of 500 objects at etcd's limit of 1.5 MiB would be 750 MiB, so a page is cut there instead. */
export const KUBE_BODY_BYTES_MAX = 128 * MIB
export const KUBE_WATCH_LINE_BYTES_MAX = 8 * MIB
/**
 * A list in protobuf is read item by item and not held: 500,000 objects (KUBE_OBJECTS_MAX) of 4 KiB. One item, like one
 * frame of a watch, is at most KUBE_WATCH_LINE_BYTES_MAX.
 */
export const KUBE_LIST_BYTES_MAX = 2_048 * MIB
/** The buffer of one answer that is read: some twenty pods of 4 KiB; it grows for a larger unit, and shrinks again. */
export const KUBE_SOURCE_BYTES = 128 * 1_024
/** Kept values of one object: an EndpointSlice of 1,000 endpoints has some 15,000. */
export const KUBE_OBJECT_VALUES_MAX = 100_000
/**
 * Texts and values that objects of one resource share, each table with so many places: at most 8,192 × 64 bytes and 4,096
 * conditions, label sets and the like of some 200 bytes, 1.5 MiB together.
 */
export const KUBE_SHARED_TEXTS = 8_192
export const KUBE_SHARED_TEXT_CHARS_MAX = 64
export const KUBE_SHARED_VALUES = 4_096
/** Events of a watch that are handed on together. */
export const KUBE_BATCH_EVENTS = 256
/** Reading an answer lets others have their turn after so much work. */
export const KUBE_READ_SLICE_MS = 8
/** Server-side watch time-out, drawn between the two so that watches do not end together (client-go: 5–10 min). */
export const KUBE_WATCH_TIMEOUT_S_MIN = 300
export const KUBE_WATCH_TIMEOUT_S_MAX = 600
/** A second watch that looks for what the first missed: kube-apiserver sends its bookmark two seconds before the time-out. */
export const KUBE_CHECK_TIMEOUT_S = 3
/** It is left after this where no bookmark comes: what was missed is told at once. */
export const KUBE_CHECK_READ_MS = 3_000
/** Objects of one watched resource: three times what Kubernetes supports in Pods (150,000). Over it: KUBE_TOO_LARGE. */
export const KUBE_OBJECTS_MAX = 500_000
/** A refused watch or lease, or an absent API: one small request each time, and who repairs it sees it picked up soon. */
export const KUBE_REFUSED_RETRY_MS = 30_000
/** Credentials are read again at most so often, however many 401s come. */
export const KUBE_CREDENTIALS_PERIOD_MS = 10_000
/** … and from so long before they are over: a plugin's token may live for minutes only. */
export const KUBE_CREDENTIALS_RENEW_MS = 60_000
/** Streams of replaced credentials end with their watch's time-out, 630 s at most; then what is left is closed. */
export const KUBE_RETIRED_MS = 660_000
/** Credentials replaced within that time, hourly at most but for an error; beyond it the oldest streams are closed. */
export const KUBE_RETIRED_CLIENTS_MAX = 4
/** The probe of the API server, on a fresh socket: a TLS handshake and one small answer. */
export const KUBE_PROBE_TIMEOUT_MS = 5_000
/** An answer this young makes a probe needless: the lease alone brings one each two seconds. */
export const KUBE_ANSWER_FRESH_MS = 5_000
/**
 * Pauses between probes while nothing answers, each shortened by up to a half; the last one repeats. At the shortest
 * that is 11 probes in the first minute. The first ten seconds are dense, so that a lease survives a short outage.
 */
export const KUBE_PROBE_PAUSES_MS: readonly number[] = [
  800, 1_600, 2_000, 2_000, 2_000, 4_000, 8_000, 15_000, 30_000,
]
/**
 * Pauses between trials of one watch for all while no stream lives although the server answers, each shortened by up to a
 * quarter; the last one repeats. At the shortest that is 5 trials in the first minute. A trial is at most two requests (a
 * list and its watch, or a watch and the probe that its loss brings), and one probe comes before: 11 in all.
 */
export const KUBE_TRIAL_PAUSES_MS: readonly number[] = [4_000, 8_000, 15_000, 30_000]
export const KUBECONFIG_BYTES_MAX = 1 * MIB
/** A credential plugin that takes longer is killed; the adapter goes on with the credentials it has. */
export const KUBECONFIG_EXEC_TIMEOUT_MS = 10_000
/** Writes in flight at once; API Priority & Fairness does the pacing beyond it. */
export const KUBE_WRITES_IN_FLIGHT_MAX = 8

/** A write is sent so often on newer versions of an object of which only the status changed; then the plan is made anew. */
export const KUBE_CONFLICTS_MAX = 3
/** A call that is shed with Retry-After is asked again so often, as client-go does … */
export const KUBE_THROTTLED_TRIES_MAX = 10
/** … and waits so long in all: API Priority and Fairness asks for some seconds. Over it the caller backs off. */
export const KUBE_THROTTLED_WAIT_MS = 30_000
/** What is not served is looked for again so often: two small requests each time. */
export const KUBE_DISCOVERY_PERIOD_MS = 30_000

// ---- drift: somebody else changes an object of ours
/** Put back at once so often within the window; a fight shows from DRIFT_FIGHT on. */
export const DRIFT_WINDOW_MS = 60_000
export const DRIFT_AT_ONCE = 5
/** From then on at most so often: 5 at once and 12 a minute are 17 writes of one object in the first minute, 12 after. */
export const DRIFT_SPACING_MS = 5_000
/** Put back so often within the window: two writers are at it, not one slip of a hand. */
export const DRIFT_FIGHT = 3
/** A fight is over when nothing had to be put back for so long. */
export const DRIFT_CALM_MS = 30_000

// ---- the lease (design §5; client-go's defaults)
export const LEASE_DURATION_MS = 15_000
export const LEASE_RENEW_DEADLINE_MS = 10_000
export const LEASE_RETRY_MS = 2_000
/** Timers stand still with the machine and the wall clock may be set: while leading the clocks are looked at so often. */
export const LEASE_CLOCK_LOOK_MS = 1_000
/** A lease that is offered to one instance is free for the others after this: two looks of a candidate and their calls. */
export const LEASE_OFFER_MS = 5_000
/** Whose attempt to take the lease got no answer leaves it to the others so much longer than the lease lasts: two looks. */
export const LEASE_UNSURE_EXTRA_MS = 4_000
/** Leadership is given up for a broken channel at most so often (semantics: once in ten minutes). */
export const LEASE_GIVE_UP_PERIOD_MS = 600_000
/** A round of an instance: hello to the manager (a standby), one write of its own Lease, one list. As often as a kubelet. */
export const INSTANCE_PERIOD_MS = 10_000
/** leaseDurationSeconds of an instance's Lease: three rounds. */
export const INSTANCE_DURATION_MS = 30_000
/** A Lease that was seen to change within this is of a live instance: its round and ours, their calls, and one lost. */
export const INSTANCE_FRESH_MS = 45_000
/** Leadership is given up only to whom reached the manager within this (semantics: fresher than 30 s). */
export const INSTANCE_SUCCESSOR_MS = 30_000
/** A Lease of an instance that did not change for so long, twelve rounds, is deleted by the leader … */
export const INSTANCE_STALE_MS = 120_000
/** … at most so many a round. */
export const INSTANCES_SWEPT_MAX = 20
/** Instances that are looked at; a cluster has three to seven control-plane nodes. Beyond it they are passed over. */
export const INSTANCES_MAX = 100

// ---- back-off, everywhere: full jitter between 0 and min(max, base·2^n)
export const BACKOFF_BASE_MS = 800
export const BACKOFF_MAX_MS = 30_000
/** `refused`: only a person helps, looked at again so often. */
export const REFUSED_RETRY_MS = 600_000

// ---- deleting (semantics.md §4)
export const DELETE_GUARD_COUNT = 3
export const DELETE_GUARD_SHARE = 0.2
export const DELETE_GUARD_WAIT_MS = 30_000

// ---- translating policy
/** The schemas of the two kinds that are written are looked at so often: two answers of some 40 KiB. */
export const CRD_LOOK_PERIOD_MS = 60_000

// ---- applying policy
/**
 * Translation and planning go on for so long at a time: with the longest of their steps (sorting some ten thousand names,
 * about 10 ms) a slice stays within 20 ms.
 */
export const CCP_SLICE_MS = 8
/** What a policy names and the manager has not sent comes with a commit as a rule; after this a person is told. */
export const UNRESOLVED_WARN_MS = 60_000
/** A new child group is waited for so long before the plan stops and is tried again. */
export const GROUP_COMPUTED_TIMEOUT_MS = 10_000
/** Old child groups go this much later than the write that stopped using them. */
export const CHILD_DELETE_DELAY_MS = 30_000
/** A narrowed policy's whole spec, kept beside it; the annotations of one object may hold 256 KiB in all. */
export const WHOLE_SPEC_CHARS_MAX = 200_000
/** Blocks in one child group: some 40 B each, 40 KiB an object. */
export const GROUP_IP_BLOCKS_MAX = 1_000
/** "tier … does not exist" this soon after creating it is a cache that lags, not a refusal. */
export const TIER_SETTLE_MS = 30_000
/** SUCCESS with nobody desired is believed after this. */
export const SETTLE_MS = 1_500
/** What is realized and is not any more is shown so after this: a Pod starts, and its node takes the policy up, within it. */
export const STEADY_MS = 10_000
/** What is in progress for longer has failed, as far as anybody can tell (NSX's own adapter waits as long). */
export const REALIZE_TIMEOUT_MS = 60_000
/** What is not realized is told again so often, although nothing changed. */
export const REREPORT_MS = 600_000
/** What antrea-controller has computed, and an agent's word, count so long: 2.5 periods of 60 s. */
export const EVIDENCE_STALE_MS = 150_000
/** One call of an antrea-agent's API, and its answer: the flows of one policy, some 300 B each. */
export const AGENT_CALL_TIMEOUT_MS = 3_000
export const AGENT_BODY_BYTES_MAX = 4 * MIB
/** Agents asked at once, and in one reading of evidence: 40 × 2 calls × 3 s / 10 are 24 s if none answers. */
export const AGENT_ASKS_AT_ONCE = 10
export const AGENT_ASKS_MAX = 40
/** Policies that NSX did not make and hears of: half of what a manager keeps (MANAGER_STATUS_OBJECTS_MAX). Over it: not told. */
export const REPORTED_OTHERS_MAX = 100_000
/** Rules of all policies in one direction; OpenFlow has no more priorities (antrea-network-policy.md). */
export const RULES_PER_DIRECTION_MAX = 50_000

/** First wait after a failed write, before jitter: an informer that lags has caught up within some 100 ms. */
export const WRITE_BACKOFF_BASE_MS = 200

// ---- inventory
export const INVENTORY_BATCH_OBJECTS_MAX = 50
export const INVENTORY_BATCH_WAIT_MS = 200
export const INVENTORY_BATCHES_IN_FLIGHT_MAX = 4
/** A full comparison with what NSX holds runs so often. */
export const INVENTORY_RESYNC_MS = 600_000
/** A batch's body, about: a policy's spec can be long, and managers take some megabytes. One object may be over it alone. */
export const INVENTORY_BATCH_BYTES_MAX = 1 * MIB
/** Objects of one type that NSX may hold of this cluster: twice the Pods the adapter watches. Over it: INVENTORY_TOO_LARGE. */
export const INVENTORY_OBJECTS_MAX = 1_000_000
/** A read-back that begins sooner after a write proves nothing: NSX's lists may lag behind what it took. */
export const INVENTORY_READ_LAG_MS = 10_000
/** Refusals before anything was taken; then it is not the objects, and the channel is refused as a whole. */
export const INVENTORY_REFUSALS_MAX = 50
/** Refused objects remembered with their reason, some 1 KiB each; the oldest is tried again beyond it. */
export const INVENTORY_SET_ASIDE_MAX = 1_000
/** Requests of the manager that wait for an answer or for the next comparison; over it they are refused. */
export const MP_REQUESTS_MAX = 100

// ---- operations (docs/operations.md)
/** A request that asks for longer gets this. */
export const OPERATION_TIMEOUT_MS_MAX = 3_600_000
/** What a request left is swept so long after its deadline: clocks of two control-plane nodes differ by less. */
export const OPERATION_SWEEP_GRACE_MS = 60_000
/** Words of one request kept until its answer is heard; the oldest go and are counted. A manager keeps as many. */
export const OPERATION_WORDS_MAX = 1_000
/** … and their bytes: a few requests run at once, so some 20 MiB in all. */
export const OPERATION_WORDS_BYTES_MAX = 4 * MIB
/** Words in one call, about; one word may be over it alone. */
export const OPERATION_TELL_BYTES_MAX = 512 * KIB
/** Answers to requests over MP_REQUESTS_MAX that are under way at once; beyond it nothing is said, and the manager asks again. */
export const OPERATION_REFUSALS_MAX = 16
/** Antrea has 14 tags in all (pkg/controller/traceflow); the others are left to people. More wait for their turn. */
export const TRACEFLOW_RUNS_MAX = 8
/** Antrea's own time-out is at most 300 s, and looked at each 10 s. */
export const TRACEFLOW_TIMEOUT_MS_MAX = 330_000
/** A Traceflow is read so often while it runs: with 8 of them some 16 small reads a second. */
export const TRACEFLOW_POLL_MS = 500
/** Paths that one request for statistics may name; without any it gets all. */
export const STATISTICS_PATHS_MAX = 10_000
/** Rules in one word of statistics, some 200 B each: 50,000 rules are 100 words of 100 KiB. */
export const STATISTICS_WORD_RULES_MAX = 500

// ---- health
export const REPORT_INTERVAL_MS = 60_000
/** An Antrea heartbeat older than this is unhealthy: 2.5 periods of 60 s. */
export const HEARTBEAT_STALE_MS = 150_000
/** … and than this the component has failed. */
export const HEARTBEAT_FAILED_MS = 300_000
export const NODE_CLOCK_OFF_MS = 60_000

// ---- this process
/** A request body the servers of this project take. */
export const SERVER_BODY_BYTES_MAX = 8 * MIB
/** Transitions waiting for the diagnostics thread; the oldest are dropped and counted. */
export const DIAGNOSTICS_RING_ROWS_MAX = 4_096
export const DIAGNOSTICS_DB_BYTES_MAX = 64 * MIB
/** A configuration, a certificate, a key: some KiB each. Over it: CONFIG_UNREADABLE. */
export const CONFIG_FILE_BYTES_MAX = 1 * MIB

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

// ---- the NSX-compatible manager
/** Intent objects and their JSON: what one snapshot may hold. Over either: the write is refused. */
export const MANAGER_POLICY_OBJECTS_MAX = SNAPSHOT_OBJECTS_MAX
export const MANAGER_POLICY_BYTES_MAX = SNAPSHOT_BYTES_MAX
/** Inventory objects of all clusters: 150,000 Pods and what belongs to them, twice. Over it: the batch is refused. */
export const MANAGER_INVENTORY_OBJECTS_MAX = 500_000
/** Objects of one inventory batch; clients send 50. Over it: 400. */
export const MANAGER_INVENTORY_BATCH_MAX = 1_000
/** Logins that live at once: tens a minute for the 30 minutes of idle time, twenty times over. Over it: 503, none is dropped. */
export const MANAGER_LOGINS_MAX = 10_000
export const MANAGER_LOGIN_IDLE_MS = 1_800_000
/** Audit entries kept; the oldest go. */
export const MANAGER_AUDIT_ENTRIES_MAX = 10_000
/** Commits kept for each cluster, and their bytes (protocol: max_backlog_bytes); older ones answer 410. */
export const MANAGER_HISTORY_COMMITS_MAX = 1_000
export const MANAGER_BACKLOG_BYTES_MAX = TRANSACTION_BYTES_MAX
/** A snapshot is handed to the socket in pieces of about this size. */
export const MANAGER_CHUNK_BYTES = 64 * KIB
/** Objects with a status, for each cluster: ours, Kubernetes' and Antrea's policies. Over it: 400. */
export const MANAGER_STATUS_OBJECTS_MAX = 200_000
/** Requests to a cluster without a final answer, finished ones kept to be read, and events kept of each. */
export const MANAGER_REQUESTS_MAX = 64
export const MANAGER_REQUESTS_KEPT_MAX = 256
export const MANAGER_REQUEST_EVENTS_MAX = 1_000
/** Traceflow configs whose results are kept, some 100 KiB each at most; the oldest go. */
export const MANAGER_TRACEFLOWS_MAX = 500
/** One config that nobody looks at for two hours is removed (NSX 9.1.1). */
export const MANAGER_TRACEFLOW_IDLE_MS = 7_200_000
/** A person waits so long for a cluster's statistics (docs/protocol.md §4). */
export const MANAGER_STATISTICS_WAIT_MS = 10_000
/** Figures this young are given without asking: agents report once a minute. */
export const MANAGER_STATISTICS_FRESH_MS = 10_000
/** One piece of uploaded content; larger content comes in parts. */
export const MANAGER_CONTENT_BYTES_MAX = SERVER_BODY_BYTES_MAX
/** Nesting of a JSON body; NSX's deepest (hierarchy, policy, rule, service entry) is some 20. */
export const MANAGER_JSON_DEPTH_MAX = 64
/** Registered clusters. */
export const MANAGER_CLUSTERS_MAX = 1_000
/** Values that users add to a context profile's attribute. Over it: 400. */
export const MANAGER_CUSTOM_ATTRIBUTES_MAX = 10_000
/** Licence keys. Over it: 400. */
export const MANAGER_LICENSES_MAX = 100
/** Clients whose requests are counted; over it the idle ones are forgotten. */
export const MANAGER_CLIENTS_COUNTED_MAX = 10_000
/** Virtual machines: what one NSX manages at its largest. Over it: 400. */
export const MANAGER_VMS_MAX = 20_000
/** Machines that change are waited for so long before groups are computed anew: ten times a second at most. */
export const MANAGER_MEMBERS_SETTLE_MS = 100
/** A group beside another operand is looked into so deep; NSX advises three levels. */
export const MANAGER_GROUP_NESTING_MAX = 16
/** Certificates, and so principal identities: two of each of 1,000 clusters, and people's, five times over. Over it: 400. */
export const MANAGER_CERTIFICATES_MAX = 10_000
/** One query: its characters (URLs end at about so many) and its terms. Over either: 400. */
export const MANAGER_SEARCH_CHARS_MAX = 16_384
export const MANAGER_SEARCH_TERMS_MAX = 1_000
/** Terms times objects of one search: a full inventory with 20 terms, some seconds. Over it: 400. */
export const MANAGER_SEARCH_WORK_MAX = 10_000_000
/** Anti-entropy: a watch is reset for a wrong digest at most so often (docs/protocol.md §2). */
export const MANAGER_RESET_PERIOD_MS = 600_000

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

// ---- the sandbox's real control plane
/** What one of its programs writes is kept so far: weeks of kube-apiserver's warnings, some 20 KiB an hour at most. */
export const SANDBOX_PROCESS_LOG_BYTES_MAX = 32 * MIB
