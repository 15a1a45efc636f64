/** `log-level`: how much antrea-controller, the agents and the adapter write, and for a while another amount, without NSX. */
import { type Command, InvalidArgumentError } from 'commander'
import { asAdapterError, needsPerson, waitFor } from '../errors.ts'
import { LOG_LEVEL_MS_DEFAULT, LOG_LEVEL_MS_MAX } from '../limits.ts'
import { isLogLevel, isLogRoom, LOG_LEVELS, LOG_ROOMS, type LogRoom } from '../log/index.ts'
import {
  type AntreaLevels,
  COMMAND_LINE,
  createAntreaLevels,
  createLogLevel,
  KLOG_LEVEL_MAX,
  klogLevelOf,
  type LevelTarget,
  type OperationWord,
  placesOfClient,
  readEach,
  secondsOf,
  type TargetState,
  viewOfClient,
} from '../operations/index.ts'
import { connectorOf } from './agents.ts'
import { addClusterOptions, type Cluster, type ClusterOptions, openCluster } from './cluster.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { collect } from './options.ts'
import { duration, EXIT, plain, say, table } from './terminal.ts'

interface Options extends ClusterOptions {
  readonly node?: readonly string[]
  readonly controller?: boolean
  readonly agents?: boolean
  readonly adapter?: boolean
  readonly room?: LogRoom
  readonly for: number
  readonly tokenFile?: string
  readonly namespace: string
  readonly json?: boolean
  readonly socket: string
}

const CLEAR_MS = 15_000
const SPARE_MS = 30_000

export function configure(command: Command): void {
  addClusterOptions(command)
  addSocketOption(command)
  command
    .argument(
      '[level]',
      `0 to ${KLOG_LEVEL_MAX} for antrea-controller and agents; ${LOG_LEVELS.join(', ')} or configured for the adapter; without it the levels are shown`,
    )
    .option('--node <name>', 'the agent on this Node; several times for several', collect)
    .option('--controller', 'antrea-controller')
    .option('--agents', 'the agents; those of all Nodes without --node')
    .option('--adapter', "the adapter's daemon on this machine")
    .option('--room <name>', `of the adapter, this part alone: ${LOG_ROOMS.join(', ')}`, room)
    .option('--for <duration>', 'until it is put back: 90s, 10m, 1h', forMs, LOG_LEVEL_MS_DEFAULT)
    .option(
      '--token-file <file>',
      "a bearer token that Antrea's processes take; agents.tokenFile of --config, or the kubeconfig's client certificate without it",
    )
    .option('--namespace <name>', 'of the leases, as lease.namespace', 'antrea-nsx-adapter')
    .option('--json', 'each step as a line of JSON')
    .addHelpText(
      'after',
      "\nAntrea's levels are put back when the time is over or at Ctrl-C, and by a daemon of the cluster where this\n" +
        "command is killed; the adapter's is over by itself, and this command does not wait for it." +
        '\nExit code: 0 all of it was done, 1 some was not.' +
        '\n\nExamples:' +
        '\n  antrea-nsx-adapter log-level' +
        '\n  antrea-nsx-adapter log-level 4 --controller --node worker-1 --for 5m' +
        '\n  antrea-nsx-adapter log-level debug --room kube --for 10m' +
        '\n  antrea-nsx-adapter log-level configured',
    )
    .action((level: string | undefined, options: Options) => run(level, options))
}

async function run(text: string | undefined, options: Options): Promise<void> {
  if (text === undefined) return show(options)
  if (isLogLevel(text) || text === 'configured') {
    if (isOfAntrea(options))
      throw usage(`antrea-controller and agents have levels from 0 to ${KLOG_LEVEL_MAX}`)
    return changeAdapter(text, options)
  }
  const level = klogLevelOf(text)
  if (level === undefined)
    throw usage(`there is no level ${text}: 0 to ${KLOG_LEVEL_MAX}, ${LOG_LEVELS.join(', ')}, configured`)
  if (options.adapter === true || options.room !== undefined)
    throw usage(`the adapter has the levels ${LOG_LEVELS.join(', ')}`)
  return changeAntrea(level, options)
}

const isOfAntrea = ({ controller, agents, node }: Options) =>
  controller === true || agents === true || node !== undefined

const usage = (what: string) => needsPerson('CLI_USAGE', `${what}; see antrea-nsx-adapter help log-level`)

interface OwnLevels {
  readonly configured: string
  readonly level: string
  readonly changes: readonly {
    readonly room?: string
    readonly level: string
    readonly left_seconds: number
  }[]
}

async function changeAdapter(level: string, { socket, room: of, for: ms, json }: Options): Promise<void> {
  const query = new URLSearchParams({ level, seconds: String(ms / 1_000) })
  if (of !== undefined) query.set('room', of)
  const levels = await ask<OwnLevels>(socket, 'POST', `/log-level?${query}`)
  say(json === true ? JSON.stringify(levels) : ownWords(levels))
}

function ownWords({ configured, changes }: OwnLevels): string {
  const lines = changes.map(
    ({ room: of = 'all', level, left_seconds }) =>
      `  ${of}: ${level}, for ${duration(left_seconds * 1_000)} more`,
  )
  return [`adapter: ${configured}, as configured`, ...lines].map(plain).join('\n')
}

