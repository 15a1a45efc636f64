/** Reading and writing the one Lease, as client-go's leader election does; what it remembers is what was seen, and when. */
import type { Leader } from '../../machines/adapter.ts'
import type { Moment } from '../../machines/lease.ts'
import { AdapterError, needsPerson, retry } from '../errors.ts'
import { LEASE_GIVE_UP_PERIOD_MS, LEASE_OFFER_MS, LEASE_UNSURE_EXTRA_MS } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import type { KubeClient } from './contract.ts'
import type { LeaseGate } from './gate.ts'
import { RESOURCES } from './resources.ts'
import type { KubeObject } from './types.ts'

/** coordination.k8s.io/v1 LeaseSpec, as far as leader election uses it. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec
}

export interface LeaseRecordDeps {
  readonly client: KubeClient
  readonly clock: Clock
  readonly gate: LeaseGate
  readonly instance: string
  readonly namespace: string
  readonly name: string
  readonly durationMs: number
  readonly onHolder?: (holder: string) => void
}

export interface LeaseRecord {
  /** Until a moment after another holder's end; Infinity when that is over or there is none. */
  untilFreeMs(): number
  /** No give-up of leadership was seen on the Lease within LEASE_GIVE_UP_PERIOD_MS. */
  mayGiveUp(): boolean
  /** Undefined: somebody else holds it, or is to have it. */
  acquire(signal: AbortSignal): Promise<{ leader: Leader; since: Moment } | undefined>
  renew(signal: AbortSignal): Promise<Moment>
  /** No holder, one second, so that the next candidate takes it at its next look; `to`: that one before all others. */
  release(to: string | undefined, signal: AbortSignal): Promise<void>
}

/** Who is to take a released lease; the others wait LEASE_OFFER_MS for it. */
const OFFERED_TO = 'antrea-nsx-adapter/offered-to'
/** Who gave leadership up, in which term: a new value each time. A leader that has seen it for ten minutes removes it. */
const GIVEN_UP = 'antrea-nsx-adapter/given-up'

/** A candidate that knows when the lease ends looks so long after it. */
const LOOK_AFTER_MS = 50

/** A foreign Lease cannot keep candidates away longer than this, whatever it says. */
const FOREIGN_DURATION_MS_MAX = 300_000

/** Ours at least: a released lease says one second, but has no holder; a longer one is another configuration's. */
function theirDurationMs(spec: LeaseSpec, oursMs: number): number {
  const theirs = Number(spec.leaseDurationSeconds)
  return Number.isFinite(theirs)
    ? Math.max(oursMs, Math.min(theirs * 1_000, FOREIGN_DURATION_MS_MAX))
    : oursMs
}

/** A value and when it was first seen so, on the monotonic clock: clocks of others may differ, only their rates may not. */
interface Sight {
  readonly text: string
  readonly atMs: number
}

