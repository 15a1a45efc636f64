/** What an agent offers and reports beside policies: its HTTPS API, its part of bundle collections, statistics. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  type AgentsOptions,
  createStandInAgents,
  type StandInAgents,
} from '../../../src/sandbox/antrea/index.ts'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import type { Handler } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createHttpClient, createRealClock, serve } from '../../../src/world/real.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { createGiven, type Fields, Names, put, type Thing } from './objects.ts'

const CRD = '/apis/crd.antrea.io/v1beta1'
const BUNDLES = '/apis/system.antrea.io/v1beta1/supportbundles'

const GIVEN = {
  nodes: [{ name: 'n1' }, { name: 'n2' }],
  namespaces: [{ name: 'red', labels: { team: 'a' } }],
  pods: [
    { ns: 'red', name: 'web-1', labels: { app: 'web' }, node: 'n1', ips: ['10.1.0.1'] },
    { ns: 'red', name: 'web-2', labels: { app: 'web' }, node: 'n2', ips: ['10.1.1.1'] },
  ],
}

async function withAgents(
  options: AgentsOptions,
  play: (cluster: TestCluster, agents: StandInAgents) => Promise<void>,
): Promise<void> {
  const cluster = await startCluster()
  const agents = createStandInAgents(cluster.deps, options)
  try {
    await createGiven(cluster, new Names(), GIVEN)
    await letGo(cluster.clock, agents.start())
    await cluster.rest(3_000)
    await play(cluster, agents)
  } finally {
    await agents.stop()
    await cluster.stop()
  }
}

const read = async (cluster: TestCluster, path: string) => (await cluster.call('GET', path)).body as Fields

/** Agents whose APIs are held here, without sockets. */
function heldApis() {
  const handlers = new Map<string, Handler>()
  const asked: string[] = []
  const options: AgentsOptions = {
    serveAgent: async (node, handler) => {
      handlers.set(node, handler)
      return {
        port: node === 'n1' ? 20_001 : 20_002,
        caPem: `CA of ${node}`,
        close: async () => void handlers.delete(node),
      }
    },
    agentAccess: async (token, method, path) => {
      asked.push(`${token} ${method} ${path}`)
      return token === 'good'
    },
  }
  return { handlers, asked, options }
}

async function ask(
  cluster: TestCluster,
  handler: Handler | undefined,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { token = 'good', body }: { token?: string; body?: unknown } = {},
) {
  assert.ok(handler)
  const peer = { address: '127.0.0.1', commonName: '', organizations: [], verified: false }
  const { client } = connectInProcess(handler, { origin: 'https://agent', peer, clock: cluster.clock })
  const response = await client.request({
    method,
    path,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 5_000,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  await client.close()
  const bytes = Buffer.concat(chunks)
  return { status: response.status, bytes, json: () => JSON.parse(bytes.toString()) as Fields }
}

test('every agent tells where its API is, lets in whom it may, and closes it with itself', () => {
  const { handlers, asked, options } = heldApis()
  return withAgents(options, async (cluster, agents) => {
    const info = await read(cluster, `${CRD}/antreaagentinfos/n2`)
    assert.equal(info['apiPort'], 20_002)
    assert.equal(Buffer.from(String(info['apiCABundle']), 'base64').toString(), 'CA of n2')
    const handler = handlers.get('n1')
    for (const path of ['/healthz', '/livez', '/readyz'])
      assert.equal((await ask(cluster, handler, 'GET', path, { token: '' })).status, 200)
    for (const token of ['', 'bad'])
      assert.equal((await ask(cluster, handler, 'GET', '/agentinfo', { token })).status, 401)
    const own = (await ask(cluster, handler, 'GET', '/agentinfo')).json()
    assert.deepEqual([own['apiPort'], own['localPodNum']], [20_001, 1])
    assert.deepEqual(
      ((await ask(cluster, handler, 'GET', '/podinterfaces')).json() as unknown as Fields[]).map(
        ({ podName, podNamespace, ips }) => [podName, podNamespace, ips],
      ),
      [['web-1', 'red', ['10.1.0.1']]],
    )
    assert.equal((await ask(cluster, handler, 'GET', '/nothing')).status, 404)
    assert.equal((await ask(cluster, handler, 'DELETE', '/agentinfo')).status, 405)
    assert.ok(asked.includes('bad GET /agentinfo'))
    agents.setSilent('n1', true)
    await cluster.rest(100)
    assert.deepEqual([...handlers.keys()], ['n2'])
    agents.setSilent('n1', false)
    await cluster.rest(100)
    assert.equal(handlers.size, 2)
    await agents.stop()
    await cluster.rest(100)
    assert.equal(handlers.size, 0)
  })
})

test('an agent collects its support bundle, and what is downloaded is what its sum says', () => {
  const { handlers, options } = heldApis()
  return withAgents(options, async (cluster) => {
    const handler = handlers.get('n1')
    const create = (name: string) =>
      ask(cluster, handler, 'POST', BUNDLES, {
        body: {
          apiVersion: 'system.antrea.io/v1beta1',
          kind: 'SupportBundle',
          metadata: { name },
          since: '1h',
        },
      })
    assert.equal((await create('controller')).status, 403)
    assert.equal((await create('agent')).json()['status'], 'Collecting')
    assert.equal((await ask(cluster, handler, 'GET', `${BUNDLES}/agent/download`)).status, 500)
    await cluster.rest(500)
    const bundle = (await ask(cluster, handler, 'GET', `${BUNDLES}/agent`)).json()
    assert.equal(bundle['status'], 'Collected')
    const { bytes } = await ask(cluster, handler, 'GET', `${BUNDLES}/agent/download`)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), bundle['sum'])
    assert.match(gunzipSync(bytes).toString('latin1'), /agentinfo.*ustar.*nodeRef/s)
    await cluster.rest(3_600_000)
    assert.equal((await ask(cluster, handler, 'GET', `${BUNDLES}/agent`)).json()['status'], 'None')
  })
})

