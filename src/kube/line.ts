/** A line of those who wait for something that is told to all of them at once: a state to be reached, a turn, an API served. */

/** One who waits; either way it leaves the line first, so that what follows from it is told to the others only. */
export interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

/**
 * Stands in `line` until `look`, which is called at once and then by whoever goes through the line, resolves or rejects the
 * waiter. Rejects with the signal's reason when that comes first; nothing of it stays behind.
 */
export const waitInLine = (
  line: Set<() => void>,
  signal: AbortSignal,
  look: (waiter: Waiter) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const leave = (end: () => void) => {
      line.delete(ask)
      signal.removeEventListener('abort', onAbort)
      end()
    }
    const waiter: Waiter = {
      resolve: () => leave(resolve),
      reject: (error) => leave(() => reject(error)),
    }
    const ask = () => look(waiter)
    const onAbort = () => waiter.reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    line.add(ask)
    ask()
  })
