/** Several candidates on one API server with optimistic concurrency: never two that may write, and how fast it moves on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, sendTo, setup } from 'xstate'
import type { LeaseReport } from '../../../machines/lease.ts'
import { createHealth } from '../../../src/health/index.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import { OPEN_GATE } from '../../../src/kube/contract.ts'
import { createGate } from '../../../src/kube/gate.ts'
import { provideLease } from '../../../src/kube/lease.ts'
import { SILENT } from '../../../src/log/index.ts'
import type { Clock } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createFakeKubeApi, failure } from '../../fakes/kube-api.ts'

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/nsx/leases/adapter'

interface LeaseSpec {
  readonly holderIdentity: string
  readonly leaseTransitions: number
  readonly leaseDurationSeconds: number
  readonly renewTime: string
}

interface Lease {
  readonly metadata: { readonly resourceVersion?: string }
  readonly spec: LeaseSpec
}

function world(seed = 1) {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const spec = () => api.get(LEASE)?.spec as LeaseSpec | undefined
  const candidate = (instance: string, own: Clock = clock) => {
    const link = connectInProcess(api.handler, {
      origin: 'https://kube',
      peer: { address: instance },
      clock,
    })
    const gate = createGate(own)
    const health = createHealth(own)
    const client = createKubeClient({
      http: link.client,
      gate: OPEN_GATE,
      clock: own,
      log: SILENT,
      userAgent: 'test/1',
      lane: 'lease',
    })
    const heard: LeaseReport[] = []
    const parent = setup({
      types: { events: {} as LeaseReport | { type: 'STOP' } },
      actors: {
        lease: provideLease({
          client,
          clock: own,
          random: createSeededRandom(seed + instance.length * 31 + instance.charCodeAt(0)),
          gate,
          instance,
          namespace: 'nsx',
          name: 'adapter',
          health,
          log: SILENT,
        }),
      },
      actions: { hear: ({ event }) => void heard.push(event as LeaseReport) },
    }).createMachine({
      invoke: { id: 'lease', src: 'lease' },
      on: {
        LEASE_HELD: { actions: 'hear' },
        LEASE_LOST: { actions: 'hear' },
        STOP: { actions: sendTo('lease', { type: 'STOP' }) },
      },
    })
    const actor = createActor(parent, { clock: own }).start()
    const isOpen = () => {
      try {
        gate.check()
        return true
      } catch {
        return false
      }
    }
    return {
      instance,
      link,
      gate,
      health,
      heard,
      isOpen,
      stop: () => actor.send({ type: 'STOP' }),
      state: () => JSON.stringify(actor.getSnapshot().children['lease']?.getSnapshot()?.value ?? 'ended'),
      status: () => actor.getSnapshot().children['lease']?.getSnapshot()?.status,
      leads: () => heard.at(-1)?.type === 'LEASE_HELD',
      kill: () => {
        link.faults.down(true)
        actor.stop()
      },
    }
  }
  return { clock, api, spec, candidate }
}

type Candidate = ReturnType<ReturnType<typeof world>['candidate']>

/** Time until it is so, looked at each 50 ms. */
async function until(clock: ReturnType<typeof createFakeClock>, isSo: () => boolean, limitMs = 60_000) {
  for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 50) {
    if (isSo()) return waitedMs
    await clock.advance(50)
  }
  assert.fail(`not within ${limitMs} ms`)
}

const leaders = (all: readonly Candidate[]) => all.filter((each) => each.leads())

test('a free lease is taken, renewed about each two seconds, and names its holder and term', async () => {
  const { clock, api, spec, candidate } = world()
  const a = candidate('a')
  await clock.settle()
  assert.deepEqual(a.heard, [
    { type: 'LEASE_HELD', leader: { leaseCreated: Date.parse('2026-01-01T00:00:00Z'), transitions: 0 } },
  ])
  assert.equal(spec()?.holderIdentity, 'a')
  assert.equal(spec()?.leaseDurationSeconds, 15)
  const before = api.asked.length
  await clock.advance(60_000)
  const renews = api.asked.length - before
  assert.ok(renews >= 30 && renews <= 44, `${renews} renews a minute`)
  assert.ok(a.isOpen())
  assert.equal(a.heard.length, 1)
  assert.match(spec()?.renewTime ?? '', /^2026-01-01T00:00:\d\d\.\d{6}Z$/)
})

