/**
 * Policy from an NSX Manager without the channels: looked at again and again, each complete set handed over as the channel
 * hands over snapshots and commits. How long to wait after a failure is the chart's.
 */

import { type AdapterError, asAdapterError } from '../../../errors.ts'
import {
  REST_AGAIN_MS,
  REST_BACKOFF_BASE_MS,
  REST_BACKOFF_MAX_MS,
  REST_OWNED_WAIT_MS,
  REST_POLL_JITTER_MS,
  REST_POLL_MS,
} from '../../../limits.ts'
import type { NsxApi } from '../../../nsx/index.ts'
import type { Session } from '../../../protocol/index.ts'
import { backoffMs, type Clock, type Random, sleep } from '../../../world/index.ts'
import type { DesiredObjects } from '../../translate/index.ts'
import type { FollowHandlers } from '../follow.ts'
import { type DesiredState, desiredState } from '../state.ts'
import { createAsking } from './asking.ts'
import { findPlane, type Known, runCycle } from './cycle.ts'
import { assemble, EMPTY, isUnsure } from './memory.ts'
import { createPages } from './pages.ts'

export interface RestDeps {
  readonly nsx: NsxApi
  readonly clock: Clock
  readonly random: Random
  /** The ClusterControlPlane's node_id and its name in NSX. */
  readonly clusterId: string
  readonly clusterName: string
  /**
   * Paths of the policies that the cluster's own objects were made from; undefined as long as the cluster is not known.
   * None of these leaves the set before NSX itself said that it is gone.
   */
  readonly owned: () => ReadonlySet<string> | undefined
}

/** Outlives the sessions: what was read is not read again because a connection broke. Changed by `followRest` alone. */
export interface RestMemory {
  readonly known: Known
  told: DesiredState | undefined
  /** Of the cluster's control plane, found by `connectRest`. */
  planeId: string | undefined
  /** So many reads began or ended. */
  reads: number
}

export const restMemory = (): RestMemory => ({
  known: { memory: EMPTY, view: undefined, wholeMs: Number.NEGATIVE_INFINITY },
  told: undefined,
  planeId: undefined,
  reads: 0,
})

/**
 * Finds the cluster in NSX. `source` is that of the registration: another store, or another registration, is another one.
 * Rejects with CLUSTER_NOT_REGISTERED and with the manager's errors.
 */
export async function connectRest(deps: RestDeps, memory: RestMemory, signal: AbortSignal): Promise<Session> {
  const asking = createAsking({ ...deps, signal, onAnswer: () => {} })
  try {
    const plane = await findPlane({ ...deps, asking, pages: createPages(asking) })
    memory.planeId = plane?.id ?? deps.clusterName
    return {
      session: deps.random.uuid(),
      epoch: memory.told?.epoch ?? deps.random.uuid(),
      source: `nsx:${plane?.uniqueId ?? deps.clusterId}`,
      heartbeat_seconds: REST_POLL_MS / 1_000,
      limits: {},
    }
  } catch (error) {
    throw asAdapterError(error)
  }
}

/** Follows until something fails, and rejects with why. */
export async function followRest(
  deps: RestDeps,
  session: Session,
  memory: RestMemory,
  handlers: FollowHandlers,
  signal: AbortSignal,
): Promise<never> {
  const { clock, random } = deps
  const { known } = memory
  const asking = createAsking({ ...deps, signal, onAnswer: handlers.onSeen })
  await untilOwned(deps, handlers, signal)
  const cycle = {
    ...deps,
    asking,
    pages: createPages(asking),
    planeId: memory.planeId ?? deps.clusterName,
    owned: () => deps.owned() ?? new Set(),
    nowMs: () => clock.monotonicMs(),
    number: () => {
      memory.reads += 1
      return memory.reads
    },
  }
  for (let isTold = false; ; ) {
    const startedMs = clock.monotonicMs()
    const isComplete = await runCycle(cycle, known, !isTold)
    signal.throwIfAborted()
    if (isComplete) {
      const next = stateAfter(memory.told, session, known, startedMs)
      const isNews = next.objects !== memory.told?.objects || next.source !== memory.told.source
      memory.told = next
      if (!isTold) {
        handlers.onSnapshot(next)
        handlers.onOpen()
      } else if (isNews) handlers.onCommit(next)
      isTold = true
    }
    const pauseMs = isUnsure(known.memory) ? REST_AGAIN_MS : REST_POLL_MS
    await sleep(clock, pauseMs + random.next() * REST_POLL_JITTER_MS, signal)
  }
}

/** Nothing is decided before it is known which objects of the cluster would go. */
async function untilOwned(
  { owned, clock }: RestDeps,
  handlers: FollowHandlers,
  signal: AbortSignal,
): Promise<void> {
  while (owned() === undefined) {
    await sleep(clock, REST_OWNED_WAIT_MS, signal)
    handlers.onSeen()
  }
}

/** The same objects stay the same value, so that nothing is made of them again. */
function stateAfter(
  before: DesiredState | undefined,
  { source, epoch }: Session,
  { memory }: Known,
  snapshotMs: number,
): DesiredState {
  const made = assemble(memory)
  const isSame = before !== undefined && isSameSet(before.objects, made)
  return desiredState({
    source: memory.restores === 0 ? source : `${source}#${memory.restores}`,
    epoch,
    version: (before?.version ?? 0) + (isSame ? 0 : 1),
    objects: isSame ? before.objects : made,
    snapshotMs,
  })
}

function isSameSet(before: DesiredObjects, after: DesiredObjects): boolean {
  if (before.size !== after.size) return false
  for (const [key, object] of after) if (before.get(key) !== object) return false
  return true
}

const REFUSED: ReadonlySet<string> = new Set(['NSX_THROTTLED', 'NSX_SERVER_ERROR', 'NSX_SEARCH_NOT_READY'])

/** A manager that refuses is left alone for longer than one that does not answer. */
export function restBackoffMs(random: Random, failures: number, error: AdapterError | undefined): number {
  if (error === undefined || !REFUSED.has(error.code))
    return backoffMs(random, failures, REST_BACKOFF_BASE_MS, error)
  const mostMs = Math.min(
    REST_BACKOFF_MAX_MS,
    REST_BACKOFF_BASE_MS * 2 ** Math.min(Math.max(0, failures - 1), 16),
  )
  return Math.max(mostMs / 2 + (random.next() * mostMs) / 2, error.retryAfterMs ?? 0)
}
