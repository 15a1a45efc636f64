/** The newest lines of the log in memory, as they were written: whoever asks for the adapter's log gets these. */
import { RECENT_LOG_CHARS_MAX, RECENT_LOG_LINES_MAX } from '../limits.ts'
import type { LogLevel } from './levels.ts'

export interface RecentLine {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly level: LogLevel
  /** The JSON object without the line's end; secrets are masked in it. */
  readonly text: string
}

export interface RecentLog {
  add(line: RecentLine): void
  /** Oldest first. */
  lines(): readonly RecentLine[]
  /** Lines that were there and are not any more. */
  readonly gone: number
  /** Called with each new line, which it must neither throw at nor wait for; returns the end of it. */
  follow(listener: (line: RecentLine) => void): () => void
}

/** Bounded by lines and by characters; the oldest go first. */
export function createRecentLog(
  linesMax: number = RECENT_LOG_LINES_MAX,
  charsMax: number = RECENT_LOG_CHARS_MAX,
): RecentLog {
  let lines: RecentLine[] = []
  /** Of `lines`, those at the front that are over already; taken out once they are half of it. */
  let over = 0
  let chars = 0
  let gone = 0
  const listeners = new Set<(line: RecentLine) => void>()
  return {
    add(line) {
      lines.push(line)
      chars += line.text.length
      while (lines.length - over > linesMax || (chars > charsMax && lines.length - over > 1)) {
        chars -= lines[over]?.text.length ?? 0
        over += 1
        gone += 1
      }
      if (over > 1_000 && over * 2 > lines.length) {
        lines = lines.slice(over)
        over = 0
      }
      for (const listener of [...listeners]) listener(line)
    },
    lines: () => lines.slice(over),
    get gone() {
      return gone
    },
    follow(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
