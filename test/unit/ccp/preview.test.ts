/** A plan for who looks is the plan that is carried out, and looking changes nothing of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createEnforcer } from '../../../src/ccp/enforcement.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { desiredState } from '../../../src/ccp/source/index.ts'
import { createHealth } from '../../../src/health/index.ts'
import type { KubeClient, KubeObject } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { CLUSTER } from './model.ts'
import { policy, rule, setOf } from './objects.ts'
import { policyStores } from './stores.ts'

/** Writes are counted; the store shows them at once. */
function world(mode: 'enforce' | 'observe' = 'enforce') {
  const clock = createFakeClock()
  const { stores, storeOf } = policyStores()
  let writes = 0
  const keep = <T extends KubeObject>(plural: string, object: T): T => {
    writes += 1
    const metadata = {
      ...object.metadata,
      uid: object.metadata.uid ?? `u${writes}`,
      resourceVersion: `v${writes}`,
      generation: writes,
      managedFields: [{ manager: 'antrea-nsx-adapter' }],
    }
    const stored = { ...object, metadata }
    storeOf(plural).upsert(stored, metadata.resourceVersion)
    return stored
  }
  const kube: KubeClient = {
    get: async () => undefined,
    list: async () => [],
    listMetadata: async () => [],
    create: async (type, object) => keep(type.plural, object),
    replace: async (type, object) => keep(type.plural, object),
    async delete(type, object) {
      writes += 1
      storeOf(type.plural).remove(object, `v${writes}`)
    },
  }
  const deps = { kube, stores, clock, log: SILENT, health: createHealth(clock), clusterId: CLUSTER, mode }
  const enforcer = createEnforcer({ ...deps, tiers: DEFAULT_TIERS })
  return {
    clock,
    enforcer,
    writes: () => writes,
    want: (ids: readonly number[], snapshotMs = clock.monotonicMs()) =>
      enforcer.take(
        desiredState({
          source: 'one',
          epoch: 'e',
          version: 1,
          objects: setOf(...ids.map((n) => policy(`p${n}`, n, [rule(1)]))),
          snapshotMs,
        }),
      ),
  }
}

const words = (plan: { readonly steps: readonly { readonly kind: string }[] }) => JSON.stringify(plan.steps)

test('it is the plan that is carried out, on the way to any sets one after the other', async () => {
  const sets = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(sets, async (wanted) => {
      const w = world()
      for (const ids of wanted) {
        w.want(ids)
        for (let round = 0; round < 8; round += 1) {
          const [first, second] = [await w.enforcer.preview(), await w.enforcer.preview()]
          const before = w.writes()
          const next = await w.enforcer.plan()
          assert.equal(words(first.plan), words(second.plan), 'looking twice shows the same')
          assert.equal(words(first.plan), words(next), 'what was shown is what is planned')
          assert.deepEqual(first.plan.deletes, next.deletes)
          assert.equal(w.writes(), before)
          if (next.steps.length === 0) break
          await w.enforcer.apply(next, new AbortController().signal)
        }
      }
    }),
    { numRuns: 40 },
  )
})

test('the guard is shown as it stands, and looking is no second look', async () => {
  const w = world()
  w.want([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  for (let round = 0; round < 8; round += 1)
    await w.enforcer.apply(await w.enforcer.plan(), new AbortController().signal)
  w.want([0])
  assert.equal((await w.enforcer.plan()).deletes.kind, 'guarded')
  for (let look = 0; look < 3; look += 1) {
    await w.clock.advance(20_000)
    const { deletes, steps } = (await w.enforcer.preview()).plan
    assert.equal(deletes.kind, 'guarded')
    assert.deepEqual(steps, [])
  }
})

test('an observer shows what it would write', async () => {
  const w = world('observe')
  w.want([1, 2])
  assert.ok((await w.enforcer.preview()).plan.steps.length > 0)
  assert.deepEqual((await w.enforcer.plan()).steps, [])
  assert.equal(w.writes(), 0)
})

test('without a set of NSX there is no plan, and it is said whom to ask', async () => {
  await assert.rejects(world().enforcer.preview(), { code: 'CCP_NO_COPY', kind: 'wait-for' })
})
