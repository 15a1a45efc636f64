/** What a request for another log level asks. Pure. */
import { needsPerson } from '../../errors.ts'
import { LOG_LEVEL_MS_DEFAULT, LOG_LEVEL_MS_MAX, LOG_LEVEL_NODES_MAX } from '../../limits.ts'
import { isLogLevel, isLogRoom, LOG_LEVELS, LOG_ROOMS, type LogLevel, type LogRoom } from '../../log/index.ts'
import { secondsOf } from '../logs/index.ts'
import { namesOf } from '../request.ts'
import type { Fields } from '../types.ts'

export type WantedLevel = WantedOfAntrea | WantedOfAdapter

export interface WantedOfAntrea {
  readonly of: 'antrea'
  readonly controller: boolean
  /** Nodes of agents; `all`: of every one. */
  readonly agents: ReadonlySet<string> | 'all'
  /** klog's verbosity. */
  readonly level: number
  readonly forMs: number
}

export interface WantedOfAdapter {
  readonly of: 'adapter'
  readonly level: LogLevel
  /** Of one room; all without it. */
  readonly room?: LogRoom
  readonly forMs: number
}

/** k8s.io/klog takes any number; nobody writes lines above this. */
export const KLOG_LEVEL_MAX = 10

/**
 * `{level, component?, nodes?, room?, duration?}`: a number from 0 to 10 for antrea-controller and the agents, a name for the
 * adapter. Throws needs-person REQUEST_INVALID.
 */
export function wantedLevelOf(body: unknown): WantedLevel {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('the body must be an object with level')
  const fields = body as Fields
  const components = namesOf(fields, 'component', LOG_LEVEL_NODES_MAX, invalid)
  const nodes = namesOf(fields, 'nodes', LOG_LEVEL_NODES_MAX, invalid)
  const unknown = components?.find((one) => one !== 'controller' && one !== 'agent' && one !== 'adapter')
  if (unknown !== undefined) throw invalid('component may be controller, agent, adapter')
  const forMs = durationOf(fields['duration'])
  const isOfAdapter = components?.includes('adapter') ?? isLogLevel(fields['level'])
  if (isOfAdapter) return ofAdapter(fields, components, nodes, forMs)
  const level = klogLevelOf(fields['level'])
  if (level === undefined)
    throw invalid(`level of antrea-controller and agents is a whole number from 0 to ${KLOG_LEVEL_MAX}`)
  if (fields['room'] !== undefined) throw invalid('room is of the adapter alone')
  const wanted = components ?? (nodes === undefined ? ['controller', 'agent'] : ['agent'])
  if (nodes !== undefined && !wanted.includes('agent')) throw invalid('nodes are those of agents')
  const agents = !wanted.includes('agent') ? new Set<string>() : nodes === undefined ? 'all' : new Set(nodes)
  return { of: 'antrea', controller: wanted.includes('controller'), agents, level, forMs }
}

function ofAdapter(
  fields: Fields,
  components: readonly string[] | undefined,
  nodes: readonly string[] | undefined,
  forMs: number,
): WantedOfAdapter {
  const { level, room } = fields
  if (components?.some((one) => one !== 'adapter'))
    throw invalid('the adapter has levels of its own: ask for it alone')
  if (nodes !== undefined) throw invalid('nodes are those of agents')
  if (!isLogLevel(level)) throw invalid(`level of the adapter is one of ${LOG_LEVELS.join(', ')}`)
  if (room !== undefined && !isLogRoom(room)) throw invalid(`room is one of ${LOG_ROOMS.join(', ')}`)
  return { of: 'adapter', level, ...(room === undefined ? {} : { room }), forMs }
}

/** A number, or its digits. */
export function klogLevelOf(value: unknown): number | undefined {
  const level = typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : value
  return typeof level === 'number' && Number.isInteger(level) && level >= 0 && level <= KLOG_LEVEL_MAX
    ? level
    : undefined
}

function durationOf(value: unknown): number {
  if (value === undefined || value === null) return LOG_LEVEL_MS_DEFAULT
  const seconds = secondsOf(value)
  if (seconds === undefined || seconds * 1_000 > LOG_LEVEL_MS_MAX)
    throw invalid(`duration must be from 1 s to ${LOG_LEVEL_MS_MAX / 1_000} s, as seconds or as 10m`)
  return seconds * 1_000
}

const invalid = (what: string) => needsPerson('REQUEST_INVALID', `log-level: ${what}`)
