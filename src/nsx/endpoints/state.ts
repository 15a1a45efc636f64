/**
 * How each of several managers is, and which one a call goes to. Values and pure functions over them; rest.ts calls them
 * with the clock's monotonic milliseconds.
 */
import type { AdapterError } from '../../errors.ts'
import { NSX_PROBE_BACKOFF_BASE_MS, NSX_PROBE_BACKOFF_MAX_MS } from '../../limits.ts'

export interface EndpointState {
  /** `unknown`: it was not spoken with yet, and is tried like one that is up. */
  readonly health: 'unknown' | 'up' | 'down'
  readonly inFlight: number
  /** It answered something, then. */
  readonly answeredAtMs: number
  /** It asked to be spared until then: chosen only when no other can be. */
  readonly spareUntilMs: number
  /** Failures in a row, which set the pause between probes. */
  readonly failures: number
  /** Down: it is not probed before. */
  readonly probeAtMs: number
  readonly isProbing: boolean
  /** Why it is down. */
  readonly reason: Reason | undefined
}

export type Reason = Pick<AdapterError, 'kind' | 'code' | 'message'>

export const NEW_ENDPOINT: EndpointState = {
  health: 'unknown',
  inFlight: 0,
  answeredAtMs: Number.NEGATIVE_INFINITY,
  spareUntilMs: Number.NEGATIVE_INFINITY,
  failures: 0,
  probeAtMs: Number.NEGATIVE_INFINITY,
  isProbing: false,
  reason: undefined,
}

export const began = (state: EndpointState): EndpointState => ({ ...state, inFlight: state.inFlight + 1 })
export const ended = (state: EndpointState): EndpointState => ({ ...state, inFlight: state.inFlight - 1 })

/** It answered, whatever it said. */
export const answered = (state: EndpointState, nowMs: number): EndpointState => ({
  ...state,
  health: 'up',
  answeredAtMs: nowMs,
  failures: 0,
  reason: undefined,
})

/** It answered that it cannot now. */
export const spared = (state: EndpointState, untilMs: number): EndpointState => ({
  ...state,
  spareUntilMs: Math.max(state.spareUntilMs, untilMs),
})

/** It did not answer. `random` is from 0 to 1: half of each pause is left to it. */
export function failed(state: EndpointState, nowMs: number, random: number, reason: Reason): EndpointState {
  const failures = state.failures + 1
  const mostMs = Math.min(
    NSX_PROBE_BACKOFF_MAX_MS,
    NSX_PROBE_BACKOFF_BASE_MS * 2 ** Math.min(failures - 1, 16),
  )
  return {
    ...state,
    health: 'down',
    failures,
    reason,
    probeAtMs: nowMs + mostMs * (0.5 + random / 2),
  }
}

export const probing = (state: EndpointState, isProbing: boolean): EndpointState => ({ ...state, isProbing })

/** A call that began then and was not answered says little about a manager that answered another one since. */
export const isSilent = (state: EndpointState, sinceMs: number): boolean => state.answeredAtMs < sinceMs

/** Down, and it is time to look whether it still is. */
export const isProbeDue = (state: EndpointState, nowMs: number): boolean =>
  state.health === 'down' && !state.isProbing && nowMs >= state.probeAtMs

/**
 * The manager for a call: not down, not tried for it already, rather one that does not ask to be spared, then the least
 * busy; among equals the first, so that what comes one after the other goes to one manager. Undefined: none.
 */
export function choose(
  states: readonly EndpointState[],
  tried: ReadonlySet<number>,
  nowMs: number,
): number | undefined {
  let best: number | undefined
  for (const [index, state] of states.entries()) {
    if (state.health === 'down' || tried.has(index)) continue
    const other = best === undefined ? undefined : states[best]
    if (other === undefined || isBetter(state, other, nowMs)) best = index
  }
  return best
}

function isBetter(one: EndpointState, other: EndpointState, nowMs: number): boolean {
  const spare = Number(one.spareUntilMs > nowMs) - Number(other.spareUntilMs > nowMs)
  return spare !== 0 ? spare < 0 : one.inFlight < other.inFlight
}
