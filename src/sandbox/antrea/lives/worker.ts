/** A workqueue as Antrea's controllers have them: one key at a time, and failures come back later and later. */
import type { Logger } from '../../../log/index.ts'
import { type Clock, sleep } from '../../../world/index.ts'

export interface WorkerDeps {
  readonly clock: Clock
  readonly log?: Logger
  readonly signal: AbortSignal
}

export interface Worker {
  /** No more keys wait than there are objects: a key that waits already is not put in again. */
  enqueue(key: string): void
  enqueueAfter(key: string, delayMs: number): void
}

const RETRY_MIN_MS = 5_000
const RETRY_MAX_MS = 300_000

export function createWorker(
  { clock, log, signal }: WorkerDeps,
  sync: (key: string) => Promise<void>,
): Worker {
  const queue = new Set<string>()
  const failures = new Map<string, number>()
  let isWorking = false

  const enqueueAfter = (key: string, delayMs: number): void =>
    void sleep(clock, delayMs, signal).then(
      () => enqueue(key),
      () => {},
    )

  const attempt = async (key: string): Promise<void> => {
    try {
      await sync(key)
      failures.delete(key)
    } catch (error) {
      if (signal.aborted) return
      const times = failures.get(key) ?? 0
      failures.set(key, times + 1)
      log?.debug({ err: error, key }, 'the stand-in comes back to it later')
      enqueueAfter(key, Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(times, 10)))
    }
  }

  const work = async (): Promise<void> => {
    isWorking = true
    for (const key of queue) {
      if (signal.aborted) break
      queue.delete(key)
      await attempt(key)
    }
    isWorking = false
  }

  const enqueue = (key: string): void => {
    if (signal.aborted) return
    queue.add(key)
    if (!isWorking) void work()
  }
  return { enqueue, enqueueAfter }
}
