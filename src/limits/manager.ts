/** Limits of the NSX-compatible manager (docs/manager.md). */
import {
  SERVER_BODY_BYTES_MAX,
  SNAPSHOT_BYTES_MAX,
  SNAPSHOT_OBJECTS_MAX,
  TRANSACTION_BYTES_MAX,
} from './channels.ts'

const KIB = 1024
const MIB = 1024 * KIB

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
/** One component's content: Antrea counts a bundle's size in 32 bits. Over it: 413. */
export const MANAGER_CONTENT_ITEM_BYTES_MAX = 4_096 * MIB
/** All content on disk: some bundles of a large cluster. Over it the content of the oldest finished operations goes, then 507. */
export const MANAGER_CONTENT_TOTAL_BYTES_MAX = 16_384 * MIB
/** Components of one operation: 200 agents, their logs in place of a bundle, and what is the cluster's. Over it: 400. */
export const MANAGER_CONTENT_ITEMS_MAX = 512
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
/** Changes that a late index (a fault) holds back; beyond it the oldest show at once. */
export const MANAGER_LAG_CHANGES_MAX = 100_000
/** Anti-entropy: a watch is reset for a wrong digest at most so often (docs/protocol.md §2). */
export const MANAGER_RESET_PERIOD_MS = 600_000

// ---- what the manager keeps on disk
/**
 * The state file: a full inventory of 500,000 objects of 2 KiB, the policy store three times (own fields, body, index), and
 * as much again for free pages. Over it writes are refused (507), reads go on.
 */
export const MANAGER_DATA_BYTES_MAX = 4_096 * MIB
/** The write-ahead log is cut back to this after a checkpoint; one transaction may make it longer for a while. */
export const MANAGER_DATA_WAL_BYTES_MAX = 64 * MIB
/** While the disk takes no writes, it is tried at most so often. */
export const MANAGER_DATA_RETRY_MS = 1_000
/** Another process that holds the state file, killed a moment ago perhaps, is waited for so long. */
export const MANAGER_DATA_LOCK_MS = 1_000
/** Passwords that are checked at once, 32 MiB each; over it: 503. Right ones are remembered and not counted. */
export const MANAGER_PASSWORD_CHECKS_MAX = 8

// ---- content and support bundles
/** Content of an answered request is kept so long; Antrea keeps a bundle for an hour. */
export const MANAGER_CONTENT_KEPT_MS = 86_400_000
/** A collection of support bundles waits so long for its clusters (NSX's public API); 24 nodes take some minutes. */
export const MANAGER_BUNDLE_WAIT_MS = 1_800_000
/** Nodes of one cluster in one collection: NSX 9.1.1 says 24 in its text, its guide 200. */
export const MANAGER_BUNDLE_NODES_MAX = 200
/** Clusters of one collection. */
export const MANAGER_BUNDLE_CLUSTERS_MAX = 50
