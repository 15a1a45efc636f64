/** This process in figures, as the operating system counts it. */
import { readdirSync, readFileSync } from 'node:fs'

export interface RealProcessFigures {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
  readonly externalBytes: number
  /** Seconds since 1970. */
  readonly startSeconds: number
  /** Undefined where /proc does not say. */
  readonly openFiles: number | undefined
  readonly openFilesMax: number | undefined
}

const STARTED_SECONDS = Date.now() / 1_000 - process.uptime()
/** The limit does not change while a process lives. */
const FILES_MAX = attempt(() =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]),
)

/** Some tens of microseconds. */
export function processFigures(): RealProcessFigures {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    cpuSeconds: (user + system) / 1_000_000,
    residentBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    startSeconds: STARTED_SECONDS,
    openFiles: attempt(() => readdirSync('/proc/self/fd').length),
    openFilesMax: FILES_MAX,
  }
}

function attempt(read: () => number): number | undefined {
  try {
    const value = read()
    return Number.isFinite(value) ? value : undefined
  } catch {
    return undefined
  }
}
