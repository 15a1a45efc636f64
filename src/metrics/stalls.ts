/** How long the event loop stands still: a timer that comes late says by how much. */
import { LOOP_LOOK_MS, LOOP_STALL_MS_MIN } from '../limits.ts'
import { type Clock, sleep } from '../world/index.ts'
import type { Meter } from './registry.ts'

/** Looks until the signal is aborted; ten looks a second, and only what was late is noted. */
export async function watchLoop(meter: Meter, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs()
    await sleep(clock, LOOP_LOOK_MS, signal).catch(() => {})
    const lateMs = clock.monotonicMs() - startedMs - LOOP_LOOK_MS
    if (lateMs >= LOOP_STALL_MS_MIN && !signal.aborted)
      meter.observe('antrea_nsx_event_loop_stall_seconds', {}, lateMs / 1_000)
  }
}
