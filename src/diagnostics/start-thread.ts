/** Starts the diagnostics' thread from its source file. In the executable there are no files: build/inside/ has its like. */
import { Worker } from 'node:worker_threads'
import { DIAGNOSTICS_THREAD_LIMITS } from '../limits.ts'
import type { ThreadData } from './thread.ts'

export function startThread(workerData: ThreadData): Worker {
  return new Worker(new URL('./thread.ts', import.meta.url), {
    workerData,
    resourceLimits: DIAGNOSTICS_THREAD_LIMITS,
  })
}