test('of three that look at once, one leads; the others stand by and write nothing', async () => {
  const { clock, api, candidate } = world()
  const all = ['a', 'bb', 'ccc'].map((name) => candidate(name))
  let complaints = 0
  for (const each of all)
    each.health.subscribe(() => {
      complaints += 1
    })
  await clock.advance(60_000)
  assert.equal(leaders(all).length, 1)
  assert.equal(complaints, 0, 'to come second is no problem')
  const [leader] = leaders(all)
  const writers = new Set(
    api.asked
      .filter(({ method }) => method === 'PUT')
      .map(({ body }) => (body as { spec: LeaseSpec }).spec.holderIdentity),
  )
  assert.deepEqual(writers, new Set([leader?.instance]))
})

test('a crashed leader is followed within 17 s, by one of the two, in a new term', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { clock, spec, candidate } = world(seed)
    const a = candidate('a')
    await clock.settle()
    const standbys = [candidate('bb'), candidate('ccc')]
    await clock.advance(20_000 + seed * 97)
    a.kill()
    const tookMs = await until(clock, () => leaders(standbys).length > 0)
    assert.ok(tookMs <= 17_000, `${tookMs} ms with seed ${seed}`)
    await clock.advance(10_000)
    assert.equal(leaders(standbys).length, 1)
    assert.equal(spec()?.leaseTransitions, 1)
  }
})

test('one standby alone follows a crash within 17 s as well', async () => {
  for (let seed = 0; seed < 15; seed += 1) {
    const { clock, candidate } = world(seed)
    const a = candidate('a')
    await clock.settle()
    const b = candidate('bb')
    await clock.advance(20_000 + seed * 53)
    a.kill()
    const tookMs = await until(clock, b.leads)
    assert.ok(tookMs <= 17_000, `${tookMs} ms with seed ${seed}`)
  }
})

test('what was asked for holds from when the asking began, however late the answer', async () => {
  const { clock, candidate } = world()
  const a = candidate('a')
  await clock.settle()
  a.link.faults.latency(1_500)
  await clock.advance(30_000)
  assert.ok(a.isOpen())
  await until(clock, () => !/renewing/.test(a.state()))
  await until(clock, () => /renewing/.test(a.state()))
  const askedAt = clock.monotonicMs()
  await until(clock, () => !/renewing/.test(a.state()))
  a.link.faults.down(true)
  await until(clock, () => !a.isOpen())
  const openMs = clock.monotonicMs() - askedAt
  assert.ok(openMs >= 4_900 && openMs <= 5_050, `${openMs} ms`)
})

test('a released lease is taken within 3 s', async () => {
  const { clock, spec, candidate } = world()
  const a = candidate('a')
  await clock.settle()
  const b = candidate('bb')
  await clock.advance(20_000)
  a.stop()
  await clock.settle()
  assert.equal(a.status(), 'done')
  assert.equal(a.isOpen(), false)
  assert.equal(spec()?.holderIdentity, '')
  assert.ok((await until(clock, b.leads)) <= 3_000)
})

test('a stop in the middle of a renew that arrived still releases', async () => {
  const { clock, api, spec, candidate } = world()
  const a = candidate('a')
  await clock.settle()
  let arrived = 0
  api.intercept = async ({ method }) => {
    if (method !== 'PUT' || arrived > 0) return undefined
    arrived += 1
    // The write takes place; its answer never comes.
    api.put(LEASE, { ...api.get(LEASE)!, metadata: { name: 'adapter', namespace: 'nsx' } })
    return new Promise(() => {})
  }
  await clock.advance(2_000)
  assert.equal(arrived, 1)
  a.stop()
  await clock.settle()
  assert.equal(a.status(), 'done')
  assert.equal(spec()?.holderIdentity, '')
})

