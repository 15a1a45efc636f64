/** The clock everything is given. It also fits XState's `clock` option (setTimeout, clearTimeout). */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For people and for lease records; never for measuring durations. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. For deadlines and ages. */
  monotonicMs(): number
  /** Like `monotonicMs`, but goes on while the machine sleeps (CLOCK_BOOTTIME). For how long a lease may count as held. */
  bootMs(): number
  // biome-ignore lint/suspicious/noExplicitAny: XState's Clock declares both of these with any
  setTimeout(fn: (...args: any[]) => void, delayMs: number): any
  // biome-ignore lint/suspicious/noExplicitAny: see above
  clearTimeout(timer: any): void
}

export type Timer = ReturnType<Clock['setTimeout']>

/**
 * Resolves after `delayMs` on the given clock; rejects with the reason of the first of the signals that is aborted before.
 * No listener stays behind on any of them.
 */
export function sleep(
  clock: Clock,
  delayMs: number,
  ...given: readonly (AbortSignal | undefined)[]
): Promise<void> {
  return new Promise((resolve, reject) => {
    const signals = given.filter((signal) => signal !== undefined)
    const aborted = signals.find((signal) => signal.aborted)
    if (aborted !== undefined) return reject(aborted.reason)
    const done = (end: () => void) => {
      clock.clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
      end()
    }
    const onAbort = ({ target }: Event) => done(() => reject((target as AbortSignal).reason))
    const timer = clock.setTimeout(() => done(resolve), delayMs)
    for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true })
  })
}
