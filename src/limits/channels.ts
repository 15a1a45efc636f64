/** Limits of both channels, and of who serves them (docs/protocol.md). */
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
/** One call to the manager: until its headers are there, and between two pieces of its body … */
export const NSX_CALL_TIMEOUT_MS = 20_000
/** … and so many times that in all: 120 s for 32 MiB are 2 Mbit/s. */
export const NSX_CALL_WHOLE_FACTOR = 6
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
/** A request body the servers of this project take. */
export const SERVER_BODY_BYTES_MAX = 8 * MIB
