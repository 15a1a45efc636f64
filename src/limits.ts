/**
 * Every limit in one place, with its arithmetic and with what happens at it. Names carry their unit.
 * Design rule 9: every queue, buffer, file, frame, loop and timer is bounded.
 */
export * from './limits/index.ts'

const MIB = 1024 * 1024

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
export const SLICE_MS = 8
/** What a policy names and the manager has not sent comes with a commit as a rule; after this a person is told. */
export const UNRESOLVED_WARN_MS = 60_000
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

// ---- health
export const REPORT_INTERVAL_MS = 60_000
/** An Antrea heartbeat older than this is unhealthy: 2.5 periods of 60 s. */
export const HEARTBEAT_STALE_MS = 150_000
/** … and than this the component has failed. */
export const HEARTBEAT_FAILED_MS = 300_000
export const NODE_CLOCK_OFF_MS = 60_000

// ---- this process
/** Rows waiting for the diagnostics thread, some 0.5 KiB each: 2 MiB. The oldest are dropped and counted. */
export const DIAGNOSTICS_RING_ROWS_MAX = 4_096
/** A row on disk, as JSON; texts are cut. Over it a row says only that it was too large. */
export const DIAGNOSTICS_ROW_BYTES_MAX = 8 * 1024
/** A message of an error or a warning in a row. */
export const DIAGNOSTICS_TEXT_CHARS_MAX = 500
/** The file; with the write-ahead log 72 MiB. The oldest rows of what takes most go. */
export const DIAGNOSTICS_DB_BYTES_MAX = 64 * MIB
export const DIAGNOSTICS_WAL_BYTES_MAX = 8 * MIB
/** Steps of one plan that are kept; a first sync writes some 10,000. Failed ones are kept beyond it, as many again. */
export const DIAGNOSTICS_STEPS_MAX = 200
/** Of the thread's V8 in MiB: 512 rows of 8 KiB and an answer of 10,000 rows are some 30. Over it the thread ends and is started again. */
export const DIAGNOSTICS_THREAD_LIMITS = {
  maxOldGenerationSizeMb: 128,
  maxYoungGenerationSizeMb: 4,
} as const
/** Things whose latencies are kept apart: some 20 kinds of requests, and the channels'. */
export const DIAGNOSTICS_LATENCIES_MAX = 64
/** In memory, for when nothing is kept on disk: some 1 MiB. */
export const DIAGNOSTICS_MEMORY_ROWS_MAX = 2_000
/** A configuration, a certificate, a key: some KiB each. Over it: CONFIG_UNREADABLE. */
export const CONFIG_FILE_BYTES_MAX = 1 * MIB
