/**
 * The log's shape; pino is behind it in `pino.ts`. A line has an event in words and fields; secrets never (redact.ts).
 * Levels may be changed for a while (levels.ts), and the newest lines are kept (recent.ts). Everybody may come in here.
 */
import type { LogLevels } from './levels.ts'
import type { RecentLog } from './recent.ts'

export {
  createLogLevels,
  isLogLevel,
  isLogRoom,
  type LevelChange,
  LOG_LEVELS,
  LOG_ROOMS,
  type LogLevel,
  type LogLevels,
  type LogRoom,
} from './levels.ts'
export { createRecentLog, type RecentLine, type RecentLog } from './recent.ts'
export { redact, redactText } from './redact.ts'

export type LogFields = Readonly<Record<string, unknown>>

/** What can be asked of a process's own log. */
export interface OwnLog {
  readonly recent: RecentLog
  readonly levels: LogLevels
}

export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger whose lines all carry these fields. */
  child(fields: LogFields): Logger
}

/** Says nothing; for tests and for callers that need no log. */
export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT }
