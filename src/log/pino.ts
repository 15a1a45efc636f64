/** The log on pino: one JSON object a line, written at once; what looks like a secret is masked by its name or its form. */
import { pino } from 'pino'
import type { Clock } from '../world/index.ts'
import type { LogFields, Logger } from './index.ts'
import { createLogLevels, type LogLevel, type LogLevels } from './levels.ts'
import type { RecentLog } from './recent.ts'
import { redact, redactText } from './redact.ts'

export { LOG_LEVELS, type LogLevel } from './levels.ts'

export interface PinoOptions {
  readonly level: LogLevel
  readonly clock: Clock
  /** File descriptor, 1 when absent, or anything that takes whole lines. */
  readonly to?: number | { write(line: string): void }
  /** Asked at each line in place of `level`, so that it may be changed while the process runs. */
  readonly levels?: LogLevels
  /** Gets a copy of each line. */
  readonly recent?: RecentLog
}

/** A logger over pino. Lines are written synchronously, so that the last ones before an exit are there. */
export function createPinoLogger(options: PinoOptions): Logger {
  const { clock, recent } = options
  const levels = options.levels ?? createLogLevels(options.level, clock)
  const to = options.to ?? 1
  const target = typeof to === 'number' ? pino.destination({ fd: to, sync: true }) : to
  let writing: LogLevel = 'info'
  const root = pino(
    {
      // Which lines are written is decided before they come here.
      level: 'debug',
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line: string) {
        recent?.add({ atMs: clock.now(), level: writing, text: line.trimEnd() })
        target.write(line)
      },
    },
  )
  const withFields = (fields: LogFields): Logger => {
    const room = typeof fields['room'] === 'string' ? fields['room'] : undefined
    const line =
      (level: LogLevel) =>
      (more: LogFields, message: string): void => {
        if (!levels.isWritten(level, room)) return
        writing = level
        root[level](redact({ ...fields, ...more }) as object, redactText(message))
      }
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (more) => withFields({ ...fields, ...more }),
    }
  }
  return withFields({})
}
