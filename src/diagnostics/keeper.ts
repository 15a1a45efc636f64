/** Keeps transitions on a thread of its own. Recording is a push into a ring; whatever the disk does, nobody waits. */
import type { Worker } from 'node:worker_threads'
import type { Health } from '../health/index.ts'
import { DIAGNOSTICS_DB_BYTES_MAX, DIAGNOSTICS_RING_ROWS_MAX } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type Clock, sleep } from '../world/index.ts'
import type { ReadQuery } from './database.ts'
import type { Transition } from './inspection.ts'
import { createRing } from './ring.ts'
import { startThread } from './start-thread.ts'
import type { ThreadAnswer, ThreadData, ThreadRequest } from './thread.ts'

export interface DiagnosticsOptions {
  readonly file: string
  readonly clock: Clock
  readonly health: Health
  readonly log: Logger
  readonly rowsMax?: number
  readonly bytesMax?: number
  /** Between a failure and the next try; 30 s when absent. */
  readonly retryMs?: number
}

export interface DiagnosticsCounts {
  readonly written: number
  /** Pushed out of the full ring. */
  readonly dropped: number
  readonly failures: number
  readonly waiting: number
}

export interface Diagnostics {
  /** Takes the transition; never throws, never waits. */
  record(transition: Transition): void
  /** The newest ones, oldest first: from the database, with those that wait. Rejects when the database cannot be read. */
  read(query: ReadQuery): Promise<readonly Transition[]>
  counts(): DiagnosticsCounts
  /**
   * Writes what waits and ends the thread; within `limitMs` in any case. False when the thread is still inside a call to
   * a dead disk: Node then cannot exit in order, and whoever ends the process has to kill it.
   */
  close(limitMs?: number): Promise<boolean>
}

const BATCH_ROWS = 512
/** Rows are gathered so long: one transaction a second at most wakes the disk. */
const GATHER_MS = 1_000
/** A write or read that takes longer counts as failed, and the thread is ended; another one starts once it has. */
const ANSWER_LIMIT_MS = 4_000
const RETRY_MS = 30_000
const CLOSE_LIMIT_MS = 500
/** A thread that is not inside a call to the disk is gone within some milliseconds. */
const THREAD_END_MS = 200

/** Starts keeping. The file is opened by the thread when there is something to write. */
export function createDiagnostics(options: DiagnosticsOptions): Diagnostics {
  const { clock, health, log } = options
  const ring = createRing<Transition>(options.rowsMax ?? DIAGNOSTICS_RING_ROWS_MAX)
  const thread = createThread(clock, {
    file: options.file,
    bytesMax: options.bytesMax ?? DIAGNOSTICS_DB_BYTES_MAX,
  })
  const stopping = new AbortController()
  const counts = { written: 0, failures: 0 }

  const writeBatch = async (): Promise<boolean> => {
    const { rows, mark } = ring.peek(BATCH_ROWS)
    if (rows.length === 0) return true
    try {
      await thread.ask({ do: 'write', rows })
    } catch (error) {
      counts.failures += 1
      const words = error instanceof Error ? error.message : String(error)
      if (counts.failures === 1)
        log.warn({ file: options.file, err: error }, `diagnostics are lost: ${words}`)
      health.set('DIAGNOSTICS_LOST', `${options.file}: ${words}; ${ring.dropped} transitions dropped so far`)
      return false
    }
    counts.written += rows.length
    ring.release(mark)
    health.clear('DIAGNOSTICS_LOST')
    return true
  }
  const pump = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const isWell = await writeBatch()
      const pauseMs = isWell ? (ring.size > BATCH_ROWS ? 0 : GATHER_MS) : (options.retryMs ?? RETRY_MS)
      await sleep(clock, pauseMs, stopping.signal).catch(() => {})
    }
  }
  const running = pump()

  return {
    record: (transition) => ring.push(transition),
    async read(query) {
      const kept = (await thread.ask({ do: 'read', query })).rows ?? []
      // What is in the database already and not yet released cannot be: a batch is released before a read is answered.
      const waiting = ring.peek(ring.size).rows.filter((row) => row.machine.startsWith(query.machine ?? ''))
      return [...kept, ...waiting].slice(-query.limit)
    },
    counts: () => ({ ...counts, dropped: ring.dropped, waiting: ring.size }),
    async close(limitMs = CLOSE_LIMIT_MS) {
      stopping.abort()
      const orderly = async () => {
        await running
        while (ring.size > 0 && (await writeBatch()));
        await thread.ask({ do: 'close' }).catch(() => {})
      }
      await Promise.race([orderly(), sleep(clock, limitMs)])
      const over = () => sleep(clock, THREAD_END_MS).then(() => false)
      return Promise.race([thread.end().then(() => true), over()])
    },
  }
}

const DEAD_DISK = 'the disk does not answer'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

interface Thread {
  /** Rejects with the thread's words, when it died, or after ANSWER_LIMIT_MS. */
  ask(request: WithoutId<ThreadRequest>): Promise<{ readonly rows?: readonly Transition[] }>
  /** Resolves when the thread is gone; while it is inside a call to the disk it cannot go. */
  end(): Promise<void>
}

/** The worker behind questions and answers; started at the first question, and again after it was lost. */
function createThread(clock: Clock, data: ThreadData): Thread {
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
    started.on('message', (answer: ThreadAnswer) => open.get(answer.id)?.(answer))
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
          else resolve(answer.rows === undefined ? {} : { rows: answer.rows })
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
