/** `history`: what was done and what went wrong, from the daemon or from its file; and how everything was at a moment. */
import { Argument, type Command, InvalidArgumentError } from 'commander'
import {
  type History,
  type HistoryQuery,
  type LatencyRow,
  latencyAt,
  type Row,
  type RowKind,
  type RowOf,
  readHistoryFile,
  type Span,
  type Standing,
  subjectOf,
} from '../diagnostics/index.ts'
import { AdapterError, needsPerson } from '../errors.ts'
import { createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { seconds } from './options.ts'
import { plain, say, table } from './terminal.ts'

/** As a person asks for them. */
const KINDS: Readonly<Record<string, RowKind>> = {
  plans: 'plan',
  steps: 'step',
  sessions: 'session',
  requests: 'request',
  warnings: 'warning',
  problems: 'problem',
  latencies: 'latency',
  starts: 'process',
  transitions: 'transition',
}
const LIMIT_MAX = 10_000

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .addArgument(
      new Argument('[what]', 'one of these; without it, how much there is of each').choices(
        Object.keys(KINDS),
      ),
    )
    .option('-n, --limit <count>', 'the newest so many', count, 50)
    .option('--subject <text>', "only what begins so: a policy's path or name, a code, a channel, a request")
    .option('--since <duration>', 'only the last 90s, 10m, 2h, 7d', seconds)
    .option('--from <time>', 'only from then on, as 2026-01-31T12:00:00Z', moment)
    .option('--until <time>', 'only up to then', moment)
    .option('--at <time>', 'how everything was then: charts, warnings, policies with problems', moment)
    .option('--file <file>', 'read the diagnostics file in place of asking the daemon')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  antrea-nsx-adapter history plans --since 1h' +
        '\n  antrea-nsx-adapter history steps --subject 4f0c' +
        '\n  antrea-nsx-adapter history --at 2026-01-31T12:00:00Z',
    )
    .action(show)
}

interface Options {
  readonly socket: string
  readonly limit: number
  readonly subject?: string
  readonly since?: number
  readonly from?: number
  readonly until?: number
  readonly at?: number
  readonly file?: string
  readonly json?: boolean
}

async function show(what: string | undefined, options: Options): Promise<void> {
  const { file, socket, at, json } = options
  const history = file === undefined ? fromDaemon(socket) : fromFile(file)
  const print = (value: object, words: () => string) => say(json === true ? JSON.stringify(value) : words())
  if (at !== undefined) {
    const standing = await history.standing(at)
    return print(standing, () => standingWords(standing))
  }
  const kind = what === undefined ? undefined : KINDS[what]
  if (kind === undefined) {
    const span = await history.span()
    return print(span, () => spanWords(span))
  }
  for (const row of await history.select(queryOf(kind, options)))
    print(row, () => `${timeOf(row.at)}  ${plain(wordsOf(row))}`)
}

function queryOf(kind: RowKind, { limit, subject, since, from, until }: Options): HistoryQuery {
  const fromMs = since === undefined ? from : createRealClock().now() - since * 1_000
  return {
    kind,
    limit,
    ...(subject === undefined ? {} : { subject }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(until === undefined ? {} : { untilMs: until }),
  }
}

type Questions = Pick<History, 'standing' | 'span'> & { select(query: HistoryQuery): Promise<readonly Row[]> }

const fromDaemon = (socket: string): Questions => ({
  standing: (atMs) => ask<Standing>(socket, 'GET', `/history?at=${atMs}`),
  span: () => ask<Span>(socket, 'GET', '/history'),
  async select({ kind, limit, subject, fromMs, untilMs }) {
    const query = new URLSearchParams({ kind, limit: String(limit) })
    if (subject !== undefined) query.set('subject', subject)
    if (fromMs !== undefined) query.set('from', String(Math.max(0, fromMs)))
    if (untilMs !== undefined) query.set('until', String(untilMs))
    return (await ask<{ rows: Row[] }>(socket, 'GET', `/history?${query}`)).rows
  },
})

function fromFile(file: string): Questions {
  const history = readHistoryFile(file)
  return {
    standing: (atMs) => readable(file, () => history.standing(atMs)),
    span: () => readable(file, () => history.span()),
    select: (query) => readable(file, () => history.select(query)),
  }
}

/** What SQLite says of a file becomes needs-person DIAGNOSTICS_UNREADABLE. */
export async function readable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof AdapterError) throw cause
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson(
      'DIAGNOSTICS_UNREADABLE',
      `${file}: ${words}; is it the file that diagnostics.file names?`,
      {
        cause,
      },
    )
  }
}

