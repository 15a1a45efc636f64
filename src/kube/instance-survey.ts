/** What the Leases of the instances say. Ages are judged by when a Lease was seen to change, never by its times alone. */
import { INSTANCE_FRESH_MS, INSTANCE_SUCCESSOR_MS } from '../limits.ts'
import { sha256Hex } from '../protocol/index.ts'
import type { Lease } from './lease-record.ts'

/** When this instance last reached the manager by hello: RFC 3339 on its own clock, to be set against its renewTime. */
export const MANAGER_REACHED = 'antrea-nsx-adapter/manager-reached'
/** Whether the last hello got an answer. */
export const MANAGER_ANSWERS = 'antrea-nsx-adapter/manager-answers'
/** Whether this instance has read the cluster and could lead at once. */
export const READY = 'antrea-nsx-adapter/ready'
export const VERSION = 'antrea-nsx-adapter/version'
/** SHA-256 of the certificate with which this instance speaks to the manager, lower-case hex. */
export const CERTIFICATE_SHA256 = 'antrea-nsx-adapter/certificate-sha256'
/** Which leader's Lease this instance stands for. */
export const STANDS_FOR = 'antrea-nsx-adapter/stands-for'

/** What was seen of another instance's Lease: its words, when they last changed, and whether that was seen. */
export interface Sighting {
  readonly text: string
  readonly atMs: number
  readonly isLive: boolean
}

export interface SeenInstance {
  readonly instance: string
  /** Since its Lease was last seen to change; undefined when it has not changed under our eyes yet. */
  readonly seenMs: number | undefined
  readonly isFresh: boolean
  readonly isUnreached: boolean
  readonly isReady: boolean
  /** Since it reached the manager. */
  readonly reachedMs: number | undefined
  readonly version: string
  readonly certificateSha256: string | undefined
}

const NAME_CHARS_MAX = 253

/** `NAME-INSTANCE`, with what a Kubernetes name cannot hold replaced; then a hash keeps two instances apart. */
export function instanceLeaseName(name: string, instance: string): string {
  const plain = instance.toLowerCase().replace(/[^a-z0-9.-]+/g, '-')
  const wanted = `${name}-${plain}`
  // Each part between dots begins and ends with a letter or a digit (RFC 1123 subdomain).
  if (
    plain === instance &&
    wanted.length <= NAME_CHARS_MAX &&
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(wanted)
  )
    return wanted
  const hash = sha256Hex(instance).slice(0, 10)
  const parts = plain.replace(/[.-]+/g, '-').replace(/^-|-$/g, '')
  return `${`${name}-${parts}`.slice(0, NAME_CHARS_MAX - 11)}-${hash}`
}

/** The instance of a Lease that stands for the leader's Lease `name`; undefined: it is something else. */
export function instanceOf(lease: Lease, name: string): string | undefined {
  const instance = lease.spec?.holderIdentity
  if (lease.metadata.annotations?.[STANDS_FOR] !== name || instance === undefined || instance === '')
    return undefined
  return lease.metadata.name === instanceLeaseName(name, instance) ? instance : undefined
}

/** The sighting after one more look; a Lease that is new to us may be old. */
export function sightingOf(lease: Lease, before: Sighting | undefined, nowMs: number): Sighting {
  const text = JSON.stringify([lease.metadata.uid, lease.spec?.renewTime, lease.metadata.annotations])
  if (before === undefined) return { text, atMs: nowMs, isLive: false }
  return text === before.text ? before : { text, atMs: nowMs, isLive: true }
}

export function seenInstance(
  instance: string,
  lease: Lease,
  { atMs, isLive }: Sighting,
  nowMs: number,
): SeenInstance {
  const { annotations = {} } = lease.metadata
  const seenMs = isLive ? nowMs - atMs : undefined
  const isFresh = seenMs !== undefined && seenMs <= INSTANCE_FRESH_MS
  // Both times are that instance's own, so their difference is right whatever its clock says.
  const beforeMs = Date.parse(lease.spec?.renewTime ?? '') - Date.parse(annotations[MANAGER_REACHED] ?? '')
  const reachedMs = Number.isFinite(beforeMs) && beforeMs >= 0 ? beforeMs + (nowMs - atMs) : undefined
  return {
    instance,
    seenMs,
    isFresh,
    isUnreached: annotations[MANAGER_ANSWERS] === 'false',
    isReady: annotations[READY] === 'true',
    reachedMs,
    version: annotations[VERSION] ?? '',
    certificateSha256: annotations[CERTIFICATE_SHA256],
  }
}

/** The one that reached the manager last, within 30 s, and could lead; undefined without one. */
export function successorOf(seen: readonly SeenInstance[]): string | undefined {
  const able = seen.filter(
    ({ isFresh, isUnreached, isReady, reachedMs }) =>
      isFresh && isReady && !isUnreached && reachedMs !== undefined && reachedMs <= INSTANCE_SUCCESSOR_MS,
  )
  able.sort((a, b) => (a.reachedMs ?? 0) - (b.reachedMs ?? 0) || (a.instance < b.instance ? -1 : 1))
  return able[0]?.instance
}
