/** `traceflow`: a packet's way through the cluster, hop by hop, traced by Antrea without NSX. */
import { type Command, InvalidArgumentError } from 'commander'
import { asAdapterError, needsPerson } from '../errors.ts'
import type { KubeClient, ResourceType } from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import {
  COMMAND_LINE,
  createTraceflow,
  familyOf,
  type PodRef,
  TRACE_TIMEOUT_S,
  type Trace,
  type TraceEnd,
  type TracePacket,
  viewOfClient,
} from '../operations/index.ts'
import {
  addClusterOptions,
  CLUSTER_NAMES,
  type Cluster,
  type ClusterOptions,
  openCluster,
} from './cluster.ts'
import { EXIT, plain, say } from './terminal.ts'
import { conclusion, heading, hopLine } from './traceflow-picture.ts'

interface Options extends ClusterOptions {
  readonly from?: string
  readonly to?: string
  readonly protocol: string
  readonly port?: number
  readonly sourcePort?: number
  readonly tcpFlags?: number
  readonly ipv6?: boolean
  readonly live?: boolean
  readonly droppedOnly?: boolean
  readonly timeout: number
  readonly json?: boolean
}

const PROTOCOLS = ['tcp', 'udp', 'icmp']
/** Antrea looks for Traceflows that are over each 10 s; the rest is for its own answer. */
const SPARE_MS = 15_000
const CLEAR_MS = 5_000

export function configure(command: Command): void {
  addClusterOptions(command)
  command
    .option('--from <namespace/pod>', 'the Pod that sends it; with --live it may be left out')
    .option(
      '--to <namespace/name|address>',
      'a Pod, a Service (svc/namespace/name says so), or an IP address',
    )
    .option('--protocol <name>', `one of ${PROTOCOLS.join(', ')}`, protocol, 'tcp')
    .option('--port <number>', 'destination port of tcp and udp', number(1, 65_535))
    .option('--source-port <number>', 'source port of tcp and udp', number(1, 65_535))
    .option('--tcp-flags <number>', 'flags of tcp; 2, SYN, without it', number(0, 255))
    .option('--ipv6', 'over IPv6, between Pods or to a Service that have both')
    .option('--live', 'trace the next real packet that fits, instead of sending one')
    .option('--dropped-only', 'with --live: only a packet that is dropped')
    .option('--timeout <seconds>', 'for the packet to arrive', number(1, 300), TRACE_TIMEOUT_S)
    .option('--json', 'each observation as a line of JSON, then the result')
    .addHelpText(
      'after',
      '\nExit code: 0 the packet went its whole way, 1 it could not be traced, 3 it was dropped.' +
        '\n\nExamples:' +
        '\n  antrea-nsx-adapter traceflow --from shop/web-1 --to shop/db-0 --protocol tcp --port 5432' +
        '\n  antrea-nsx-adapter traceflow --from shop/web-1 --to svc/shop/db --port 5432 --json' +
        '\n  antrea-nsx-adapter traceflow --from shop/web-1 --to 192.0.2.7 --protocol icmp' +
        '\n  antrea-nsx-adapter traceflow --to shop/db-0 --port 5432 --live --dropped-only --timeout 120',
    )
    .action((options: Options) => trace(options))
}

/** What the exit code says of a packet that did not arrive. */
const EXIT_DROPPED = 3

async function trace(options: Options): Promise<void> {
  const cluster = await openCluster(options)
  try {
    const wanted = await traceOf(options, cluster)
    const view = viewOfClient(cluster.kube)
    const operation = createTraceflow({ ...cluster, ...view, names: CLUSTER_NAMES })
    const id = `${COMMAND_LINE}-${cluster.random.uuid()}`
    const isJson = options.json === true
    if (!isJson) say(heading(wanted))
    let isDropped = false
    try {
      const result = await operation.trace(wanted)({
        id,
        deadlineMs: cluster.clock.now() + options.timeout * 1_000 + SPARE_MS,
        signal: cluster.signal,
        say(word) {
          if (word.t !== 'observation') return
          isDropped ||= word['observation_type'] === 'AntreaTraceflowObservationDropped'
          say(isJson ? JSON.stringify(word) : hopLine(word))
        },
      })
      say(isJson ? JSON.stringify({ t: 'result', ...result }) : conclusion(result, isDropped))
      process.exitCode = result['phase'] === 'FAILED' ? EXIT.failed : isDropped ? EXIT_DROPPED : EXIT.ok
    } finally {
      await clear(operation, id)
    }
  } finally {
    await cluster.close()
  }
}

