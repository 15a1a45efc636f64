/** Pauses, metrics and what listens. */

/** A pause ends by itself: an hour where nothing else is said, and never more than a day. */
export const PAUSE_MS_DEFAULT = 3_600_000
export const PAUSE_MS_MAX = 24 * 3_600_000

/** No chart moves for so long: the process is not alive. The lease alone moves every two seconds. */
export const CHARTS_STILL_MS_MAX = 60_000

/**
 * Series of one metric: the largest label sets are 18 resources × 4 kinds of events, and codes of refusals (some 90). What
 * comes beyond is counted under `other`.
 */
export const METRIC_SERIES_MAX = 256

/** The event loop is looked at so often; what keeps it shorter than a twentieth of a second is nobody's trouble. */
export const LOOP_LOOK_MS = 100
export const LOOP_STALL_MS_MIN = 10

/** A scrape is some 60 KiB; one answer serves who asks within this. */
export const METRICS_AGE_MS_MAX = 500

/** A bearer token: 16 characters of 64 are 96 bits. */
export const TOKEN_CHARS_MIN = 16

/** A handshake from elsewhere, and a request until its last byte, may take so long. */
export const REMOTE_PATIENCE_MS = 10_000

/** Connections from elsewhere at once: a few Prometheis and probes; more are cut. */
export const REMOTE_CONNECTIONS_MAX = 64
