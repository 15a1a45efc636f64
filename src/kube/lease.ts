/** Gives the lease chart its ports: a coordination.k8s.io/v1 Lease, read and written as client-go's leader election does. */
import { fromPromise } from 'xstate'
import { leaseMachine } from '../../machines/lease.ts'
import { asAdapterErrors } from '../errors.ts'
import type { Health } from '../health/index.ts'
import { KUBE_REFUSED_RETRY_MS, LEASE_CLOCK_LOOK_MS, LEASE_DURATION_MS, LEASE_RETRY_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, Random } from '../world/index.ts'
import type { KubeClient } from './contract.ts'
import type { LeaseGate } from './gate.ts'
import { createLeaseRecord } from './lease-record.ts'

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
  /** Hears who holds the lease whenever it was read or written; '' when nobody does. */
  readonly onHolder?: (holder: string) => void
}

export type LeaseLogic = typeof leaseMachine

/**
 * The lease chart over the API server. It sends its parent LEASE_HELD and LEASE_LOST, accepts STOP and GIVE_UP, and
 * opens and shuts the gate. The Lease is created when absent; its namespace is not (docs/rbac.yaml does that).
 */
export function provideLease(deps: LeaseDeps): LeaseLogic {
  const { gate, random, health, log } = deps
  const record = createLeaseRecord({
    ...deps,
    durationMs: deps.timing?.durationMs ?? LEASE_DURATION_MS,
  })
  const retryMs = deps.timing?.retryMs ?? LEASE_RETRY_MS
  const { renewDeadlineMs, requestTimeoutMs } = gate.timing
  let logged = ''
  return leaseMachine.provide({
    actors: {
      acquire: fromPromise(({ signal }) => asAdapterErrors(record.acquire(signal))),
      renew: fromPromise(({ signal }) => asAdapterErrors(record.renew(signal))),
      release: fromPromise<void, string | undefined>(({ input, signal }) =>
        asAdapterErrors(record.release(input, signal)),
      ),
    },
    guards: {
      mayGiveUp: () => record.mayGiveUp(),
      isWriteOver: ({ context }) => gate.elapsedMs(context.since) >= renewDeadlineMs - requestTimeoutMs,
      isOver: ({ context }) => gate.elapsedRealMs(context.since) >= renewDeadlineMs,
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
      writeDeadline: ({ context }) =>
        Math.max(0, renewDeadlineMs - requestTimeoutMs - gate.elapsedMs(context.since)),
      renewDeadline: ({ context }) => Math.max(0, renewDeadlineMs - gate.elapsedRealMs(context.since)),
      clockLook: LEASE_CLOCK_LOOK_MS,
    },
  })
}