/** `2026-11-25 01:02:03.456`. */
export const timeOf = (atMs: number): string =>
  new Date(atMs).toISOString().replace('T', ' ').replace('Z', '')

/** `  (CODE: message)`, or nothing. */
const because = ({ code, message }: { readonly code?: string; readonly message?: string }): string =>
  code === undefined ? '' : `  (${code}${message === undefined || message === '' ? '' : `: ${message}`})`

const took = (ms: number | undefined): string =>
  ms === undefined ? '' : ms < 10_000 ? `  ${ms} ms` : `  ${(ms / 1_000).toFixed(1)} s`

const WORDS: { readonly [K in RowKind]: (row: RowOf<K>) => string } = {
  transition: ({ machine, from, to, event, ended }) =>
    `${machine}  ${from === '' ? '' : `${from} → `}${to}  (${event})${ended === true ? '  over' : ''}`,
  step: (row) =>
    `${row.channel} ${row.plan}  ${row.step} ${row.subject}  ${row.outcome}${took(row.tookMs)}${because(row)}`,
  plan: (row) => {
    const steps = Object.entries(row.steps).map(([step, many]) => `${many} ${step}`)
    const delivered = row.deliveredMs === undefined ? '' : `, delivered${took(row.deliveredMs)}`
    return `${row.channel} ${row.plan}  ${row.outcome}  ${steps.join(', ') || 'nothing'}${took(row.tookMs)}${delivered}${because(row)}`
  },
  session: (row) => `${row.channel}  ${row.state} ${row.session}${took(row.openMs)}${because(row)}`,
  request: (row) => `${row.asked} ${row.request}  ${row.outcome}${took(row.tookMs)}${because(row)}`,
  warning: ({ severity, code, state, detail }) => `${severity} ${code}  ${state}  ${detail}`,
  problem: ({ policy, codes, message }) =>
    codes.length === 0 ? `${policy}  is well again` : `${policy}  ${codes.join(', ')}: ${message}`,
  process: ({ state, instance, version }) => `${instance} ${version}  ${state}`,
  latency: (row) => latencyWords(row),
}

/** One row for a person, without its time. A row of a file may be anything. */
export function wordsOf(row: Row): string {
  try {
    return (WORDS[row.kind] as (row: Row) => string)(row)
  } catch {
    return `${row.kind} ${subjectOf(row)}: not a row of this program`
  }
}

function latencyWords(row: LatencyRow): string {
  const within = (share: number) => {
    const bound = latencyAt(row, share)
    return Number.isFinite(bound) ? `≤ ${bound} ms` : `> 300 s`
  }
  return `${row.what}  ${row.count} times, half ${within(0.5)}, 99 % ${within(0.99)}, longest ${row.maxMs} ms`
}

function spanWords({ oldestMs, newestMs, rows }: Span): string {
  if (oldestMs === undefined || newestMs === undefined) return 'Nothing is kept yet.'
  const names = Object.entries(KINDS).map(([name, kind]) => [name, String(rows[kind] ?? 0)])
  return `From ${timeOf(oldestMs)} to ${timeOf(newestMs)}\n\n${table([['WHAT', 'ROWS'], ...names])}`
}

function standingWords({ atMs, process, transitions, warnings, problems }: Standing): string {
  const lines = [
    process === undefined
      ? `${timeOf(atMs)}  no process is known to have run`
      : `${timeOf(atMs)}  ${process.instance} ${process.version}, running since ${timeOf(process.at)}`,
  ]
  for (const row of warnings) lines.push(`  ${row.severity} ${row.code}  ${row.detail}`)
  for (const row of problems) lines.push(`  ${row.policy}  ${row.codes.join(', ')}: ${row.message}`)
  const states = transitions.map(({ machine, to, at }) => [machine, to, timeOf(at)])
  return [
    ...lines.map(plain),
    '',
    table([['CHART', 'STATE', 'SINCE'], ...states.map((row) => row.map(plain))]),
  ].join('\n')
}

function count(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > LIMIT_MAX)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${LIMIT_MAX}.`)
  return number
}

function moment(text: string): number {
  const found = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isFinite(found)) throw new InvalidArgumentError('It must be a time as 2026-01-31T12:00:00Z.')
  return found
}
