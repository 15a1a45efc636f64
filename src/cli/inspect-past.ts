/** What was, from the daemon, or from its file when the daemon is down. */
import { readHistoryFile } from '../diagnostics/index.ts'
import type { PastView, TransitionView } from '../serve/ui/index.ts'
import { ask } from './endpoint.ts'
import { readable } from './history.ts'

export interface Past {
  /** How everything stood at a moment; milliseconds since 1970. */
  at(atMs: number): Promise<PastView>
  /** The newest so many up to a moment, oldest first. */
  transitions(limit: number, untilMs: number | undefined): Promise<readonly TransitionView[]>
}

/** Each question rejects with DAEMON_UNREACHABLE, DIAGNOSTICS_LOST or DIAGNOSTICS_UNREADABLE. */
export const pastOf = (socket: string, file: string | undefined): Past =>
  file === undefined ? fromDaemon(socket) : fromFile(file)

const fromDaemon = (socket: string): Past => ({
  at: (atMs) => ask<PastView>(socket, 'GET', `/inspect/at?at=${Math.round(atMs)}`),
  async transitions(limit, untilMs) {
    const until = untilMs === undefined ? {} : { until: String(Math.round(untilMs)) }
    const query = new URLSearchParams({ limit: String(limit), ...until })
    return (await ask<{ transitions: TransitionView[] }>(socket, 'GET', `/inspect/transitions?${query}`))
      .transitions
  },
})

const fromFile = (file: string): Past => ({
  at: (atMs) =>
    readable(file, async () => {
      const { transitions, warnings } = await readHistoryFile(file).standing(atMs)
      return { at: atMs, transitions, warnings }
    }),
  transitions: (limit, untilMs) =>
    readable(file, () =>
      readHistoryFile(file).read({ limit, ...(untilMs === undefined ? {} : { untilMs }) }),
    ),
})
