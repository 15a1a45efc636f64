/** Starts the whole sandbox and says where everything is. */
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../daemon.ts'
import type { Transition } from '../diagnostics/index.ts'
import { waitFor } from '../errors.ts'
import type { AccessOptions } from '../kube/index.ts'
import type { Logger } from '../log/index.ts'
import { createManager, type Manager } from '../manager/index.ts'
import type { StatusSnapshot } from '../status/index.ts'
import { type Clock, type Random, sleep } from '../world/index.ts'
import { connectInProcess } from '../world/link.ts'
import { createHttpClient, serve } from '../world/real.ts'
import { processFigures } from '../world/real-process.ts'
import { agentSockets } from './agent-sockets.ts'
import { createEmbeddedCluster } from './cluster.ts'
import { useExternal } from './external.ts'
import { createPrivateFolder, kubeconfig, type PrivateFolder } from './files.ts'
import { keepLog } from './own-log.ts'
import { type Authority, createAuthority, type Identity } from './pki.ts'
import { createRest, type Rest } from './rest.ts'
import { ADAPTER_USER, LEASE_NAMESPACE, mayDo } from './rights.ts'
import { LOOPBACK, listenOr, type SandboxServer, serveSandbox } from './server.ts'
import type { StartedCluster } from './started.ts'
import type { EmbeddedCluster } from './types.ts'

export interface SandboxOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly version: string
  /** 0 or absent takes a free one. */
  readonly managerPort?: number
  readonly apiPort?: number
  readonly statusPort?: number
  /** A real cluster, whose Antrea must be there, in place of the embedded one. */
  readonly kubeconfig?: string
  /** A real kube-apiserver and etcd of this machine, with the Antrea stand-in, in place of the embedded one. */
  readonly real?: RealOptions
  /** Gives up the start: it rejects, and nothing is left behind. */
  readonly signal?: AbortSignal
  readonly onTransition?: (transition: Transition) => void
}

export interface RealOptions {
  /** The program that runs, to find the checkout it lies in: its Go modules are built, once. */
  readonly program: string | undefined
  /** What takes time, in a line each. */
  readonly onProgress: (line: string) => void
}

/** Where everything is; the ready file's content. */
export interface SandboxPlaces {
  readonly manager: {
    readonly url: string
    readonly user: string
    readonly password: string
    /** Path of the CA's certificate. */
    readonly ca: string
  }
  /** Path, as cluster administrator. */
  readonly kubeconfig: string
  readonly cluster_id: string
  /** The embedded cluster's agents: the token of their APIs (a path); ports and CA are in their AntreaAgentInfos. */
  readonly agents?: { readonly token: string }
  readonly adapter: {
    /** The unix socket of `status`, `transitions` and `approve`. */
    readonly socket: string
    /** The same on loopback: /livez, /readyz, /status, /transitions. */
    readonly url: string
    readonly instance: string
    /** What a further adapter of this cluster would be started with: `run --config FILE`. */
    readonly config: string
  }
}

export interface Sandbox {
  readonly places: SandboxPlaces
  readonly manager: Manager
  readonly managerServer: SandboxServer
  /** Absent unless the cluster is the embedded one. */
  readonly cluster: EmbeddedCluster | undefined
  readonly apiServer: SandboxServer | undefined
  /** As cluster administrator. */
  readonly kube: Rest
  /** As the manager's user, in process: it works while the manager's link is broken, too. */
  readonly nsx: Rest
  status(): StatusSnapshot
  stop(): Promise<void>
}

const CLUSTER_NAME = 'sandbox'
const MANAGER_USER = 'admin'
const SERVER_NAMES = {
  dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'nsx.sandbox'],
  ips: [LOOPBACK, '::1'],
}

