/** etcd, kube-apiserver and, where asked, kube-controller-manager, on free ports of the loopback. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AdapterError } from '../../errors.ts'
import type { Clock, HttpClient } from '../../world/index.ts'
import { createHttpClient, type HttpClientOptions } from '../../world/real.ts'
import { kubeconfig } from '../files.ts'
import { type Authority, createAuthority, type Identity } from '../pki.ts'
import { createRest, type Rest } from '../rest.ts'
import { apiServerFlags, controllerManagerFlags, etcdFlags } from './flags.ts'
import { freePorts, type Running, startProcess, untilReady } from './processes.ts'
import type { ProgramName, Programs } from './programs.ts'

export interface ControlPlaneOptions {
  readonly clock: Clock
  /** kube-controller-manager's may be missing where no controllers are asked for. */
  readonly programs: Partial<Programs>
  /** Everything is written there; it is the caller's to remove. */
  readonly folder: string
  /** 0 or absent takes a free one. */
  readonly apiPort?: number
  /** What kube-controller-manager runs, for example `namespace-controller`; it is not started for none. Policies need none. */
  readonly controllers?: readonly string[]
  /** Of kube-apiserver, beside the usual ones. */
  readonly apiServerFlags?: readonly string[]
  /** Gives up; what was started is ended. */
  readonly signal?: AbortSignal
}

export interface ControlPlane {
  readonly folder: string
  /** Of the API server. */
  readonly origin: string
  /** As cluster administrator. */
  readonly http: HttpClient
  /** For further clients as administrator. */
  readonly administrator: HttpClientOptions
  /** Of the authority that signed the API server's certificate. */
  readonly caPem: string
  /** Path of the administrator's. */
  readonly kubeconfig: string
  /** Signs the client certificate with which kube-apiserver calls aggregated APIs. */
  readonly frontProxyCaPem: string
  /** A client certificate of this user and a kubeconfig with it. */
  addUser(
    name: string,
    organizations?: readonly string[],
  ): Promise<{ readonly kubeconfig: string; readonly identity: Identity }>
  /** Forgets the history of everything until now (etcd's compaction): older watches and pages answer 410. */
  compact(): Promise<void>
  /** Its programs, newest first. */
  readonly processes: readonly Running[]
  /** Ends the programs, newest first. May be called again. */
  stop(): Promise<void>
}

export interface Place {
  readonly folder: string
  readonly ports: Readonly<Record<'api' | 'etcdClient' | 'etcdPeer' | 'kcm', number>>
  readonly ca: Authority
  readonly frontProxy: Authority
  readonly extraApiServerFlags: readonly string[]
  /** With mode 0600; gives the path. */
  write(name: string, content: string): string
  writeCredential(name: string, credential: Identity): { readonly cert: string; readonly key: string }
  run(name: ProgramName, args: readonly string[]): Running
  /** Waits until the program is ready. */
  ready(program: Running, look: () => Promise<boolean>): Promise<void>
}

const ADMINISTRATORS = 'system:masters'
const READY_LIMIT_MS = 60_000

