/** Limits of the driver for NSX's public API (docs/nsx-manager.md). */
import { NSX_PACE_PER_SECOND_MAX } from './channels.ts'

/** Calls a second to begin with: a fifth of what NSX allows one client by default, so that several may start at once … */
export const NSX_REST_START_PER_SECOND = 20
/** … and from there to the most in 40 s, while calls have to wait. */
export const NSX_REST_STEP_PER_SECOND = 2
export const NSX_REST_MAX_PER_SECOND = NSX_PACE_PER_SECOND_MAX
/** Calls at once, of NSX's 40 for one client: 4 inventory batches, 2 reads of policy, and as many again for what is rare. */
export const NSX_REST_IN_FLIGHT_MAX = 12
/** One call at once, over all managers; then the caller's back-off takes over. */
export const NSX_REST_TRIES_MAX = 6
/** What is asked of a manager that did not answer, until it answers again. */
export const NSX_PROBE_TIMEOUT_MS = 5_000
export const NSX_PROBE_BACKOFF_BASE_MS = 1_000
export const NSX_PROBE_BACKOFF_MAX_MS = 30_000
/** While no manager answers, the same question is asked of them at most so often. */
export const NSX_PROBE_GAP_MS = 1_000
/** A manager that says it cannot now, and not for how long, is spared so long where there is another one. */
export const NSX_SPARE_MS = 2_000
/** A password that was refused is not shown again for so long: NSX locks an account for 15 minutes after five in that time. */
export const NSX_SIGN_IN_PAUSE_MS = 600_000
/** Traceflow configs and heartbeat-config are read so often; within the silence at which a link is asked (30 s). */
export const NSX_REST_POLL_MS = 10_000
/** Traceflow configs of this cluster that are run, beside what else MP_REQUESTS_MAX has room for; each leaves a Traceflow of some KiB. */
export const NSX_TRACEFLOW_RUNS_MAX = 64
/** Those that are known; with more of them no result is taken away, since it is not known whose config is gone. */
export const NSX_TRACEFLOW_CONFIGS_MAX = 1_000
