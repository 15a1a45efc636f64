/** Waits for one call as long as the API server asks for it (429 with Retry-After), and asks again. */
import { AdapterError } from '../errors.ts'
import { KUBE_THROTTLED_TRIES_MAX, KUBE_THROTTLED_WAIT_MS } from '../limits.ts'
import { type Clock, sleep } from '../world/index.ts'

/**
 * Repeats `call` while it is refused with KUBE_THROTTLED and a time to wait: API Priority and Fairness sheds load so, and
 * a 429 was never carried out, so any method may be repeated. Only this call waits; others go on. It gives up with the
 * server's own error after KUBE_THROTTLED_TRIES_MAX times, or when the waits together would be over
 * KUBE_THROTTLED_WAIT_MS; whoever asked then backs off. A signal that is aborted ends the wait with its reason.
 */
export async function whileThrottled<T>(
  clock: Clock,
  signals: () => readonly (AbortSignal | undefined)[],
  call: () => Promise<T>,
): Promise<T> {
  let waitedMs = 0
  for (let tries = 1; ; tries += 1) {
    try {
      return await call()
    } catch (error) {
      const waitMs =
        error instanceof AdapterError && error.code === 'KUBE_THROTTLED' ? error.retryAfterMs : undefined
      if (waitMs === undefined || tries >= KUBE_THROTTLED_TRIES_MAX) throw error
      waitedMs += waitMs
      if (waitedMs > KUBE_THROTTLED_WAIT_MS) throw error
      await sleep(clock, waitMs, ...signals())
    }
  }
}
