import { isSea } from 'node:sea'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Transition } from '../diagnostics/index.ts'
import { needsPerson } from '../errors.ts'
import type { Logger } from '../log/index.ts'
import { redact, redactText } from '../log/redact.ts'
import {
  followSandbox,
  playScenario,
  type Sandbox,
  type SandboxPlaces,
  type ScenarioStep,
  startSandbox,
  transitionWords,
  waitUntilReady,
} from '../sandbox/index.ts'
import type { Clock } from '../world/index.ts'
import { createRealClock, createRealRandom } from '../world/real.ts'
import { prepareReadyFile, writeReadyFile } from './ready-file.ts'
import { untilSignal } from './signals.ts'
import { EXIT, paint, plain, say, table } from './terminal.ts'
import { VERSION } from './version.ts'

interface Options {
  readonly readyFile?: string
  readonly once?: boolean
  readonly kubeconfig?: string
  readonly real?: boolean
  readonly managerPort: number
  readonly apiPort: number
  readonly statusPort: number
  readonly verbose?: boolean
}

export function configure(command: Command): void {
  command
    .option('--ready-file <file>', 'write where everything is as JSON, once the adapter is ready')
    .option('--once', 'play the scenario, print a table of its steps, and end')
    .option('--kubeconfig <file>', 'a real cluster in place of the embedded one; Antrea must be there')
    .addOption(
      new Option(
        '--real',
        'a real kube-apiserver and etcd in place of the embedded cluster; built from this checkout, once, with Go',
      ).conflicts('kubeconfig'),
    )
    .option('--manager-port <port>', 'of the manager; a free one without it', port, 0)
    .option('--api-port <port>', 'of the API server; a free one without it', port, 0)
    .option('--status-port <port>', "of the adapter's status; a free one without it", port, 0)
    .option('-v, --verbose', 'every line of the log, and every transition')
    .addHelpText(
      'after',
      '\nIt ends at Ctrl-C and leaves nothing behind (in a real cluster: the namespace with its lease, and tiers).' +
        '\n\nExample:\n  antrea-nsx-adapter sandbox --ready-file ready.json',
    )
    .action(run)
}

/** Longer than any machine needs: it is 1 s on a small one. */
const READY_LIMIT_MS = 30_000

async function run(options: Options): Promise<void> {
  const clock = createRealClock()
  const line = lineWriter(clock)
  if (options.readyFile !== undefined)
    prepareReadyFile(options.readyFile, (message, cause) =>
      needsPerson('SANDBOX_READY_FILE', message, { cause }),
    )
  const signal = untilSignal(clock)
  const giveUp = new AbortController()
  void signal.then(() => giveUp.abort())
  let sandbox: Sandbox
  try {
    sandbox = await startSandbox(sandboxOptions(options, clock, line, giveUp.signal))
  } catch (error) {
    if (!giveUp.signal.aborted) throw error
    line('cyan', 'stop', 'stopped before it had started')
    if (options.once === true) tellSteps([])
    return
  }
  let steps: readonly ScenarioStep[] | undefined
  try {
    if (options.once === true) steps = await Promise.race([play(sandbox, clock, line), signal.then(() => [])])
    else await Promise.race([stayUp(sandbox, options, clock, line), signal])
    line('cyan', 'stop', 'stopping')
  } finally {
    await sandbox.stop()
  }
  if (steps !== undefined) tellSteps(steps)
}

const sandboxOptions = (
  options: Options,
  clock: Clock,
  line: Line,
  signal: AbortSignal,
): Parameters<typeof startSandbox>[0] => ({
  clock,
  random: createRealRandom(),
  log: lineLogger(line, options.verbose === true),
  version: VERSION,
  managerPort: options.managerPort,
  apiPort: options.apiPort,
  statusPort: options.statusPort,
  signal,
  ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
  ...(options.real === true
    ? { real: { program: process.argv[1], onProgress: (text) => line('cyan', 'real', text) } }
    : {}),
  onTransition: (transition) => tellTransition(line, transition, options.verbose === true),
})

