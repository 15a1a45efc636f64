/**
 * How fast this client may call one manager. NSX allows a client 100 requests a second and 40 at once by default
 * (ApiServiceConfig), answers 429 or 503 beyond that, and does not say beforehand what it is set to; so it is found out:
 * halved when refused, grown while somebody had to wait.
 */
import { retry } from '../errors.ts'
import { NSX_PACE_PER_SECOND_MAX, NSX_PACE_PER_SECOND_MIN, NSX_PACE_WAIT_MS_MAX } from '../limits.ts'
import { type Clock, sleep } from '../world/index.ts'

const WINDOW_MS = 1_000

export interface PaceState {
  /** Calls a second; undefined is no pace, until the first refusal. */
  readonly perSecond: number | undefined
  readonly windowStartMs: number
  /** In this window: calls that went, whether one had to wait, whether one was refused. */
  readonly sent: number
  readonly hasWaited: boolean
  readonly wasRefused: boolean
}

export interface PaceOptions {
  /** Calls a second to begin with; without it as fast as the caller goes, until the other end refuses for the first time. */
  readonly startPerSecond?: number
  readonly maxPerSecond?: number
  /** How much faster after a second; a tenth, at least one, without it. */
  readonly stepPerSecond?: number
}

/** Faster after each second in which somebody had to wait and nobody was refused. Pure. */
export function grown(state: PaceState, nowMs: number, options: PaceOptions = {}): PaceState {
  if (nowMs - state.windowStartMs < WINDOW_MS) return state
  const { perSecond } = state
  const { maxPerSecond = NSX_PACE_PER_SECOND_MAX, stepPerSecond = Math.max(1, (perSecond ?? 0) / 10) } =
    options
  const grows = perSecond !== undefined && state.hasWaited && !state.wasRefused
  return {
    perSecond: grows ? Math.min(maxPerSecond, perSecond + stepPerSecond) : perSecond,
    windowStartMs: nowMs,
    sent: 0,
    hasWaited: false,
    wasRefused: false,
  }
}

/** Half of the pace, or of what went in this second without one; once a second, however many are refused. Pure. */
export function halved(state: PaceState): PaceState {
  if (state.wasRefused) return state
  const before = state.perSecond ?? Math.min(state.sent, NSX_PACE_PER_SECOND_MAX)
  return { ...state, wasRefused: true, perSecond: Math.max(NSX_PACE_PER_SECOND_MIN, before / 2) }
}

export interface Pace {
  /** Resolves when the call may go, in order; rejects with the signal's reason, or NSX_THROTTLED when the wait were too long. */
  enter(signal?: AbortSignal): Promise<void>
  /** The manager answered 429 or 503, and said how long to wait. */
  refused(retryAfterMs?: number): void
  readonly perSecond: number | undefined
}

export function createPace(clock: Clock, options: PaceOptions = {}): Pace {
  let state: PaceState = {
    perSecond: options.startPerSecond,
    windowStartMs: clock.monotonicMs(),
    sent: 0,
    hasWaited: false,
    wasRefused: false,
  }
  /** When the next call may go. */
  let freeAtMs = clock.monotonicMs()
  return {
    async enter(signal) {
      const nowMs = clock.monotonicMs()
      state = grown(state, nowMs, options)
      const waitMs = state.perSecond === undefined ? 0 : Math.max(0, freeAtMs - nowMs)
      if (waitMs > NSX_PACE_WAIT_MS_MAX)
        throw retry(
          'NSX_THROTTLED',
          'the manager takes fewer calls than there are to make; it is tried again at the pace it allows',
          { retryAfterMs: waitMs },
        )
      state = { ...state, sent: state.sent + 1, hasWaited: state.hasWaited || waitMs > 0 }
      if (state.perSecond !== undefined) freeAtMs = Math.max(freeAtMs, nowMs) + 1_000 / state.perSecond
      if (waitMs > 0) await sleep(clock, waitMs, signal)
    },
    refused(retryAfterMs = 0) {
      state = halved(state)
      freeAtMs = Math.max(freeAtMs, clock.monotonicMs() + retryAfterMs)
    },
    get perSecond() {
      return state.perSecond
    },
  }
}
