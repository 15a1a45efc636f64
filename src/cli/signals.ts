/** Signals as a promise. */
import type { Clock } from '../world/index.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** npm passes a terminal's Ctrl-C on to a child that had it already: the same one, twice. */
const SAME_SIGNAL_MS = 1_000

/** Resolves at the first SIGTERM or SIGINT; a second one, later than npm's echo, ends the process at once. */
export function untilSignal(clock: Clock): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | undefined
    for (const name of SIGNALS)
      process.on(name, (signal) => {
        const nowMs = clock.monotonicMs()
        if (firstMs !== undefined && nowMs - firstMs > SAME_SIGNAL_MS) process.exit(1)
        firstMs ??= nowMs
        resolve(signal)
      })
  })
}
