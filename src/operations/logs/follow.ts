/**
 * What logs say from now on. Each Pod is followed for itself: a stream that ends or falls silent is opened again where it
 * was left; a container that was started again, a Pod that is replaced or gone is told of; new Pods join in.
 */
import { type AdapterError, asAdapterError } from '../../errors.ts'
import {
  LOGS_FOLLOW_SILENCE_MS,
  LOGS_FOLLOWED_MAX,
  LOGS_LOOK_MS,
  LOGS_REOPEN_MS,
  LOGS_REOPEN_MS_MAX,
  LOGS_SILENCE_MS,
} from '../../limits.ts'
import { sleep } from '../../world/index.ts'
import type { ApiDeps } from '../api.ts'
import type { Fields } from '../types.ts'
import type { Gatherer } from './gather.ts'
import type { AntreaPod } from './pods.ts'
import type { WantedLogs } from './request.ts'
import { createCursor, isSilence, type LogCursor, type Reading, readLog } from './stream.ts'

export interface FollowDeps extends ApiDeps {
  readonly wanted: WantedLogs
  readonly gatherer: Gatherer
  /** Those there are now. */
  readonly find: (signal: AbortSignal) => Promise<readonly AntreaPod[]>
  /** Something beside lines happened to a source. */
  readonly tell: (event: FollowEvent) => void
}

export interface FollowEvent extends Fields {
  readonly source: string
  readonly event: 'joined' | 'restarted' | 'replaced' | 'gone' | 'interrupted' | 'resumed' | 'refused'
}

/** Where to go on with a Pod. */
export interface Followed {
  readonly pod: AntreaPod
  readonly cursor: LogCursor
  /** Monotonic time from which on lines are wanted, while the cursor knows none. */
  readonly fromMs: number
}

/** Until the signal is aborted; rejects with its reason. */
export async function followPods(
  deps: FollowDeps,
  begin: readonly Followed[],
  signal: AbortSignal,
): Promise<void> {
  const known = new Set(begin.map(({ pod }) => pod.source))
  const all = begin.map((followed) => followPod(deps, followed, signal))
  const watch = async () => {
    for (;;) {
      await sleep(deps.clock, LOGS_LOOK_MS, signal)
      const pods = await deps.find(signal).catch(() => [])
      for (const pod of pods) {
        if (known.has(pod.source) || known.size >= LOGS_FOLLOWED_MAX) continue
        known.add(pod.source)
        deps.tell({ source: pod.source, event: 'joined', pod: pod.name, node: pod.node })
        const fromMs = Number.NEGATIVE_INFINITY
        void followPod(deps, { pod, cursor: createCursor(), fromMs }, signal).catch(() => {})
      }
    }
  }
  await Promise.all([...all, watch()])
}

async function followPod(deps: FollowDeps, followed: Followed, signal: AbortSignal): Promise<void> {
  let now: Followed = followed
  let failures = 0
  let isInterrupted = false
  for (;;) {
    const { hasSaid, isSilent, error } = await readUntilEnd(deps, now, isInterrupted, signal)
    if (hasSaid) {
      failures = 0
      isInterrupted = false
    }
    if (isSilent) continue
    const said = { source: now.pod.source, code: error?.code, message: error?.message }
    if (error !== undefined && isFinal(error)) return deps.tell({ ...said, event: 'refused' })
    if (error !== undefined && error.code !== 'KUBE_NOT_FOUND' && !isInterrupted) {
      isInterrupted = true
      deps.tell({ ...said, event: 'interrupted' })
    }
    failures += 1
    await sleep(deps.clock, Math.min(LOGS_REOPEN_MS * 2 ** (failures - 1), LOGS_REOPEN_MS_MAX), signal)
    const next = await lookAgain(deps, now, signal)
    if (next === undefined) return
    now = next
  }
}

/** A container that is not started yet is refused as a bad request; it comes. Nobody grants a right meanwhile. */
const isFinal = ({ code }: AdapterError): boolean =>
  code === 'KUBE_FORBIDDEN' || code === 'KUBE_UNAUTHORIZED' || code === 'TRANSPORT_UNTRUSTED'

