/** A logger that says the same line once a minute, and then how often it was meant. */
import type { Clock } from '../world/index.ts'
import type { Logger } from './index.ts'

const PERIOD_MS = 60_000
/** Lines remembered; the one said longest ago is forgotten first. */
const LINES_MAX = 256

interface Said {
  readonly atMs: number
  /** Meant since then, and not said. */
  readonly held: number
}

/** Warnings and errors whose level and words were said within the last minute are held back and counted. */
export function sayOnce(log: Logger, clock: Clock): Logger {
  const said = new Map<string, Said>()
  const wrap = (inner: Logger): Logger => {
    const line =
      (level: 'warn' | 'error'): Logger['warn'] =>
      (fields, message) => {
        const key = `${level} ${message}`
        const before = said.get(key)
        const nowMs = clock.monotonicMs()
        if (before !== undefined && nowMs - before.atMs < PERIOD_MS) {
          said.set(key, { ...before, held: before.held + 1 })
          return
        }
        said.delete(key)
        said.set(key, { atMs: nowMs, held: 0 })
        for (const oldest of said.keys()) {
          if (said.size <= LINES_MAX) break
          said.delete(oldest)
        }
        const held = before?.held ?? 0
        inner[level](held === 0 ? fields : { ...fields, repeated: held }, message)
      }
    return {
      debug: (fields, message) => inner.debug(fields, message),
      info: (fields, message) => inner.info(fields, message),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => wrap(inner.child(fields)),
    }
  }
  return wrap(log)
}