test('an API server that does not review tokens lets nobody in', () => {
  const { handlers, options } = heldApis()
  const { agentAccess: _, ...rest } = options
  return withAgents(rest, async (cluster) => {
    assert.equal((await ask(cluster, handlers.get('n1'), 'GET', '/agentinfo')).status, 401)
  })
})

test('an agent is reached over TLS with the CA that its info names', async () => {
  const clock = createRealClock()
  const authority = await createAuthority('antrea-agent-ca', clock)
  const identity = await authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const ports = new Map<string, number>()
  await withAgents(
    {
      agentAccess: async () => true,
      serveAgent: async (node, handler) => {
        const server = await serve({ handler, host: '127.0.0.1', port: 0, tls: identity })
        ports.set(node, server.port)
        return { port: server.port, caPem: authority.ca, close: () => server.close() }
      },
    },
    async (cluster) => {
      // Sockets open in their own time.
      while (ports.size < 2) await new Promise((resolve) => setImmediate(resolve))
      await cluster.rest(3_000)
      const info = await read(cluster, `${CRD}/antreaagentinfos/n1`)
      assert.equal(info['apiPort'], ports.get('n1'))
      const ca = Buffer.from(String(info['apiCABundle']), 'base64').toString()
      const client = createHttpClient({ origin: `https://localhost:${info['apiPort']}`, tls: { ca } })
      const response = await client.request({
        method: 'GET',
        path: '/agentinfo',
        headers: { authorization: 'Bearer x' },
        headersTimeoutMs: 5_000,
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of response.body) chunks.push(chunk)
      await client.close()
      assert.equal(response.status, 200)
      assert.deepEqual((JSON.parse(Buffer.concat(chunks).toString()) as Fields)['nodeRef'], {
        kind: 'Node',
        name: 'n1',
      })
    },
  )
})

const SECRET: Thing = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'kube-system' },
  stringData: { username: 'a', password: 'b' },
}
const collection = (name: string, spec: Fields = {}): Thing => ({
  apiVersion: 'crd.antrea.io/v1alpha1',
  kind: 'SupportBundleCollection',
  metadata: { name },
  spec: {
    nodes: {},
    fileServer: { url: 'sftp://192.0.2.9:22/up' },
    authentication: {
      authType: 'BasicAuthentication',
      authSecret: { name: 's', namespace: 'kube-system' },
    },
    ...spec,
  },
})

