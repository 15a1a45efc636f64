/** Limits of `diff`, `explain`, `doctor` and the adapter's own bundle. */

/** Changed fields told of one step: a group's shard may differ in 1,000 addresses. What is more is counted. */
export const DIFF_FIELDS_MAX = 40
/** Of a value in a diff; a whole rule is some 500. */
export const DIFF_VALUE_CHARS_MAX = 240
/** Values deeper than this are told whole. NSX's and Antrea's bodies nest some eight levels. */
export const DIFF_DEPTH_MAX = 12
/** Steps told when nobody asks for another number, and in one answer at most: 100,000 × some 2 KiB are streamed, never held. */
export const DIFF_STEPS_DEFAULT = 1_000
export const DIFF_STEPS_MAX = 100_000
/** Names told of what holds a step back; the rest is counted. */
export const DIFF_NAMES_MAX = 20
/** Plans made for onlookers that may wait for one another; over it SERVE_BUSY. */
export const LOOKS_WAITING_MAX = 4
/** A plan for an onlooker: 50,000 Pods are read back and compared within some 10 s. */
export const LOOK_TIMEOUT_MS = 60_000

/** Rules, members, users and groups told in one explanation; the rest is counted. */
export const EXPLAIN_ITEMS_MAX = 200
/** Objects looked through for a name that resembles the one that was asked for: some 50 ms. */
export const EXPLAIN_NAMES_MAX = 20_000
export const EXPLAIN_NEAREST_MAX = 5
/** What was asked for is an NSX path as a rule; those are some 200. */
export const EXPLAIN_WORD_CHARS_MAX = 1_024
/** Counters come from the API server; without them the explanation goes out. */
export const EXPLAIN_STATISTICS_MS = 3_000

/** Checks of `doctor` that run at once: most wait for one peer. */
export const DOCTOR_CHECKS_AT_ONCE = 12
/** One check; NSX and the API server answer within a second, a dead one costs its connect timeout of 5 s. */
export const DOCTOR_CHECK_MS = 10_000
/** Reviews of rights asked at once, of some 80. */
export const DOCTOR_REVIEWS_AT_ONCE = 8
/** Output of a program that is asked: systemctl's is some KiB, an excerpt of the journal some MiB. */
export const DOCTOR_OUTPUT_BYTES_MAX = 4 * 1024 * 1024
export const DOCTOR_PROGRAM_MS = 5_000
/** The clocks of two machines may differ by so much before certificates, tokens and ages go wrong. */
export const DOCTOR_SKEW_WARN_MS = 5_000
export const DOCTOR_SKEW_FAIL_MS = 60_000
/** Left on the disk of the state folder: the database with its log takes 72 MiB. */
export const DOCTOR_DISK_FAIL_BYTES = 128 * 1024 * 1024
export const DOCTOR_DISK_WARN_BYTES = 512 * 1024 * 1024
/** A certificate is told of so long before its end. */
export const DOCTOR_EXPIRY_WARN_MS = 30 * 86_400_000
/** Open files: 20 watches, 32 pooled connections, agents, the database: some 150 in all. */
export const DOCTOR_FILES_FAIL = 512
export const DOCTOR_FILES_WARN = 4_096

/** Lines of the journal in a bundle, some 300 B each. */
export const JOURNAL_LINES_MAX = 5_000
/** The least that `support-bundle --max-size` takes: the adapter's own part and the manifest. */
export const BUNDLE_SIZE_MIN_BYTES = 1024 * 1024
