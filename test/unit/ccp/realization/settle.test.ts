/** The settle rule: what is shown over time of what is thought. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Realized, type Shown, settle, type Verdict } from '../../../../src/ccp/realization/index.ts'

const item = (state: Realized['state'], current = 2): Realized => ({
  path: '/p',
  kind: 'SecurityPolicy',
  state,
  nodes: { current, desired: 2 },
  problems: [],
})
const LATE = { code: 'REALIZE_TIMEOUT', severity: 'ERROR' as const, message: 'one node is silent' }
const good: Verdict = { item: item('SUCCESS'), revision: 'a' }
const realizing: Verdict = {
  item: item('IN_PROGRESS', 1),
  revision: 'a',
  isTransient: true,
  late: { state: 'ERROR', problem: LATE },
}

/** Shows each verdict at its time; what was shown, and when it is to be looked at again. */
function play(...steps: readonly (readonly [number, Verdict])[]) {
  let shown: Shown | undefined
  return steps.map(([ms, verdict]) => {
    shown = settle(shown, verdict, ms)
    return [shown.item.state, shown.againAtMs]
  })
}

test('a return to Realizing for less than ten seconds is not shown, nor its node counts', () => {
  assert.deepEqual(play([0, good], [1_000, realizing], [10_999, realizing], [11_000, good]), [
    ['SUCCESS', undefined],
    ['SUCCESS', 11_000],
    ['SUCCESS', 11_000],
    ['SUCCESS', undefined],
  ])
  const held = settle(settle(undefined, good, 0), realizing, 1_000)
  assert.deepEqual(held.item, good.item)
})

test('one that lasts is shown, and after a minute it is an error', () => {
  assert.deepEqual(
    play([0, good], [1_000, realizing], [11_000, realizing], [61_000, realizing], [62_000, good]),
    [
      ['SUCCESS', undefined],
      ['SUCCESS', 11_000],
      ['IN_PROGRESS', 61_000],
      ['ERROR', undefined],
      ['SUCCESS', undefined],
    ],
  )
  const late = settle({ ...settle(undefined, realizing, 0) }, realizing, 60_000)
  assert.deepEqual([late.item.problems, late.item.nodes], [[LATE], { current: 1, desired: 2 }])
})

test('a new form of the policy is shown at once, and begins to wait anew', () => {
  const next = { ...realizing, revision: 'b' }
  assert.deepEqual(play([0, good], [1_000, next], [60_500, next], [61_000, next]), [
    ['SUCCESS', undefined],
    ['IN_PROGRESS', 61_000],
    ['IN_PROGRESS', 61_000],
    ['ERROR', undefined],
  ])
})

test('what is no passing thing is shown at once', () => {
  const { isTransient: _, ...plain } = realizing
  assert.deepEqual(play([0, good], [1_000, plain]), [
    ['SUCCESS', undefined],
    ['IN_PROGRESS', 61_000],
  ])
  const failed: Verdict = { item: item('ERROR'), revision: 'a' }
  assert.deepEqual(
    play([0, good], [1_000, failed], [2_000, good]).map(([state]) => state),
    ['SUCCESS', 'ERROR', 'SUCCESS'],
  )
})

test('since when a status stands counts, also when nobody asked meanwhile', () => {
  assert.deepEqual(play([0, good], [50_000, { ...realizing, sinceMs: 5_000 }]), [
    ['SUCCESS', undefined],
    ['IN_PROGRESS', 65_000],
  ])
  assert.deepEqual(play([70_000, { ...realizing, sinceMs: 5_000 }]), [['ERROR', undefined]])
})

test('the sight of the cluster may be lost for a moment', () => {
  const unseen: Verdict = { item: item('UNKNOWN'), revision: 'a', isTransient: true }
  assert.deepEqual(play([0, good], [1_000, unseen], [11_000, unseen], [12_000, good]), [
    ['SUCCESS', undefined],
    ['SUCCESS', 11_000],
    ['UNKNOWN', undefined],
    ['SUCCESS', undefined],
  ])
  assert.deepEqual(play([0, unseen]), [['UNKNOWN', undefined]])
})

test('what does not change keeps its identity', () => {
  const first = settle(undefined, good, 0)
  assert.equal(settle(first, { ...good, item: { ...good.item } }, 5).item, first.item)
  assert.notEqual(settle(first, { ...good, item: { ...good.item, evidence: 'nodes' } }, 5).item, first.item)
})

test('whatever comes: SUCCESS is never shown longer than ten seconds after it ended, and what is settled shows', () => {
  const verdicts = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 1, max: 30_000 }),
      kind: fc.constantFrom('good', 'realizing', 'next', 'failed'),
    }),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(verdicts, (steps) => {
      let shown: Shown | undefined
      let nowMs = 0
      let lastGoodMs = Number.NEGATIVE_INFINITY
      let badSinceMs: number | undefined
      for (const { gapMs, kind } of steps) {
        nowMs += gapMs
        const verdict: Verdict =
          kind === 'good'
            ? good
            : kind === 'failed'
              ? { item: item('ERROR'), revision: 'a' }
              : kind === 'next'
                ? { ...realizing, revision: 'b' }
                : realizing
        shown = settle(shown, verdict, nowMs)
        if (kind === 'good') {
          lastGoodMs = nowMs
          badSinceMs = undefined
        } else badSinceMs ??= nowMs
        if (kind === 'good' || kind === 'failed') assert.equal(shown.item.state, verdict.item.state)
        if (shown.item.state === 'SUCCESS')
          assert.ok(lastGoodMs === nowMs || nowMs - (badSinceMs ?? nowMs) < 10_000)
        if (kind === 'next') assert.notEqual(shown.item.state, 'SUCCESS')
      }
    }),
  )
})
