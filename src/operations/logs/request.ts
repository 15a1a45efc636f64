/** What a request for logs asks. Pure. */
import { needsPerson } from '../../errors.ts'
import { LOGS_LINES_MAX, LOGS_LINES_TOLD_MAX, LOGS_PODS_MAX, LOGS_SINCE_SECONDS_MAX } from '../../limits.ts'
import { LOG_LEVELS, type LogLevel } from '../../log/index.ts'
import { namesOf } from '../request.ts'
import type { Fields } from '../types.ts'

export const LOG_COMPONENTS = ['controller', 'agent', 'adapter'] as const
export type LogComponent = (typeof LOG_COMPONENTS)[number]

export interface WantedLogs {
  readonly components: ReadonlySet<LogComponent>
  /** Of agents; undefined: all. */
  readonly nodes?: ReadonlySet<string>
  /** Of the Pods; undefined: each Pod's main one. */
  readonly container?: string
  /** Lines younger than this alone. */
  readonly sinceS?: number
  /** Lines of this level and worse. */
  readonly level: LogLevel
  /** Of lines that are there already, the newest so many. */
  readonly limit: number
  readonly follow: boolean
  /** Of the container that ran before the present one. */
  readonly previous: boolean
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Seconds of `90`, `90s`, `10m`, `2h`, `1d`; undefined when it is none of these. */
export function secondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? Math.ceil(value) : undefined
  const [, digits, unit = 's'] = (typeof value === 'string' && /^(\d{1,9})([smhd])?$/.exec(value)) || []
  const seconds = Number(digits) * (UNITS[unit] ?? 0)
  return seconds > 0 ? seconds : undefined
}

/**
 * `{component?, nodes?, container?, since?, level?, limit?, follow?, previous?}`. Without a component: of all, and where
 * nodes are named of the agents. Throws needs-person REQUEST_INVALID.
 */
export function wantedLogsOf(body: unknown): WantedLogs {
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body)))
    throw invalid('the body must be an object')
  const fields = (body ?? {}) as Fields
  const nodes = namesOf(fields, 'nodes', LOGS_PODS_MAX, invalid)
  const components =
    namesOf(fields, 'component', LOGS_PODS_MAX, invalid) ?? (nodes === undefined ? LOG_COMPONENTS : ['agent'])
  const unknown = components.find((one) => !LOG_COMPONENTS.some((known) => known === one))
  if (unknown !== undefined)
    throw invalid(`component may be ${LOG_COMPONENTS.join(', ')}, not ${said(unknown)}`)
  const container = fields['container']
  if (container !== undefined && (typeof container !== 'string' || !/^[a-z0-9-]{1,63}$/.test(container)))
    throw invalid('container must be the name of a container')
  const isPrevious = flagOf(fields, 'previous')
  const isFollowing = flagOf(fields, 'follow')
  if (isPrevious && isFollowing)
    throw invalid('previous and follow exclude each other: what ended says no more')
  return {
    components: new Set(components as LogComponent[]),
    ...(nodes === undefined ? {} : { nodes: new Set(nodes) }),
    ...(container === undefined ? {} : { container: container as string }),
    ...sinceOf(fields['since']),
    level: levelOf(fields['level']),
    limit: limitOf(fields['limit']),
    follow: isFollowing,
    previous: isPrevious,
  }
}

function flagOf(fields: Fields, field: string): boolean {
  const value = fields[field] ?? false
  if (typeof value !== 'boolean') throw invalid(`${field} must be true or false`)
  return value
}

function sinceOf(value: unknown): Pick<WantedLogs, 'sinceS'> {
  if (value === undefined || value === null) return {}
  const sinceS = secondsOf(value)
  if (sinceS === undefined)
    throw invalid(`since must be seconds, or a text as 90s, 10m, 2h, not ${said(value)}`)
  return { sinceS: Math.min(sinceS, LOGS_SINCE_SECONDS_MAX) }
}

function levelOf(value: unknown): LogLevel {
  const wanted = value ?? 'debug'
  const level = LOG_LEVELS.find((one) => one === wanted)
  if (level === undefined) throw invalid(`level must be one of ${LOG_LEVELS.join(', ')}, not ${said(value)}`)
  return level
}

function limitOf(value: unknown): number {
  const limit = value ?? LOGS_LINES_TOLD_MAX
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > LOGS_LINES_MAX)
    throw invalid(`limit must be a whole number from 1 to ${LOGS_LINES_MAX}`)
  return limit
}

const said = (value: unknown): string => JSON.stringify(value)?.slice(0, 100) ?? 'that'

const invalid = (what: string) => needsPerson('REQUEST_INVALID', `logs: ${what}`)
