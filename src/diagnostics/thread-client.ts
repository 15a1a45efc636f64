/** The thread as the main one sees it: questions and answers, and an end to waiting for a disk that does not answer. */
import type { Worker } from 'node:worker_threads'
import type { Clock } from '../world/index.ts'
import { startThread } from './start-thread.ts'
import type { ThreadAnswer, ThreadData, ThreadRequest } from './thread.ts'

/** A write or read that takes longer counts as failed, and the thread is ended; another one starts once it has. */
const ANSWER_LIMIT_MS = 4_000
const DEAD_DISK = 'the disk does not answer'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

export type Answered = Exclude<ThreadAnswer, { readonly failed: string }>

export interface Thread {
  /** Rejects with the thread's words, when it died, or after ANSWER_LIMIT_MS. */
  ask(request: WithoutId<ThreadRequest>): Promise<Answered>
  /** Resolves when the thread is gone; while it is inside a call to the disk it cannot go. */
  end(): Promise<void>
}

/** The worker behind questions and answers; started at the first question, and again after it was lost. */
export function createThread(clock: Clock, data: ThreadData, onAside: (because: string) => void): Thread {
  const open = new Map<number, (answer: ThreadAnswer) => void>()
  let worker: Worker | undefined
  /** Ended, and perhaps still inside a call to a dead disk: there is never a second thread beside it. */
  let ending: Worker | undefined
  let lastId = 0
  const lose = (words: string) => {
    const lost = worker
    worker = undefined
    ending = lost ?? ending
    for (const [id, settle] of open) settle({ id, failed: words })
    open.clear()
    return lost?.terminate()
  }
  const start = (): Worker => {
    const started = startThread(data)
    started.on('message', (answer: ThreadAnswer) => {
      if (answer.asideBecause !== undefined) onAside(answer.asideBecause)
      open.get(answer.id)?.(answer)
    })
    started.on('error', (error) => {
      if (worker === started) void lose(error instanceof Error ? error.message : String(error))
    })
    started.on('exit', () => {
      if (worker === started) void lose('the diagnostics thread ended')
      if (ending === started) ending = undefined
    })
    started.unref()
    return started
  }
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (ending !== undefined) return reject(new Error(DEAD_DISK))
        lastId += 1
        const id = lastId
        const timer = clock.setTimeout(() => void lose(DEAD_DISK), ANSWER_LIMIT_MS)
        open.set(id, (answer) => {
          open.delete(id)
          clock.clearTimeout(timer)
          if ('failed' in answer) reject(new Error(answer.failed))
          else resolve(answer)
        })
        worker ??= start()
        worker.postMessage({ ...request, id })
      }),
    end: async () => {
      await lose('closed')
      await ending?.terminate()
    },
  }
}
