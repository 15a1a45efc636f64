/**
 * Traceflow configs of NSX, polled: writing one starts a run, so each state of a config is a request of its own. NSX has no
 * place for results: they stay in the cluster, in Antrea's Traceflow, which is also how it is known after a restart that a
 * config has run. It goes when its config is gone from NSX or is another one.
 */
import { type AdapterError, asAdapterError } from '../../../errors.ts'
import {
  NSX_REST_POLL_MS,
  NSX_TRACEFLOW_CONFIGS_MAX,
  NSX_TRACEFLOW_RUNS_MAX,
  TRACEFLOW_TIMEOUT_MS_MAX,
} from '../../../limits.ts'
import { NsxAnswerError, type NsxRest, paginate } from '../../../nsx/index.ts'
import type { Operation } from '../../../operations/index.ts'
import { sleep } from '../../../world/index.ts'
import type { RequestListener } from '../../requests/index.ts'
import type { DriverDeps } from '../types.ts'

const COLLECTION = '/policy/api/v1/infra/antrea/traceflows'
const KIND = 'traceflow'

interface TraceflowConfig {
  readonly id?: unknown
  readonly container_cluster_id?: unknown
  readonly marked_for_delete?: unknown
  readonly _revision?: unknown
  readonly _create_time?: unknown
}

export interface TraceflowConfigs {
  /** The operation, whose results stay while NSX has their config. */
  keepingResults(operation: Operation): Operation
  /** Until the signal is aborted or NSX cannot be read; then `onFailed`. */
  follow(session: string, listener: RequestListener, signal: AbortSignal): Promise<void>
}

export function createTraceflowConfigs(
  { clock, log, clusterId }: DriverDeps,
  nsx: NsxRest,
): TraceflowConfigs {
  /** Runs whose configs NSX has; undefined as long as that is not known. */
  let wanted: ReadonlySet<string> | undefined
  /** Runs that were asked for in this session. */
  let asked = new Set<string>()

  /** The runs that NSX's configs stand for, with their configs. */
  const look = async (signal: AbortSignal): Promise<ReadonlyMap<string, unknown>> => {
    const configs = new Map<string, unknown>()
    for await (const config of paginate<TraceflowConfig | null>(nsx, COLLECTION, signal)) {
      const run = runOf(config, clusterId)
      if (run !== undefined) configs.set(run, config)
      if (configs.size >= NSX_TRACEFLOW_CONFIGS_MAX) break
    }
    return configs
  }
  const take = (configs: ReadonlyMap<string, unknown>, session: string, listener: RequestListener) => {
    for (const run of asked) if (!configs.has(run)) listener.onCancel(run)
    wanted = configs.size < NSX_TRACEFLOW_CONFIGS_MAX ? new Set(configs.keys()) : undefined
    asked = new Set([...asked].filter((run) => configs.has(run)))
    for (const [id, body] of configs) {
      if (asked.has(id) || asked.size >= NSX_TRACEFLOW_RUNS_MAX) continue
      asked.add(id)
      listener.onRequest({ id, attempt: 1, kind: KIND, body, session, timeoutMs: TRACEFLOW_TIMEOUT_MS_MAX })
    }
  }

  return {
    keepingResults: (operation) => ({
      ...operation,
      async clear(id, signal) {
        if (wanted !== undefined && !wanted.has(id)) await operation.clear(id, signal)
      },
      async remembered(signal) {
        const known = wanted
        if (known === undefined) return []
        return (await operation.remembered(signal)).filter(({ id }) => isRun(id) && !known.has(id))
      },
    }),
    async follow(session, listener, signal) {
      // Those of an earlier leadership are asked for again: what they did is found in the cluster.
      asked = new Set()
      let isServed = true
      try {
        for (;;) {
          try {
            if (isServed) take(await look(signal), session, listener)
            else await nsx.probe(signal)
            listener.onSeen()
          } catch (thrown) {
            const error = asAdapterError(thrown)
            if (signal.aborted || !isPassing(error)) throw error
            if (error.code === 'NSX_NOT_FOUND') isServed = false
            // It answered, that it is asked too often; what it says with 503 may be any proxy's.
            if (error instanceof NsxAnswerError && error.status === 429) listener.onSeen()
            log.debug({ code: error.code }, `Traceflow configs are read later: ${error.message}`)
          }
          await sleep(clock, NSX_REST_POLL_MS, signal)
        }
      } catch (thrown) {
        if (!signal.aborted) listener.onFailed(asAdapterError(thrown))
      }
    },
  }
}

/** NSX answers, only not this: the link lives, and its silence is the chart's. An old NSX has no Traceflows at all. */
const isPassing = (error: AdapterError): boolean =>
  error.code === 'NSX_NOT_FOUND' ||
  error.code === 'NSX_LIST_INCOMPLETE' ||
  error.code === 'NSX_THROTTLED' ||
  (error instanceof NsxAnswerError && error.kind === 'retry')

const MARK = 'nsx-config'
const isRun = (id: string): boolean => id.startsWith(`${MARK}/`)

/** What one run of a config is called; undefined: none of this cluster's. A config that is written again is another run. */
export function runOf(config: TraceflowConfig | null, clusterId: string): string | undefined {
  if (typeof config !== 'object' || config === null) return undefined
  const { id, container_cluster_id: cluster, marked_for_delete: isGoing } = config
  if (cluster !== clusterId || isGoing === true) return undefined
  if (typeof id !== 'string' || id === '' || id.length > 100 || /\p{Cc}/u.test(id) || !id.isWellFormed())
    return undefined
  return `${MARK}/${id}/${numberOf(config._create_time)}-${numberOf(config._revision)}`
}

const numberOf = (value: unknown): string => (Number.isSafeInteger(value) ? String(value) : '')
