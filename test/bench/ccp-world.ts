/**
 * What the adapter stands between, in a process of its own: the NSX-compatible manager with a policy of full size, and the
 * embedded cluster with Antrea's stand-in, both on TLS. It counts what comes in over its sockets; its own parts speak to each
 * other in process and are not counted.
 */
import { join } from 'node:path'
import { SILENT } from '../../src/log/index.ts'
import { createManager } from '../../src/manager/index.ts'
import { createEmbeddedCluster } from '../../src/sandbox/cluster.ts'
import { kubeconfig, writeAtomically } from '../../src/sandbox/files.ts'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { serveSandbox } from '../../src/sandbox/server.ts'
import type { Handler, ServerRequest } from '../../src/world/index.ts'
import { createRealClock, createRealRandom } from '../../src/world/real.ts'
import { administratorOf, fillManager, INTENT, intentOf } from './ccp-fill.ts'
import { addressesBut } from './ccp-scale.ts'

export interface WorldReady {
  /** Path of the adapter's configuration. */
  readonly config: string
  readonly fillMs: number
}

export interface WorldFigures {
  /** Of Antrea's objects, over the sockets, since the last question. */
  readonly writes: number
  /** ClusterNetworkPolicies that came in and were not deleted. */
  readonly policies: number
  /** From the last time a snapshot was asked for until the last of these writes was answered; undefined: there was none. */
  readonly tookMs: number | undefined
  /** Milliseconds without a write. */
  readonly quietMs: number
  readonly snapshots: number
}

/** What the parent asks: figures, the manager's link cut and healed, or one member of the large set less. */
export type WorldAsk = 'figures' | 'cut' | 'member'

const CLUSTER = { id: '6f5a1d0c-2b1e-4c55-9c6e-0d9f8a7b6c5d', name: 'bench' }
const USER = { name: 'admin', password: 'a-password-of-the-bench' }
const NAMES = { dns: ['localhost'], ips: ['127.0.0.1'] }

const clock = createRealClock()
const random = createRealRandom()
const counted = { writes: 0, policies: 0, snapshots: 0, snapshotMs: 0, lastWriteMs: 0 }
const [, , folder = '.'] = process.argv
const file = (name: string, text: string) => {
  writeAtomically(join(folder, name), text)
  return join(folder, name)
}

const authority = await createAuthority('bench-ca', clock)
const identity = await authority.server('localhost', NAMES)
const client = await authority.client(CLUSTER.name, ['system:masters'])
const manager = createManager({ clock, random, users: [USER] })
manager.register({ nodeId: CLUSTER.id, name: CLUSTER.name, certificatePem: client.cert })
const cluster = createEmbeddedCluster({
  clock,
  random,
  log: SILENT,
  // antrea-controller's client writes 50 statuses a second, which for so many groups takes minutes and is nothing of ours.
  antreaController: { statusWritesPerSecond: 100_000 },
})
await cluster.start()

const isWrite = ({ method, path }: ServerRequest): boolean =>
  method !== 'GET' &&
  /^\/apis\/crd\.antrea\.io\/[^/]+\/(clusternetworkpolicies|clustergroups|tiers)/.test(path)

const countKube: Handler = async (request) => {
  const answer = await cluster.api.handler(request)
  if (!isWrite(request)) return answer
  counted.writes += 1
  if (answer.status < 300 && request.path.includes('/clusternetworkpolicies'))
    counted.policies += request.method === 'POST' ? 1 : request.method === 'DELETE' ? -1 : 0
  counted.lastWriteMs = performance.now()
  return answer
}
const countNsx: Handler = (request) => {
  if (/\/ccp\/.*\/snapshot/.test(request.path)) {
    counted.snapshots += 1
    counted.snapshotMs = performance.now()
  }
  return manager.handler(request)
}
const common = { port: 0, identity, clientCa: authority.ca, log: SILENT }
const kube = await serveSandbox({ ...common, handler: countKube, http2: true })
const nsx = await serveSandbox({ ...common, handler: countNsx })
const admin = administratorOf(manager.handler, USER)

function figures(): WorldFigures {
  const { writes, policies, snapshots, snapshotMs, lastWriteMs } = counted
  counted.writes = 0
  counted.snapshots = 0
  return {
    writes,
    policies,
    snapshots,
    tookMs: lastWriteMs > snapshotMs ? lastWriteMs - snapshotMs : undefined,
    quietMs: performance.now() - lastWriteMs,
  }
}

async function dropMember(): Promise<void> {
  const one = addressesBut(1)
  const { _revision } = await admin.get<{ _revision: number }>(INTENT + one.path)
  await admin.call('PUT', INTENT + one.path, { ...intentOf(one), _revision })
}

async function cut(): Promise<void> {
  await nsx.breakLink()
  await nsx.healLink()
}

process.on('message', (ask: WorldAsk) => {
  const answer = ask === 'figures' ? Promise.resolve(figures()) : ask === 'cut' ? cut() : dropMember()
  answer.then(
    (value) => process.send?.(value ?? 'done'),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))

const startedMs = performance.now()
await fillManager(admin, CLUSTER.id)
const config = file(
  'adapter.yaml',
  JSON.stringify({
    cluster: CLUSTER,
    nsx: {
      url: nsx.url,
      ca: file('ca.crt', authority.ca),
      cert: file('nsx.crt', client.cert),
      key: file('nsx.key', client.key),
    },
    kube: { kubeconfig: file('kubeconfig', kubeconfig(kube.url, authority.ca, 'adapter', client)) },
    instance: 'bench',
    serve: { socket: join(folder, 'adapter.sock') },
    diagnostics: { file: join(folder, 'adapter.sqlite') },
    log: { level: 'warn' },
  }),
)
const ready: WorldReady = { config, fillMs: performance.now() - startedMs }
process.send?.(ready)
