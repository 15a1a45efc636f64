/** The fence between the lease and every write: open only so long after the start of the last successful renew. */
import type { Moment } from '../../machines/lease.ts'
import { waitFor } from '../errors.ts'
import { KUBE_WRITE_TIMEOUT_MS, LEASE_RENEW_DEADLINE_MS } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import type { WriteGate } from './contract.ts'

export interface GateTiming {
  readonly renewDeadlineMs: number
  readonly requestTimeoutMs: number
}

/** The gate and the lease's side of it. */
export interface LeaseGate extends WriteGate {
  /** Now, on all three clocks. */
  moment(): Moment
  /**
   * Milliseconds since then by the clock that says most, the wall clock among them: writes end too early rather than too
   * late, whatever clock was set, stood still or was suspended.
   */
  elapsedMs(since: Moment): number
  /**
   * The same without the wall clock, which may be set at any time: leading itself ends by how long it really was. A wall
   * clock that is set forward shuts the gate until the next renew, and the lease is kept.
   */
  elapsedRealMs(since: Moment): number
  /** Open from now on, until `since` + renew deadline − request timeout. */
  hold(since: Moment): void
  /** Shut; writes in flight are aborted with LEASE_NOT_HELD. */
  shut(): void
  readonly timing: GateTiming
}

const notHeld = (why: string) =>
  waitFor('LEASE_NOT_HELD', `nothing is written without the lease: ${why}; the next leader writes it`)

/** A gate that is shut until the lease is held. */
export function createGate(
  clock: Clock,
  timing: GateTiming = {
    renewDeadlineMs: LEASE_RENEW_DEADLINE_MS,
    requestTimeoutMs: KUBE_WRITE_TIMEOUT_MS,
  },
): LeaseGate {
  let heldSince: Moment | undefined
  let abort = new AbortController()
  abort.abort(notHeld('it is not held yet'))

  const elapsedRealMs = (since: Moment): number =>
    Math.max(clock.monotonicMs() - since.monotonicMs, clock.bootMs() - since.bootMs)
  const elapsedMs = (since: Moment): number => Math.max(elapsedRealMs(since), clock.now() - since.wallMs)
  return {
    timing,
    moment: () => ({ monotonicMs: clock.monotonicMs(), bootMs: clock.bootMs(), wallMs: clock.now() }),
    elapsedMs,
    elapsedRealMs,
    hold(since) {
      heldSince = since
      if (abort.signal.aborted) abort = new AbortController()
    },
    shut() {
      heldSince = undefined
      abort.abort(notHeld('it was given up or could not be renewed in time'))
    },
    check() {
      if (heldSince === undefined) throw notHeld('another instance holds it, or nobody yet')
      if (elapsedMs(heldSince) >= timing.renewDeadlineMs - timing.requestTimeoutMs)
        throw notHeld('its deadline is too near')
    },
    get signal() {
      return abort.signal
    },
  }
}
