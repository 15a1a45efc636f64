/** Limits of registration and of keeping its credentials (docs/registration.md). */
const DAY_MS = 86_400_000

/** NSX's clock and ours may differ by so much; certificates are backdated by twice as much. */
export const REGISTRATION_CLOCK_MS = 300_000
/** A certificate or role that NSX was given may need so long on all of its managers. */
export const REGISTRATION_CHECK_MS = 30_000
export const REGISTRATION_CHECK_PERIOD_MS = 1_000
/**
 * A rotation waits so long for the Leases of all instances: reading the Secret each 10 s, announcing each 10 s, and Leases of
 * instances that are gone, which the leader sweeps after 120 s. Then it is said whose is missing, and rotate is run again.
 */
export const REGISTRATION_INSTANCES_MS = 300_000
export const REGISTRATION_INSTANCES_PERIOD_MS = 1_000
/** Of one whole command, waits included: nothing is left hanging. */
export const REGISTRATION_TIMEOUT_MS = 900_000
/** Validity of the certificates that register makes; told 30 days before it is over. */
export const REGISTRATION_VALID_DAYS = 730
export const CERTIFICATE_WARN_MS = 30 * DAY_MS
/** The Secret with the identity is read so often, by each instance: one GET of some 5 KiB. */
export const IDENTITY_PERIOD_MS = 10_000
/**
 * What the API server is asked for; it may give less (--service-account-max-token-expiration). A node may be off for days
 * and come back with a token that is good.
 */
export const TOKEN_SECONDS = (14 * DAY_MS) / 1_000
/** Renewed when this share of its life is over, as kubelet does with 80 %: earlier, for there is nobody else to ask. */
export const TOKEN_RENEW_SHARE = 1 / 3
/** After a failure it is tried again so late; and told when less than a third of its life is left. */
export const TOKEN_RETRY_MS = 60_000
/** A running instance writes its Lease each 10 s, up to 11 with jitter: one that does not change within this has stopped. */
export const INSTANCE_LOOK_MS = 13_000
