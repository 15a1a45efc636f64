/** The log of the sandbox's adapter, kept as the daemon keeps its own, beside where the sandbox writes it. */
import { createLogLevels, createRecentLog, type LogFields, type Logger, type OwnLog } from '../log/index.ts'
import { createPinoLogger } from '../log/pino.ts'
import type { Clock } from '../world/index.ts'

export function keepLog(log: Logger, clock: Clock): { readonly log: Logger; readonly ownLog: OwnLog } {
  const ownLog = { recent: createRecentLog(), levels: createLogLevels('info', clock) }
  const kept = createPinoLogger({ level: 'info', clock, ...ownLog, to: { write() {} } })
  return { log: both(log, kept), ownLog }
}

const both = (one: Logger, other: Logger): Logger => {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    one[level](fields, message)
    other[level](fields, message)
  }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => both(one.child(fields), other.child(fields)),
  }
}
