/**
 * Support bundles under trouble, on the real composition with a fake clock: from the manager's call over a cut link and a
 * killed leader to the content on its disk, whose sums are the cluster's own. Nothing is left at Antrea.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLUSTER_ID, createWorld, driven, type World } from './world.ts'

const MP = `/mp/v1/clusters/${CLUSTER_ID}/operations`
const BUNDLES = '/apis/system.antrea.io/v1beta1/supportbundles'
const MAPS = 'configmaps'

interface Component {
  readonly component: string
  readonly node?: string
  readonly state: string
  readonly content?: string
  readonly sha256?: string
  readonly problem?: { readonly code: string }
}

interface Operation {
  readonly id: string
  readonly state: string
  readonly attempt: number
  readonly events: readonly {
    readonly t: string
    readonly code?: string
    readonly partial?: boolean
    readonly components?: readonly Component[]
  }[]
  readonly content?: readonly {
    readonly name: string
    readonly complete: boolean
    readonly sha256?: string
  }[]
}

async function start(seed: number, run: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(seed)
  try {
    await world.startAdapter('adapter-a')
    await world.startAdapter('adapter-b')
    await world.clock.advance(30_000)
    await run(world)
  } finally {
    await world.stop()
  }
}

const show = (world: World, id: string) => driven(world.clock, world.nsx<Operation>('GET', `${MP}/${id}`))

async function ask(world: World, body: object, timeoutMs = 120_000): Promise<string> {
  const asked = world.nsx<Operation>('POST', MP, { kind: 'support-bundle', body, timeout_ms: timeoutMs })
  return (await driven(world.clock, asked)).id
}

async function until(world: World, id: string, withinMs: number): Promise<Operation> {
  for (let passed = 0; passed < withinMs; passed += 500) {
    const seen = await show(world, id)
    if (seen.state === 'DONE' || seen.state === 'FAILED') return seen
    await world.clock.advance(500)
  }
  return show(world, id)
}

const resultOf = ({ events }: Operation) => {
  const finals = events.filter(({ t }) => t === 'result' || t === 'error')
  assert.equal(finals.length, 1, JSON.stringify(finals))
  return finals[0]
}

/** Nothing at antrea-controller, and nothing written down. */
async function assertNothingLeft(world: World): Promise<void> {
  const { status } = await world.kube<{ status: string }>('GET', `${BUNDLES}/controller`)
  assert.equal(status, 'None')
  const maps = world.cluster.api.list(MAPS).filter(({ metadata }) => metadata.name.startsWith('nsx-'))
  assert.deepEqual(maps, [])
}

test('controller, cluster and adapter come with their sums; agents that cannot be asked leave their log, and it is said', async () => {
  await start(31, async (world) => {
    const seen = await until(world, await ask(world, { since: '1h' }), 100_000)
    const result = resultOf(seen)
    assert.equal(result?.t, 'result', JSON.stringify(result))
    assert.equal(result?.partial, true)
    const states = new Map((result?.components ?? []).map((one) => [one.node ?? one.component, one] as const))
    assert.deepEqual(
      ['controller', 'cluster', 'adapter'].map((one) => states.get(one)?.state),
      ['done', 'done', 'done'],
      JSON.stringify(result),
    )
    assert.equal(states.get('node-1')?.problem?.code, 'AGENTS_NOT_ASKED')
    const content = new Map((seen.content ?? []).map((one) => [one.name, one] as const))
    for (const { content: name, sha256, state } of states.values()) {
      if (state === 'failed') continue
      assert.deepEqual([content.get(name ?? '')?.complete, content.get(name ?? '')?.sha256], [true, sha256])
    }
    assert.equal(content.get('manifest.json')?.complete, true)
    await world.clock.advance(5_000)
    await assertNothingLeft(world)
  })
})

test('the link cut at each phase, then the leader killed at each: one answer, each content once and whole', async () => {
  await start(32, async (world) => {
    for (const afterMs of [0, 500, 700]) {
      const id = await ask(world, { components: ['controller', 'cluster'] })
      await world.clock.advance(afterMs)
      for (const { nsx, kube } of world.adapters.values()) (afterMs % 200 === 0 ? nsx : kube).cut()
      const seen = await until(world, id, 110_000)
      const result = resultOf(seen)
      assert.deepEqual(
        result?.components?.map(({ state }) => state),
        ['done', 'done'],
        `cut after ${afterMs} ms: ${JSON.stringify(result)}`,
      )
      assert.deepEqual([...(seen.content ?? [])].map(({ name, complete }) => [name, complete]).sort(), [
        ['clusterinfo.tar.gz', true],
        ['controller.tar.gz', true],
        ['manifest.json', true],
      ])
      await world.clock.advance(5_000)
      await assertNothingLeft(world)
    }
    for (const afterMs of [400, 1_100]) {
      const id = await ask(world, { components: ['controller', 'cluster'] }, 240_000)
      await world.clock.advance(afterMs)
      const leader = world.leader()
      await world.killAdapter(leader)
      await world.startAdapter(leader)
      const seen = await until(world, id, 230_000)
      const result = resultOf(seen)
      assert.deepEqual(
        result?.components?.map(({ state }) => state),
        ['done', 'done'],
        `killed after ${afterMs} ms: ${JSON.stringify(result)}`,
      )
      await world.clock.advance(400_000)
      await assertNothingLeft(world)
    }
  })
})

test('a cancelled one leaves nothing, and one that the cluster does not answer ends within its time', async () => {
  await start(33, async (world) => {
    const cancelled = await ask(world, {})
    await world.clock.advance(150)
    await driven(world.clock, world.nsx('DELETE', `${MP}/${cancelled}`))
    const seen = await until(world, cancelled, 20_000)
    assert.equal(resultOf(seen)?.code, 'CANCELLED')
    await world.clock.advance(10_000)
    await assertNothingLeft(world)

    world.cluster.api.faults.add({ path: /supportbundles/, status: 503 })
    const stuck = await ask(world, { components: ['controller'] }, 20_000)
    const late = await until(world, stuck, 40_000)
    assert.match(
      String(resultOf(late)?.code ?? resultOf(late)?.components?.[0]?.problem?.code),
      /^(KUBE_|BUNDLE_|TIMED)/,
    )
    world.cluster.api.faults.clear()
    await world.clock.advance(10_000)
    await assertNothingLeft(world)
  })
})