/** Throws LEASE_TAKEN (retry) when a renew finds the lease another's, LEASE_NAMESPACE_MISSING, and the client's errors. */
export function createLeaseRecord(deps: LeaseRecordDeps): LeaseRecord {
  const { client, clock, gate, instance, namespace, name, durationMs, onHolder } = deps
  let seen: Sight = { text: '', atMs: 0 }
  let givenUp: Sight = { text: '', atMs: 0 }
  /** When the lease of another holder ends, unless it is seen renewed before. */
  let freeAtMs = Number.POSITIVE_INFINITY
  let held: Lease | undefined
  /** An attempt to take it ended without an answer: it may have been carried out, and the Lease may say so. */
  let isUnsure = false

  const observe = (lease: Lease): void => {
    const { spec = {} } = lease
    const { holderIdentity, renewTime, acquireTime, leaseTransitions } = spec
    const text = JSON.stringify([holderIdentity, renewTime, acquireTime, leaseTransitions])
    if (text !== seen.text) seen = { text, atMs: clock.monotonicMs() }
    const mark = lease.metadata.annotations?.[GIVEN_UP] ?? ''
    if (mark !== givenUp.text) givenUp = { text: mark, atMs: clock.monotonicMs() }
    onHolder?.(holderIdentity ?? '')
  }

  const untilMs = (endMs: number): boolean => {
    freeAtMs = endMs
    return clock.monotonicMs() < endMs
  }

  const isHeldByOther = ({ spec = {}, metadata }: Lease): boolean => {
    freeAtMs = Number.POSITIVE_INFINITY
    const holder = spec.holderIdentity ?? ''
    if (holder === '') {
      const offeredTo = metadata.annotations?.[OFFERED_TO] ?? instance
      return offeredTo !== instance && untilMs(seen.atMs + LEASE_OFFER_MS)
    }
    const endMs = seen.atMs + theirDurationMs(spec, durationMs)
    if (holder !== instance) return untilMs(endMs)
    // Whose requests arrive but get no answer in time would renew the lease for ever without leading.
    return isUnsure && untilMs(endMs + LEASE_UNSURE_EXTRA_MS)
  }

  const freshSpec = (transitions: number): LeaseSpec => ({
    holderIdentity: instance,
    leaseDurationSeconds: Math.ceil(durationMs / 1_000),
    acquireTime: microTime(clock),
    renewTime: microTime(clock),
    leaseTransitions: transitions,
  })

  const create = async (signal: AbortSignal): Promise<Lease> => {
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
      spec: freshSpec(0),
    }
    try {
      return await client.create(RESOURCES.leases, lease, { signal })
    } catch (error) {
      if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
      throw needsPerson(
        'LEASE_NAMESPACE_MISSING',
        `the namespace ${namespace} does not exist; apply docs/rbac.yaml, which creates it and the rights in it`,
        { subject: namespace, cause: error },
      )
    }
  }

  /** Transitions count up even when the last holder was this process: each leadership has a number of its own. */
  const take = (lease: Lease, signal: AbortSignal): Promise<Lease> => {
    const wanted = withAnnotations(lease, { [OFFERED_TO]: undefined })
    const spec = freshSpec((lease.spec?.leaseTransitions ?? 0) + 1)
    return client.replace(RESOURCES.leases, { ...wanted, spec }, { signal })
  }

  /** The object as it is now, when it is still of the term of `before`. */
  const reread = async (before: Lease, signal: AbortSignal): Promise<Lease | string> => {
    const now = await client.get<Lease>(RESOURCES.leases, name, namespace, signal)
    if (now === undefined || now.metadata.uid !== before.metadata.uid) return 'nobody'
    return isSameTerm(now, before) ? now : (now.spec?.holderIdentity ?? 'nobody')
  }

  return {
    untilFreeMs() {
      const leftMs = freeAtMs - clock.monotonicMs()
      return leftMs > 0 ? leftMs + LOOK_AFTER_MS : Number.POSITIVE_INFINITY
    },

    mayGiveUp: () => givenUp.text === '' || clock.monotonicMs() - givenUp.atMs >= LEASE_GIVE_UP_PERIOD_MS,

    async acquire(signal) {
      const lease = await client.get<Lease>(RESOURCES.leases, name, namespace, signal)
      if (lease !== undefined) observe(lease)
      if (lease !== undefined && isHeldByOther(lease)) return undefined
      const since = gate.moment()
      try {
        held = lease === undefined ? await create(signal) : await take(lease, signal)
      } catch (error) {
        // Another candidate was quicker.
        if (hasCode(error, 'KUBE_CONFLICT') || hasCode(error, 'KUBE_ALREADY_EXISTS')) return undefined
        isUnsure = !isAnswer(error)
        throw error
      }
      isUnsure = false
      observe(held)
      return { leader: leaderOf(held), since }
    },

    async renew(signal) {
      const before = held
      if (before === undefined) throw taken('it was never held')
      const since = gate.moment()
      const isOld = givenUp.text !== '' && clock.monotonicMs() - givenUp.atMs >= LEASE_GIVE_UP_PERIOD_MS
      const renewed = (lease: Lease): Lease => ({
        ...(isOld ? withAnnotations(lease, { [GIVEN_UP]: undefined }) : lease),
        spec: { ...before.spec, renewTime: microTime(clock) },
      })
      const write = async (lease: Lease) => {
        held = await client.replace(RESOURCES.leases, renewed(lease), { signal })
        observe(held)
        return since
      }
      try {
        return await write(before)
      } catch (error) {
        if (hasCode(error, 'KUBE_NOT_FOUND')) throw taken('somebody deleted it')
        if (!hasCode(error, 'KUBE_CONFLICT')) throw error
      }
      // An earlier renew that seemed lost may have arrived, or somebody edited the object.
      const now = await reread(before, signal)
      if (typeof now === 'string') throw taken(`${now} has it`)
      return write(now)
    },

    async release(to, signal) {
      const before = held
      if (before === undefined) return
      const released = (lease: Lease): Lease => ({
        ...withAnnotations(lease, {
          [OFFERED_TO]: to,
          ...(to === undefined ? {} : { [GIVEN_UP]: `${instance} ${before.spec?.leaseTransitions ?? 0}` }),
        }),
        spec: { ...before.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock) },
      })
      const write = async (lease: Lease) => {
        observe(await client.replace<Lease>(RESOURCES.leases, released(lease), { signal }))
        held = undefined
      }
      try {
        return await write(before)
      } catch (error) {
        if (!hasCode(error, 'KUBE_CONFLICT')) throw error
      }
      // A renew that was under way when it was given up may have arrived.
      const now = await reread(before, signal)
      if (typeof now !== 'string') await write(now)
    },
  }
}

/** With these annotations set, or without those that are undefined. */
function withAnnotations(lease: Lease, changes: Readonly<Record<string, string | undefined>>): Lease {
  const annotations = Object.entries({ ...lease.metadata.annotations, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return { ...lease, metadata: { ...lease.metadata, annotations: Object.fromEntries(annotations) } }
}

const isSameTerm = (a: Lease, b: Lease): boolean =>
  a.spec?.holderIdentity === b.spec?.holderIdentity && a.spec?.leaseTransitions === b.spec?.leaseTransitions

/** The API server refused: nothing was carried out. Everything else may have been. */
const isAnswer = (error: unknown): boolean =>
  error instanceof AdapterError && error.code.startsWith('KUBE_') && error.code !== 'KUBE_SERVER_ERROR'

const taken = (why: string) =>
  retry('LEASE_TAKEN', `the lease is no longer ours: ${why}; this instance stands by`)

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof AdapterError && error.code === code

function leaderOf(lease: Lease): Leader {
  const leaseCreated = Date.parse(lease.metadata.creationTimestamp ?? '')
  if (Number.isNaN(leaseCreated))
    throw retry(
      'KUBE_MALFORMED',
      'the API server stored a Lease without creationTimestamp; it is tried again',
    )
  return { leaseCreated, transitions: lease.spec?.leaseTransitions ?? 0 }
}

/** meta/v1 MicroTime: six digits after the second. */
export const microTime = (clock: Clock): string => new Date(clock.now()).toISOString().replace('Z', '000Z')
