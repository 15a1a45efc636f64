/** Limits of what NSX or a person asks of the cluster (docs/operations.md). */
const KIB = 1024
const MIB = 1024 * KIB

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
/** Policies on Nodes that the agents are asked for one by one, 8 agents at once at some 20 ms each: half a minute. */
export const STATISTICS_FLOW_ASKS_MAX = 10_000
/** One of them: a dump of a large table takes seconds. */
export const STATISTICS_AGENT_CALL_MS = 10_000
/** All calls of one agent; 1,000 policies of 20 ms each need 20 s. */
export const STATISTICS_AGENT_MS_MAX = 30_000
/** When agents' counters began, of so many policies, some 100 B each; one that is forgotten is judged anew. */
export const STATISTICS_EPOCHS_MAX = 20_000
/** Nodes that could not be asked and are told with their reason; all are named. */
export const STATISTICS_PROBLEMS_TOLD_MAX = 100

// ---- content of answers
/** One part of an upload: three components at once hold it twice each, some 12 MiB. Half of what a manager takes at least. */
export const CONTENT_PART_BYTES = 2 * MIB
/** A part of 2 MiB over a line of 1 Mbit/s takes 17 s. */
export const CONTENT_PART_TIMEOUT_MS = 60_000
/** A content is read from its source's start anew so often, where the manager lost what it had. */
export const CONTENT_RESTARTS_MAX = 2
/** A source that says nothing for so long is given up. */
export const CONTENT_SILENCE_MS = 30_000
/** What is made here (the cluster's state, the adapter's own files) is made in memory. Over it: it is cut, and says so. */
export const CONTENT_MADE_BYTES_MAX = 32 * MIB

// ---- support bundles
/** Antrea keeps one bundle a process: a second collection at once would only cancel the first. */
export const BUNDLE_RUNS_MAX = 1
/** Nodes of one request (NSX's own limit); the others are left out and counted. */
export const BUNDLE_NODES_MAX = 200
/** Components under way at once; each holds two parts at most. */
export const BUNDLE_COMPONENTS_AT_ONCE = 3
/** Antrea counts a bundle's size in 32 bits. */
export const BUNDLE_BYTES_MAX = 4_096 * MIB
/** From asking for a bundle to its being collected: dumps of a large node take minutes. */
export const BUNDLE_COLLECT_MS_MAX = 300_000
/** Its state is read so often, as antctl does. */
export const BUNDLE_POLL_MS = 500
/** A download that breaks off (kube-apiserver ends each after a minute) is begun again while it gets on; so often when not. */
export const BUNDLE_TRIES_WITHOUT_GAIN = 3
/** How far a component's upload is, is said so often. */
export const BUNDLE_PROGRESS_MS = 5_000
/** Log in place of a bundle that could not be had, of each Pod. */
export const BUNDLE_LOG_BYTES_MAX = 16 * MIB

// ---- logs
export const LOGS_RUNS_MAX = 4
/** Pods of one request; the others are left out and named. */
export const LOGS_PODS_MAX = 50
/** … that are followed: each is a connection for as long as it is. */
export const LOGS_FOLLOWED_MAX = 16
/** Pods whose logs are read at once; each holds a chunk and a line. */
export const LOGS_AT_ONCE = 4
/** Lines told without a limit in the request, and the highest limit. */
export const LOGS_LINES_TOLD_MAX = 1_000
export const LOGS_LINES_MAX = 100_000
/** Longer ago than this nobody keeps a container's log. */
export const LOGS_SINCE_SECONDS_MAX = 30 * 86_400
/** Bytes read of one Pod for one request; a kubelet rotates a container's log at 10 MiB. */
export const LOGS_BYTES_MAX = 64 * MIB
/** Lines from a log's end that are looked through for a level: those of LOGS_BYTES_MAX, at 128 B each. */
export const LOGS_LINES_SCANNED_MAX = 500_000
/** A longer line is cut. */
export const LOGS_LINE_CHARS_MAX = 8_192
/** Lines and characters in one word, about, and how long lines are gathered and merged by their times. */
export const LOGS_WORD_LINES_MAX = 100
export const LOGS_WORD_CHARS_MAX = 64 * KIB
export const LOGS_GATHER_MS = 500
/** Lines told after each gathering, at most 2,000 a second; who writes more is read more slowly. */
export const LOGS_GATHERED_MAX = 1_000
/** Bytes of lines told to one request; over it the answer says that there is more. Half of what a journal keeps. */
export const LOGS_TOLD_BYTES_MAX = 2 * MIB
/** … to the command line, which keeps nothing of them. */
export const LOGS_TOLD_HERE_BYTES_MAX = 64 * MIB
/** A log that is read says something within so long, or it is tried again, so often. */
export const LOGS_SILENCE_MS = 15_000
export const LOGS_TRIES = 3
/** A log that is followed may be silent; after so long it is asked for anew, since its connection may be dead. */
export const LOGS_FOLLOW_SILENCE_MS = 60_000
/** Waited before a log is opened again: the first time, and at most. */
export const LOGS_REOPEN_MS = 1_000
export const LOGS_REOPEN_MS_MAX = 15_000
/** New Pods are looked for so often while logs are followed. */
export const LOGS_LOOK_MS = 30_000

// ---- log levels
export const LOG_LEVEL_RUNS_MAX = 8
/** Without a duration a level is put back after this; longer than LOG_LEVEL_MS_MAX it never stays. */
export const LOG_LEVEL_MS_DEFAULT = 600_000
export const LOG_LEVEL_MS_MAX = 3_600_000
/** A process that could not be reached to put its level back is tried so long; one that starts anew has its own level. */
export const LOG_LEVEL_GIVEN_UP_MS = 86_400_000
/** Processes of one request. */
export const LOG_LEVEL_NODES_MAX = 200
/** Antrea's processes asked at once. */
export const AGENTS_AT_ONCE = 8
/** Lines of the adapter's own log that are kept in memory, and their characters. */
export const RECENT_LOG_LINES_MAX = 20_000
export const RECENT_LOG_CHARS_MAX = 4 * MIB
/** The same, waiting for a reader of the socket that does not take them. */
export const SERVE_LOG_CHARS_WAITING_MAX = 1 * MIB
