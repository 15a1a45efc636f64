/** `logs`: what antrea-controller, the agents and the adapter wrote, merged by time, without NSX. */
import { once } from 'node:events'
import { type Command, InvalidArgumentError } from 'commander'
import { asAdapterError } from '../errors.ts'
import { LOGS_LINES_MAX, LOGS_LINES_TOLD_MAX, LOGS_TOLD_HERE_BYTES_MAX } from '../limits.ts'
import { isLogLevel, LOG_LEVELS, type LogLevel } from '../log/index.ts'
import {
  COMMAND_LINE,
  createLogs,
  type LogComponent,
  type LogLine,
  type OperationWord,
  type OwnSource,
  type WantedLogs,
} from '../operations/index.ts'
import { addClusterOptions, type Cluster, type ClusterOptions, openCluster } from './cluster.ts'
import { addSocketOption } from './endpoint.ts'
import { collect, seconds } from './options.ts'
import { type DaemonLog, readDaemonLog } from './own-log.ts'
import { EXIT, paint, plain, say } from './terminal.ts'

interface Options extends ClusterOptions {
  readonly node?: readonly string[]
  readonly controller?: boolean
  readonly agents?: boolean
  readonly adapter?: boolean
  readonly container?: string
  readonly since?: number
  readonly level: LogLevel
  readonly limit: number
  readonly follow?: boolean
  readonly previous?: boolean
  readonly json?: boolean
  readonly socket: string
}

/** Longer than anybody looks on, and within what a timer takes. */
const FOLLOW_MS = 7 * 86_400_000
const READ_MS = 600_000

export function configure(command: Command): void {
  addClusterOptions(command)
  addSocketOption(command)
  command
    .option('--node <name>', 'of the agent on this Node; several times for several', collect)
    .option('--controller', 'of antrea-controller')
    .option('--agents', 'of the agents; of all Nodes without --node')
    .option('--adapter', "of the adapter's daemon on this machine")
    .option('--container <name>', "another container of the Pods than Antrea's own, antrea-ovs for one")
    .option('--since <duration>', 'younger than this: 90s, 10m, 2h', seconds)
    .option('--level <level>', `this level and worse: ${LOG_LEVELS.join(', ')}`, level, 'debug')
    .option('--limit <lines>', 'the newest so many of those that are there', lines, LOGS_LINES_TOLD_MAX)
    .option('-f, --follow', 'go on with what is written from now on, until Ctrl-C')
    .option('--previous', 'of the containers that ran before the present ones')
    .option('--json', 'each line as JSON, then the result')
    .addHelpText(
      'after',
      '\nWithout --controller, --agents, --adapter and --node: of all of them.' +
        '\nExit code: 0 all were read, 1 one could not be.' +
        '\n\nExamples:' +
        '\n  antrea-nsx-adapter logs --since 10m --level warn' +
        '\n  antrea-nsx-adapter logs --controller --follow' +
        '\n  antrea-nsx-adapter logs --node worker-1 --container antrea-ovs --limit 100' +
        '\n  antrea-nsx-adapter logs --agents --level error --json | jq .text',
    )
    .action((options: Options) => show(options))
}

async function show(options: Options): Promise<void> {
  const cluster = await openCluster(options)
  const stop = new AbortController()
  const onAbort = () => stop.abort(cluster.signal.reason)
  cluster.signal.addEventListener('abort', onAbort, { once: true })
  // `logs --follow | head`: who read has gone.
  process.stdout.once('error', () => stop.abort(new Error('nobody reads any more')))
  try {
    const wanted = wantedOf(options)
    const daemon = wanted.components.has('adapter')
      ? await daemonLog(options, wanted, stop.signal)
      : undefined
    void daemon?.ended.then((why) => {
      if (why !== undefined) note(`adapter: ${why}`)
    })
    await read(options, cluster, wanted, daemon, stop.signal)
  } catch (error) {
    // Ctrl-C is how following ends.
    if (!stop.signal.aborted || options.follow !== true) throw error
  } finally {
    stop.abort(new Error('over'))
    await cluster.close()
  }
}

async function read(
  options: Options,
  cluster: Cluster,
  wanted: WantedLogs,
  daemon: DaemonLog | undefined,
  signal: AbortSignal,
): Promise<void> {
  const own: OwnSource | undefined =
    daemon === undefined ? undefined : { instance: 'here', recent: daemon.recent }
  const operation = createLogs({
    ...cluster,
    ...(own === undefined ? {} : { own }),
    toldBytesMax: LOGS_TOLD_HERE_BYTES_MAX,
    ready: drained,
  })
  const isJson = options.json === true
  const result = await operation.logs(wanted)({
    id: `${COMMAND_LINE}-${cluster.random.uuid()}`,
    deadlineMs: cluster.clock.now() + (wanted.follow ? FOLLOW_MS : READ_MS),
    signal,
    say: (word) => (isJson ? sayJson(word) : sayPlain(word)),
  })
  const sources = (result['sources'] ?? []) as readonly { source: string; problem?: Problem }[]
  if (isJson) say(JSON.stringify({ t: 'result', ...result }))
  else tellRest(result)
  if (sources.some(({ problem }) => problem !== undefined)) process.exitCode = EXIT.failed
}

