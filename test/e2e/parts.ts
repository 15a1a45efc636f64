/** A manager and a cluster on real sockets in the test's own process, for a daemon that runs as another; with what goes wrong. */
import { writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { SILENT } from '../../src/log/index.ts'
import { createManager, type Manager } from '../../src/manager/index.ts'
import { createEmbeddedCluster } from '../../src/sandbox/cluster.ts'
import { kubeconfig } from '../../src/sandbox/files.ts'
import { createNsxUser, type NsxUser } from '../../src/sandbox/nsx-user.ts'
import { type Authority, createAuthority, type Identity } from '../../src/sandbox/pki.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import { ADAPTER_USER, mayDo } from '../../src/sandbox/rights.ts'
import type { EmbeddedCluster } from '../../src/sandbox/types.ts'
import type { StatusSnapshot } from '../../src/status/index.ts'
import type { Handler } from '../../src/world/index.ts'
import { connectInProcess } from '../../src/world/link.ts'
import { createHttpClient, createRealClock, createRealRandom, serve } from '../../src/world/real.ts'
import { type AntreaApis, antreaApis } from './antrea-apis.ts'
import { folder, type Program, start } from './process.ts'

const clock = createRealClock()
const random = createRealRandom()
const NAMES = { dns: ['localhost'], ips: ['127.0.0.1'] }
export const USER = { name: 'admin', password: 'e2e-Password-1' }
const CLUSTER_NAME = 'e2e'

export interface PartsOptions {
  /** Stands between the manager's or the API server's handler and its socket. */
  readonly beforeManager?: (next: Handler) => Handler
  readonly beforeApi?: (next: Handler) => Handler
  /** An API server in place of the embedded cluster's. */
  readonly api?: Handler
  readonly authorize?: typeof mayDo
  /** As a stock NSX Manager: without the channels. */
  readonly publicApiOnly?: boolean
  /** Antrea's own Pods, with logs. */
  readonly antreaPods?: boolean
  /** Puts Antrea's own APIs on sockets, with a token for the daemon. */
  readonly antreaApis?: boolean
}

export interface Parts {
  readonly path: string
  readonly authority: Authority
  readonly identity: Identity
  readonly manager: Manager
  readonly nsx: NsxUser
  readonly antrea: AntreaApis | undefined
  readonly user: { readonly name: string; readonly password: string }
  /** The manager, as its administrator. */
  readonly admin: Rest
  readonly cluster: EmbeddedCluster
  readonly kube: Rest
  readonly managerUrl: string
  readonly apiUrl: string
  readonly clusterId: string
  /** Requests that reached each server. */
  readonly requests: { manager: number; api: number }
  /** Starts `run` against these parts; the settings replace the right ones. */
  run(settings?: {
    clusterId?: string
    nsxUrl?: string
    nsxCa?: string
    kubeconfig?: string
    diagnostics?: string
    environment?: Readonly<Record<string, string>>
  }): Daemon
  kubeconfigFor(url: string, ca: string): string
}

export interface Daemon extends Program {
  readonly socket: string
  /** Its configuration file. */
  readonly config: string
  status(): Promise<StatusSnapshot | undefined>
}

/** Starts both; they end with the test. */
export async function startParts(context: TestContext, options: PartsOptions = {}): Promise<Parts> {
  const path = folder(context)
  const authority = await createAuthority('e2e-ca', clock)
  const identity = await authority.server('localhost', NAMES)
  const clusterId = random.uuid()
  const client = await authority.client(CLUSTER_NAME)
  const kubeClient = await authority.client(ADAPTER_USER)
  const requests = { manager: 0, api: 0 }
  const counted =
    (name: keyof typeof requests, next: Handler): Handler =>
    (request) => {
      requests[name] += 1
      return next(request)
    }
  const listen = async (handler: Handler) => {
    const server = await serve({ handler, tls: { ...identity, ca: authority.ca, requestCert: true } })
    context.after(() => server.close())
    return `https://127.0.0.1:${server.port}`
  }

  const manager = createManager({
    clock,
    random,
    users: [USER],
    ...(options.publicApiOnly === true ? { publicApiOnly: true } : {}),
  })
  manager.register({ nodeId: clusterId, name: CLUSTER_NAME, certificatePem: client.cert })
  context.after(() => manager.close())
  const managerUrl = await listen(
    counted('manager', options.beforeManager?.(manager.handler) ?? manager.handler),
  )
  const antrea = options.antreaApis === true ? await antreaApis(context, authority, path) : undefined
  const cluster = createEmbeddedCluster({
    ...antrea?.options,
    clock,
    random,
    log: SILENT,
    demo: true,
    ...(options.antreaPods === true ? { antreaPods: true } : {}),
    authorize: options.authorize ?? mayDo,
  })
  await cluster.start()
  await antrea?.attach(cluster, createRest(cluster.admin))
  context.after(() => cluster.stop())
  const api = options.api ?? cluster.api.handler
  const apiUrl = await listen(counted('api', options.beforeApi?.(api) ?? api))

  const write = (name: string, content: string) => {
    const file = join(path, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  const files = {
    ca: write('ca.crt', authority.ca),
    cert: write('nsx.crt', client.cert),
    key: write('nsx.key', client.key),
  }
  const kubeconfigFor = (url: string, ca: string) =>
    write(`kubeconfig-${random.uuid()}`, kubeconfig(url, ca, ADAPTER_USER, kubeClient))
  const rightKubeconfig = kubeconfigFor(apiUrl, authority.ca)
  const person = connectInProcess(manager.handler, {
    origin: managerUrl,
    peer: { address: '127.0.0.1' },
    clock,
  })
  const basic = Buffer.from(`${USER.name}:${USER.password}`).toString('base64')
  const admin = createRest(person.client, { authorization: `Basic ${basic}` })
  return {
    path,
    authority,
    identity,
    manager,
    user: USER,
    admin,
    antrea,
    nsx: createNsxUser(admin, clusterId),
    cluster,
    kube: createRest(cluster.admin),
    managerUrl,
    apiUrl,
    clusterId,
    requests,
    kubeconfigFor,
    run(settings = {}) {
      const socket = join(path, `${random.uuid().slice(0, 8)}.sock`)
      const config = write(
        `${random.uuid()}.yaml`,
        JSON.stringify({
          cluster: { id: settings.clusterId ?? clusterId, name: CLUSTER_NAME },
          nsx: { url: settings.nsxUrl ?? managerUrl, ...files, ca: settings.nsxCa ?? files.ca },
          kube: { kubeconfig: settings.kubeconfig ?? rightKubeconfig },
          serve: { socket },
          ...(antrea === undefined ? {} : { agents: { tokenFile: antrea.tokenFile } }),
          diagnostics: { file: settings.diagnostics ?? join(path, `${random.uuid()}.sqlite`) },
        }),
      )
      const program = start(context, ['run', '--config', config], settings.environment)
      return { ...program, socket, config, status: () => statusOf(socket) }
    },
  }
}

async function statusOf(socketPath: string): Promise<StatusSnapshot | undefined> {
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  try {
    return await createRest(client).get<StatusSnapshot>('/status')
  } catch {
    return undefined
  } finally {
    await client.close()
  }
}

/** A port that takes connections, counts them and hangs up: nobody there who speaks TLS. */
export async function hangUp(context: TestContext): Promise<{ url: string; connections(): number }> {
  let count = 0
  const open = new Set<Socket>()
  const server: Server = createServer((socket) => {
    count += 1
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return { url: `https://127.0.0.1:${port}`, connections: () => count }
}
