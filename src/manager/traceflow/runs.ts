/** One run a config: started by writing it, started anew by writing it again or by a retrace. */
import { MANAGER_TRACEFLOW_IDLE_MS, MANAGER_TRACEFLOWS_MAX } from '../../limits.ts'
import type { Clock, Timer } from '../../world/index.ts'
import type { ClusterStates } from '../channels/index.ts'
import type { PolicyObject, PolicyStore } from '../policy/index.ts'
import { type JsonObject, NsxApiError, objects } from '../rest/index.ts'

export interface TraceflowRuns {
  /** Runs it again; what the last run observed is lost. */
  retrace(config: PolicyObject, user: string): void
  status(path: string): JsonObject
  observations(path: string): readonly JsonObject[]
  stop(): void
}

interface Run {
  readonly nodeId: string
  /** undefined: it could not be started. */
  readonly operation: string | undefined
  unfollow: () => void
  /** The operation as it was last seen. */
  shown: JsonObject
  usedAtMs: number
}

/** A trace takes Antrea up to 30 s; the rest is for its turn. */
const TIMEOUT_MS = 60_000
const SWEEP_MS = 600_000

export interface RunsOptions {
  readonly clock: Clock
  readonly store: PolicyStore
  readonly states: ClusterStates
}

export function createTraceflowRuns({ clock, store, states }: RunsOptions): TraceflowRuns {
  const runs = new Map<string, Run>()

  const end = (path: string) => {
    const run = runs.get(path)
    if (run === undefined) return
    runs.delete(path)
    run.unfollow()
    if (run.operation !== undefined) states.get(run.nodeId)?.operations.cancel(run.operation)
  }
  const start = ({ path, body }: PolicyObject, user: string) => {
    end(path)
    for (const oldest of runs.keys()) {
      if (runs.size < MANAGER_TRACEFLOWS_MAX) break
      end(oldest)
    }
    const nodeId = String(body['container_cluster_id'])
    const run: Run = {
      nodeId,
      usedAtMs: clock.monotonicMs(),
      unfollow: () => {},
      ...queue(nodeId, body, user),
    }
    runs.set(path, run)
    timer ??= clock.setTimeout(sweep, SWEEP_MS)
    const state = states.get(nodeId)
    if (run.operation === undefined || state === undefined) return
    run.unfollow = state.operations.follow(run.operation, (shown) => {
      run.shown = shown
    })
  }
  const queue = (nodeId: string, body: JsonObject, user: string): Pick<Run, 'operation' | 'shown'> => {
    const state = states.get(nodeId)
    const failed = (message: string) => ({
      operation: undefined,
      shown: { events: [{ t: 'error', message }], state: 'FAILED' },
    })
    if (state === undefined) return failed(`No cluster with the id ${nodeId} is registered.`)
    try {
      const shown = state.operations.queue({ kind: 'traceflow', body, timeoutMs: TIMEOUT_MS, user })
      return { operation: String(shown['id']), shown }
    } catch (error) {
      if (error instanceof NsxApiError) return failed(error.message)
      throw error
    }
  }
  const touch = (path: string): Run | undefined => {
    const run = runs.get(path)
    if (run === undefined) return undefined
    run.usedAtMs = clock.monotonicMs()
    // Its deadline may have passed without anybody hearing of it.
    const operation = run.operation
    const finished = lastOf(run.shown) !== undefined
    if (operation !== undefined && !finished)
      run.shown = states.get(run.nodeId)?.operations.show(operation) ?? run.shown
    return run
  }

  const unsubscribe = store.subscribe(({ changed }) => {
    for (const [path, { before, after }] of changed) {
      if ((after ?? before)?.kind !== 'AntreaTraceflowConfig') continue
      if (after === undefined) end(path)
      else if (after !== before) start(after, String(after.body['_last_modified_user'] ?? ''))
    }
  })
  /** Transient or not, a config that nobody uses is removed. */
  const sweep = () => {
    timer = undefined
    const idle = [...runs].filter(
      ([, { usedAtMs }]) => clock.monotonicMs() - usedAtMs > MANAGER_TRACEFLOW_IDLE_MS,
    )
    try {
      if (idle.length > 0)
        store.transact('system', (tx) => {
          for (const [path] of idle) if (tx.get(path) !== undefined) tx.remove(path)
        })
    } catch (error) {
      // The disk takes no writes: the next sweep comes.
      if (!(error instanceof NsxApiError)) throw error
    }
    if (runs.size > 0) timer ??= clock.setTimeout(sweep, SWEEP_MS)
  }
  let timer: Timer | undefined
  // What a manager of before ran is gone with it; who wants it runs it again.
  for (const { path, body } of store.ofKind('AntreaTraceflowConfig').values())
    runs.set(path, {
      nodeId: String(body['container_cluster_id']),
      operation: undefined,
      unfollow: () => {},
      shown: { events: [{ t: 'error', message: 'The manager was restarted since; run it again.' }] },
      usedAtMs: clock.monotonicMs(),
    })
  if (runs.size > 0) timer = clock.setTimeout(sweep, SWEEP_MS)

  return {
    retrace: start,
    status: (path) => statusOf(touch(path)?.shown),
    observations: (path) =>
      eventsOf(touch(path)?.shown)
        .filter(({ t }) => t === 'observation')
        .map(({ t: _t, seq: _seq, ...observation }) => observation),
    stop() {
      unsubscribe()
      clock.clearTimeout(timer)
    },
  }
}

const eventsOf = (shown: JsonObject | undefined): readonly JsonObject[] => objects(shown?.['events'])

const lastOf = (shown: JsonObject): JsonObject | undefined =>
  eventsOf(shown).findLast(({ t }) => t === 'result' || t === 'error')

/** NSX has two phases and no word for what still runs: then there is a reason alone. */
function statusOf(shown: JsonObject | undefined): JsonObject {
  const last = shown === undefined ? undefined : lastOf(shown)
  if (last === undefined)
    return { reason: `The traceflow is ${String(shown?.['state'] ?? 'not started').toLowerCase()}.` }
  const words = last['t'] === 'error' ? last['message'] : last['reason']
  const reason = typeof words === 'string' ? { reason: words } : {}
  return { phase: last['phase'] === 'SUCCEEDED' ? 'SUCCEEDED' : 'FAILED', ...reason }
}