async function show(options: Options): Promise<void> {
  const isAll = !isOfAntrea(options) && options.adapter !== true
  if (isAll || options.adapter === true) {
    try {
      const levels = await ask<OwnLevels>(options.socket, 'GET', '/log-level')
      say(options.json === true ? JSON.stringify({ t: 'adapter', ...levels }) : ownWords(levels))
    } catch (error) {
      if (!isAll) throw error
      const { code } = asAdapterError(error)
      process.stderr.write(`antrea-nsx-adapter: without the adapter's: no daemon answers here (${code})\n`)
    }
  }
  if (!isAll && !isOfAntrea(options)) return
  const cluster = await openCluster(options)
  try {
    const antrea = levelsOf(cluster, options)
    const read = await readEach(antrea, await targetsOf(cluster, options), cluster.signal)
    const states = read.map(({ was, ...rest }) => (was === undefined ? rest : { ...rest, is: was }))
    tellStates(options, 'levels', states)
  } finally {
    await cluster.close()
  }
}

async function targetsOf(cluster: Cluster, options: Options): Promise<LevelTarget[]> {
  const isAll = !isOfAntrea(options)
  const nodes =
    options.node ??
    (isAll || options.agents === true
      ? (await viewOfClient(cluster.kube).agents(cluster.signal)).map(({ metadata }) => metadata.name)
      : [])
  return [
    ...(isAll || options.controller === true ? (['controller'] as const) : []),
    ...nodes.map((node) => `agent/${node}` as const),
  ]
}

function levelsOf(cluster: Cluster, options: Options): AntreaLevels {
  const connect = connectorOf(cluster, options)
  if (connect === undefined)
    throw needsPerson(
      'AGENTS_NOT_ASKED',
      "Antrea's processes take a bearer token or a client certificate of the cluster, and there is neither: name one with --token-file",
    )
  return createAntreaLevels(placesOfClient(cluster.kube, connect), cluster.clock)
}

async function changeAntrea(level: number, options: Options): Promise<void> {
  const cluster = await openCluster(options)
  try {
    const view = viewOfClient(cluster.kube)
    const operation = createLogLevel({
      ...cluster,
      namespace: options.namespace,
      antrea: levelsOf(cluster, options),
      agentNodes: async (signal) => (await view.agents(signal)).map(({ metadata }) => metadata.name),
    })
    const isAll = !isOfAntrea(options)
    const wantsAgents = isAll || options.agents === true || options.node !== undefined
    const id = `${COMMAND_LINE}-${cluster.random.uuid()}`
    const change = operation.change({
      of: 'antrea',
      controller: isAll || options.controller === true,
      agents: !wantsAgents ? new Set() : options.node === undefined ? 'all' : new Set(options.node),
      level,
      forMs: options.for,
    })
    let isChanged = false
    try {
      const result = await change({
        id,
        deadlineMs: cluster.clock.now() + options.for + SPARE_MS,
        signal: cluster.signal,
        say(word) {
          isChanged = true
          tellChange(options, word)
        },
      })
      tellStates(options, String(result['phase']), result['targets'] as readonly TargetState[])
    } catch (error) {
      if (!cluster.signal.aborted) throw withoutNamespace(error, options)
      // Ctrl-C: what was changed is put back below.
    } finally {
      await clear(operation, id, isChanged)
    }
  } finally {
    await cluster.close()
  }
}

/** After its end there is nothing to put back; after Ctrl-C there is. */
async function clear(
  operation: ReturnType<typeof createLogLevel>,
  id: string,
  isChanged: boolean,
): Promise<void> {
  try {
    await operation.clear(id, AbortSignal.timeout(CLEAR_MS))
  } catch (error) {
    // Where nothing was changed, why not is the answer.
    if (!isChanged) return
    const { code, message } = asAdapterError(error)
    process.exitCode = EXIT.failed
    process.stderr.write(
      `antrea-nsx-adapter: ${plain(`${code}: ${message}; a daemon of this cluster puts it back`)}\n`,
    )
  }
}

/** The ConfigMap is written in the adapter's namespace. */
function withoutNamespace(error: unknown, { namespace }: Options): unknown {
  const { code } = asAdapterError(error)
  return code === 'KUBE_NOT_FOUND'
    ? waitFor(
        'LOG_LEVEL_NO_MEMORY',
        `what the levels were is written down in the namespace ${namespace}, which is not there: apply \`antrea-nsx-adapter rbac\`, or name another one with --namespace`,
      )
    : error
}

function tellChange(options: Options, word: OperationWord): void {
  if (word['phase'] !== 'changed') return
  tellStates(options, 'changed', word['targets'] as readonly TargetState[], Number(word['until']))
  if (options.json !== true)
    say(`put back at ${new Date(Number(word['until'])).toISOString().slice(0, 19)}Z, or now by Ctrl-C`)
}

function tellStates(options: Options, phase: string, states: readonly TargetState[], until?: number): void {
  if (options.json === true)
    say(JSON.stringify({ t: phase, ...(until === undefined ? {} : { until }), targets: states }))
  else say(table([['PROCESS', 'WAS', 'IS', ''], ...states.map(rowOf)]))
  if (states.some(({ problem }) => problem !== undefined)) process.exitCode = EXIT.failed
}

function rowOf({ target, was, is, gone, left, problem }: TargetState): string[] {
  const words =
    problem !== undefined
      ? `${problem.code}: ${problem.message}`
      : gone === true
        ? 'is not there any more'
        : left === true
          ? 'was changed by somebody else, or started anew: it stays'
          : ''
  return [target, String(was ?? ''), String(is ?? ''), words].map(plain)
}

function room(text: string): LogRoom {
  if (!isLogRoom(text)) throw new InvalidArgumentError(`It must be one of ${LOG_ROOMS.join(', ')}.`)
  return text
}

function forMs(text: string): number {
  const ms = (secondsOf(text) ?? 0) * 1_000
  if (ms < 1_000 || ms > LOG_LEVEL_MS_MAX)
    throw new InvalidArgumentError('It must be a duration as 90s, 10m, and at most 1h.')
  return ms
}
