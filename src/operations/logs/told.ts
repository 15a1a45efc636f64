/** Lines on their way to who asked: merged by time, bounded, and gathered into words. Pure. */
import { LOGS_WORD_CHARS_MAX, LOGS_WORD_LINES_MAX } from '../../limits.ts'
import type { LogLevel } from '../../log/index.ts'
import type { Fields } from '../types.ts'

export interface LogLine extends Fields {
  /** RFC 3339 in UTC, nine digits of a second. */
  readonly time: string
  /** `controller/POD`, `agent/NODE`, `adapter/INSTANCE`. */
  readonly source: string
  readonly level: LogLevel
  readonly text: string
}

const byTime = (a: LogLine, b: LogLine): number => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)

/** Those of one source keep their order, whatever their times say. */
export const merged = (lines: readonly LogLine[]): LogLine[] => [...lines].sort(byTime)

/** The newest lines of many sources, by number and by characters. */
export interface Newest {
  add(line: LogLine): void
  /** By time. */
  lines(): LogLine[]
  /** Lines that were older than all that are kept. */
  readonly left: number
}

export function createNewest(linesMax: number, charsMax: number): Newest {
  let kept: LogLine[] = []
  let chars = 0
  let left = 0
  const sizeOf = ({ text, source }: LogLine) => text.length + source.length + 64
  const trim = () => {
    kept = merged(kept)
    let drop = Math.max(0, kept.length - linesMax)
    for (let at = 0; at < drop; at += 1) chars -= sizeOf(kept[at] as LogLine)
    while (chars > charsMax && drop < kept.length - 1) {
      chars -= sizeOf(kept[drop] as LogLine)
      drop += 1
    }
    left += drop
    kept = kept.slice(drop)
  }
  return {
    add(line) {
      kept.push(line)
      chars += sizeOf(line)
      // Sorted seldom: twice what is kept, and some more, is the most there is at once.
      if (kept.length > linesMax * 2 + 100 || chars > charsMax * 2) trim()
    },
    lines() {
      trim()
      return kept
    },
    get left() {
      return left
    },
  }
}

/** In portions of LOGS_WORD_LINES_MAX lines and LOGS_WORD_CHARS_MAX characters, about. */
export function* inPortions(lines: readonly LogLine[]): Generator<readonly LogLine[], void> {
  let portion: LogLine[] = []
  let chars = 0
  for (const line of lines) {
    portion.push(line)
    chars += line.text.length
    if (portion.length < LOGS_WORD_LINES_MAX && chars < LOGS_WORD_CHARS_MAX) continue
    yield portion
    portion = []
    chars = 0
  }
  if (portion.length > 0) yield portion
}
