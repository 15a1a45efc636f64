/**
 * Lets others have their turn while a long answer is read. Answers come faster than they are read when much of them is
 * already in the socket; then nothing else of the process would run before the last of it.
 */
import { KUBE_READ_SLICE_MS } from '../limits.ts'
import { type Clock, sleep } from '../world/index.ts'

export interface Pace {
  /** Work begins. */
  work(): void
  /** Work pauses; what is returned, when the slice is used up, is to be waited for before it goes on. */
  rest(): Promise<void> | undefined
}

/** For who has no clock: nothing is ever due. */
export const NO_PACE: Pace = { work() {}, rest: () => undefined }

export function createPace(clock: Clock): Pace {
  let since: number | undefined
  let usedMs = 0
  return {
    work() {
      since = clock.monotonicMs()
    },
    rest() {
      if (since !== undefined) usedMs += clock.monotonicMs() - since
      since = undefined
      if (usedMs < KUBE_READ_SLICE_MS) return undefined
      usedMs = 0
      return sleep(clock, 0)
    },
  }
}
