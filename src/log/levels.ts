/** From which level on lines are written: as configured, and for a while otherwise, for all rooms or for one. */
import type { Clock } from '../world/index.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The field `room` of a line; each can have a level of its own. */
export const LOG_ROOMS = ['kube', 'nsx', 'ccp', 'mp', 'diagnostics', 'serve'] as const
export type LogRoom = (typeof LOG_ROOMS)[number]

export const isLogLevel = (value: unknown): value is LogLevel => LOG_LEVELS.some((level) => level === value)
export const isLogRoom = (value: unknown): value is LogRoom => LOG_ROOMS.some((room) => room === value)

/** What was set for a while. */
export interface LevelChange {
  /** All rooms without it. */
  readonly room?: LogRoom
  readonly level: LogLevel
  /** How long it still stands. */
  readonly leftMs: number
}

export interface LogLevels {
  readonly configured: LogLevel
  /** Another one is configured from now on; what was set for a while stands until it is over. */
  configure(level: LogLevel): void
  /** In force for this room, or for lines of none. */
  of(room?: string): LogLevel
  isWritten(level: LogLevel, room?: string): boolean
  /** Stands for `forMs` and is over by itself then, whatever becomes of who set it; a room's own goes before that for all. */
  set(level: LogLevel, forMs: number, room?: LogRoom): void
  /** Ends what was set for this room, or for all. */
  end(room?: LogRoom): void
  changes(): readonly LevelChange[]
}

export function createLogLevels(first: LogLevel, clock: Clock): LogLevels {
  let configured = first
  const set = new Map<string, { readonly level: LogLevel; readonly untilMs: number }>()
  const ALL = ''
  const found = (key: string): LogLevel | undefined => {
    const one = set.get(key)
    if (one === undefined) return undefined
    if (clock.monotonicMs() < one.untilMs) return one.level
    set.delete(key)
    return undefined
  }
  const of = (room = ALL): LogLevel =>
    set.size === 0 ? configured : (found(room) ?? found(ALL) ?? configured)
  return {
    get configured() {
      return configured
    },
    configure(level) {
      configured = level
    },
    of,
    isWritten: (level, room) => LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(of(room)),
    set: (level, forMs, room = ALL as LogRoom) =>
      void set.set(room, { level, untilMs: clock.monotonicMs() + forMs }),
    end: (room = ALL as LogRoom) => void set.delete(room),
    changes: () =>
      [...set].flatMap(([room, { level, untilMs }]) => {
        const leftMs = untilMs - clock.monotonicMs()
        if (leftMs <= 0) return []
        return [{ ...(isLogRoom(room) ? { room } : {}), level, leftMs }]
      }),
  }
}
