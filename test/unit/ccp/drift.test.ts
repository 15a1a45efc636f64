/** Putting back: at once, then seldom, named as a fight while it goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Drift,
  fightsOf,
  forgetOld,
  lookAgainMs,
  NO_DRIFT,
  noteRepair,
  otherWriter,
  restingRefs,
} from '../../../src/ccp/drift.ts'
import type { KubeObject } from '../../../src/kube/index.ts'
import { DRIFT_AT_ONCE, DRIFT_CALM_MS, DRIFT_SPACING_MS, DRIFT_WINDOW_MS } from '../../../src/limits.ts'
import { driftWorld } from './drifting.ts'
import { policy, rule, uuid } from './objects.ts'

const TWO = [policy('a', 0, [rule(1)]), policy('b', 1, [rule(1)])]

const WRITES_A_WINDOW_MAX = DRIFT_AT_ONCE + DRIFT_WINDOW_MS / DRIFT_SPACING_MS

test('however an object is changed, it is put back at most 17 times in any minute, and again within 5 s', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 200 }), (pausesMs) => {
      let drift: Drift = NO_DRIFT
      let nowMs = 0
      const repairs: number[] = []
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs
        drift = forgetOld(drift, nowMs)
        if (restingRefs(drift, nowMs).has('policy a')) {
          const againMs = lookAgainMs(drift, nowMs)
          assert.ok(againMs !== undefined && againMs <= DRIFT_SPACING_MS)
          nowMs += againMs
          drift = forgetOld(drift, nowMs)
        }
        assert.ok(!restingRefs(drift, nowMs).has('policy a'))
        drift = noteRepair(drift, 'policy a', 'x', nowMs)
        repairs.push(nowMs)
        const inWindow = repairs.filter((ms) => nowMs - ms < DRIFT_WINDOW_MS).length
        assert.ok(inWindow <= WRITES_A_WINDOW_MAX, `${inWindow} in a minute`)
        assert.ok((drift.get('policy a')?.atMs.length ?? 0) <= WRITES_A_WINDOW_MAX)
      }
      drift = forgetOld(drift, nowMs + DRIFT_WINDOW_MS)
      assert.equal(drift.size, 0)
      assert.equal(lookAgainMs(drift, nowMs), undefined)
    }),
  )
})

test('one slip is no fight; three are, until it is calm; one object does not slow another', () => {
  let drift = noteRepair(NO_DRIFT, 'policy a', '"kubectl"', 0)
  drift = noteRepair(drift, 'policy a', '"kubectl"', 1_000)
  assert.deepEqual(fightsOf(drift, 1_000), [])
  drift = noteRepair(drift, 'policy a', '"helm"', 2_000)
  assert.deepEqual(fightsOf(drift, 2_000), ['policy a is changed again and again by "helm"'])
  assert.equal(lookAgainMs(drift, 2_000), DRIFT_CALM_MS)
  assert.deepEqual(fightsOf(drift, 2_000 + DRIFT_CALM_MS), [])
  for (const ms of [3_000, 4_000]) drift = noteRepair(drift, 'policy a', '"helm"', ms)
  drift = noteRepair(drift, 'policy b', '"helm"', 4_000)
  assert.deepEqual([...restingRefs(drift, 4_000)], ['policy a'])
  assert.deepEqual([...restingRefs(drift, 4_000 + DRIFT_SPACING_MS)], [])
})

test('the other is named by the newest entry that is not ours and not a status', () => {
  const object = (managedFields: KubeObject['metadata']['managedFields']) =>
    ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', managedFields } }) as KubeObject
  assert.equal(
    otherWriter(
      object([
        { manager: 'kubectl-edit', time: '2026-01-01T00:00:01Z' },
        { manager: 'helm', time: '2026-01-01T00:00:02Z' },
        { manager: 'antrea-nsx-adapter', time: '2026-01-01T00:00:03Z' },
        { manager: 'antrea-controller', subresource: 'status', time: '2026-01-01T00:00:04Z' },
      ]),
    ),
    '"helm"',
  )
  assert.match(otherWriter(object([{ manager: 'antrea-nsx-adapter' }])), /another process/)
})

test('a fight of 30 s costs eleven writes, is named, and is over when it ceases', async () => {
  const w = driftWorld(TWO)
  await w.go()
  const [name = '', other = ''] = [uuid(0), uuid(1)].filter((one) => w.stores.clusterNetworkPolicies.get(one))
  const before = w.writes.length
  const wanted = w.stores.clusterNetworkPolicies.get(name)!.spec
  for (let passedMs = 0; passedMs < 30_000; passedMs += 100) {
    w.edit(name, { appliedTo: [{ podSelector: { matchLabels: { app: 'x' } } }] })
    await w.go()
    await w.clock.advance(100)
  }
  const writes = w.writes.length - before
  assert.ok(writes >= 8 && writes <= 11, `${writes} writes`)
  assert.equal(w.fight(), `policy ${name} is changed again and again by "kubectl-edit"`)
  // Another one is put back at once meanwhile, though that one is left.
  w.edit(name, { priority: 7 })
  w.edit(other, { priority: 8 })
  await w.go()
  assert.notEqual(w.stores.clusterNetworkPolicies.get(other)?.spec.priority, 8)
  const { againMs } = await w.go()
  assert.ok(againMs !== undefined && againMs <= DRIFT_SPACING_MS, String(againMs))
  await w.clock.advance(againMs)
  await w.go()
  assert.deepEqual(w.stores.clusterNetworkPolicies.get(name)?.spec, wanted)
  await w.clock.advance(DRIFT_CALM_MS - 1)
  await w.go()
  assert.ok(w.fight())
  await w.clock.advance(1)
  await w.go()
  assert.equal(w.fight(), undefined)
})

test('what somebody deletes again and again is a fight as well', async () => {
  const w = driftWorld(TWO)
  await w.go()
  const store = w.stores.clusterNetworkPolicies
  const [name = ''] = [...store.keys()]
  const before = w.writes.length
  for (let time = 0; time < 20; time += 1) {
    const there = store.get(name)
    if (there !== undefined) store.remove(there, `gone ${time}`)
    await w.go()
  }
  assert.equal(w.writes.length - before, DRIFT_AT_ONCE)
  assert.match(w.fight() ?? '', /somebody who deletes it/)
})

test('whenever a plan is made, and however long it takes, it is made again when a rest ends and when a fight is over', async () => {
  for (let earlyMs = 0; earlyMs < 40; earlyMs += 1) {
    const w = driftWorld(TWO, { lookMs: 3 })
    await w.go()
    const [name = ''] = [...w.stores.clusterNetworkPolicies.keys()]
    for (let time = 0; time < DRIFT_AT_ONCE; time += 1) {
      w.edit(name, { priority: 7 })
      await w.go()
    }
    const wanted = w.stores.clusterNetworkPolicies.get(name)?.spec
    w.edit(name, { priority: 8 })
    // The chart looks again by time alone; a change of something else may have it do so shortly before.
    const byTime = async (untilMs: number) => {
      for (let passedMs = 0; ; ) {
        const { againMs = 600_000 } = await w.go()
        const waitMs = Math.max(againMs - (passedMs === 0 ? earlyMs : 0), 50)
        passedMs += waitMs
        if (passedMs > untilMs) return
        await w.clock.advance(waitMs)
      }
    }
    await byTime(DRIFT_SPACING_MS + 1_000)
    assert.deepEqual(w.stores.clusterNetworkPolicies.get(name)?.spec, wanted, `not put back, ${earlyMs}`)
    assert.ok(w.fight())
    await byTime(DRIFT_CALM_MS + 1_000)
    assert.equal(w.fight(), undefined, `still a fight, ${earlyMs}`)
  }
})