/**
 * Starts everything and waits until it is ready. Nothing is left running when that fails: SANDBOX_REAL_START (retry) with
 * the last lines of the program, or the signal's reason.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const started: Running[] = []
  const clients: HttpClient[] = []
  const stop = async () => {
    for (const process of [...started].reverse()) await process.stop()
    await Promise.all(clients.splice(0).map((client) => client.close()))
  }
  try {
    return await start(options, started, clients, stop)
  } catch (cause) {
    await stop()
    options.signal?.throwIfAborted()
    if (cause instanceof AdapterError) throw cause
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new AdapterError('retry', 'SANDBOX_REAL_START', words.replaceAll('\n', ' / '), { cause })
  }
}

async function start(
  options: ControlPlaneOptions,
  started: Running[],
  clients: HttpClient[],
  stop: () => Promise<void>,
): Promise<ControlPlane> {
  const place = await choosePlace(options, started)
  const connect = (to: HttpClientOptions) => {
    const client = createHttpClient(to)
    clients.push(client)
    return client
  }
  const origin = `https://127.0.0.1:${place.ports.api}`
  const addUser = async (name: string, organizations: readonly string[] = []) => {
    const identity = await place.ca.client(name, organizations)
    const file = `${name.replaceAll(/[^\w.-]/g, '-')}.kubeconfig`
    return { kubeconfig: place.write(file, kubeconfig(origin, place.ca.ca, name, identity)), identity }
  }
  const admin = await addUser('admin', [ADMINISTRATORS])
  const administrator = { origin, tls: { ca: place.ca.ca, ...admin.identity } }
  const http = connect(administrator)

  const controllers = options.controllers ?? []
  const etcd = await startEtcd(place, connect)
  await startApiServer(place, createRest(http), controllers.includes('serviceaccount-controller'))
  if (controllers.length > 0) await startControllerManager(place, admin.kubeconfig, controllers, connect)
  return {
    folder: options.folder,
    origin,
    http,
    administrator,
    caPem: place.ca.ca,
    kubeconfig: admin.kubeconfig,
    frontProxyCaPem: place.frontProxy.ca,
    addUser,
    compact: () => compact(etcd),
    get processes() {
      return [...started].reverse()
    },
    stop,
  }
}

async function choosePlace(options: ControlPlaneOptions, started: Running[]): Promise<Place> {
  const { clock, folder, programs, signal } = options
  const [api = 0, etcdClient = 0, etcdPeer = 0, kcm = 0] = await freePorts(4)
  mkdirSync(join(folder, 'pki'))
  const write = (name: string, content: string) => {
    const file = join(folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  const ca = await createAuthority('kubernetes-ca', clock)
  write('pki/ca.crt', ca.ca)
  return {
    folder,
    ports: { api: options.apiPort || api, etcdClient, etcdPeer, kcm },
    ca,
    frontProxy: await createAuthority('front-proxy-ca', clock),
    extraApiServerFlags: options.apiServerFlags ?? [],
    write,
    writeCredential: (name, { cert, key }) => ({
      cert: write(`pki/${name}.crt`, cert),
      key: write(`pki/${name}.key`, key),
    }),
    run(name, args) {
      signal?.throwIfAborted()
      const command = programs[name]
      if (command === undefined) throw new Error(`${name} is needed and was not built`)
      const process = startProcess({ clock, name, command, args, logFile: join(folder, `${name}.log`) })
      started.push(process)
      return process
    },
    ready: (program, look) => untilReady(program, look, { clock, limitMs: READY_LIMIT_MS, signal }),
  }
}

type Connect = (to: HttpClientOptions) => HttpClient

/** Whatever the status: a program that starts answers with many. */
const ask = async (rest: Rest, path: string): Promise<{ status: number; body: unknown }> =>
  rest.call('GET', path, undefined, { accept: [401, 403, 404, 500, 503] })

/** TLS on both sides, so that another stack's etcd on a port we thought free cannot be taken for ours. */
async function startEtcd(place: Place, connect: Connect): Promise<Rest> {
  const process = place.run('etcd', await etcdFlags(place))
  const http = connect({
    origin: `https://127.0.0.1:${place.ports.etcdClient}`,
    tls: { ca: place.ca.ca, ...(await place.ca.client('probe')) },
  })
  const rest = createRest(http)
  await place.ready(process, async () => {
    const { body } = await ask(rest, '/health')
    return (body as { health?: unknown } | undefined)?.health === 'true'
  })
  return rest
}

async function compact(etcd: Rest): Promise<void> {
  const { body } = await etcd.call('POST', '/v3/kv/range', { key: 'AA==' })
  const { revision } = (body as { header: { revision: string } }).header
  await etcd.call('POST', '/v3/kv/compaction', { revision, physical: true })
}

async function startApiServer(place: Place, rest: Rest, makesServiceAccounts: boolean): Promise<void> {
  const process = place.run('kube-apiserver', await apiServerFlags(place, makesServiceAccounts))
  for (const path of ['/readyz', '/api/v1/namespaces/kube-system'])
    await place.ready(process, async () => (await ask(rest, path)).status === 200)
}

/** With the administrator's credentials: its own user may not do what each of its controllers does. */
async function startControllerManager(
  place: Place,
  adminKubeconfig: string,
  controllers: readonly string[],
  connect: Connect,
): Promise<void> {
  const flags = await controllerManagerFlags(place, adminKubeconfig, controllers)
  const process = place.run('kube-controller-manager', flags)
  const rest = createRest(
    connect({ origin: `https://127.0.0.1:${place.ports.kcm}`, tls: { ca: place.ca.ca } }),
  )
  await place.ready(process, async () => (await ask(rest, '/healthz')).status === 200)
}
