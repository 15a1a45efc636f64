/** The bytes of a Pod's log as lines: whole ones, whatever the chunks are, and never longer than LOGS_LINE_CHARS_MAX. Pure. */
import { LOGS_LINE_CHARS_MAX } from '../../limits.ts'

export interface StampedLine {
  /** RFC 3339 in UTC with nine digits of a second, so that texts compare as times do; undefined: the line has none. */
  readonly time: string | undefined
  readonly text: string
}

const LF = 10
/** A time-stamp of at most 35 characters and a space stand before the text. */
const LINE_BYTES_MAX = LOGS_LINE_CHARS_MAX + 36
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)(?: |$)/

/** Takes chunks and gives the lines that are whole with them; what is left comes with `end`. */
export interface LineSplitter {
  push(chunk: Uint8Array): StampedLine[]
  end(): StampedLine[]
}

export function createLineSplitter(): LineSplitter {
  let parts: Uint8Array[] = []
  let size = 0
  let isCut = false
  const add = (part: Uint8Array) => {
    const room = LINE_BYTES_MAX - size
    if (part.length > room) isCut = true
    const kept = part.subarray(0, Math.max(0, room))
    if (kept.length === 0) return
    // A copy: the chunk it is of may be large, and the line long in coming to its end.
    parts.push(Buffer.from(kept))
    size += kept.length
  }
  const take = (): StampedLine => {
    const text = Buffer.concat(parts).toString('utf8').replace(/\r$/, '')
    const line = stamped(isCut ? `${text}…` : text)
    parts = []
    size = 0
    isCut = false
    return line
  }
  return {
    push(chunk) {
      const lines: StampedLine[] = []
      let from = 0
      for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
        add(chunk.subarray(from, at))
        lines.push(take())
        from = at + 1
      }
      add(chunk.subarray(from))
      return lines
    },
    end: () => (size === 0 ? [] : [take()]),
  }
}

/** The kubelet's time-stamp may be in the Node's own zone. */
function stamped(line: string): StampedLine {
  const found = STAMP.exec(line)
  if (found === null) return { time: undefined, text: line }
  const [whole, seconds, fraction = '', zone = 'Z'] = found
  const ms = Date.parse(`${seconds}${zone}`)
  if (Number.isNaN(ms)) return { time: undefined, text: line }
  return { time: timeText(ms, fraction.padEnd(9, '0')), text: line.slice(whole.length) }
}

/** `nanos`: nine digits of the second. */
const timeText = (ms: number, nanos: string): string => `${new Date(ms).toISOString().slice(0, 19)}.${nanos}Z`

/** In the form of StampedLine's. */
export const timeOfMs = (ms: number): string =>
  timeText(ms, `${String(((ms % 1_000) + 1_000) % 1_000).padStart(3, '0')}000000`)
