/** One call for a Pod's log (kubernetes.io, Pod API, "read log of the specified Pod"), and where it was left. */
import { TransportError } from '../../errors.ts'
import { refusalOf } from '../../kube/call.ts'
import { RESOURCES, resourcePath } from '../../kube/resources.ts'
import { ANTREA_NAMESPACE } from '../../kube/rights.ts'
import { LOGS_BYTES_MAX, LOGS_LINES_SCANNED_MAX } from '../../limits.ts'
import { type LogLevel, redactText } from '../../log/index.ts'
import type { ApiDeps } from '../api.ts'
import { isAtLeast, levelOfLine } from './level.ts'
import { createLineSplitter, type StampedLine } from './lines.ts'
import type { AntreaPod } from './pods.ts'
import type { LogLine } from './told.ts'

/** From where on a log is read. */
export interface LogPlace {
  /** Younger than so many seconds, by the Node's clock; all of it without it. */
  readonly sinceS?: number
  /** The newest so many lines of it; the newest LOGS_LINES_SCANNED_MAX without it. */
  readonly tail?: number
}

export interface LogCall extends LogPlace {
  readonly follow: boolean
  readonly previous?: boolean
  /** Until the headers are there, and between two chunks. */
  readonly silenceMs: number
}

/**
 * What was read of one container's log. A log is written in the order of its times, so the last time and how many lines
 * had it say where to go on: the kubelet takes times in whole seconds, and says all of that second again.
 */
export interface LogCursor {
  /** Whether the line is one that was read before, or was passed over. */
  isKnown(line: StampedLine): boolean
  /** Another call begins. */
  rewind(): void
  /** Time of the newest line; undefined before the first. */
  readonly time: string | undefined
}

export function createCursor(): LogCursor {
  let time: string | undefined
  let count = 0
  /** Of a call that goes on where another ended: lines of `time` that are still to be passed over. */
  let again = 0
  let isAgain = false
  return {
    rewind() {
      isAgain = time !== undefined
      again = count
    },
    isKnown(line) {
      // A line of no time belongs to the one before it.
      if (line.time === undefined) return isAgain
      if (isAgain && time !== undefined) {
        if (line.time < time) return true
        if (line.time === time && again > 0) {
          again -= 1
          return true
        }
      }
      isAgain = false
      if (line.time === time) count += 1
      else if (time === undefined || line.time > time) {
        time = line.time
        count = 1
      }
      return false
    },
    get time() {
      return time
    },
  }
}

/** How much was read, and what is not in it. */
export interface Reading {
  lines: number
  bytes: number
  /** More than LOGS_BYTES_MAX: the rest was not read. */
  isCut: boolean
}

/**
 * The lines that were not read before, of `level` and worse, with secrets masked. Ends where the log ends, or with
 * `follow` when the container or the connection does. Rejects with the API server's refusal, the transport's errors, or the
 * signal's reason.
 */
export async function* readLog(
  deps: ApiDeps,
  pod: AntreaPod,
  call: LogCall,
  { cursor, reading, level }: { cursor: LogCursor; reading: Reading; level: LogLevel },
  signal: AbortSignal,
): AsyncGenerator<readonly LogLine[], void> {
  const path = `${resourcePath(RESOURCES.pods, ANTREA_NAMESPACE, pod.name, 'log')}?${queryOf(pod, call, cursor)}`
  const response = await deps.http.request({
    method: 'GET',
    path,
    lane: 'stream',
    // The API server answers text whatever is asked for; a refusal comes as it is asked for.
    headers: { accept: 'application/json, */*' },
    headersTimeoutMs: call.silenceMs,
    bodyTimeoutMs: call.silenceMs,
    signal,
  })
  if (response.status >= 300) throw await refusalOf(response, `GET the log of ${pod.name}`, deps.clock)
  const splitter = createLineSplitter()
  let before: LogLevel = 'info'
  const take = (lines: readonly StampedLine[]): LogLine[] =>
    lines.flatMap((line) => {
      const own = levelOfLine(line.text) ?? before
      before = own
      if (cursor.isKnown(line)) return []
      reading.lines += 1
      if (!isAtLeast(own, level)) return []
      const time = line.time ?? cursor.time ?? ''
      return [{ time, source: pod.source, level: own, text: redactText(line.text, Number.POSITIVE_INFINITY) }]
    })
  cursor.rewind()
  for await (const chunk of response.body) {
    reading.bytes += chunk.length
    if (!call.follow && reading.bytes > LOGS_BYTES_MAX) {
      reading.isCut = true
      return
    }
    const lines = take(splitter.push(chunk))
    if (lines.length > 0) yield lines
  }
  // Of a log that goes on, a line that is not whole yet is read again.
  const rest = call.follow ? [] : take(splitter.end())
  if (rest.length > 0) yield rest
}

function queryOf(pod: AntreaPod, call: LogCall, { time }: LogCursor): URLSearchParams {
  const query = new URLSearchParams({ container: pod.container, timestamps: 'true' })
  if (call.previous === true) query.set('previous', 'true')
  if (call.follow) query.set('follow', 'true')
  if (time !== undefined) query.set('sinceTime', `${time.slice(0, 19)}Z`)
  else if (call.sinceS !== undefined) query.set('sinceSeconds', String(call.sinceS))
  const tail = call.tail ?? (call.follow ? undefined : LOGS_LINES_SCANNED_MAX)
  if (tail !== undefined && time === undefined) query.set('tailLines', String(tail))
  return query
}

/** Nothing came for as long as was waited for: no fault where nothing is written. */
export const isSilence = (error: unknown): boolean =>
  error instanceof TransportError && error.fault === 'timeout'