/** Its Traceflow goes in any case, after Ctrl-C as well. */
async function clear(operation: ReturnType<typeof createTraceflow>, id: string): Promise<void> {
  try {
    await operation.clear(id, AbortSignal.timeout(CLEAR_MS))
  } catch (error) {
    const { code, message } = asAdapterError(error)
    process.stderr.write(
      `antrea-nsx-adapter: ${plain(`${code}: its Traceflow was not deleted: ${message}`)}\n`,
    )
  }
}

async function traceOf(options: Options, cluster: Cluster): Promise<Trace> {
  const { kube, signal } = cluster
  const live = options.live === true
  if (options.from === undefined && !live)
    throw usage('--from NAMESPACE/POD must be there; only with --live it may be left out')
  if (options.to === undefined && !live)
    throw usage('--to must be there; only with --live it may be left out')
  if (options.droppedOnly === true && !live) throw usage('--dropped-only goes with --live')
  const source = options.from === undefined ? undefined : sourceOf(options.from, live)
  const destination = options.to === undefined ? undefined : await endOf(options.to, kube, signal)
  const isV6 =
    options.ipv6 === true ||
    (destination !== undefined && 'ip' in destination && destination.ip.includes(':'))
  return {
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    packet: packetOf(options, isV6 ? 6 : 4),
    ...(live ? { live, ...(options.droppedOnly === true ? { droppedOnly: true } : {}) } : {}),
    timeoutS: options.timeout,
  }
}

function sourceOf(from: string, live: boolean): TraceEnd {
  if (live && familyOf(from) !== undefined) return { ip: from }
  return podRef(from, '--from')
}

function podRef(text: string, option: string): PodRef {
  const [namespace = '', pod = '', ...more] = text.split('/')
  if (namespace === '' || pod === '' || more.length > 0)
    throw usage(`${option} must be NAMESPACE/NAME, not ${text}`)
  return { namespace, pod }
}

/** A name that both a Pod and a Service have is the Pod's; `svc/` in front says otherwise. */
async function endOf(to: string, kube: KubeClient, signal: AbortSignal): Promise<TraceEnd> {
  if (familyOf(to) !== undefined) return { ip: to }
  if (to.startsWith('svc/')) {
    const { namespace, pod } = podRef(to.slice('svc/'.length), '--to svc/…')
    return { namespace, service: pod }
  }
  const { namespace, pod } = podRef(to, '--to')
  // The daemon's identity may list, and not get.
  const isThere = async (type: ResourceType) =>
    (await kube.list(type, namespace, signal)).some(({ metadata }) => metadata.name === pod)
  if (await isThere(RESOURCES.pods)) return { namespace, pod }
  if (await isThere(RESOURCES.services)) return { namespace, service: pod }
  throw needsPerson(
    'TRACEFLOW_NOT_FOUND',
    `there is neither a Pod nor a Service ${namespace}/${pod}; see kubectl get`,
  )
}

function packetOf(options: Options, family: 4 | 6): TracePacket {
  const { protocol: name, port, sourcePort, tcpFlags } = options
  if (name === 'icmp' && (port !== undefined || sourcePort !== undefined)) throw usage('icmp has no ports')
  const ports = {
    ...(sourcePort === undefined ? {} : { srcPort: sourcePort }),
    ...(port === undefined ? {} : { dstPort: port }),
  }
  if (name === 'udp') return { family, udp: ports }
  if (name === 'icmp') return { family, icmp: {} }
  // A live packet may have any flags; one that is sent opens a connection.
  const flags = tcpFlags ?? (options.live === true ? undefined : SYN)
  return { family, tcp: { ...ports, ...(flags === undefined ? {} : { flags }) } }
}

const SYN = 2

const usage = (what: string) => needsPerson('CLI_USAGE', `${what}; see antrea-nsx-adapter help traceflow`)

function protocol(text: string): string {
  const name = text.toLowerCase()
  if (!PROTOCOLS.includes(name)) throw new InvalidArgumentError(`It must be one of ${PROTOCOLS.join(', ')}.`)
  return name
}

const number = (low: number, high: number) => (text: string) => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`)
  return value
}