interface Ended {
  readonly hasSaid: boolean
  readonly isSilent: boolean
  readonly error?: AdapterError
}

async function readUntilEnd(
  deps: FollowDeps,
  { pod, cursor, fromMs }: Followed,
  isInterrupted: boolean,
  signal: AbortSignal,
): Promise<Ended> {
  const { clock, gatherer, wanted } = deps
  const reading: Reading = { lines: 0, bytes: 0, isCut: false }
  const agoMs = clock.monotonicMs() - fromMs
  const call = {
    follow: true,
    silenceMs: LOGS_FOLLOW_SILENCE_MS,
    ...(Number.isFinite(agoMs) ? { sinceS: Math.ceil(agoMs / 1_000) + 1 } : {}),
  }
  try {
    let isFirst = isInterrupted
    for await (const lines of readLog(deps, pod, call, { cursor, reading, level: wanted.level }, signal)) {
      if (isFirst) deps.tell({ source: pod.source, event: 'resumed' })
      isFirst = false
      await gatherer.add(lines, signal)
    }
    return { hasSaid: reading.lines > 0, isSilent: false }
  } catch (thrown) {
    if (signal.aborted) throw signal.reason
    const hasSaid = reading.lines > 0
    if (isSilence(thrown)) return { hasSaid, isSilent: true }
    return { hasSaid, isSilent: false, error: asAdapterError(thrown) }
  }
}

/** The Pod as it is after its stream ended; undefined: it is gone for good. */
async function lookAgain(
  deps: FollowDeps,
  followed: Followed,
  signal: AbortSignal,
): Promise<Followed | undefined> {
  const { pod } = followed
  let isTold = false
  for (;;) {
    let pods: readonly AntreaPod[]
    try {
      pods = await deps.find(signal)
    } catch {
      // The API server is away: the stream, which is tried next, says so.
      if (signal.aborted) throw signal.reason
      return followed
    }
    const there = pods.find(({ source }) => source === pod.source)
    if (there !== undefined)
      return isTold || there.uid !== pod.uid ? replaced(deps, there) : again(deps, followed, there, signal)
    if (!isTold) deps.tell({ source: pod.source, event: 'gone', pod: pod.name })
    isTold = true
    // Another controller has another name, and joins as a new one; a Node's agent comes back on it.
    if (pod.component === 'controller') return undefined
    await sleep(deps.clock, LOGS_LOOK_MS, signal)
  }
}

function replaced({ tell }: FollowDeps, pod: AntreaPod): Followed {
  tell({ source: pod.source, event: 'replaced', pod: pod.name })
  return { pod, cursor: createCursor(), fromMs: Number.NEGATIVE_INFINITY }
}

async function again(
  deps: FollowDeps,
  { pod, cursor, fromMs }: Followed,
  there: AntreaPod,
  signal: AbortSignal,
): Promise<Followed> {
  if (there.restarts > pod.restarts) {
    const { source, restarts, ended } = there
    await lastWords(deps, { pod: there, cursor, fromMs }, signal)
    deps.tell({ source, event: 'restarted', restarts, ...(ended === undefined ? {} : { reason: ended }) })
  }
  return { pod: there, cursor, fromMs }
}

/** What the container still said between the stream's end and its own. */
async function lastWords(
  { gatherer, wanted, ...deps }: FollowDeps,
  { pod, cursor }: Followed,
  signal: AbortSignal,
): Promise<void> {
  const call = { follow: false, previous: true, silenceMs: LOGS_SILENCE_MS }
  const reading: Reading = { lines: 0, bytes: 0, isCut: false }
  if (cursor.time === undefined) return
  try {
    for await (const lines of readLog(deps, pod, call, { cursor, reading, level: wanted.level }, signal))
      await gatherer.add(lines, signal)
  } catch {
    // It may have been removed already.
    if (signal.aborted) throw signal.reason
  }
}
