/** Gives the lease chart its ports: a coordination.k8s.io/v1 Lease, read and written as client-go's leader election does. */
import { fromPromise } from 'xstate'
import type { Leader } from '../../machines/adapter.ts'
import { leaseMachine, type Moment } from '../../machines/lease.ts'
import { AdapterError, asAdapterError, needsPerson, retry } from '../errors.ts'
import type { Health } from '../health/index.ts'
import { KUBE_REFUSED_RETRY_MS, LEASE_DURATION_MS, LEASE_RETRY_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, Random } from '../world/index.ts'
import type { KubeClient } from './contract.ts'
import type { LeaseGate } from './gate.ts'
import { RESOURCES } from './resources.ts'
import type { KubeObject } from './types.ts'

export interface LeaseTiming {
  readonly durationMs: number
  readonly retryMs: number
}

export interface LeaseDeps {
  /** A client of its own, with an open gate and the lane `lease`. */
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly gate: LeaseGate
  /**
   * Unique for each process: two processes under one name would both believe to hold the lease. A process that died
   * without releasing is waited for as any other holder.
   */
  readonly instance: string
  readonly namespace: string
  readonly name: string
  readonly health: Health
  readonly log: Logger
  readonly timing?: LeaseTiming
}

export type LeaseLogic = typeof leaseMachine

interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

interface Lease extends KubeObject {
  readonly spec?: LeaseSpec
}

/**
 * The lease chart over the API server. It sends its parent LEASE_HELD and LEASE_LOST, accepts STOP, and opens and shuts
 * the gate. The Lease is created when absent; its namespace is not (docs/rbac.yaml does that).
 */
export function provideLease(deps: LeaseDeps): LeaseLogic {
  const { gate, random, health, log } = deps
  const record = createRecord(deps)
  const retryMs = deps.timing?.retryMs ?? LEASE_RETRY_MS
  const { renewDeadlineMs, requestTimeoutMs } = gate.timing
  let logged = ''
  const untilMs = (since: Moment, limitMs: number) => Math.max(0, limitMs - gate.elapsedMs(since))
  return leaseMachine.provide({
    actors: {
      acquire: fromPromise(({ signal }) => asAdapterErrors(record.acquire(signal))),
      renew: fromPromise(({ signal }) => asAdapterErrors(record.renew(signal))),
      release: fromPromise(({ signal }) => asAdapterErrors(record.release(signal))),
    },
    actions: {
      holdGate: ({ context }) => gate.hold(context.since),
      shutGate: () => gate.shut(),
      reportWell: () => {
        logged = ''
        health.clear('LEASE_UNREACHABLE')
      },
      reportProblem: ({ context }) => {
        const text = context.error?.message ?? 'the API server does not answer in time'
        const code = context.error?.code ?? 'TRANSPORT_TIMEOUT'
        health.set('LEASE_UNREACHABLE', text)
        // It is tried each two seconds; a line for each kind of failure is enough.
        if (code !== logged) log.warn({ code }, `the lease: ${text}`)
        logged = code
      },
    },
    delays: {
      // Never longer than the retry period: what is added to a dead holder's 15 s is how late its last renew was seen.
      retryPeriod: () => retryMs * (0.7 + 0.2 * random.next()),
      candidatePeriod: () => Math.min(retryMs * (0.7 + 0.2 * random.next()), record.untilFreeMs()),
      refusedRetry: KUBE_REFUSED_RETRY_MS,
      writeDeadline: ({ context }) => untilMs(context.since, renewDeadlineMs - requestTimeoutMs),
      renewDeadline: ({ context }) => untilMs(context.since, renewDeadlineMs),
    },
  })
}

async function asAdapterErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw asAdapterError(error)
  }
}

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

