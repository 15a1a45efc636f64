/** The log's shape; pino is behind it in `pino.ts`. A line has an event in words and fields; secrets never. */
export type LogFields = Readonly<Record<string, unknown>>

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
