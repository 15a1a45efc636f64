/** Limits of what is read from and written to the API server, of drift and of the lease. */
const KIB = 1024
const MIB = 1024 * KIB

// ---- Kubernetes
/** One short call; writes also carry `timeout=5s` for the server's own part. */
export const KUBE_CALL_TIMEOUT_MS = 10_000
export const KUBE_WRITE_TIMEOUT_MS = 5_000
/** Objects a page: 500 pods of 12 KiB are 6 MiB, parsed in some 30 ms. */
export const KUBE_PAGE_OBJECTS = 500
/** One page or one watch line: a page of 500 objects at etcd's limit of 1.5 MiB would be 750 MiB, so a page is cut there instead. */
export const KUBE_BODY_BYTES_MAX = 128 * MIB
export const KUBE_WATCH_LINE_BYTES_MAX = 8 * MIB
/**
 * A list in protobuf is read item by item and not held: 500,000 objects (KUBE_OBJECTS_MAX) of 4 KiB. One item, like one
 * frame of a watch, is at most KUBE_WATCH_LINE_BYTES_MAX.
 */
export const KUBE_LIST_BYTES_MAX = 2_048 * MIB
/** The buffer of one answer that is read: some twenty pods of 4 KiB; it grows for a larger unit, and shrinks again. */
export const KUBE_SOURCE_BYTES = 128 * 1_024
/** Kept values of one object: an EndpointSlice of 1,000 endpoints has some 15,000. */
export const KUBE_OBJECT_VALUES_MAX = 100_000
/**
 * Texts and values that objects of one resource share, each table with so many places: at most 8,192 × 64 bytes and 4,096
 * conditions, label sets and the like of some 200 bytes, 1.5 MiB together.
 */
export const KUBE_SHARED_TEXTS = 8_192
export const KUBE_SHARED_TEXT_CHARS_MAX = 64
export const KUBE_SHARED_VALUES = 4_096
/** Events of a watch that are handed on together. */
export const KUBE_BATCH_EVENTS = 256
/** Reading an answer lets others have their turn after so much work. */
export const KUBE_READ_SLICE_MS = 8
/** Server-side watch time-out, drawn between the two so that watches do not end together (client-go: 5–10 min). */
export const KUBE_WATCH_TIMEOUT_S_MIN = 300
export const KUBE_WATCH_TIMEOUT_S_MAX = 600
/** A second watch that looks for what the first missed: kube-apiserver sends its bookmark two seconds before the time-out. */
export const KUBE_CHECK_TIMEOUT_S = 3
/** It is left after this where no bookmark comes: what was missed is told at once. */
export const KUBE_CHECK_READ_MS = 3_000
/** Objects of one watched resource: three times what Kubernetes supports in Pods (150,000). Over it: KUBE_TOO_LARGE. */
export const KUBE_OBJECTS_MAX = 500_000
/** A refused watch or lease, or an absent API: one small request each time, and who repairs it sees it picked up soon. */
export const KUBE_REFUSED_RETRY_MS = 30_000
/** Credentials are read again at most so often, however many 401s come. */
export const KUBE_CREDENTIALS_PERIOD_MS = 10_000
/** … and from so long before they are over: a plugin's token may live for minutes only. */
export const KUBE_CREDENTIALS_RENEW_MS = 60_000
/** Streams of replaced credentials end with their watch's time-out, 630 s at most; then what is left is closed. */
export const KUBE_RETIRED_MS = 660_000
/** Credentials replaced within that time, hourly at most but for an error; beyond it the oldest streams are closed. */
export const KUBE_RETIRED_CLIENTS_MAX = 4
/** The probe of the API server, on a fresh socket: a TLS handshake and one small answer. */
export const KUBE_PROBE_TIMEOUT_MS = 5_000
/** An answer this young makes a probe needless: the lease alone brings one each two seconds. */
export const KUBE_ANSWER_FRESH_MS = 5_000
/**
 * Pauses between probes while nothing answers, each shortened by up to a half; the last one repeats. At the shortest
 * that is 11 probes in the first minute. The first ten seconds are dense, so that a lease survives a short outage.
 */
