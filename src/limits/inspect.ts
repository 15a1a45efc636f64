/** Limits of the live view of the charts. */
const MIB = 1024 * 1024

/**
 * Charts that are followed: the adapter's own are 30, one more a resource and a request under way (REQUESTS_OPEN_MAX).
 * Those over it run as all others and are not shown.
 */
export const INSPECT_ACTORS_MAX = 256
/** Beginnings of delays remembered for one chart; the largest has 30 delays. Over it: the time that XState notes. */
export const INSPECT_TIMERS_MAX = 100
/** Of what a chart remembers: so many fields, each so long. 256 charts are 2 MiB at most, and some 40 KiB as a rule. */
export const INSPECT_CONTEXT_FIELDS_MAX = 40
export const INSPECT_CONTEXT_CHARS_MAX = 200
/** Looked at by so many at once: a line each second to each. The next one is refused with 503. */
export const INSPECT_READERS_MAX = 16
/** Waiting for one reader: some 5,000 transitions of 200 B. A slower one is told so in its last line, and left. */
export const INSPECT_READER_CHARS_MAX = 1 * MIB
/** Everything of the moment is told so often while somebody looks. */
export const INSPECT_BEAT_MS = 1_000
/** Transitions of the past in one answer: 2 MiB. A page keeps as many, the newest. */
export const INSPECT_HISTORY_ROWS_MAX = 10_000
/** One question to the diagnostics' thread; it answers within ANSWER_LIMIT_MS or is given up. */
export const CONSOLE_CALL_TIMEOUT_MS = 10_000
/** Longest silence of what the console passes on: ten beats. */
export const CONSOLE_SILENCE_MS = 10_000
/** The one-time token is good for so long. */
export const CONSOLE_TOKEN_MS = 600_000
