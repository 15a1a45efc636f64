/** `support-bundle`: everything that helps who helps, in one file, without NSX. */
import { type Command, InvalidArgumentError } from 'commander'
import { BUNDLE_SIZE_MIN_BYTES } from '../limits.ts'
import {
  BUNDLE_COMPONENTS,
  type BundleComponent,
  COMMAND_LINE,
  createSupportBundle,
  type Fields,
  type OperationWord,
  viewOfClient,
  type WantedBundle,
} from '../operations/index.ts'
import { type AgentOptions, agentsOf } from './agents.ts'
import { addClusterOptions, openCluster } from './cluster.ts'
import { addSocketOption } from './endpoint.ts'
import { collect, seconds } from './options.ts'
import { createBundleFile } from './support-bundle-file.ts'
import { ownBundleFiles } from './support-bundle-own.ts'
import { EXIT, plain, say, table } from './terminal.ts'
import { VERSION } from './version.ts'

interface Options extends AgentOptions {
  readonly output?: string
  readonly node?: readonly string[]
  readonly only?: readonly BundleComponent[]
  readonly since?: number
  readonly timeout: number
  readonly maxSize?: number
  readonly json?: boolean
  readonly socket: string
}

export function configure(command: Command): void {
  addClusterOptions(command)
  addSocketOption(command)
  command
    .option('-o, --output <file>', 'a .tar.gz that is not there yet; named by the time without it')
    .option('--node <name>', 'of the agent on this Node; several times for several; of all without', collect)
    .option(
      '--only <component>',
      `one of ${BUNDLE_COMPONENTS.join(', ')}; several times for several`,
      component,
    )
    .option('--since <duration>', 'logs younger than this: 30m, 2h, 7d', seconds)
    .option('--max-size <size>', 'components that would make it larger are left out: 50M, 2G', size)
    .option('--timeout <duration>', 'what is not there by then is left out', seconds, 1_800)
    .option(
      '--token-file <file>',
      "a bearer token that the agents take; agents.tokenFile of --config, or the kubeconfig's client certificate without it",
    )
    .option('--json', 'progress and result as JSON, an object a line')
    .addHelpText(
      'after',
      "\nHolds Antrea's own bundles of antrea-controller and the agents, the state of the cluster, and of the adapter its status," +
        '\nlog, metrics, transitions, configuration, what `doctor` says, the plans of `diff`, the unit and the journal where there is' +
        '\none; and manifest.json, which says what is there, with its SHA-256, and what is not and why. Each part has its SHA256SUMS.' +
        '\nWhere an agent gives no bundle, its log is there in place. Secrets are masked; what it holds may still be confidential:' +
        '\nthe file is for its owner alone (0600).' +
        '\nExit code: 0 all of it is there, 1 some is not.' +
        '\n\nExamples:' +
        '\n  antrea-nsx-adapter support-bundle' +
        '\n  antrea-nsx-adapter support-bundle --node worker-1 --node worker-2 --since 2h --output /tmp/case-1.tar.gz' +
        '\n  antrea-nsx-adapter support-bundle --only adapter --since 1h --max-size 20M' +
        '\n  antrea-nsx-adapter support-bundle --only controller --only cluster --kubeconfig ~/.kube/config' +
        '\n  antrea-nsx-adapter support-bundle --json | jq -c "select(.t == \\"result\\") | .components[]"',
    )
    .action((options: Options) => collectBundle(options))
}

