/** GET /logs and GET, POST /log-level: the process's own log and its levels. */
import {
  LOG_LEVEL_MS_DEFAULT,
  LOG_LEVEL_MS_MAX,
  RECENT_LOG_CHARS_MAX,
  SERVE_LOG_CHARS_WAITING_MAX,
} from '../limits.ts'
import {
  isLogLevel,
  isLogRoom,
  LOG_LEVELS,
  LOG_ROOMS,
  type LogLevel,
  type LogLevels,
  type OwnLog,
  type RecentLine,
  type RecentLog,
} from '../log/index.ts'
import type { Clock, ServerRequest, ServerResponse } from '../world/index.ts'
import { fail, json } from './answers.ts'

/** `GET /logs?since=SECONDS&level=&follow=true`: the log's own lines, oldest first, then those to come. */
export function showLog({ recent }: OwnLog, clock: Clock, request: ServerRequest): ServerResponse {
  const { query } = request
  const level = query.get('level') ?? 'debug'
  if (!isLogLevel(level)) return fail(400, 'SERVE_BAD_QUERY', `level must be one of ${LOG_LEVELS.join(', ')}`)
  const since = query.get('since')
  if (since !== null && !/^\d{1,9}$/.test(since))
    return fail(400, 'SERVE_BAD_QUERY', 'since must be a whole number of seconds')
  const fromMs = since === null ? Number.NEGATIVE_INFINITY : clock.now() - Number(since) * 1_000
  const fits = (line: RecentLine) => isWorse(line.level, level) && line.atMs >= fromMs
  const past = recent
    .lines()
    .filter(fits)
    .map(({ text }) => `${text}\n`)
    .join('')
  const headers = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }
  if (query.get('follow') !== 'true') return { status: 200, headers, body: past }
  return { status: 200, headers, body: following(recent, past, fits, request.signal) }
}

const isWorse = (level: LogLevel, wanted: LogLevel) => LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(wanted)

/** A reader that does not take what comes loses the newest lines, and is told how many. */
function following(
  recent: RecentLog,
  past: string,
  fits: (line: RecentLine) => boolean,
  signal: AbortSignal,
): AsyncIterable<string> {
  let waiting = past.slice(-RECENT_LOG_CHARS_MAX)
  let lost = 0
  let isOver = false
  let wake = () => {}
  const end = () => {
    isOver = true
    leave()
    wake()
  }
  const leave = recent.follow((line) => {
    if (!fits(line)) return
    if (waiting.length > SERVE_LOG_CHARS_WAITING_MAX + past.length) lost += 1
    else waiting += `${line.text}\n`
    wake()
  })
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const next = async (): Promise<IteratorResult<string>> => {
    while (!isOver && waiting === '') await new Promise<void>((resolve) => (wake = resolve))
    if (isOver) return { done: true, value: undefined }
    const lines = lost === 0 ? waiting : `${waiting}${JSON.stringify({ level: 'warn', dropped: lost })}\n`
    waiting = ''
    lost = 0
    return { done: false, value: lines }
  }
  const back = async (): Promise<IteratorResult<string>> => {
    end()
    return { done: true, value: undefined }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: back }) }
}

export const showLevel = ({ levels }: OwnLog): ServerResponse => json(200, levelOf(levels))

const levelOf = (levels: LogLevels) => ({
  configured: levels.configured,
  level: levels.of(),
  changes: levels
    .changes()
    .map(({ leftMs, ...change }) => ({ ...change, left_seconds: Math.ceil(leftMs / 1_000) })),
})

/** `POST /log-level?level=LEVEL&seconds=&room=`; the level `configured` ends a change. */
export function changeLevel({ levels }: OwnLog, { query }: ServerRequest): ServerResponse {
  const level = query.get('level')
  const room = query.get('room') ?? undefined
  const seconds = Number(query.get('seconds') ?? LOG_LEVEL_MS_DEFAULT / 1_000)
  if (room !== undefined && !isLogRoom(room))
    return fail(400, 'SERVE_BAD_QUERY', `room must be one of ${LOG_ROOMS.join(', ')}`)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LOG_LEVEL_MS_MAX / 1_000)
    return fail(400, 'SERVE_BAD_QUERY', `seconds must be from 1 to ${LOG_LEVEL_MS_MAX / 1_000}`)
  if (level === 'configured') levels.end(room)
  else if (isLogLevel(level)) levels.set(level, seconds * 1_000, room)
  else return fail(400, 'SERVE_BAD_QUERY', `level must be one of ${LOG_LEVELS.join(', ')}, or configured`)
  return json(200, levelOf(levels))
}
