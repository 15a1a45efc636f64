/** What is kept: rows of a moment, a kind and a subject. Pure: how rows are chosen, wherever they lie. */
import type { Fact } from '../health/index.ts'
import type { Transition } from './inspection.ts'
import type { LatencyRow } from './latencies.ts'

interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A transition of a chart, a fact, or how long things took within some time. */
export type Row =
  | ({ readonly kind: 'transition' } & Transition)
  | (Moment & Fact)
  | (Moment & { readonly kind: 'latency' } & LatencyRow)

export type RowKind = Row['kind']
export type RowOf<K extends RowKind> = Extract<Row, { kind: K }>

/** Every kind, and by which field its rows are told apart. */
const SUBJECTS: { readonly [K in RowKind]: (row: RowOf<K>) => string } = {
  transition: ({ machine }) => machine,
  step: ({ subject }) => subject,
  plan: ({ channel }) => channel,
  session: ({ channel }) => channel,
  request: ({ request }) => request,
  warning: ({ code }) => code,
  problem: ({ policy }) => policy,
  process: ({ instance }) => instance,
  latency: ({ what }) => what,
}

export const ROW_KINDS = Object.keys(SUBJECTS) as readonly RowKind[]

export const isRowKind = (text: string): text is RowKind => Object.hasOwn(SUBJECTS, text)

/** A chart's path, a policy's, a warning's code …: what a reader asks by. */
export const subjectOf = (row: Row): string => (SUBJECTS[row.kind] as (row: Row) => string)(row)

export interface HistoryQuery {
  readonly kind: RowKind
  /** At most so many. */
  readonly limit: number
  /** Only rows whose subject begins so. */
  readonly subject?: string
  /** Only rows of this moment and later; milliseconds since 1970. */
  readonly fromMs?: number
  /** Only rows of this moment and before. */
  readonly untilMs?: number
  /** The newest so many of the range when absent, or its oldest: to read on from there. In both cases oldest first. */
  readonly first?: 'newest' | 'oldest'
}

/** Of rows in the order in which they were recorded. */
export function selectRows(rows: readonly Row[], query: HistoryQuery): Row[] {
  const { kind, limit, subject = '', fromMs = Number.NEGATIVE_INFINITY, untilMs = Infinity, first } = query
  const within = rows.filter(
    (row) => row.kind === kind && row.at >= fromMs && row.at <= untilMs && subjectOf(row).startsWith(subject),
  )
  return first === 'oldest' ? within.slice(0, limit) : within.slice(Math.max(0, within.length - limit))
}

/** How everything stood at a moment. */
export interface Standing {
  readonly atMs: number
  /** The process that ran then; undefined: none that is known of. */
  readonly process?: RowOf<'process'>
  /** The last transition of each chart that was alive then, in the order in which they happened. */
  readonly transitions: readonly Transition[]
  /** Warnings that stood, and policies with problems. */
  readonly warnings: readonly RowOf<'warning'>[]
  readonly problems: readonly RowOf<'problem'>[]
}

/** Which of the kinds a standing is made from. */
export const STANDING_KINDS: readonly RowKind[] = ['process', 'transition', 'warning', 'problem']

/** From the rows up to `atMs`, in the order in which they were recorded. What a process that has ended left is gone. */
export function standingAt(rows: Iterable<Row>, atMs: number): Standing {
  let process: RowOf<'process'> | undefined
  const charts = new Map<string, Transition>()
  const warnings = new Map<string, RowOf<'warning'>>()
  const problems = new Map<string, RowOf<'problem'>>()
  const put = <T>(map: Map<string, T>, key: string, row: T, isThere: boolean) => {
    map.delete(key)
    if (isThere) map.set(key, row)
  }
  for (const row of rows) {
    if (row.at > atMs) continue
    if (row.kind === 'process') {
      for (const map of [charts, warnings, problems]) map.clear()
      process = row.state === 'started' ? row : undefined
    } else if (row.kind === 'transition') {
      const { kind: _, ...transition } = row
      put(charts, row.machine, transition, row.ended !== true)
    } else if (row.kind === 'warning') put(warnings, row.code, row, row.state !== 'over')
    else if (row.kind === 'problem') put(problems, row.policy, row, row.codes.length > 0)
  }
  return {
    atMs,
    ...(process === undefined ? {} : { process }),
    transitions: [...charts.values()],
    warnings: [...warnings.values()],
    problems: [...problems.values()],
  }
}

/** What there is to look at. */
export interface Span {
  /** Moments of the oldest and the newest row; undefined when there is none. */
  readonly oldestMs?: number
  readonly newestMs?: number
  readonly rows: Readonly<Partial<Record<RowKind, number>>>
}

export function spanOf(rows: readonly Row[]): Span {
  const counts: Partial<Record<RowKind, number>> = {}
  let [oldestMs, newestMs] = [Infinity, Number.NEGATIVE_INFINITY]
  for (const { kind, at } of rows) {
    counts[kind] = (counts[kind] ?? 0) + 1
    oldestMs = Math.min(oldestMs, at)
    newestMs = Math.max(newestMs, at)
  }
  return { ...(rows.length === 0 ? {} : { oldestMs, newestMs }), rows: counts }
}

/** Two spans as one. */
export function joinSpans(one: Span, other: Span): Span {
  const both = [one, other].filter(({ oldestMs }) => oldestMs !== undefined)
  const rows: Partial<Record<RowKind, number>> = { ...one.rows }
  for (const [kind, count] of Object.entries(other.rows) as [RowKind, number][])
    rows[kind] = (rows[kind] ?? 0) + count
  if (both.length === 0) return { rows }
  return {
    oldestMs: Math.min(...both.map(({ oldestMs }) => oldestMs ?? Infinity)),
    newestMs: Math.max(...both.map(({ newestMs }) => newestMs ?? 0)),
    rows,
  }
}