export const KUBE_PROBE_PAUSES_MS: readonly number[] = [
  800, 1_600, 2_000, 2_000, 2_000, 4_000, 8_000, 15_000, 30_000,
]
/**
 * Pauses between trials of one watch for all while no stream lives although the server answers, each shortened by up to a
 * quarter; the last one repeats. At the shortest that is 5 trials in the first minute. A trial is at most two requests (a
 * list and its watch, or a watch and the probe that its loss brings), and one probe comes before: 11 in all.
 */
export const KUBE_TRIAL_PAUSES_MS: readonly number[] = [4_000, 8_000, 15_000, 30_000]
export const KUBECONFIG_BYTES_MAX = 1 * MIB
/** A credential plugin that takes longer is killed; the adapter goes on with the credentials it has. */
export const KUBECONFIG_EXEC_TIMEOUT_MS = 10_000
/** Writes in flight at once; API Priority & Fairness does the pacing beyond it. */
export const KUBE_WRITES_IN_FLIGHT_MAX = 8

/** A write is sent so often on newer versions of an object of which only the status changed; then the plan is made anew. */
export const KUBE_CONFLICTS_MAX = 3
/** A call that is shed with Retry-After is asked again so often, as client-go does … */
export const KUBE_THROTTLED_TRIES_MAX = 10
/** … and waits so long in all: API Priority and Fairness asks for some seconds. Over it the caller backs off. */
export const KUBE_THROTTLED_WAIT_MS = 30_000
/** What is not served is looked for again so often: two small requests each time. */
export const KUBE_DISCOVERY_PERIOD_MS = 30_000

// ---- drift: somebody else changes an object of ours
/** Put back at once so often within the window; a fight shows from DRIFT_FIGHT on. */
export const DRIFT_WINDOW_MS = 60_000
export const DRIFT_AT_ONCE = 5
/** From then on at most so often: 5 at once and 12 a minute are 17 writes of one object in the first minute, 12 after. */
export const DRIFT_SPACING_MS = 5_000
/** Put back so often within the window: two writers are at it, not one slip of a hand. */
export const DRIFT_FIGHT = 3
/** A fight is over when nothing had to be put back for so long. */
export const DRIFT_CALM_MS = 30_000

// ---- the lease (design §5; client-go's defaults)
export const LEASE_DURATION_MS = 15_000
export const LEASE_RENEW_DEADLINE_MS = 10_000
export const LEASE_RETRY_MS = 2_000
/** Timers stand still with the machine and the wall clock may be set: while leading the clocks are looked at so often. */
export const LEASE_CLOCK_LOOK_MS = 1_000
/** A lease that is offered to one instance is free for the others after this: two looks of a candidate and their calls. */
export const LEASE_OFFER_MS = 5_000
/** Whose attempt to take the lease got no answer leaves it to the others so much longer than the lease lasts: two looks. */
export const LEASE_UNSURE_EXTRA_MS = 4_000
/** Leadership is given up for a broken channel at most so often (semantics: once in ten minutes). */
export const LEASE_GIVE_UP_PERIOD_MS = 600_000
/** A round of an instance: hello to the manager (a standby), one write of its own Lease, one list. As often as a kubelet. */
export const INSTANCE_PERIOD_MS = 10_000
/** leaseDurationSeconds of an instance's Lease: three rounds. */
export const INSTANCE_DURATION_MS = 30_000
/** A Lease that was seen to change within this is of a live instance: its round and ours, their calls, and one lost. */
export const INSTANCE_FRESH_MS = 45_000
/** Leadership is given up only to whom reached the manager within this (semantics: fresher than 30 s). */
export const INSTANCE_SUCCESSOR_MS = 30_000
/** A Lease of an instance that did not change for so long, twelve rounds, is deleted by the leader … */
export const INSTANCE_STALE_MS = 120_000
/** … at most so many a round. */
export const INSTANCES_SWEPT_MAX = 20
/** Instances that are looked at; a cluster has three to seven control-plane nodes. Beyond it they are passed over. */
export const INSTANCES_MAX = 100
