/** Starts the diagnostics' thread from the executable itself; stands in for src/diagnostics/start-thread.ts. */
import { getAsset } from 'node:sea'
import { Worker } from 'node:worker_threads'
import type { ThreadData } from '../../src/diagnostics/thread.ts'
import { DIAGNOSTICS_THREAD_LIMITS } from '../../src/limits.ts'

/** The build's name of the loader that begins with the thread's module. */
export const THREAD_LOADER = 'thread-loader.js'

export function startThread(workerData: ThreadData): Worker {
  return new Worker(getAsset(THREAD_LOADER, 'utf8'), {
    eval: true,
    workerData,
    resourceLimits: DIAGNOSTICS_THREAD_LIMITS,
  })
}
