/**
 * Requests of NSX under trouble, on the real composition with a fake clock: the link is cut at every phase, leaders are
 * killed, the cluster answers slowly or never. Nothing is lost, nothing doubled, nothing stuck past its deadline.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLUSTER_ID, createWorld, driven, type World } from './world.ts'

const MP = `/mp/v1/clusters/${CLUSTER_ID}/operations`
const TRACEFLOWS = 'traceflows.crd.antrea.io'

interface Operation {
  readonly id: string
  readonly state: string
  readonly attempt: number
  readonly events: readonly { readonly t: string; readonly code?: string; readonly phase?: string }[]
}

interface Started {
  readonly world: World
  readonly config: object
  readonly made: string[]
  ask(kind: string, body: unknown, timeoutMs?: number): Promise<string>
  show(id: string): Promise<Operation>
  until(id: string, within: number): Promise<Operation>
}

async function start(seed: number, run: (started: Started) => Promise<void>): Promise<void> {
  const world = await createWorld(seed)
  try {
    await world.kube('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop' },
    })
    const uids: string[] = []
    for (const [index, name] of ['web', 'db'].entries()) {
      const pod = await world.kube<{ metadata: { uid: string } }>('POST', '/api/v1/namespaces/shop/pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: name } },
        spec: { nodeName: `node-${index + 1}`, containers: [{ name: 'main', image: 'demo' }] },
      })
      const ip = `10.10.${index}.7`
      await world.kube(
        'PATCH',
        `/api/v1/namespaces/shop/pods/${name}/status`,
        { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } },
        'application/merge-patch+json',
      )
      uids.push(pod.metadata.uid)
    }
    const made: string[] = []
    world.cluster.api.audit.subscribe(({ verb, path, code }) => {
      if (verb === 'create' && path.includes('/traceflows') && code < 300) made.push(path)
    })
    await world.startAdapter('adapter-a')
    await world.startAdapter('adapter-b')
    await world.clock.advance(30_000)
    const show = (id: string) => driven(world.clock, world.nsx<Operation>('GET', `${MP}/${id}`))
    await run({
      world,
      made,
      config: {
        container_cluster_id: CLUSTER_ID,
        source_external_id: uids[0],
        destination_external_id: uids[1],
        packet: { transportHeader: { tcpHeader: { dstPort: 80, tcpFlags: 2 } } },
      },
      show,
      ask: async (kind, body, timeoutMs = 60_000) => {
        const asked = world.nsx<Operation>('POST', MP, { kind, body, timeout_ms: timeoutMs })
        return (await driven(world.clock, asked)).id
      },
      async until(id, within) {
        for (let passed = 0; passed < within; passed += 500) {
          const seen = await show(id)
          if (seen.state === 'DONE' || seen.state === 'FAILED') return seen
          await world.clock.advance(500)
        }
        return show(id)
      },
    })
  } finally {
    await world.stop()
  }
}

const finals = ({ events }: Operation) => events.filter(({ t }) => t === 'result' || t === 'error')
const observed = ({ events }: Operation) => events.filter(({ t }) => t === 'observation').length
const left = (world: World) => world.cluster.api.list(TRACEFLOWS).length

test('the link cut at each phase: one Traceflow, one answer, nothing left', async () => {
  await start(11, async ({ world, made, config, ask, until }) => {
    for (const afterMs of [0, 20, 100, 600, 1_200, 1_800, 2_100]) {
      const before = made.length
      const id = await ask('traceflow', config)
      await world.clock.advance(afterMs)
      for (const { nsx } of world.adapters.values()) nsx.cut()
      const seen = await until(id, 90_000)
      assert.deepEqual([seen.state, finals(seen).length], ['DONE', 1], `cut after ${afterMs} ms`)
      assert.equal(finals(seen)[0]?.phase, 'SUCCEEDED')
      assert.ok(observed(seen) >= 2 && observed(seen) <= 6, `${observed(seen)} observations`)
      assert.equal(made.length - before, 1, `Traceflows made when cut after ${afterMs} ms`)
      await world.clock.advance(20_000)
      assert.equal(left(world), 0)
    }
  })
})

test('the leader killed at each phase: the next one goes on with the same Traceflow', async () => {
  await start(12, async ({ world, made, config, ask, until }) => {
    for (const afterMs of [50, 700, 1_500, 2_300]) {
      const before = made.length
      const id = await ask('traceflow', config, 120_000)
      await world.clock.advance(afterMs)
      const leader = world.leader()
      await world.killAdapter(leader)
      await world.startAdapter(leader)
      const seen = await until(id, 150_000)
      assert.deepEqual([seen.state, finals(seen).length], ['DONE', 1], `killed after ${afterMs} ms`)
      assert.equal(made.length - before, 1, `Traceflows made when killed after ${afterMs} ms`)
      await world.clock.advance(240_000)
      assert.equal(left(world), 0, `Traceflows left when killed after ${afterMs} ms`)
    }
  })
})

test('a cancelled one, and one whose cluster does not answer, are answered within their time and leave nothing', async () => {
  await start(13, async ({ world, config, ask, until, show }) => {
    const cancelled = await ask('traceflow', config)
    await world.clock.advance(700)
    await driven(world.clock, world.nsx('DELETE', `${MP}/${cancelled}`))
    assert.deepEqual(
      finals(await until(cancelled, 10_000)).map(({ code }) => code),
      ['CANCELLED'],
    )
    await world.clock.advance(5_000)
    assert.equal(left(world), 0)

    world.cluster.api.faults.add({ verbs: ['create'], status: 503 })
    const stuck = await ask('traceflow', config, 20_000)
    await world.clock.advance(40_000)
    const late = await show(stuck)
    assert.deepEqual([late.state, finals(late).map(({ code }) => code)], ['FAILED', ['TIMED_OUT']])
    world.cluster.api.faults.clear()

    for (const { nsx } of world.adapters.values()) nsx.blackhole(true)
    const unheard = await ask('statistics', {}, 20_000)
    await world.clock.advance(31_000)
    assert.ok(['QUEUED', 'FAILED'].includes((await show(unheard)).state))
    for (const { nsx } of world.adapters.values()) nsx.blackhole(false)
    await world.clock.advance(120_000)
    assert.equal(finals(await show(unheard)).length, 1)
  })
})

test('many at once: each is answered once, eight run at a time', async () => {
  await start(14, async ({ world, made, config, ask, until }) => {
    const ids: string[] = []
    let most = 0
    for (let n = 0; n < 20; n += 1) ids.push(await ask('traceflow', config, 300_000))
    for (let step = 0; step < 40; step += 1) {
      await world.clock.advance(500)
      most = Math.max(most, left(world))
    }
    for (const id of ids)
      assert.deepEqual(
        finals(await until(id, 300_000)).map(({ t }) => t),
        ['result'],
      )
    assert.equal(made.length, 20)
    // Those that are answered and not yet heard of are there beside the eight.
    assert.ok(most >= 8 && most <= 16, `${most} Traceflows at once`)
    await world.clock.advance(5_000)
    assert.equal(left(world), 0)
  })
})
