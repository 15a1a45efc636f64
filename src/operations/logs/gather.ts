/** Lines of many streams, gathered for a moment, merged by time and told in portions; bounded, by making streams wait. */
import { LOGS_GATHER_MS, LOGS_GATHERED_MAX } from '../../limits.ts'
import { type Clock, sleep } from '../../world/index.ts'
import { inPortions, type LogLine, merged } from './told.ts'

export interface Gatherer {
  /** Resolves when there is room for more. */
  add(lines: readonly LogLine[], signal: AbortSignal): Promise<void>
  /** A line of who cannot wait; false: there is no room, and it is not told. */
  offer(line: LogLine): boolean
  /** Tells what is there, again and again until `signal` is aborted; then the rest. */
  run(signal: AbortSignal): Promise<void>
  readonly told: number
}

/** `ready` is waited for before each telling. */
export function createGatherer(
  clock: Clock,
  tell: (lines: readonly LogLine[]) => void,
  ready: () => Promise<void>,
): Gatherer {
  let held: LogLine[] = []
  let told = 0
  let waiting: (() => void)[] = []
  const hasRoom = () => held.length < LOGS_GATHERED_MAX
  const flush = (linesMax: number) => {
    held = merged(held)
    const now = held.slice(0, linesMax)
    held = held.slice(now.length)
    for (const portion of inPortions(now)) tell(portion)
    told += now.length
    const free = waiting
    waiting = []
    for (const go of free) go()
  }
  return {
    async add(lines, signal) {
      while (!hasRoom()) {
        if (signal.aborted) throw signal.reason
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
      if (signal.aborted) throw signal.reason
      for (const line of lines) held.push(line)
    },
    offer(line) {
      if (!hasRoom()) return false
      held.push(line)
      return true
    },
    async run(signal) {
      while (!signal.aborted) {
        await sleep(clock, LOGS_GATHER_MS, signal).catch(() => {})
        await ready()
        flush(LOGS_GATHERED_MAX)
      }
      flush(Number.POSITIVE_INFINITY)
    },
    get told() {
      return told
    },
  }
}