/** Resolves when everything runs; `waitUntilReady` says when the adapter is ready. On failure nothing is left behind. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const folder = createPrivateFolder()
  const undo: (() => unknown)[] = [() => folder.remove()]
  try {
    const sandbox = await build(options, folder, undo)
    options.signal?.throwIfAborted()
    return sandbox
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

async function build(
  options: SandboxOptions,
  folder: PrivateFolder,
  undo: (() => unknown)[],
): Promise<Sandbox> {
  const { clock, random } = options
  const authority = await createAuthority('sandbox-ca', clock)
  const identity = await authority.server('localhost', SERVER_NAMES)
  const nsx = await startManager(options, authority, identity, folder)
  undo.push(nsx.stop)
  const kube = await startCluster(options, authority, identity, folder, nsx.clusterId)
  undo.push(kube.stop)
  const instance = `sandbox-${random.uuid().slice(0, 8)}`
  const socket = join(folder.path, 'adapter.sock')
  const daemon = await startAdapter(options, {
    instance,
    socket,
    nsx,
    access: kube.adapterAccess,
    folder,
  })
  undo.push(() => daemon.stop())
  const places: SandboxPlaces = {
    manager: nsx.place,
    kubeconfig: kube.kubeconfig,
    cluster_id: nsx.clusterId,
    adapter: {
      socket,
      url: `http://${LOOPBACK}:${daemon.ports[1]}`,
      instance,
      config: writeConfig(folder, nsx, kube.adapterKubeconfig),
    },
    ...(kube.agentToken === undefined ? {} : { agents: { token: kube.agentToken } }),
  }
  return {
    places,
    manager: nsx.manager,
    managerServer: nsx.server,
    cluster: kube.cluster,
    apiServer: kube.server,
    kube: createRest(kube.admin),
    nsx: nsx.rest,
    status: () => daemon.adapter.status(),
    async stop() {
      await daemon.stop()
      await kube.stop()
      await nsx.stop()
      folder.remove()
    },
  }
}

interface StartedManager {
  readonly manager: Manager
  readonly server: SandboxServer
  readonly rest: Rest
  readonly clusterId: string
  readonly place: SandboxPlaces['manager']
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string }
  readonly identity: { readonly cert: string; readonly key: string }
  readonly ca: string
  stop(): Promise<void>
}

async function startManager(
  { clock, random, log, managerPort = 0 }: SandboxOptions,
  authority: Authority,
  identity: { cert: string; key: string },
  folder: PrivateFolder,
): Promise<StartedManager> {
  const password = `Sandbox-${random.uuid().slice(0, 13)}`
  const manager = createManager({
    clock,
    random,
    log: log.child({ room: 'manager' }),
    users: [{ name: MANAGER_USER, password }],
  })
  const clusterId = random.uuid()
  const client = await authority.client(CLUSTER_NAME)
  manager.register({ nodeId: clusterId, name: CLUSTER_NAME, certificatePem: client.cert })
  const server = await listenOr('manager', managerPort, () =>
    serveSandbox({ handler: manager.handler, port: managerPort, identity, clientCa: authority.ca, log }),
  )
  const ca = folder.write('ca.crt', authority.ca)
  const http = connectInProcess(manager.handler, {
    origin: server.url,
    peer: { address: LOOPBACK },
    clock,
  }).client
  return {
    manager,
    server,
    rest: createRest(http, {
      authorization: `Basic ${Buffer.from(`${MANAGER_USER}:${password}`).toString('base64')}`,
    }),
    clusterId,
    place: { url: server.url, user: MANAGER_USER, password, ca },
    files: {
      ca,
      cert: folder.write('nsx-client.crt', client.cert),
      key: folder.write('nsx-client.key', client.key),
    },
    identity: client,
    ca: authority.ca,
    async stop() {
      await http.close()
      manager.close()
      await server.close()
    },
  }
}

async function startCluster(
  options: SandboxOptions,
  authority: Authority,
  identity: Identity,
  folder: PrivateFolder,
  clusterId: string,
): Promise<StartedCluster> {
  if (options.kubeconfig !== undefined) return useExternal(options.kubeconfig, options.clock, clusterId)
  if (options.real === undefined) return startEmbedded(options, authority, identity, folder)
  // Loaded when asked for: nobody else needs to build Go programs.
  const { startReal } = await import('./real.ts')
  return startReal(options, options.real, folder)
}

async function startEmbedded(
  { clock, random, log, apiPort = 0 }: SandboxOptions,
  authority: Authority,
  identity: { cert: string; key: string },
  folder: PrivateFolder,
): Promise<StartedCluster> {
  const agentToken = `agent-${random.uuid()}`
  const cluster = createEmbeddedCluster({
    clock,
    random,
    log: log.child({ room: 'cluster' }),
    demo: true,
    antreaPods: true,
    authorize: mayDo,
    agents: await agentSockets(authority, agentToken, log),
  })
  await cluster.start()
  const server = await listenOr('API server', apiPort, () =>
    serveSandbox({
      handler: cluster.api.handler,
      port: apiPort,
      identity,
      clientCa: authority.ca,
      http2: true,
      log,
    }),
  )
  const config = (name: string, user: string, client: Identity) =>
    folder.write(name, kubeconfig(server.url, authority.ca, user, client))
  const adapter = await authority.client(ADAPTER_USER)
  const person = await authority.client('sandbox-admin', ['system:masters'])
  return {
    admin: cluster.admin,
    kubeconfig: config('kubeconfig', 'sandbox-admin', person),
    adapterKubeconfig: config('adapter.kubeconfig', ADAPTER_USER, adapter),
    agentToken: folder.write('agents.token', agentToken),
    // What is in that file; reading it with client-node would cost a quarter of a second of the start.
    adapterAccess: {
      load: async () => ({
        origin: server.url,
        tls: { ca: authority.ca, ...adapter },
        headers: () => ({}),
        fingerprint: server.url,
      }),
    },
    cluster,
    server,
    async stop() {
      await server.close()
      await cluster.stop()
    },
  }
}

interface AdapterParts {
  readonly instance: string
  readonly socket: string
  readonly nsx: StartedManager
  readonly access: AccessOptions
  readonly folder: PrivateFolder
}

const lease = { namespace: LEASE_NAMESPACE, name: 'antrea-nsx-adapter' }

async function startAdapter(
  { clock, random, log, version, statusPort = 0, onTransition }: SandboxOptions,
  { instance, socket, nsx, access, folder }: AdapterParts,
): Promise<Daemon> {
  return startDaemon({
    settings: { clusterId: nsx.clusterId, clusterName: CLUSTER_NAME, instance, lease },
    version,
    kubeAccess: access,
    connectKube: ({ origin, tls, headers }) => createHttpClient({ origin, tls, headers, http2: true }),
    nsxHttp: createHttpClient({ origin: nsx.server.url, tls: { ca: nsx.ca, ...nsx.identity } }),
    clock,
    random,
    ...keepLog(log, clock),
    diagnosticsFile: join(folder.path, 'diagnostics.sqlite'),
    endpoints: [{ socketPath: socket }, { host: LOOPBACK, port: statusPort }],
    own: { build: { node: process.version }, process: processFigures },
    listen: (handler, at) => serve({ handler, ...at, log }),
    ...(onTransition === undefined ? {} : { onTransition }),
  })
}

function writeConfig(folder: PrivateFolder, nsx: StartedManager, adapterKubeconfig: string): string {
  const config = {
    cluster: { id: nsx.clusterId, name: CLUSTER_NAME },
    nsx: { url: nsx.server.url, ...nsx.files },
    kube: { kubeconfig: adapterKubeconfig },
    lease,
    serve: { socket: join(folder.path, 'second.sock') },
  }
  return folder.write('adapter.yaml', `${JSON.stringify(config, null, 2)}\n`)
}

const LOOK_MS = 20

/** Waits until the adapter leads and is ready; after `limitMs` it rejects with why it is not. */
export async function waitUntilReady(sandbox: Sandbox, clock: Clock, limitMs: number): Promise<void> {
  const endMs = clock.monotonicMs() + limitMs
  while (true) {
    const { ready, role, reasons } = sandbox.status()
    if (ready && role === 'leading') return
    if (clock.monotonicMs() > endMs) {
      const why = ready ? 'another instance holds the lease' : reasons.join('; ')
      throw waitFor('SANDBOX_NOT_READY', `the adapter does not lead: ${why}`)
    }
    await sleep(clock, LOOK_MS)
  }
}