/** Reading and writing the one Lease. What is remembered is what was seen last and when, never who leads. */
function createRecord(deps: LeaseDeps) {
  const { client, clock, gate, instance, namespace, name } = deps
  const durationMs = deps.timing?.durationMs ?? LEASE_DURATION_MS
  let seen: { readonly text: string; readonly atMs: number } = { text: '', atMs: 0 }
  /** When the lease of another holder ends, unless it is seen renewed before. */
  let freeAtMs = Number.POSITIVE_INFINITY
  let held: Lease | undefined

  /** Judged by when we saw it change, not by its times: clocks may differ, only their rates may not. */
  const isHeldByOther = (spec: LeaseSpec): boolean => {
    const text = JSON.stringify([
      spec.holderIdentity,
      spec.renewTime,
      spec.acquireTime,
      spec.leaseTransitions,
    ])
    if (text !== seen.text) seen = { text, atMs: clock.monotonicMs() }
    freeAtMs = Number.POSITIVE_INFINITY
    if ((spec.holderIdentity ?? '') === '' || spec.holderIdentity === instance) return false
    freeAtMs = seen.atMs + theirDurationMs(spec, durationMs)
    return clock.monotonicMs() < freeAtMs
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

  return {
    /** Until a moment after another holder's end; Infinity when that is over or there is none. */
    untilFreeMs(): number {
      const leftMs = freeAtMs - clock.monotonicMs()
      return leftMs > 0 ? leftMs + LOOK_AFTER_MS : Number.POSITIVE_INFINITY
    },

    async acquire(signal: AbortSignal): Promise<{ leader: Leader; since: Moment } | undefined> {
      const lease = await client.get<Lease>(RESOURCES.leases, name, namespace, signal)
      if (lease !== undefined && isHeldByOther(lease.spec ?? {})) return undefined
      const since = gate.moment()
      try {
        // Transitions count up even when the last holder was this process: each leadership has a number of its own.
        held =
          lease === undefined
            ? await create(signal)
            : await client.replace(
                RESOURCES.leases,
                { ...lease, spec: freshSpec((lease.spec?.leaseTransitions ?? 0) + 1) },
                { signal },
              )
      } catch (error) {
        // Another candidate was quicker.
        if (hasCode(error, 'KUBE_CONFLICT') || hasCode(error, 'KUBE_ALREADY_EXISTS')) return undefined
        throw error
      }
      return { leader: leaderOf(held), since }
    },

    async renew(signal: AbortSignal): Promise<Moment> {
      const before = held
      if (before === undefined) throw taken('it was never held')
      const since = gate.moment()
      const renewed = (lease: Lease): Lease => ({
        ...lease,
        spec: { ...before.spec, renewTime: microTime(clock) },
      })
      try {
        held = await client.replace(RESOURCES.leases, renewed(before), { signal })
        return since
      } catch (error) {
        if (hasCode(error, 'KUBE_NOT_FOUND')) throw taken('somebody deleted it')
        if (!hasCode(error, 'KUBE_CONFLICT')) throw error
      }
      // An earlier renew that seemed lost may have arrived, or somebody edited the object.
      const now = await client.get<Lease>(RESOURCES.leases, name, namespace, signal)
      if (now === undefined || now.metadata.uid !== before.metadata.uid || !isSameTerm(now, before))
        throw taken(`${now?.spec?.holderIdentity ?? 'nobody'} has it`)
      held = await client.replace(RESOURCES.leases, renewed(now), { signal })
      return since
    },

    /** As client-go does: no holder, one second, so that the next candidate takes it at its next look. */
    async release(signal: AbortSignal): Promise<void> {
      const before = held
      held = undefined
      if (before === undefined) return
      const released = (lease: Lease): Lease => ({
        ...lease,
        spec: { ...before.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock) },
      })
      try {
        await client.replace(RESOURCES.leases, released(before), { signal })
        return
      } catch (error) {
        if (!hasCode(error, 'KUBE_CONFLICT')) throw error
      }
      // A renew that was under way when it was given up may have arrived.
      const now = await client.get<Lease>(RESOURCES.leases, name, namespace, signal)
      if (now === undefined || now.metadata.uid !== before.metadata.uid || !isSameTerm(now, before)) return
      await client.replace(RESOURCES.leases, released(now), { signal })
    },
  }
}

const isSameTerm = (a: Lease, b: Lease): boolean =>
  a.spec?.holderIdentity === b.spec?.holderIdentity && a.spec?.leaseTransitions === b.spec?.leaseTransitions

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
const microTime = (clock: Clock): string => new Date(clock.now()).toISOString().replace('Z', '000Z')
