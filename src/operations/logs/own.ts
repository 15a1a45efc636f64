/** The adapter's own log, as the process that carries out the request has it in memory. */
import type { RecentLine, RecentLog } from '../../log/index.ts'
import { isAtLeast } from './level.ts'
import { timeOfMs } from './lines.ts'
import type { WantedLogs } from './request.ts'
import type { LogLine } from './told.ts'

/** The log of this process. */
export interface OwnSource {
  readonly instance: string
  readonly recent: RecentLog
}

export const ownSourceName = ({ instance }: OwnSource): string => `adapter/${instance}`

const lineOf = (own: OwnSource, { atMs, level, text }: RecentLine): LogLine => ({
  time: timeOfMs(atMs),
  source: ownSourceName(own),
  level,
  text,
})

/** What there is of it, younger and worse than asked. `nowMs` is wall-clock time, as the lines' is. */
export const ownLines = (own: OwnSource, { level, sinceS }: WantedLogs, nowMs: number): LogLine[] =>
  own.recent
    .lines()
    .filter(
      (line) => isAtLeast(line.level, level) && (sinceS === undefined || line.atMs >= nowMs - sinceS * 1_000),
    )
    .map((line) => lineOf(own, line))

/** Each new line; returns the end of it. */
export const followOwn = (
  own: OwnSource,
  { level }: WantedLogs,
  tell: (line: LogLine) => void,
): (() => void) =>
  own.recent.follow((line) => {
    if (isAtLeast(line.level, level)) tell(lineOf(own, line))
  })
