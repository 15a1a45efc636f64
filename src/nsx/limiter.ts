/** So many calls at once and so many a second, for all who share it: the whole client of a manager, or one reader's part. */
import type { Clock } from '../world/index.ts'
import { createPace, type Pace, type PaceOptions } from './pace.ts'

export interface LimiterOptions extends PaceOptions {
  readonly clock: Clock
  readonly inFlightMax: number
}

export interface Limiter {
  /** Does the work when it is its turn. Rejects with the work's error, the signal's reason, or NSX_THROTTLED (Pace). */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** The other end asked to slow down. */
  refused(retryAfterMs?: number): void
  readonly perSecond: number | undefined
  readonly inFlight: number
}

/** In the order they came. Who waits is bounded by who calls: every caller awaits its own. */
export function createLimiter({ clock, inFlightMax, ...paceOptions }: LimiterOptions): Limiter {
  const pace: Pace = createPace(clock, paceOptions)
  const waiting = new Set<() => void>()
  let inFlight = 0

  /** A place of our own, or that of somebody who leaves. */
  const place = (signal: AbortSignal | undefined): Promise<void> => {
    if (inFlight < inFlightMax) {
      inFlight += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiting.delete(enter)
        reject(signal?.reason)
      }
      const enter = () => {
        waiting.delete(enter)
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      waiting.add(enter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
  const leave = () => {
    const [next] = waiting
    if (next === undefined) inFlight -= 1
    else next()
  }

  return {
    async run(work, signal) {
      signal?.throwIfAborted()
      await place(signal)
      try {
        await pace.enter(signal)
        return await work()
      } finally {
        leave()
      }
    },
    refused: pace.refused,
    get perSecond() {
      return pace.perSecond
    },
    get inFlight() {
      return inFlight
    },
  }
}
