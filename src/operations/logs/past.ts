/** What logs hold already: of each Pod its newest lines, a few Pods at a time, merged by time. */
import { type AdapterError, asAdapterError } from '../../errors.ts'
import { LOGS_AT_ONCE, LOGS_REOPEN_MS, LOGS_SILENCE_MS, LOGS_TRIES } from '../../limits.ts'
import { inParallel, sleep } from '../../world/index.ts'
import type { ApiDeps } from '../api.ts'
import type { AntreaPod } from './pods.ts'
import type { WantedLogs } from './request.ts'
import { createCursor, type LogCursor, type Reading, readLog } from './stream.ts'
import type { Newest } from './told.ts'

/** What became of one Pod's log. */
export interface PastOfPod {
  readonly pod: AntreaPod
  readonly cursor: LogCursor
  readonly reading: Reading
  /** Monotonic time at which it was asked for. */
  readonly askedMs: number
  readonly problem?: { readonly code: string; readonly message: string; readonly kind: AdapterError['kind'] }
}

/** Rejects with the signal's reason alone: a Pod that cannot be read has a problem, and the others go on. */
export async function readPast(
  deps: ApiDeps,
  pods: readonly AntreaPod[],
  wanted: WantedLogs,
  newest: Newest,
  signal: AbortSignal,
): Promise<PastOfPod[]> {
  return inParallel(pods, LOGS_AT_ONCE, (pod) => readOne(deps, pod, wanted, newest, signal))
}

async function readOne(
  deps: ApiDeps,
  pod: AntreaPod,
  wanted: WantedLogs,
  newest: Newest,
  signal: AbortSignal,
): Promise<PastOfPod> {
  const { clock } = deps
  const { sinceS, level, limit, previous } = wanted
  const cursor = createCursor()
  const reading: Reading = { lines: 0, bytes: 0, isCut: false }
  const askedMs = clock.monotonicMs()
  const call = {
    follow: false,
    previous,
    silenceMs: LOGS_SILENCE_MS,
    ...(sinceS === undefined ? {} : { sinceS }),
    // With a level lines are left out here, so that many more are looked through.
    ...(level === 'debug' ? { tail: limit } : {}),
  }
  const past = { pod, cursor, reading, askedMs }
  for (let tries = 1; ; tries += 1) {
    try {
      for await (const lines of readLog(deps, pod, call, { cursor, reading, level }, signal))
        for (const line of lines) newest.add(line)
      return past
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      const { code, kind, message } = asAdapterError(thrown)
      if (kind !== 'retry' || code === 'KUBE_NOT_FOUND' || tries >= LOGS_TRIES)
        return { ...past, problem: { code, kind, message } }
      await sleep(clock, LOGS_REOPEN_MS * tries, signal)
    }
  }
}
