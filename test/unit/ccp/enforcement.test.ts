/** The memory between plans: the guard's second look, what was written and is not shown yet, approval. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnforcer } from '../../../src/ccp/enforcement.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { desiredState } from '../../../src/ccp/source/index.ts'
import type { DesiredObject } from '../../../src/ccp/translate/index.ts'
import { createHealth } from '../../../src/health/index.ts'
import type { KubeClient, KubeObject } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { inSlices } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { CLUSTER } from './model.ts'
import { GROUPS, POLICIES, policy, rule, setOf, uuid } from './objects.ts'
import { policyStores } from './stores.ts'

/** Stores that show a write only when they are told to. */
function world(mode: 'enforce' | 'observe' = 'enforce') {
  const clock = createFakeClock()
  const health = createHealth(clock)
  const { stores, storeOf } = policyStores()
  const late: (() => void)[] = []
  let version = 0
  const keep = <T extends KubeObject>(plural: string, object: T): T => {
    version += 1
    const stored = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? `u${version}`,
        resourceVersion: `v${version}`,
        generation: version,
        managedFields: [{ manager: 'antrea-nsx-adapter' }],
      },
    }
    late.push(() => storeOf(plural).upsert(stored, stored.metadata.resourceVersion))
    return stored
  }
  const kube: KubeClient = {
    get: async () => undefined,
    list: async () => [],
    listMetadata: async () => [],
    create: async (type, object) => keep(type.plural, object),
    replace: async (type, object) => keep(type.plural, object),
    delete: async (type, object) => {
      late.push(() => storeOf(type.plural).remove(object, 'gone'))
    },
  }
  const enforcer = createEnforcer({
    kube,
    stores,
    clock,
    log: SILENT,
    health,
    clusterId: CLUSTER,
    tiers: DEFAULT_TIERS,
    mode,
  })
  const want = (objects: readonly DesiredObject[], snapshotMs = 0, source = 'one') =>
    enforcer.take(desiredState({ source, epoch: 'e', version: 1, objects: setOf(...objects), snapshotMs }))
  const show = () => {
    for (const change of late.splice(0)) change()
  }
  /** Plans and applies until nothing is left; the number of steps. */
  const settle = async () => {
    let steps = 0
    for (let round = 0; round < 10; round += 1) {
      const next = await enforcer.plan()
      if (next.steps.length === 0) return steps
      steps += next.steps.length
      await enforcer.apply(next, new AbortController().signal)
    }
    throw new Error('it does not settle')
  }
  return {
    clock,
    health,
    stores,
    enforcer,
    want,
    show,
    settle,
    names: () => [...stores.clusterNetworkPolicies.keys()].sort(),
  }
}

const MANY = Array.from({ length: 10 }, (_, n) => policy(`p${n}`, n, [rule(1)]))

test('what was written is not written again before the store shows it, nor after', async () => {
  const w = world()
  w.want(MANY)
  assert.equal(await w.settle(), 11)
  assert.equal((await w.enforcer.plan()).steps.length, 0)
  w.show()
  assert.equal((await w.enforcer.plan()).steps.length, 0)
  w.want(MANY.slice(1))
  assert.equal(await w.settle(), 1)
  assert.equal((await w.enforcer.plan()).steps.length, 0)
  w.show()
  assert.equal(w.names().length, 9)
})

test('a large delete needs a second snapshot that was asked for at least 30 s later', async () => {
  const w = world()
  w.want(MANY)
  await w.settle()
  w.show()
  await w.clock.advance(100_000)
  w.want(MANY.slice(5), 100_000)
  assert.equal((await w.enforcer.plan()).deletes.kind, 'guarded')
  assert.deepEqual(
    w.health.warnings().map(({ code }) => code),
    ['CCP_DELETE_GUARD'],
  )
  await w.clock.advance(20_000)
  w.want(MANY.slice(5), 120_000)
  assert.equal((await w.enforcer.plan()).deletes.kind, 'guarded')
  await w.clock.advance(20_000)
  // p0 is there again: only what both snapshots miss is gone.
  w.want([MANY[0]!, ...MANY.slice(5)], 140_000)
  assert.equal(await w.settle(), 4)
  w.show()
  assert.deepEqual(w.names(), [0, 5, 6, 7, 8, 9].map(uuid))
  assert.deepEqual(w.health.warnings(), [])
})

test('a second snapshot that misses many more is looked at once more', async () => {
  const w = world()
  w.want(MANY)
  await w.settle()
  w.show()
  w.want(MANY.slice(4), 0)
  assert.equal((await w.enforcer.plan()).deletes.kind, 'guarded')
  await w.clock.advance(30_000)
  w.want([], 30_000)
  assert.deepEqual(
    [(await w.enforcer.plan()).deletes.kind, (await w.enforcer.plan()).steps.length],
    ['guarded', 0],
  )
  await w.clock.advance(30_000)
  w.want([], 60_000)
  assert.equal(await w.settle(), 10)
})

test('many that go are looked at again also where others come beside them', async () => {
  const w = world()
  w.want(MANY.slice(0, 2))
  await w.settle()
  w.show()
  w.want(MANY.slice(2), 0)
  await w.settle()
  w.show()
  // Two of ten by now: few, but they were all there was when they went.
  assert.equal((await w.enforcer.plan()).deletes.kind, 'guarded')
  assert.equal(w.names().length, 10)
  await w.clock.advance(30_000)
  w.want(MANY.slice(2), 30_000)
  assert.equal(await w.settle(), 2)
})

