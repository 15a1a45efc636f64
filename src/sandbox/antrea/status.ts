/** Status of policies and groups: what it should be, and a writer at the pace of the real controller's client. */

import type { Logger } from '../../log/index.ts'
import type { Clock, HttpClient } from '../../world/index.ts'
import { sleep } from '../../world/index.ts'
import { call, messageOf } from './api.ts'
import type { Condition, PolicyStatus } from './model.ts'
import type { NodeReport } from './serve/index.ts'

const MESSAGE_CHARS_MAX = 256

export interface PolicyFacts {
  readonly generation: number
  readonly span: ReadonlySet<string>
  readonly reports: ReadonlyMap<string, NodeReport>
  /** Why it cannot be realized. */
  readonly obstacle?: string
}

/** As status_controller.go computes it; conditions without times. */
export function policyStatus({ generation, span, reports, obstacle }: PolicyFacts): PolicyStatus {
  const fixed = { observedGeneration: generation }
  if (obstacle !== undefined)
    return {
      ...fixed,
      phase: 'Pending',
      currentNodesRealized: 0,
      desiredNodesRealized: 0,
      conditions: [
        {
          type: 'Realizable',
          status: 'False',
          reason: 'NetworkPolicyAppliedToUnsupportedGroup',
          message: obstacle,
        },
      ],
    }
  const current = [...reports.values()].filter(
    (report) => span.has(report.nodeName) && report.generation === generation,
  )
  const failed = current.filter((report) => report.realizationFailure === true)
  const realized = current.length - failed.length
  const phase =
    realized === span.size
      ? 'Realized'
      : failed.length > 0 && realized + failed.length === span.size
        ? 'Failed'
        : 'Realizing'
  const conditions: Condition[] = [{ type: 'Realizable', status: 'True' }]
  if (failed.length > 0) conditions.push(failureOf(failed))
  return { ...fixed, phase, currentNodesRealized: realized, desiredNodesRealized: span.size, conditions }
}

function failureOf(failed: readonly NodeReport[]): Condition {
  const words = [...failed]
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1))
    .map(({ nodeName, message = '' }) => `"${nodeName}":"${message}"`)
    .join(', ')
  const message = `Failed Nodes count ${failed.length}: ${words}`
  return {
    type: 'RealizationFailure',
    status: 'True',
    reason: 'NetworkPolicyRealizationFailedOnNode',
    message: message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}...` : message,
  }
}

/** True when nothing but times differs. */
export function sameStatus(a: { readonly conditions?: readonly Condition[] }, b: typeof a): boolean {
  const bare = (status: typeof a) =>
    JSON.stringify({
      ...sorted(status),
      conditions: (status.conditions ?? []).map(({ type, status: value, reason = '', message = '' }) => [
        type,
        value,
        reason,
        message,
      ]),
    })
  return bare(a) === bare(b)
}

const sorted = (object: object): object =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))

export const timestamp = (clock: Pick<Clock, 'now'>): string =>
  new Date(clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z')

export interface StatusWrite {
  /** Of the object; `/status` is added. */
  readonly path: string
  readonly status: { readonly conditions: readonly Condition[] }
  /** Called when the API server has taken it. */
  written(): void
}

export interface StatusWriterDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly log?: Logger
  readonly signal: AbortSignal
  /** Twice as many may go at once. */
  readonly writesPerSecond: number
  /** What to write for this key now; undefined: nothing, it is as it should be. */
  readonly wanted: (key: string, early: boolean) => StatusWrite | undefined
}

const WORKERS = 4
const RETRY_MS = 5_000

/** Keys are looked at in order, each once however often it was asked for; no more keys than there are objects. */
export function createStatusWriter(deps: StatusWriterDeps): { enqueue(key: string, early?: boolean): void } {
  const { clock, signal } = deps
  const queue = new Map<string, boolean>()
  /** One worker at a time for each key, as in a Kubernetes workqueue. */
  const inFlight = new Set<string>()
  const again = new Map<string, boolean>()
  const burst = deps.writesPerSecond * 2
  let tokens = burst
  let filledMs = clock.monotonicMs()
  let working = 0

  /** How long until one more write may go. */
  const takeToken = (): number => {
    const nowMs = clock.monotonicMs()
    tokens = Math.min(burst, tokens + ((nowMs - filledMs) / 1_000) * deps.writesPerSecond)
    filledMs = nowMs
    tokens -= 1
    return tokens >= 0 ? 0 : (-tokens / deps.writesPerSecond) * 1_000
  }

  const write = async (key: string, early: boolean): Promise<void> => {
    const wanted = deps.wanted(key, early)
    if (wanted === undefined) return
    const waitMs = takeToken()
    if (waitMs > 0) await sleep(clock, waitMs, signal)
    const time = timestamp(clock)
    const conditions = wanted.status.conditions.map((condition) => ({
      ...condition,
      lastTransitionTime: time,
    }))
    const answer = await call(deps.http, 'PATCH', `${wanted.path}/status`, {
      body: { status: { ...wanted.status, conditions } },
      type: 'merge',
      signal,
    })
    if (answer.status >= 300 && answer.status !== 404) throw new Error(messageOf(answer.body))
    if (answer.status < 300) wanted.written()
    if (early) enqueue(key, false)
  }

  const work = async (): Promise<void> => {
    working += 1
    try {
      for (let next = first(queue); next !== undefined && !signal.aborted; next = first(queue)) {
        const [key, early] = next
        queue.delete(key)
        if (inFlight.has(key)) {
          again.set(key, early)
          continue
        }
        inFlight.add(key)
        try {
          await write(key, early)
        } catch (error) {
          if (signal.aborted) return
          deps.log?.debug({ err: error, key }, 'a status write is tried again')
          void sleep(clock, RETRY_MS, signal).then(
            () => enqueue(key, false),
            () => {},
          )
        } finally {
          inFlight.delete(key)
          const early = again.get(key)
          if (again.delete(key)) enqueue(key, early)
        }
      }
    } finally {
      working -= 1
    }
  }

  const enqueue = (key: string, early = false): void => {
    if (signal.aborted) return
    // A later word replaces an earlier one, but does not take away that the span was not known.
    queue.set(key, queue.get(key) ?? early)
    if (working < WORKERS) void work()
  }
  return { enqueue }
}

const first = (queue: Map<string, boolean>): [string, boolean] | undefined => {
  for (const entry of queue) return entry
  return undefined
}