async function collectBundle(options: Options): Promise<void> {
  const cluster = await openCluster(options)
  const { clock, signal, random } = cluster
  const file = options.output ?? `antrea-support-bundle-${stampOf(clock.now())}.tar.gz`
  const bundle = createBundleFile(file, options.maxSize)
  try {
    const { askAgents: agents } = agentsOf(cluster, options)
    const operation = createSupportBundle({
      ...cluster,
      cluster: viewOfClient(cluster.kube),
      version: VERSION,
      ownFiles: () => ownBundleFiles(options, clock.now(), signal, note),
      ...(agents === undefined ? {} : { agents }),
    })
    const isJson = options.json === true
    const result = await operation.bundle(wantedOf(options))({
      id: `${COMMAND_LINE}-${random.uuid()}`,
      deadlineMs: clock.now() + options.timeout * 1_000,
      signal,
      content: bundle.sink,
      say: (word) => (isJson ? say(JSON.stringify(word)) : sayPlain(word)),
    })
    const size = await bundle.finish(clock.now(), signal)
    if (isJson) say(JSON.stringify({ t: 'result', file, bytes: size, ...result }))
    else tellResult(result, file, size)
    if (result['partial'] === true) process.exitCode = EXIT.failed
  } finally {
    bundle.clean()
    await cluster.close()
  }
}

/** `2026-01-31T12-00-00` */
const stampOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replaceAll(':', '-')

function wantedOf({ node, only, since: sinceS }: Options): WantedBundle {
  return {
    components: new Set(only ?? BUNDLE_COMPONENTS),
    ...(node === undefined ? {} : { nodes: node }),
    ...(sinceS === undefined ? {} : { sinceS }),
  }
}

interface Told extends Fields {
  readonly component?: string
  readonly node?: string
  readonly state?: string
  readonly bytes?: number
  readonly of?: number
  readonly content?: string
  readonly problem?: { readonly code: string; readonly message: string }
}

const nameOf = ({ component = '', node }: Told): string =>
  node === undefined ? component : `${component} ${node}`

const mib = (bytes: number): string =>
  bytes < 1_048_576 ? `${Math.ceil(bytes / 1_024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`

const note = (text: string) => void process.stderr.write(`${plain(text)}\n`)

/** Progress goes beside the output, and only to who looks on. */
function sayPlain(word: OperationWord): void {
  const told = word as Told
  if (told.state === undefined || process.stderr.isTTY !== true) return
  const { bytes, of, problem } = told
  const much = bytes === undefined ? '' : ` ${mib(bytes)}${of === undefined ? '' : ` of ${mib(of)}`}`
  note(`${nameOf(told)}: ${told.state}${much}${problem === undefined ? '' : ` (${problem.code})`}`)
}

const STATES: Readonly<Record<string, string>> = { done: 'yes', log: 'its log alone', failed: 'no' }

function tellResult(result: Fields, file: string, size: number): void {
  const components = result['components'] as readonly Told[]
  const rows = components.map((told) => [
    nameOf(told),
    STATES[told.state ?? ''] ?? '',
    told.bytes === undefined ? '' : mib(told.bytes),
    told.problem === undefined ? '' : `${told.problem.code}: ${told.problem.message}`,
  ])
  say(plain(table([['COMPONENT', 'THERE', 'SIZE', 'WHY NOT'], ...rows])))
  const left = Number(result['nodes_left_out'] ?? 0)
  if (left > 0) note(`${left} more Nodes were left out; name them with --node`)
  const unknown = (result['unknown_nodes'] ?? []) as readonly string[]
  if (unknown.length > 0) note(`no agent is on ${unknown.join(', ')}`)
  say(`${plain(file)} (${mib(size)})`)
}

/** Bytes of `500K`, `50M`, `2G`. */
function size(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,9})([KMG]?)$/i.exec(text) ?? []
  const bytes = Number(digits) * 1_024 ** ' KMG'.indexOf(unit.toUpperCase() || ' ')
  if (!(bytes >= BUNDLE_SIZE_MIN_BYTES))
    throw new InvalidArgumentError('It must be a size from 1M, as 500K, 50M or 2G.')
  return bytes
}

function component(text: string, before: readonly BundleComponent[] = []): readonly BundleComponent[] {
  const known = BUNDLE_COMPONENTS.find((one) => one === text)
  if (known === undefined)
    throw new InvalidArgumentError(`It must be one of ${BUNDLE_COMPONENTS.join(', ')}.`)
  return [...before, known]
}
