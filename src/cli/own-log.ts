/** The daemon's log through its socket, as a process has its own. */
import { asAdapterError } from '../errors.ts'
import { LOGS_LINE_CHARS_MAX } from '../limits.ts'
import { createRecentLog, isLogLevel, type RecentLine, type RecentLog } from '../log/index.ts'
import { createHttpClient } from '../world/real.ts'
import { ask } from './endpoint.ts'

const FIRST_MS = 2_000
/** A line of the log is some tens of KiB at most. */
const LINE_CHARS_MAX = 16 * LOGS_LINE_CHARS_MAX

export interface DaemonLog {
  readonly recent: RecentLog
  /** Resolves when the stream ended, with why; at once where nothing is followed. */
  readonly ended: Promise<string | undefined>
}

/**
 * Reads what there is, and with `follow` goes on until the signal is aborted. Rejects with DAEMON_UNREACHABLE where no
 * daemon answers.
 */
export async function readDaemonLog(
  socketPath: string,
  wanted: { readonly level: string; readonly sinceS?: number; readonly follow: boolean },
  signal: AbortSignal,
): Promise<DaemonLog> {
  // Says in its own words when nobody is there.
  await ask(socketPath, 'GET', '/log-level')
  const recent = createRecentLog()
  const query = new URLSearchParams({ level: wanted.level, follow: String(wanted.follow) })
  if (wanted.sinceS !== undefined) query.set('since', String(wanted.sinceS))
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  let begun = () => {}
  const first = new Promise<void>((resolve) => {
    begun = resolve
  })
  const read = async (): Promise<string | undefined> => {
    try {
      const answer = await client.request({
        method: 'GET',
        path: `/logs?${query}`,
        lane: 'stream',
        headersTimeoutMs: wanted.follow ? 0 : FIRST_MS,
        bodyTimeoutMs: wanted.follow ? 0 : FIRST_MS,
        signal,
      })
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of answer.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = (lines.pop() ?? '').slice(0, LINE_CHARS_MAX)
        for (const line of lines) recent.add(lineOf(line))
        begun()
      }
      return wanted.follow ? 'the daemon has ended' : undefined
    } catch (error) {
      return signal.aborted ? undefined : asAdapterError(error).message
    } finally {
      begun()
      await client.close()
    }
  }
  const ended = read()
  const soon = AbortSignal.timeout(FIRST_MS)
  await Promise.race([
    wanted.follow ? first : ended,
    new Promise((resolve) => soon.addEventListener('abort', resolve, { once: true })),
  ])
  return { recent, ended }
}

function lineOf(text: string): RecentLine {
  try {
    const { time, level } = JSON.parse(text) as { time?: unknown; level?: unknown }
    const atMs = Date.parse(typeof time === 'string' ? time : '')
    return { atMs: Number.isNaN(atMs) ? 0 : atMs, level: isLogLevel(level) ? level : 'info', text }
  } catch {
    return { atMs: 0, level: 'info', text }
  }
}