test('with the link gone writes end at 5 s and leading at 10 s after the last renew began, before anybody else may lead', async () => {
  for (const fault of ['down', 'blackhole'] as const) {
    const { clock, candidate } = world()
    const a = candidate('a')
    await clock.settle()
    const b = candidate('bb')
    await clock.advance(20_000)
    const sinceMs = 1_800
    a.link.faults[fault](true)
    const shutMs = await until(clock, () => !a.isOpen())
    assert.ok(shutMs >= 5_000 - sinceMs && shutMs <= 5_000, `shut after ${shutMs} ms`)
    assert.ok(a.gate.signal.aborted || !a.isOpen())
    const lostMs = shutMs + (await until(clock, () => !a.leads()))
    assert.ok(lostMs >= 10_000 - sinceMs && lostMs <= 10_050, `lost after ${lostMs} ms`)
    assert.equal(b.leads(), false)
    const followedMs = lostMs + (await until(clock, b.leads))
    assert.ok(followedMs > 13_000 && followedMs <= 17_000, `followed after ${followedMs} ms`)
  }
})

test('never two that may write, whatever breaks', async () => {
  for (let seed = 0; seed < 5; seed += 1) {
    const random = createSeededRandom(seed)
    const { clock, candidate } = world(seed)
    const all = ['a', 'bb', 'ccc'].map((name) => candidate(name))
    for (let step = 0; step < 300; step += 1) {
      const victim = all[Math.floor(random.next() * 3)]
      const fate = random.next()
      if (fate < 0.05) victim?.link.faults.down(true)
      else if (fate < 0.1) victim?.link.faults.blackhole(true)
      else if (fate < 0.25) {
        victim?.link.faults.down(false)
        victim?.link.faults.blackhole(false)
      }
      await clock.advance(random.next() * 1_500)
      assert.ok(all.filter((each) => each.isOpen()).length <= 1, `seed ${seed}, step ${step}`)
    }
    for (const each of all) {
      each.link.faults.down(false)
      each.link.faults.blackhole(false)
    }
    await clock.advance(30_000)
    assert.equal(leaders(all).length, 1, `seed ${seed}`)
  }
})

test('a renew whose answer was lost conflicts with itself and goes on in the same term', async () => {
  const { clock, api, spec, candidate } = world()
  const a = candidate('a')
  await clock.settle()
  let lost = 0
  api.intercept = async ({ method }) => {
    if (method !== 'PUT' || lost > 0) return undefined
    lost += 1
    api.put(LEASE, { ...api.get(LEASE)!, metadata: { name: 'adapter', namespace: 'nsx' } })
    return failure(500, 'InternalError', 'etcdserver: request timed out')
  }
  await clock.advance(20_000)
  assert.equal(lost, 1)
  assert.ok(a.leads() && a.isOpen())
  assert.equal(spec()?.leaseTransitions, 0)
  assert.equal(a.heard.length, 1)
})

for (const [what, change] of [
  [
    'taken over by another',
    { holderIdentity: 'thief', leaseTransitions: 7, renewTime: 'now', leaseDurationSeconds: 15 },
  ],
  ['deleted', undefined],
] as const)
  test(`a lease that was ${what} is lost at the next renew, and nothing is written any more`, async () => {
    const { clock, api, candidate } = world()
    const a = candidate('a')
    await clock.settle()
    if (change === undefined) api.remove(LEASE)
    else api.put(LEASE, { metadata: { name: 'adapter', namespace: 'nsx' }, spec: change })
    const lostMs = await until(clock, () => a.heard.some(({ type }) => type === 'LEASE_LOST'))
    assert.ok(lostMs <= 2_000, `${lostMs} ms`)
    assert.equal(a.isOpen(), false)
  })

test('a holder whose clock is an hour off is judged by its renews', async () => {
  const { clock, candidate } = world()
  const fast: Clock = { ...clock, now: () => clock.now() + 3_600_000 }
  const a = candidate('a', fast)
  await clock.settle()
  const b = candidate('bb')
  await clock.advance(120_000)
  assert.deepEqual([a.leads(), b.leads()], [true, false])
})

test('a foreign record that claims a year, or nonsense, keeps candidates away for a bounded time', async () => {
  for (const leaseDurationSeconds of [31_536_000, 'x', -1, undefined]) {
    const { clock, api, candidate } = world()
    api.put(LEASE, {
      metadata: { name: 'adapter', namespace: 'nsx' },
      spec: { holderIdentity: 'ghost', leaseDurationSeconds, renewTime: 'never' },
    })
    const a = candidate('a')
    await clock.advance(14_000)
    assert.equal(a.leads(), false)
    const bound = leaseDurationSeconds === 31_536_000 ? 302_000 : 17_000
    assert.ok((await until(clock, a.leads, 400_000)) + 14_000 <= bound)
  }
})

