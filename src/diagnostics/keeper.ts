/** Keeps rows on a thread of its own. Recording is a push into a ring; whatever the disk does, nobody waits. */
import type { Fact, Health } from '../health/index.ts'
import { DIAGNOSTICS_DB_BYTES_MAX, DIAGNOSTICS_RING_ROWS_MAX, DIAGNOSTICS_TEXT_CHARS_MAX } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type Clock, sleep } from '../world/index.ts'
import type { Transition } from './inspection.ts'
import { createLatencies, type Latencies } from './latencies.ts'
import { createRing } from './ring.ts'
import {
  type HistoryQuery,
  joinSpans,
  type Row,
  type RowKind,
  type RowOf,
  type Span,
  type Standing,
  selectRows,
  spanOf,
  standingAt,
} from './rows.ts'
import { createThread } from './thread-client.ts'

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
  /** Files that were set aside because they could not be used. */
  readonly aside: number
  readonly waiting: number
}

/** The newest transitions, of all charts or of those whose path begins so. */
export interface TransitionQuery {
  readonly limit: number
  readonly machine?: string
  /** Milliseconds since 1970; both are within the range. */
  readonly fromMs?: number
  readonly untilMs?: number
}

/** What can be looked at later. Everything rejects when the database cannot be read. */
export interface History {
  /** The newest transitions of the range, oldest first. */
  read(query: TransitionQuery): Promise<readonly Transition[]>
  /** Rows of one kind, by subject and time: newest or oldest first chosen, always told oldest first. */
  select<K extends RowKind>(query: HistoryQuery & { readonly kind: K }): Promise<readonly RowOf<K>[]>
  /** Each chart's state, each warning and each policy's problems as they were at this moment (milliseconds since 1970). */
  standing(atMs: number): Promise<Standing>
  /** From when to when there is something, and how much of each kind. */
  span(): Promise<Span>
}

export interface Recorder {
  /** Takes the transition; never throws, never waits. */
  record(transition: Transition): void
  /** Takes a fact, as it is now; never throws, never waits. */
  tell(fact: Fact): void
}

export interface Diagnostics extends History, Recorder {
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
/** Latencies become rows so often. */
const LATENCIES_MS = 60_000
const RETRY_MS = 30_000
const CLOSE_LIMIT_MS = 500
/** A thread that is not inside a call to the disk is gone within some milliseconds. */
const THREAD_END_MS = 200

/** Starts keeping. The file is opened by the thread when there is something to write. */
export function createDiagnostics(options: DiagnosticsOptions): Diagnostics {
  const { clock, health, log, file } = options
  const ring = createRing<Row>(options.rowsMax ?? DIAGNOSTICS_RING_ROWS_MAX)
  const counts = { written: 0, failures: 0, aside: 0 }
  const onAside = (because: string) => {
    counts.aside += 1
    log.warn({ file }, `the diagnostics file was set aside as ${file}.unreadable and begun anew: ${because}`)
    health.set('DIAGNOSTICS_SET_ASIDE', `${file}.unreadable: ${because}`)
  }
  const thread = createThread(
    clock,
    { file, bytesMax: options.bytesMax ?? DIAGNOSTICS_DB_BYTES_MAX },
    onAside,
  )
  const recorder = createRecorder(clock, (row) => ring.push(row))
  const stopping = new AbortController()

  const writeBatch = async (): Promise<boolean> => {
    const { rows, mark } = ring.peek(BATCH_ROWS)
    if (rows.length === 0) return true
    try {
      await thread.ask({ do: 'write', rows })
    } catch (error) {
      counts.failures += 1
      const words = error instanceof Error ? error.message : String(error)
      if (counts.failures === 1) log.warn({ file, err: error }, `diagnostics are lost: ${words}`)
      health.set('DIAGNOSTICS_LOST', `${file}: ${words}; ${ring.dropped} rows dropped so far`)
      return false
    }
    counts.written += rows.length
    ring.release(mark)
    health.clear('DIAGNOSTICS_LOST')
    return true
  }
  const pump = async (): Promise<void> => {
    let latenciesMs = clock.monotonicMs()
    while (!stopping.signal.aborted) {
      if (clock.monotonicMs() - latenciesMs >= LATENCIES_MS) {
        latenciesMs = clock.monotonicMs()
        recorder.tellLatencies()
      }
      const isWell = await writeBatch()
      const pauseMs = isWell ? (ring.size > BATCH_ROWS ? 0 : GATHER_MS) : (options.retryMs ?? RETRY_MS)
      await sleep(clock, pauseMs, stopping.signal).catch(() => {})
    }
  }
  const running = pump()
  // What is in the database and not yet released cannot be: a batch is released before a read is answered.
  const waiting = () => ring.peek(ring.size).rows

  const select = async <K extends RowKind>(query: HistoryQuery & { readonly kind: K }) => {
    const kept = (await thread.ask({ do: 'select', query })).rows ?? []
    const more = selectRows(waiting(), { ...query, limit: Number.MAX_SAFE_INTEGER })
    const all = [...kept, ...more] as RowOf<K>[]
    return query.first === 'oldest' ? all.slice(0, query.limit) : all.slice(-query.limit)
  }
  return {
    ...recorder,
    ...readerOf(select),
    async standing(atMs) {
      const kept = (await thread.ask({ do: 'standing', atMs })).rows ?? []
      return standingAt([...kept, ...waiting()], atMs)
    },
    async span() {
      const kept = (await thread.ask({ do: 'span' })).span ?? { rows: {} }
      return joinSpans(kept, spanOf(waiting()))
    },
    counts: () => ({ ...counts, dropped: ring.dropped, waiting: ring.size }),
    async close(limitMs = CLOSE_LIMIT_MS) {
      recorder.tellLatencies()
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

/** The transitions among the rows. */
export const readerOf = (select: History['select']): Pick<History, 'select' | 'read'> => ({
  select,
  async read({ machine, ...query }) {
    const rows = await select({
      kind: 'transition',
      ...query,
      ...(machine === undefined ? {} : { subject: machine }),
    })
    return rows.map(({ kind: _, ...transition }) => transition)
  },
})

/** From transitions and facts to rows; latencies are gathered until they are asked for. */
export function createRecorder(clock: Clock, push: (row: Row) => void): Recorder & { tellLatencies(): void } {
  const latencies = createLatencies()
  return {
    record: (transition) => push({ kind: 'transition', ...transition }),
    tell(fact) {
      measure(latencies, fact)
      push({ at: clock.now(), ...cut(fact) })
    },
    tellLatencies() {
      for (const row of latencies.take()) push({ at: clock.now(), kind: 'latency', ...row })
    },
  }
}

function measure(latencies: Latencies, fact: Fact): void {
  if (fact.kind === 'step' && fact.tookMs !== undefined) latencies.add(`${fact.channel} step`, fact.tookMs)
  if (fact.kind === 'request') latencies.add(`request ${fact.asked}`, fact.tookMs)
  if (fact.kind !== 'plan') return
  latencies.add(`${fact.channel} plan`, fact.tookMs)
  if (fact.deliveredMs !== undefined) latencies.add(`${fact.channel} delivery`, fact.deliveredMs)
}

const cutText = (text: string) => text.slice(0, DIAGNOSTICS_TEXT_CHARS_MAX)

/** Texts may come from outside and be long. */
function cut(fact: Fact): Fact {
  if ('message' in fact && fact.message !== undefined) return { ...fact, message: cutText(fact.message) }
  return fact.kind === 'warning' ? { ...fact, detail: cutText(fact.detail) } : fact
}