interface Problem {
  readonly code: string
  readonly message: string
}

/** Where the adapter is not asked for by name, its daemon may be elsewhere. */
async function daemonLog(
  options: Options,
  wanted: WantedLogs,
  signal: AbortSignal,
): Promise<DaemonLog | undefined> {
  try {
    return await readDaemonLog(options.socket, wanted, signal)
  } catch (error) {
    if (options.adapter === true) throw error
    note(`without the adapter's own log: no daemon answers here (${asAdapterError(error).code})`)
    return undefined
  }
}

function wantedOf(options: Options): WantedLogs {
  const { node, controller, agents, adapter, container, since: sinceS } = options
  const named: LogComponent[] = [
    ...(controller === true ? (['controller'] as const) : []),
    ...(agents === true || node !== undefined ? (['agent'] as const) : []),
    ...(adapter === true ? (['adapter'] as const) : []),
  ]
  return {
    components: new Set(named.length === 0 ? ['controller', 'agent', 'adapter'] : named),
    ...(node === undefined ? {} : { nodes: new Set(node) }),
    ...(container === undefined ? {} : { container }),
    ...(sinceS === undefined ? {} : { sinceS }),
    level: options.level,
    limit: options.limit,
    follow: options.follow === true,
    previous: options.previous === true,
  }
}

async function drained(): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain').catch(() => {})
}

const note = (text: string) => void process.stderr.write(`antrea-nsx-adapter: ${plain(text)}\n`)

function sayJson(word: OperationWord): void {
  if (word.t === 'observation')
    for (const line of word['lines'] as readonly LogLine[]) say(JSON.stringify({ t: 'line', ...line }))
  else say(JSON.stringify(word))
}

function sayPlain(word: OperationWord): void {
  if (word.t === 'observation') for (const line of word['lines'] as readonly LogLine[]) say(lineText(line))
  else if (word['event'] !== undefined) note(eventText(word))
}

const COLOURS = { debug: 'dim', info: undefined, warn: 'yellow', error: 'red' } as const

/** One line of a log: when, who, what; coloured by its level on a terminal. */
export function lineText({ time, source, level: of, text }: LogLine): string {
  const colour = COLOURS[of]
  const words = plain(source.startsWith('adapter/') ? ownText(text) : text)
  return `${paint('dim', time.slice(0, 23))}Z ${paint('cyan', plain(source))} ${colour === undefined ? words : paint(colour, words)}`
}

/** The adapter's own lines are JSON: the words first, then what belongs to them. */
function ownText(text: string): string {
  try {
    const { time: _time, level: of, message, ...rest } = JSON.parse(text) as Record<string, unknown>
    const fields = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`
    return `${String(of).toUpperCase()} ${String(message)}${fields}`
  } catch {
    return text
  }
}

function eventText({ t: _t, source, event, ...rest }: OperationWord): string {
  const why = rest['message'] ?? rest['reason'] ?? rest['pod']
  return `${String(source)} ${String(event)}${why === undefined ? '' : `: ${String(why)}`}`
}

function tellRest(result: Readonly<Record<string, unknown>>): void {
  for (const { source, problem, cut } of result['sources'] as readonly {
    source: string
    problem?: Problem
    cut?: boolean
  }[]) {
    if (problem !== undefined) note(`${source}: ${problem.code}: ${problem.message}`)
    if (cut === true) note(`${source}: there is more than is read of one log; ask for less with --since`)
  }
  const left = Number(result['lines_left_out'] ?? 0)
  if (left > 0) note(`${left} older lines were left out; --limit takes up to ${LOGS_LINES_MAX}`)
  const missing = (result['missing_nodes'] ?? []) as readonly string[]
  if (missing.length > 0) note(`no agent runs on ${missing.join(', ')}`)
  const others = Number(result['sources_left_out'] ?? 0)
  if (others > 0) note(`${others} more Pods were left out; choose some with --node`)
}

function level(text: string): LogLevel {
  if (!isLogLevel(text)) throw new InvalidArgumentError(`It must be one of ${LOG_LEVELS.join(', ')}.`)
  return text
}

function lines(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > LOGS_LINES_MAX)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${LOGS_LINES_MAX}.`)
  return count
}
