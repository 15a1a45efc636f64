/**
 * The world of a simulation: the real adapters, manager, API server and Antrea stand-in in one process, on a clock that
 * stands still until it is told to go, with the links between them to break.
 */
import { X509Certificate } from 'node:crypto'
import { type Adapter, createAdapter } from '../../src/adapter/index.ts'
import { DEFAULT_TIERS } from '../../src/ccp/index.ts'
import { createHealth } from '../../src/health/index.ts'
import { SILENT } from '../../src/log/index.ts'
import { createManager, type Manager } from '../../src/manager/index.ts'
import { createEmbeddedCluster } from '../../src/sandbox/cluster.ts'
import { createAuthority } from '../../src/sandbox/pki.ts'
import type { EmbeddedCluster } from '../../src/sandbox/types.ts'
import type { Clock, HttpClient, HttpMethod, Random } from '../../src/world/index.ts'
import { connectInProcess, type LinkFaults } from '../../src/world/link.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../fakes/clock.ts'

export const CLUSTER_ID = '6f1b7d2c-0000-4000-8000-00000000c105'
const CLUSTER_NAME = 'sim'
const USER = { name: 'admin', password: 'sim-Password-1' }

export interface SimAdapter {
  readonly name: string
  readonly adapter: Adapter
  readonly kube: LinkFaults
  readonly nsx: LinkFaults
}

/** What an adapter runs on, where that is not the world's own. */
export interface SimMachine {
  readonly clock: Clock
  /** The clients as that machine has them; to look on, or to hold them up. */
  through(client: HttpClient, to: 'kube' | 'nsx'): HttpClient
}

export interface World {
  readonly clock: FakeClock
  readonly random: Random
  readonly cluster: EmbeddedCluster
  readonly manager: Manager
  /** Live adapters by name. */
  readonly adapters: Map<string, SimAdapter>
  startAdapter(name: string, machine?: SimMachine): Promise<SimAdapter>
  /** Who holds the lease; empty when nobody does. */
  leader(): string
  /** As SIGKILL would. */
  killAdapter(name: string): Promise<void>
  /** One call to the manager as its administrator; throws on an error status. */
  nsx<T = unknown>(method: HttpMethod, path: string, body?: unknown): Promise<T>
  /** One call to the API server as its administrator; undefined on 404. */
  kube<T = unknown>(method: HttpMethod, path: string, body?: unknown, contentType?: string): Promise<T>
  stop(): Promise<void>
}

export interface WorldOptions {
  /** Antrea's own Pods, with logs. */
  readonly antreaPods?: boolean
  /** By NSX's public API alone, of two managers that hold the same; by the channels when absent. */
  readonly driver?: 'rest'
}

export async function createWorld(seed: number, { driver, ...options }: WorldOptions = {}): Promise<World> {
  const clock = createFakeClock()
  const random = createSeededRandom(seed)
  const cluster = createEmbeddedCluster({ clock, random, log: SILENT, historyEventsMax: 2_000, ...options })
  await driven(clock, cluster.start())
  const isRest = driver === 'rest'
  const manager = createManager({ clock, random, users: [USER], publicApiOnly: isRest })
  const identity = await identityOf(clock)
  manager.register({ nodeId: CLUSTER_ID, name: CLUSTER_NAME, certificatePem: identity.certificatePem })
  const person = connectInProcess(manager.handler, {
    origin: 'https://manager.sim',
    peer: { address: '127.0.0.1' },
    clock,
  }).client
  const adapters = new Map<string, SimAdapter>()

  const startAdapter = async (name: string, machine?: SimMachine): Promise<SimAdapter> => {
    const own = machine?.clock ?? clock
    const through = machine?.through ?? ((client: HttpClient) => client)
    const kube = cluster.connect({ commonName: name, organizations: ['system:masters'], verified: true })
    const links = ['https://manager.sim', ...(isRest ? ['https://manager-2.sim'] : [])].map((origin) =>
      connectInProcess(manager.handler, { origin, peer: identity, clock }),
    )
    const clients = links.map(({ client }) => through(client, 'nsx'))
    const adapter = await createAdapter({
      settings: {
        clusterId: CLUSTER_ID,
        clusterName: CLUSTER_NAME,
        instance: name,
        lease: { namespace: 'antrea-nsx-adapter', name: 'antrea-nsx-adapter' },
        tiers: DEFAULT_TIERS,
      },
      version: '0.0.0-sim',
      kubeAccess: {
        load: async () => ({
          origin: 'https://kubernetes.sim',
          tls: {},
          headers: () => ({}),
          fingerprint: name,
        }),
      },
      connectKube: () => through(kube.client, 'kube'),
      ...(isRest ? { nsxRest: { clients } } : { nsxHttp: clients[0] as HttpClient }),
      clock: own,
      random,
      log: SILENT,
      health: createHealth(own),
    })
    const sim = {
      name,
      adapter,
      kube: kube.faults,
      nsx: together(
        links.map(({ faults }) => faults),
        random,
      ),
    }
    adapters.set(name, sim)
    adapter.start()
    return sim
  }

  const basic = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`
  return {
    clock,
    random,
    cluster,
    manager,
    adapters,
    startAdapter,
    leader() {
      const lease = cluster.api.get('leases.coordination.k8s.io', 'antrea-nsx-adapter', 'antrea-nsx-adapter')
      return ((lease?.['spec'] ?? {}) as { holderIdentity?: string }).holderIdentity ?? ''
    },
    async killAdapter(name) {
      const sim = adapters.get(name)
      adapters.delete(name)
      await sim?.adapter.kill()
    },
    nsx: (method, path, body) => call(person, method, path, body, { authorization: basic }, false),
    kube: (method, path, body, contentType = 'application/json') =>
      call(cluster.admin, method, path, body, { 'content-type': contentType }, true),
    async stop() {
      for (const { adapter } of adapters.values()) await adapter.kill()
      manager.close()
      await cluster.stop()
    },
  }
}

/** The first link is hit by each fault, the others now and then; they heal together. */
function together(links: readonly LinkFaults[], random: Random): LinkFaults {
  const [first, ...others] = links
  if (first === undefined || others.length === 0) return first as LinkFaults
  const hit = (isFault: boolean) => (isFault && random.next() < 0.5 ? [first] : links)
  return {
    down: (isDown) => hit(isDown).forEach((link) => void link.down(isDown)),
    blackhole: (isSilent) => hit(isSilent).forEach((link) => void link.blackhole(isSilent)),
    latency: (delayMs) => links.forEach((link) => void link.latency(delayMs)),
    cut: () => hit(true).forEach((link) => void link.cut()),
  }
}

async function identityOf(clock: FakeClock) {
  const authority = await createAuthority('sim', clock)
  const { cert } = await authority.client(CLUSTER_NAME)
  const certificate = new X509Certificate(cert)
  return {
    address: '127.0.0.1',
    certificateSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificatePem: cert,
    commonName: CLUSTER_NAME,
    verified: false,
  }
}

/** Waits for work that itself waits on the clock. */
export async function driven<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let done = false
  const watched = work.finally(() => {
    done = true
  })
  watched.catch(() => {})
  for (let turn = 0; turn < 10_000 && !done; turn += 1) await clock.advance(10)
  return watched
}

async function call<T>(
  client: HttpClient,
  method: HttpMethod,
  path: string,
  body: unknown,
  headers: Record<string, string>,
  absentIsFine: boolean,
): Promise<T> {
  const answer = await client.request({
    method,
    path,
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 0,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  if (answer.status === 404 && absentIsFine) return undefined as T
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}
