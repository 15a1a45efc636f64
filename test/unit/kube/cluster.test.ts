/** The Kubernetes side as one: readiness, warnings over all watches, outages, and credentials that change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor } from 'xstate'
import { createWatchesMachine } from '../../../machines/index.ts'
import { needsPerson, TransportError } from '../../../src/errors.ts'
import { createHealth } from '../../../src/health/index.ts'
import {
  type Access,
  createKubeSide,
  RESOURCES,
  type ResourceName,
  resourcePath,
} from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import type { ServerResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createFakeKubeApi, failure } from '../../fakes/kube-api.ts'

const NAMES: readonly ResourceName[] = [
  'nodes',
  'namespaces',
  'pods',
  'services',
  'endpointSlices',
  'ingresses',
  'networkPolicies',
  'clusterNetworkPolicies',
  'clusterGroups',
  'tiers',
  'antreaAgentInfos',
  'antreaControllerInfos',
]

const ANTREA = /^\/apis\/crd\.antrea\.io\//

async function world(options: { seed?: number; loads?: () => Promise<Access>; down?: boolean } = {}) {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const link = connectInProcess(api.handler, { origin: 'https://kube', peer: { address: 'test' }, clock })
  const health = createHealth(clock)
  const sent: string[] = []
  let token = 'first'
  let connects = 0
  let connected = () => {}
  let tls: TransportError | undefined
  if (options.down) link.faults.down(true)
  const kube = await createKubeSide({
    access: {
      load:
        options.loads ??
        (async () => {
          const now = token
          return {
            origin: 'https://kube',
            basePath: '/base',
            tls: {},
            headers: () => ({ authorization: now }),
            fingerprint: now,
          }
        }),
    },
    connect(access) {
      connects += 1
      connected()
      let isClosed = false
      return {
        origin: access.origin,
        async request(wanted) {
          assert.ok(!isClosed, 'nothing is sent with a closed client')
          sent.push(`${wanted.method} ${wanted.path}`)
          if (tls !== undefined) throw tls
          return link.client.request({
            ...wanted,
            path: wanted.path.replace(/^\/base/, ''),
            headers: { ...access.headers(), ...wanted.headers },
          })
        },
        reset: () => link.client.reset(),
        async close() {
          isClosed = true
        },
      }
    },
    clock,
    random: createSeededRandom(options.seed ?? 3),
    log: SILENT,
    health,
    instance: 'a',
    userAgent: 'test/1',
    resources: NAMES,
  })
  const watches = createActor(
    createWatchesMachine(Object.fromEntries(NAMES.map((name) => [name, kube.watch(name)]))),
    { clock },
  )
  return {
    clock,
    api,
    link,
    health,
    kube,
    sent,
    codes: () => health.warnings().map(({ code }) => code),
    detail: (code: string) => health.warnings().find((warning) => warning.code === code)?.detail ?? '',
    connects: () => connects,
    onConnect: (listener: () => void) => {
      connected = listener
    },
    rotate: (next: string) => {
      token = next
    },
    breakTls: (error: TransportError | undefined) => {
      tls = error
    },
    async start() {
      watches.start()
      await clock.settle()
    },
  }
}

test('nothing is sent before the watches start; ready when all stores are complete and live', async () => {
  const it = await world()
  await it.clock.advance(60_000)
  assert.equal(it.sent.length, 0)
  assert.equal(it.kube.ready(), false)
  const told: boolean[] = []
  it.kube.onReadiness(() => told.push(it.kube.ready()))
  await it.start()
  assert.equal(it.kube.ready(), true)
  assert.equal(told.filter(Boolean).length, 1, 'ready with the very last one only')
  assert.ok(it.sent.every((line) => line.includes(' /base/')))
  assert.deepEqual(it.codes(), [])
})

test('one resource that is refused keeps readiness and its warning, however healthy the others are', async () => {
  const it = await world()
  it.api.intercept = ({ path }) =>
    path === '/api/v1/pods' || path.endsWith('/tiers') ? failure(403, 'Forbidden', `no ${path}`) : undefined
  await it.start()
  await it.clock.advance(100_000)
  assert.equal(it.kube.ready(), false)
  assert.deepEqual(it.codes(), ['KUBE_FORBIDDEN'])
  assert.match(it.detail('KUBE_FORBIDDEN'), /pods.*tiers/)
  it.api.intercept = ({ path }) => (path.endsWith('/tiers') ? failure(403, 'Forbidden', 'no') : undefined)
  await it.clock.advance(30_000)
  assert.deepEqual(it.codes(), ['KUBE_FORBIDDEN'])
  it.api.intercept = undefined
  await it.clock.advance(30_000)
  assert.deepEqual(it.codes(), [])
  assert.ok(it.kube.ready())
})

test('Antrea absent: named with its kinds, everything else is read, and it is picked up when it comes', async () => {
  const it = await world()
  it.api.intercept = ({ path }) => (ANTREA.test(path) ? failure(404, 'NotFound', 'not here') : undefined)
  await it.start()
  await it.clock.advance(10_000)
  assert.deepEqual(it.codes(), ['ANTREA_MISSING'])
  assert.match(it.detail('ANTREA_MISSING'), /ClusterGroup; ClusterNetworkPolicy; Tier$/)
  assert.ok(it.kube.store('pods').live)
  assert.equal(it.kube.ready(), false)
  it.api.intercept = undefined
  await it.clock.advance(30_000)
  assert.deepEqual(it.codes(), [])
  assert.ok(it.kube.ready())
})

test('an address where nothing of Kubernetes is served is not taken for a cluster without Antrea', async () => {
  const it = await world()
  it.api.intercept = () => failure(404, '', 'no')
  await it.start()
  await it.clock.advance(10_000)
  assert.deepEqual(it.codes(), ['KUBE_UNREADABLE'])
})

for (const fault of ['down', 'blackhole'] as const)
  test(`${fault}: at most 12 requests in the first minute for all watches and the lease, and all is well again soon after`, async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const it = await world({ seed })
      await it.start()
      await it.clock.advance(47_000 + seed * 1_000)
      const lease = createActor(
        it.kube.lease.provide({ actions: { sayHeld: () => {}, sayLost: () => {} } }),
        {
          clock: it.clock,
        },
      ).start()
      await it.clock.advance(5_000)
      it.sent.length = 0
      it.link.faults[fault](true)
      await it.clock.advance(60_000)
      assert.ok(it.sent.length <= 12, `${it.sent.length} requests with seed ${seed}: ${it.sent.join(', ')}`)
      assert.ok(it.sent.length >= 4, 'it is tried')
      assert.equal(it.kube.ready(), false)
      assert.ok(it.codes().includes('KUBE_UNREACHABLE'))
      it.link.faults[fault](false)
      await it.clock.advance(31_000)
      assert.ok(it.kube.ready(), `ready with seed ${seed}`)
      await it.clock.advance(3_000)
      assert.deepEqual(it.codes(), [])
      lease.stop()
      await it.kube.close()
    }
  })

async function* cutAtOnce(): AsyncGenerator<string> {
  yield ''
  throw new TransportError('reset', 'https://kube: the connection was reset')
}

const SHAKY: Readonly<Record<string, () => ServerResponse>> = {
  'cuts every watch': () => ({ status: 200, body: cutAtOnce() }),
  'ends every watch at once': () => ({ status: 200, body: '' }),
  'answers every watch with 500': () => failure(500, 'InternalError', 'etcdserver: request timed out'),
  'sends garbage for a watch': () => ({ status: 200, body: 'garbage\n' }),
}

for (const [what, answer] of Object.entries(SHAKY))
  for (const streamedLists of ['yes', 'refuse'] as const)
    test(`an API server that answers its probe and ${what} (lists ${streamedLists === 'yes' ? 'streamed' : 'in pages'}): one watch tries for all`, async () => {
      for (let seed = 0; seed < 5; seed += 1) {
        const it = await world({ seed })
        it.api.streamedLists = streamedLists
        await it.start()
        await it.clock.advance(40_000)
        it.sent.length = 0
        it.api.intercept = ({ query }) => (query.has('watch') ? answer() : undefined)
        it.link.faults.cut()
        await it.clock.advance(60_000)
        assert.ok(it.sent.length <= 12, `${it.sent.length} requests with seed ${seed}`)
        assert.ok(it.sent.length >= 3, 'it is tried')
        assert.equal(it.kube.ready(), false)
        await it.clock.advance(300_000)
        it.sent.length = 0
        it.api.intercept = undefined
        await it.clock.advance(33_000)
        assert.ok(it.kube.ready(), `ready with seed ${seed}`)
        assert.ok(it.sent.length <= NAMES.length + 2, `${it.sent.length} requests to get well`)
        await it.kube.close()
      }
    })

test('one watch that fails for ever does not hold up the others', async () => {
  const it = await world()
  it.api.intercept = ({ path, query }) =>
    path === '/api/v1/pods' && query.has('watch') ? failure(500, 'InternalError', 'no') : undefined
  await it.start()
  await it.clock.advance(60_000)
  it.link.faults.cut()
  await it.clock.advance(15_000)
  const waiting = NAMES.filter((name) => name !== 'pods' && !it.kube.store(name).live)
  assert.deepEqual(waiting, [])
})

test('streams that are cut together are one doubt: one probe, and nobody else asks', async () => {
  const it = await world()
  await it.start()
  await it.clock.advance(20_000)
  it.sent.length = 0
  it.link.faults.down(true)
  await it.clock.settle()
  assert.deepEqual(it.sent, ['GET /base/version'])
})

test('an API server that is down from the start is asked by one, and read within the pause once it is up', async () => {
  const it = await world({ down: true })
  await it.start()
  await it.clock.advance(60_000)
  assert.ok(it.sent.length <= 12, `${it.sent.length} requests`)
  assert.deepEqual(it.codes(), ['KUBE_UNREACHABLE'])
  it.link.faults.down(false)
  await it.clock.advance(30_000)
  assert.ok(it.kube.ready())
  assert.deepEqual(it.codes(), [])
})

test('calls in an outage are refused at once with its reason, and go through after it', async () => {
  const it = await world()
  await it.start()
  it.link.faults.down(true)
  await it.clock.advance(1_000)
  const before = it.sent.length
  await assert.rejects(it.kube.client.get(RESOURCES.pods, 'a', 'demo'), { code: 'TRANSPORT_REFUSED' })
  assert.equal(it.sent.length, before)
  it.link.faults.down(false)
  await it.clock.advance(3_000)
  assert.equal(await it.kube.client.get(RESOURCES.pods, 'a', 'demo'), undefined)
})

test('a balancer with nothing behind it is an outage as well', async () => {
  const it = await world()
  await it.start()
  await it.clock.advance(20_000)
  it.sent.length = 0
  it.api.intercept = () => ({ status: 503, body: 'no backend' })
  it.link.faults.cut()
  await it.clock.advance(60_000)
  assert.ok(it.sent.length <= 12, `${it.sent.length} requests`)
  assert.deepEqual(it.codes(), ['KUBE_UNREACHABLE'])
  it.api.intercept = undefined
  await it.clock.advance(30_000)
  assert.ok(it.kube.ready())
})

test('one call that times out, or one aggregated API that is away, is no outage', async () => {
  const it = await world()
  await it.start()
  it.api.intercept = ({ path }) =>
    path.includes('/apis/stats') ? failure(503, 'ServiceUnavailable', 'away') : undefined
  const stats = {
    group: 'stats.antrea.io',
    version: 'v1alpha1',
    kind: 'S',
    plural: 'stats',
    namespaced: false,
  }
  await assert.rejects(it.kube.client.get(stats, 'x'), { code: 'KUBE_SERVER_ERROR' })
  await it.clock.settle()
  assert.ok(it.kube.ready())
  assert.deepEqual(it.codes(), [])
  assert.equal(await it.kube.client.get(RESOURCES.pods, 'a', 'demo'), undefined)
})

test('a certificate that is not trusted is named so', async () => {
  const it = await world()
  it.breakTls(new TransportError('untrusted', 'https://kube: its certificate is not trusted'))
  await it.start()
  assert.deepEqual(it.codes(), ['KUBE_UNTRUSTED'])
  it.breakTls(undefined)
  await it.clock.advance(31_000)
  assert.deepEqual(it.codes(), [])
  assert.ok(it.kube.ready())
})

test('a CA that was replaced is read again by itself', async () => {
  const it = await world()
  await it.start()
  await it.clock.advance(20_000)
  it.breakTls(new TransportError('untrusted', 'https://kube: its certificate is not trusted'))
  it.link.faults.cut()
  await it.clock.settle()
  assert.deepEqual(it.codes(), ['KUBE_UNTRUSTED'])
  it.rotate('second')
  it.onConnect(() => it.breakTls(undefined))
  await it.clock.advance(31_000)
  assert.equal(it.connects(), 2)
  assert.deepEqual(it.codes(), [])
  await it.clock.advance(31_000)
  assert.ok(it.kube.ready())
})

test('401: the credentials are read again and the same call succeeds with the new ones', async () => {
  const it = await world()
  await it.start()
  let good = 'first'
  it.api.intercept = ({ headers }) =>
    headers['authorization'] === good ? undefined : failure(401, 'Unauthorized', 'Unauthorized')
  it.rotate('second')
  good = 'second'
  assert.equal(await it.kube.client.get(RESOURCES.pods, 'a', 'demo'), undefined)
  assert.equal(it.connects(), 2)
  await it.clock.advance(120_000)
  assert.ok(it.kube.ready())
  assert.deepEqual(it.codes(), [])
})

test('credentials that stay refused are read at most each 10 s, and it is said', async () => {
  let loads = 0
  const it = await world({
    loads: async () => {
      loads += 1
      if (loads > 3) throw needsPerson('KUBECONFIG_MISSING', 'gone')
      return { origin: 'https://kube', tls: {}, headers: () => ({}), fingerprint: 'same' }
    },
  })
  it.api.intercept = () => failure(401, 'Unauthorized', 'Unauthorized')
  await it.start()
  const lease = createActor(it.kube.lease.provide({ actions: { sayHeld: () => {}, sayLost: () => {} } }), {
    clock: it.clock,
  }).start()
  await it.clock.advance(61_000)
  assert.ok(loads >= 3 && loads <= 8, `${loads} loads`)
  assert.ok(it.codes().includes('KUBE_FORBIDDEN'))
  assert.equal(it.connects(), 1)
  lease.stop()
})

test("the cluster's uid is the namespace kube-system's, from the store while it is live", async () => {
  const it = await world()
  const path = resourcePath(RESOURCES.namespaces, undefined, 'kube-system')
  const { uid } = it.api.put(path, { metadata: { name: 'kube-system' } }).metadata
  assert.equal(await it.kube.clusterUid(), uid)
  const asked = it.sent.length
  assert.equal(asked, 1)
  await it.start()
  it.sent.length = 0
  assert.equal(await it.kube.clusterUid(), uid)
  assert.equal(it.sent.length, 0)
  it.api.remove(path)
  await it.clock.settle()
  await assert.rejects(it.kube.clusterUid(), { code: 'KUBE_NOT_FOUND', kind: 'wait-for' })
})

test('closing leaves no timer of its own', async () => {
  const it = await world({ down: true })
  await assert.rejects(it.kube.client.get(RESOURCES.pods, 'a', 'demo'))
  await it.clock.settle()
  assert.ok(it.clock.timers > 0)
  await it.kube.close()
  assert.equal(it.clock.timers, 0)
})

test('what cannot be loaded at first is thrown', async () => {
  await assert.rejects(world({ loads: () => Promise.reject(needsPerson('KUBECONFIG_MISSING', 'gone')) }), {
    code: 'KUBECONFIG_MISSING',
  })
})
