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

/** Resolves after `delayMs` on the given clock; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clock.clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