async function outcome(cluster: TestCluster, name: string) {
  const { status = {} } = (await read(
    cluster,
    `/apis/crd.antrea.io/v1alpha1/supportbundlecollections/${name}`,
  )) as { status?: Fields }
  const conditions = (status['conditions'] ?? []) as Fields[]
  const told = conditions.filter((condition) => condition['status'] === 'True')
  return [
    status['collectedNodes'],
    status['desiredNodes'],
    ...told.map(({ type, reason, message }) => [type, reason, message].filter(Boolean).join(' ')),
  ]
}

test('agents finish a collection, fail one in words, and let one expire when they are silent', () =>
  withAgents({}, async (cluster, agents) => {
    const make = async (thing: Thing) => {
      const made = await put(cluster.call, thing)
      assert.ok(made.code < 300, JSON.stringify(made.body))
    }
    await make(SECRET)
    await make(collection('one'))
    await cluster.rest(2_000)
    assert.deepEqual(await outcome(cluster, 'one'), [2, 2, 'BundleCollected', 'Completed', 'Started'])
    agents.setBundleFailing('n2', 'disk full')
    await make(collection('two'))
    await cluster.rest(2_000)
    assert.deepEqual(await outcome(cluster, 'two'), [
      1,
      2,
      'BundleCollected',
      'CollectionFailure InternalError Failed Agent count: 1, "disk full":[n2]',
      'Completed',
      'Started',
    ])
    agents.setBundleFailing('n2', undefined)
    agents.setSilent('n2', true)
    await make(collection('three', { expirationMinutes: 2 }))
    await cluster.rest(100_000)
    assert.deepEqual(await outcome(cluster, 'three'), [1, 2, 'BundleCollected', 'Started'])
    await cluster.rest(40_000)
    assert.deepEqual(await outcome(cluster, 'three'), [
      1,
      2,
      'BundleCollected',
      'CollectionFailure Expired',
      'Completed',
      'Started',
    ])
  }))

test('counted traffic is reported every minute, by whoever is awake, once', () =>
  withAgents({}, async (cluster, agents) => {
    const policy: Thing = {
      apiVersion: 'crd.antrea.io/v1beta1',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'p' },
      spec: {
        priority: 5,
        appliedTo: [{ podSelector: {} }],
        ingress: [{ name: 'r1', action: 'Allow' }],
        egress: [{ name: 'r2', action: 'Drop' }],
      },
    }
    const kube: Thing = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'k', namespace: 'red' },
      spec: { podSelector: {} },
    }
    const uidOf = async (thing: Thing) =>
      ((await put(cluster.call, thing)).body as Thing).metadata['uid'] as string
    const counted = { kind: 'ClusterNetworkPolicy', uid: await uidOf(policy) } as const
    const whole = { kind: 'networking.k8s.io/NetworkPolicy', uid: await uidOf(kube) } as const
    const traffic = { packets: 2, bytes: 100, sessions: 1 }
    agents.addTraffic('n1', counted, 'r1', traffic)
    agents.addTraffic('n1', counted, 'r1', traffic)
    agents.addTraffic('n2', counted, 'r2', traffic)
    agents.addTraffic('n2', whole, undefined, traffic)
    agents.setSilent('n2', true)
    const stats = '/apis/stats.antrea.io/v1alpha1'
    const seen = async () =>
      (await read(cluster, `${stats}/antreaclusternetworkpolicystats/p`))['ruleTrafficStats']
    assert.equal(await seen(), undefined)
    await cluster.rest(61_000)
    const twice = { packets: 4, bytes: 200, sessions: 2 }
    assert.deepEqual(await seen(), [{ name: 'r1', trafficStats: twice }])
    agents.setSilent('n2', false)
    await cluster.rest(61_000)
    assert.deepEqual(await seen(), [
      { name: 'r1', trafficStats: twice },
      { name: 'r2', trafficStats: traffic },
    ])
    assert.deepEqual(
      (await read(cluster, `${stats}/namespaces/red/networkpolicystats/k`))['trafficStats'],
      traffic,
    )
    // What does not arrive goes with the next report.
    agents.addTraffic('n1', counted, 'r1', traffic)
    await cluster.controller.stop()
    await cluster.rest(61_000)
    await letGo(cluster.clock, cluster.controller.start())
    await cluster.rest(61_000)
    assert.deepEqual(await seen(), [{ name: 'r1', trafficStats: traffic }])
  }))