test('another source: deletes wait for approval, which lasts', async () => {
  const w = world()
  w.want(MANY)
  await w.settle()
  w.show()
  w.want(MANY.slice(1), 0, 'two')
  assert.deepEqual(
    [(await w.enforcer.plan()).deletes.kind, (await w.enforcer.plan()).steps.length],
    ['approval', 0],
  )
  w.enforcer.approve()
  assert.equal(await w.settle(), 1)
})

const stateTold = (w: ReturnType<typeof world>) => w.enforcer.realization(() => [])?.verdicts[0]?.item.state

test('nothing is decided from a store that is not complete and live', async () => {
  const w = world()
  w.want(MANY)
  await w.enforcer.plan()
  w.stores.clusterGroups.setLive(false)
  await assert.rejects(w.enforcer.plan(), { code: 'KUBE_NOT_READY' })
  assert.equal(stateTold(w), 'UNKNOWN')
})

test('what is reported follows what is written', async () => {
  const w = world()
  assert.equal(
    w.enforcer.realization(() => []),
    undefined,
  )
  w.want([MANY[0]!])
  const first = await w.enforcer.plan()
  assert.equal(first.steps.length > 0, true)
  assert.equal(stateTold(w), 'IN_PROGRESS')
  await w.settle()
  w.show()
  const stored = w.stores.clusterNetworkPolicies.get(uuid(0))!
  const { generation = 0 } = stored.metadata
  const status = {
    phase: 'Realized' as const,
    observedGeneration: generation,
    currentNodesRealized: 2,
    desiredNodesRealized: 2,
  }
  const metadata = { ...stored.metadata, resourceVersion: 'newer' }
  w.stores.clusterNetworkPolicies.upsert({ ...stored, metadata, status }, 'newer')
  assert.equal(stateTold(w), 'SUCCESS')
  assert.equal(w.enforcer.realization(() => [])?.isGone(`${POLICIES}/p0`), false)
  assert.equal(w.enforcer.realization(() => [])?.isGone(`${POLICIES}/p1`), true)
})

const codes = (w: ReturnType<typeof world>) => w.health.warnings().map(({ code }) => code)

test('an observer plans, tells what it would write, and has nothing to write', async () => {
  const w = world('observe')
  w.want(MANY)
  const { steps, awaiting } = await w.enforcer.plan()
  assert.deepEqual([steps, awaiting], [[], []])
  const told = w.health.warnings().find(({ code }) => code === 'OBSERVING')
  assert.match(told?.detail ?? '', /it would write: tiers: create-tier .* and 10 more/)
  assert.equal(stateTold(w), 'IN_PROGRESS')
})

test('another adapter in the cluster: nothing is planned until it is taken over', async () => {
  const w = world()
  w.want(MANY)
  await w.settle()
  w.show()
  for (const one of [...w.stores.clusterNetworkPolicies.values()]) {
    const annotations = { ...one.metadata.annotations, 'antrea-nsx-adapter/cluster-id': 'another' }
    const metadata = { ...one.metadata, annotations, resourceVersion: `x${one.metadata.resourceVersion}` }
    w.stores.clusterNetworkPolicies.upsert({ ...one, metadata }, 'later')
  }
  w.want(MANY.slice(0, 9))
  await assert.rejects(w.enforcer.plan(), { code: 'SECOND_ADAPTER', kind: 'needs-person' })
  assert.ok(codes(w).includes('FOREIGN_CLUSTER_ID'))
  const adoptions = w.enforcer.adoption()
  assert.equal(adoptions.length, 10)
  await w.enforcer.adopt(adoptions)
  const { steps } = await w.enforcer.plan()
  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ['delete-policy'],
  )
  assert.ok(!codes(w).includes('FOREIGN_CLUSTER_ID'))
})

test('a group that never comes is told of after a minute, and its policy is held as it was', async () => {
  const w = world()
  const broken = policy('p0', 0, [rule(1, { source_groups: [`${GROUPS}/missing`] })])
  w.want([broken])
  const first = await w.enforcer.plan()
  assert.equal(first.againMs, 60_000)
  assert.deepEqual(codes(w), ['HELD_POLICIES'])
  assert.equal(stateTold(w), 'ERROR')
  await w.clock.advance(60_000)
  await w.enforcer.plan()
  assert.ok(codes(w).includes('GROUPS_UNRESOLVED'))
  w.want(MANY.slice(0, 1))
  await w.enforcer.plan()
  assert.deepEqual(codes(w), [])
})

test('planning lets others go first after each slice, and can be given up in between', async () => {
  const w = world()
  let ticks = 0
  // Each look at the clock costs some time: so there are many slices.
  const monotonicMs = () => {
    ticks += 3
    return w.clock.monotonicMs() + ticks
  }
  const clock = { ...w.clock, monotonicMs }
  let steps = 0
  function* work() {
    for (; steps < 100; steps += 1) yield undefined
    return 'done'
  }
  let between = 0
  w.clock.setTimeout(() => {
    between = steps
  }, 0)
  const stop = new AbortController()
  const running = inSlices(work(), clock, stop.signal)
  await w.clock.advance(1)
  assert.equal(await running, 'done')
  assert.ok(between > 0 && between < 10, `another had its turn after ${between} steps`)
  steps = 0
  const second = inSlices(work(), clock, stop.signal)
  const first = steps
  stop.abort(new Error('given up'))
  await assert.rejects(second, /given up/)
  await w.clock.advance(1_000)
  assert.deepEqual([steps, first < 10], [first, true])
})
