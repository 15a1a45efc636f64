/** The last figures of each cluster, and one question at a time for newer ones. */
import { MANAGER_STATISTICS_FRESH_MS, MANAGER_STATISTICS_WAIT_MS } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import type { ClusterState, ClusterStates } from '../channels/index.ts'
import { isObject, type JsonObject, NsxApiError, objects } from '../rest/index.ts'

export interface RuleFigures {
  /** Decimal digits, whatever their number. */
  readonly packets: string
  readonly bytes: string
  readonly sessions: string
}

export interface PolicyFigures {
  /** By rule_id. */
  readonly rules: ReadonlyMap<string, RuleFigures>
  /** Since when Antrea counts: another value is another epoch. Absent where nobody counts. */
  readonly since: JsonObject | undefined
  /** Why nobody does. */
  readonly problem: string | undefined
}

export interface Figures {
  readonly policies: ReadonlyMap<string, PolicyFigures>
  /** Monotonic. */
  readonly takenAtMs: number
  readonly source: string
  readonly missingNodes: readonly string[]
}

export interface StatisticsBook {
  /**
   * Figures of this cluster: fresh ones, or after MANAGER_STATISTICS_WAIT_MS the last ones. Throws 503 without any, with the
   * cluster's own reason where it gave one.
   */
  read(nodeId: string, user: string, signal: AbortSignal): Promise<Figures>
  forget(nodeId: string): void
}

export function createStatisticsBook(clock: Clock, states: ClusterStates): StatisticsBook {
  const last = new Map<string, Figures>()
  const asking = new Map<string, Promise<string | undefined>>()

  /** Resolves with why there are no newer figures; undefined when there are. */
  const ask = async (nodeId: string, state: ClusterState, user: string): Promise<string | undefined> => {
    const kinds = ['SecurityPolicy']
    const timeoutMs = MANAGER_STATISTICS_WAIT_MS
    const { id } = state.operations.queue({ kind: 'statistics', body: { kinds }, timeoutMs, user })
    const shown = await state.operations.wait(String(id), MANAGER_STATISTICS_WAIT_MS)
    const events = objects(shown['events'])
    const final = events.at(-1)
    if (final?.['t'] === 'result') {
      last.set(nodeId, figuresOf(events, final, clock.monotonicMs()))
      return undefined
    }
    state.operations.cancel(String(id))
    return typeof final?.['message'] === 'string' ? final['message'] : 'The cluster did not answer in time.'
  }
  const askOnce = (nodeId: string, state: ClusterState, user: string) => {
    const known = asking.get(nodeId)
    if (known !== undefined) return known
    const made = ask(nodeId, state, user).finally(() => asking.delete(nodeId))
    asking.set(nodeId, made)
    return made
  }
  return {
    async read(nodeId, user, signal) {
      const known = last.get(nodeId)
      if (known !== undefined && clock.monotonicMs() - known.takenAtMs < MANAGER_STATISTICS_FRESH_MS)
        return known
      const state = states.get(nodeId)
      const why = state === undefined ? 'The cluster is not registered.' : await askOnce(nodeId, state, user)
      if (signal.aborted) throw signal.reason
      const figures = last.get(nodeId)
      if (figures === undefined) throw unavailable(why ?? 'The cluster gave no figures.')
      return figures
    },
    forget: (nodeId) => void last.delete(nodeId),
  }
}

const unavailable = (why: string) =>
  new NsxApiError(503, 98, `The cluster's statistics are not available: ${why}`, {
    moduleName: 'policy',
    code: 'STATISTICS_UNAVAILABLE',
    headers: { 'retry-after': '10' },
  })

function figuresOf(events: readonly JsonObject[], final: JsonObject, takenAtMs: number): Figures {
  const policies = new Map<string, PolicyFigures>()
  for (const event of events)
    for (const policy of objects(event['policies'])) {
      const { path, since, problem } = policy
      if (typeof path !== 'string') continue
      policies.set(path, {
        rules: new Map(objects(policy['rules']).flatMap(ruleOf)),
        since: isObject(since) ? since : undefined,
        problem: isObject(problem) ? String(problem['message']) : undefined,
      })
    }
  const missing = final['missing_nodes']
  return {
    policies,
    takenAtMs,
    source: String(final['source']),
    missingNodes: Array.isArray(missing) ? missing.map(String) : [],
  }
}

const DIGITS = /^\d{1,20}$/

/** A rule without three whole numbers was not counted; it is no zero. */
function ruleOf(rule: JsonObject): (readonly [string, RuleFigures])[] {
  const { rule_id: id, packet_count: packets, byte_count: bytes, session_count: sessions } = rule
  const isCount = (value: unknown): value is string => typeof value === 'string' && DIGITS.test(value)
  if (typeof id !== 'string' || !isCount(packets) || !isCount(bytes) || !isCount(sessions)) return []
  return [[id, { packets, bytes, sessions }]]
}
