/** Long work in slices, so that nothing else waits long for its turn. */
import { SLICE_MS } from '../limits.ts'
import { type Clock, sleep } from './clock.ts'
import type { Steps } from './steps.ts'

/**
 * Runs the steps; after each slice everything else has its turn. Rejects with the signal's reason when it is aborted in
 * between, and does not go on then.
 */
export async function inSlices<T>(steps: Steps<T>, clock: Clock, signal?: AbortSignal): Promise<T> {
  try {
    let startedMs = clock.monotonicMs()
    for (;;) {
      const { done, value } = steps.next()
      if (done === true) return value
      if (clock.monotonicMs() - startedMs < SLICE_MS) continue
      await sleep(clock, 0, signal)
      startedMs = clock.monotonicMs()
    }
  } finally {
    steps.return(undefined as never)
  }
}
