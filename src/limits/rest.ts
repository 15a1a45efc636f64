/** Limits of reading policy by NSX's public REST API (docs/nsx-manager.md). */
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * A manager allows a client 100 requests a second and 40 at once, and all clusters share it: with 5 a second and 2 at once,
 * twenty cold starts at the same time stay within the limits of one client.
 */
export const REST_IN_FLIGHT_MAX = 2
export const REST_PER_SECOND_MAX = 5
/** Between two cycles; with two requests each, 50 clusters make some 6 a second. */
export const REST_POLL_MS = 15 * SECOND
/** Added at random, so that clusters do not come at once. */
export const REST_POLL_JITTER_MS = 5 * SECOND
/** Before what is missing is asked for once more: then it is sure that it is gone. */
export const REST_AGAIN_MS = 5 * SECOND
/** After a failure; doubled with each one up to the longest, and never shorter than the manager asks for. */
export const REST_BACKOFF_BASE_MS = 5 * SECOND
export const REST_BACKOFF_MAX_MS = 5 * MINUTE
/** All of what search knows is read again so often: what the newest changes alone did not show. */
export const REST_WHOLE_MS = 10 * MINUTE
/**
 * A body is read again within a day whatever search says: from this age on the oldest ones are, one of so many a cycle.
 * 12 h + 2,000 cycles of 17.5 s are 21.7 h.
 */
export const REST_BODY_AGE_MS = 12 * HOUR
export const REST_BODY_SHARE = 2_000
/** How often in one cycle bodies are read because search changed meanwhile. Beyond it: taken, and all is read next time. */
export const REST_ROUNDS_MAX = 3
/** How often a list that changed between its pages is read in one cycle. Beyond it: the next cycle. */
export const REST_TORN_MAX = 3
/** NSX's largest page; made smaller by the step when the manager finds it too large, down to the smallest. */
export const REST_PAGE_SIZE = 1_000
export const REST_PAGE_STEP = 100
/** Newest changes looked at in an idle cycle: some 25 KiB. More changes than that: all is read. */
export const REST_NEWEST_SIZE = 100
/** Changes may reach search in another order than they were made in: those of a minute are looked at again. */
export const REST_OVERLAP_MS = MINUTE
/** Objects of all clusters and of NSX's own firewall that search tells of: 500,000 of some 200 bytes are 100 MiB. Over it: REST_TOO_MANY. */
export const REST_PRINTS_MAX = 500_000
/** Groups outside the cluster whose members are asked for in an idle cycle; new and changed ones at once. */
export const REST_MEMBERS_A_CYCLE = 1
/** Addresses of one group, as where members are polled beside the channel. */
export const REST_ADDRESSES_MAX = 200_000
/** An object that NSX gives in an older revision than it did before is not believed so long; then NSX was restored from a backup. */
export const REST_BEHIND_MS = 10 * MINUTE
/** A first read: 2,000 policies and 5,000 groups at 5 a second are 23 minutes. */
export const REST_SYNC_MS = HOUR
/** What the cluster holds is waited for before the first set is taken: looked at so often. */
export const REST_OWNED_WAIT_MS = 500
/** So many new policies of a first read are asked of NSX one by one beside search: 20 s. Of more search is believed. */
export const REST_CONFIRMED_MAX = 100
/**
 * Objects read again in one cycle so that changed policies and what they refer to are of one moment: 12 s of the budget, and
 * two requests for a policy. More of them are held to what search says alone.
 */
export const REST_STEADY_MAX = 30
/** Cycles in a row in which nothing is handed over because it is in doubt. Then it is, and is put right as NSX tells. */
export const REST_WITHHELD_MAX = 3
/** While search says another revision of an object than NSX itself does, NSX is asked again so often. */
export const REST_LATE_MS = MINUTE
