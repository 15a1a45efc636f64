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

// ---- Kubernetes
/** One short call; writes also carry `timeout=5s` for the server's own part. */
export const KUBE_CALL_TIMEOUT_MS = 10_000
export const KUBE_WRITE_TIMEOUT_MS = 5_000
/** Objects a page: 500 pods of 12 KiB are 6 MiB, parsed in some 30 ms. */
export const KUBE_PAGE_OBJECTS = 500
/** One page or one watch line: a page of 500 objects at etcd's limit of 1.5 MiB would be 750 MiB, so a page is cut there instead. */
export const KUBE_BODY_BYTES_MAX = 128 * MIB
export const KUBE_WATCH_LINE_BYTES_MAX = 8 * MIB
/** Server-side watch time-out, drawn between the two so that watches do not end together (client-go: 5–10 min). */
export const KUBE_WATCH_TIMEOUT_S_MIN = 300
export const KUBE_WATCH_TIMEOUT_S_MAX = 600
/** Objects of one watched resource: three times what Kubernetes supports in Pods (150,000). Over it: KUBE_TOO_LARGE. */
export const KUBE_OBJECTS_MAX = 500_000
/** A refused watch or lease, or an absent API: one small request each time, and who repairs it sees it picked up soon. */
export const KUBE_REFUSED_RETRY_MS = 30_000
/** Credentials are read again at most so often, however many 401s come. */
export const KUBE_CREDENTIALS_PERIOD_MS = 10_000
export const KUBECONFIG_BYTES_MAX = 1 * MIB
/** Writes in flight at once; API Priority & Fairness does the pacing beyond it. */
export const KUBE_WRITES_IN_FLIGHT_MAX = 8

// ---- the lease (design §5; client-go's defaults)
export const LEASE_DURATION_MS = 15_000
export const LEASE_RENEW_DEADLINE_MS = 10_000
export const LEASE_RETRY_MS = 2_000

// ---- back-off, everywhere: full jitter between 0 and min(max, base·2^n)
export const BACKOFF_BASE_MS = 800
export const BACKOFF_MAX_MS = 30_000
/** `refused`: only a person helps, looked at again so often. */
export const REFUSED_RETRY_MS = 600_000

// ---- deleting (semantics.md §4)
export const DELETE_GUARD_COUNT = 3
export const DELETE_GUARD_SHARE = 0.2
export const DELETE_GUARD_WAIT_MS = 30_000

// ---- applying policy
/** A new child group is waited for so long before the plan stops and is tried again. */
export const GROUP_COMPUTED_TIMEOUT_MS = 10_000
/** Old child groups go this much later than the write that stopped using them. */
export const CHILD_DELETE_DELAY_MS = 30_000
/** Blocks in one child group: some 40 B each, 40 KiB an object. */
export const GROUP_IP_BLOCKS_MAX = 1_000
/** "tier … does not exist" this soon after creating it is a cache that lags, not a refusal. */
export const TIER_SETTLE_MS = 30_000
/** SUCCESS with nobody desired is believed after this. */
export const SETTLE_MS = 1_500
/** Rules of all policies in one direction; OpenFlow has no more priorities (antrea-network-policy.md). */
export const RULES_PER_DIRECTION_MAX = 50_000

// ---- inventory
export const INVENTORY_BATCH_OBJECTS_MAX = 50
export const INVENTORY_BATCH_WAIT_MS = 200
export const INVENTORY_BATCHES_IN_FLIGHT_MAX = 4
/** A full comparison with what NSX holds runs so often. */
export const INVENTORY_RESYNC_MS = 600_000

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