/** Never resolves by itself; rejects when the adapter does not get ready. */
async function stayUp(sandbox: Sandbox, options: Options, clock: Clock, line: Line): Promise<void> {
  say(placesText(sandbox.places))
  followSandbox(sandbox, clock, (text) => line('cyan', 'seen', text))
  await waitUntilReady(sandbox, clock, READY_LIMIT_MS)
  if (options.readyFile !== undefined) writeReadyFile(options.readyFile, sandbox.places)
  line('green', 'ready', `everything runs; ${Math.round(clock.monotonicMs())} ms after the start`)
  return new Promise(() => {})
}

const play = (sandbox: Sandbox, clock: Clock, line: Line): Promise<readonly ScenarioStep[]> =>
  playScenario(sandbox, clock, ({ name, failed, words }) =>
    line(failed ? 'red' : 'green', failed ? 'fail' : 'step', `${name}: ${words}`),
  )

/** The table, and the exit code: 0 only when every step was played and seen. */
function tellSteps(steps: readonly ScenarioStep[]): void {
  say(`\n${stepsTable(steps)}`)
  const failed = steps.find((step) => step.failed)
  if (steps.length > 0 && failed === undefined) return
  const why = failed === undefined ? 'interrupted' : `${failed.name}: ${failed.words}`
  process.stderr.write(`antrea-nsx-adapter: SCENARIO_FAILED: ${plain(why)}\n`)
  process.exitCode = EXIT.failed
}

const stepsTable = (steps: readonly ScenarioStep[]): string =>
  table([
    ['', 'STEP', 'TIME', 'SEEN'],
    ...steps.map(({ name, ms, words, failed }) => [
      failed ? '✗' : '✓',
      name,
      `${(ms / 1_000).toFixed(2)} s`,
      plain(words),
    ]),
  ])

const program = isSea() ? process.execPath : 'node_modules/.bin/node src/main.ts'

const placesText = ({ manager, kubeconfig, cluster_id: clusterId, adapter }: SandboxPlaces): string =>
  [
    table([
      ['manager', manager.url],
      ['  user', manager.user],
      ['  password', manager.password],
      ['  CA', manager.ca],
      ['kubeconfig', kubeconfig],
      ['cluster id', clusterId],
      ['adapter', `${adapter.url}/status`],
      ['  socket', adapter.socket],
    ]),
    '',
    'Try, in another terminal:',
    `  kubectl --kubeconfig ${kubeconfig} get acnp,clustergroups,tiers,pods -A`,
    `  curl -s --cacert ${manager.ca} -u '${manager.user}:${manager.password}' ${manager.url}/api/v1/fabric/container-application-instances`,
    `  ${program} status --socket ${adapter.socket}`,
    `  ${program} console --socket ${adapter.socket}     # the charts, live, in a browser`,
    '',
  ].join('\n')

type Line = (colour: 'green' | 'red' | 'yellow' | 'cyan' | 'gray', label: string, text: string) => void

const lineWriter =
  (clock: Clock): Line =>
  (colour, label, text) =>
    say(
      `${new Date(clock.now()).toISOString().slice(11, 23)}  ${paint(colour, label.padEnd(5))}  ${plain(text)}`,
    )

function tellTransition(line: Line, transition: Transition, verbose: boolean): void {
  const { machine, from, to, event } = transition
  const words =
    transitionWords(transition) ?? (verbose ? `${machine}: ${from} → ${to}  (${event})` : undefined)
  if (words !== undefined) line('gray', 'chart', words)
}

/** The log as lines: warnings, errors and readiness; everything when asked. */
function lineLogger(line: Line, verbose: boolean): Logger {
  const fields = (more: object) => (verbose ? `  ${JSON.stringify(redact(more))}` : '')
  const isTold = (more: Readonly<Record<string, unknown>>) => verbose || 'ready' in more || 'code' in more
  return {
    debug: (more, message) => {
      if (verbose) line('gray', 'debug', redactText(message) + fields(more))
    },
    info: (more, message) => {
      if (isTold(more)) line('cyan', 'info', redactText(message) + fields(more))
    },
    warn: (more, message) => line('yellow', 'warn', redactText(message) + fields(more)),
    error: (more, message) => line('red', 'error', redactText(message) + fields(more)),
    child: () => lineLogger(line, verbose),
  }
}

function port(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('It must be a port from 0 to 65535; 0 is a free one.')
  return number
}