test('a missing namespace is named, looked at each 30 s, and picked up', async () => {
  const { clock, api, candidate } = world()
  api.intercept = ({ method }) =>
    method === 'POST' ? failure(404, 'NotFound', 'namespaces "nsx" not found') : undefined
  const a = candidate('a')
  await clock.advance(59_000)
  assert.equal(api.asked.length, 4)
  assert.match(a.health.warnings()[0]?.detail ?? '', /namespace nsx does not exist/)
  api.intercept = undefined
  await clock.advance(2_000)
  assert.ok(a.leads())
  assert.deepEqual(a.health.warnings(), [])
})

test('a candidate that cannot reach the lease does not hammer, and says so', async () => {
  const { clock, candidate, api } = world()
  api.intercept = () => failure(500, 'InternalError', 'etcd is away')
  const a = candidate('a')
  await clock.advance(60_000)
  assert.ok(api.asked.length <= 45, `${api.asked.length}`)
  assert.equal(a.health.warnings()[0]?.code, 'LEASE_UNREACHABLE')
})

const OFFER = { 'antrea-nsx-adapter/offered-to': 'bb', 'antrea-nsx-adapter/given-up': 'x 4' }
const offered = (api: ReturnType<typeof createFakeKubeApi>) =>
  api.put(LEASE, {
    metadata: { name: 'adapter', namespace: 'nsx', annotations: { ...OFFER, 'example.com/kept': 'yes' } },
    spec: { holderIdentity: '', leaseTransitions: 4, leaseDurationSeconds: 1, renewTime: 'then' },
  })

test('a lease that is offered to one is taken by that one, and by the others only when it does not come', async () => {
  for (let seed = 0; seed < 10; seed += 1) {
    const { clock, api, spec, candidate } = world(seed)
    offered(api)
    const others = ['a', 'ccc'].map((name) => candidate(name))
    await clock.advance(1_000 + seed * 100)
    assert.equal(leaders(others).length, 0)
    const b = candidate('bb')
    await clock.settle()
    assert.ok(b.leads())
    assert.equal(spec()?.leaseTransitions, 5)
    const { annotations } = api.get(LEASE)?.metadata ?? {}
    assert.deepEqual(annotations, { 'antrea-nsx-adapter/given-up': 'x 4', 'example.com/kept': 'yes' })
  }
  const { clock, api, candidate } = world()
  offered(api)
  const others = ['a', 'ccc'].map((name) => candidate(name))
  const tookMs = await until(clock, () => leaders(others).length === 1)
  assert.ok(tookMs >= 5_000 && tookMs <= 7_000, `${tookMs} ms`)
})

test('the mark of a give-up is kept for ten minutes and then removed by who leads', async () => {
  const { clock, api, candidate } = world()
  offered(api)
  candidate('bb')
  const mark = () => api.get(LEASE)?.metadata.annotations?.['antrea-nsx-adapter/given-up']
  await clock.advance(595_000)
  assert.equal(mark(), 'x 4')
  await clock.advance(10_000)
  assert.equal(mark(), undefined)
})

test('a candidate whose requests arrive but whose answers do not leaves the lease to others', async () => {
  const { clock, api, candidate } = world()
  // Every write of `a` is carried out, and none of its answers comes.
  api.intercept = async ({ method, body }) => {
    if (method === 'GET') return undefined
    const object = JSON.parse(Buffer.from(await body(100_000)).toString()) as Lease
    if (object.spec.holderIdentity !== 'a') return undefined
    const { resourceVersion } = object.metadata
    const stored = api.get(LEASE)
    if (stored !== undefined && stored.metadata.resourceVersion !== resourceVersion)
      return failure(409, 'Conflict', 'modified')
    api.put(LEASE, { metadata: { name: 'adapter', namespace: 'nsx' }, spec: object.spec })
    return new Promise(() => {})
  }
  const a = candidate('a')
  await clock.advance(1_000)
  const b = candidate('bb')
  const tookMs = await until(clock, b.leads, 120_000)
  assert.ok(tookMs <= 25_000, `${tookMs} ms`)
  assert.equal(a.leads(), false)
})
