/** The choice among managers, as a value: properties over every state they can be in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NSX_PROBE_BACKOFF_BASE_MS, NSX_PROBE_BACKOFF_MAX_MS } from '../../../src/limits.ts'
import { choose, type EndpointState, failed, NEW_ENDPOINT } from '../../../src/nsx/endpoints/index.ts'
import { answered, isProbeDue, probing } from '../../../src/nsx/endpoints/state.ts'

const NOW = 10_000

const state = fc
  .record({
    health: fc.constantFrom<EndpointState['health']>('unknown', 'up', 'down'),
    inFlight: fc.nat(5),
    spareUntilMs: fc.constantFrom(Number.NEGATIVE_INFINITY, NOW - 1, NOW, NOW + 1),
  })
  .map((over): EndpointState => ({ ...NEW_ENDPOINT, ...over }))

const scene = fc.array(state, { minLength: 1, maxLength: 6 }).chain((states) =>
  fc.tuple(
    fc.constant(states),
    fc.subarray(states.map((_, index) => index)).map((some) => new Set(some)),
  ),
)

test('a call goes to the least busy of those that are neither down, tried nor to be spared; to none only if there is none', () => {
  fc.assert(
    fc.property(scene, ([states, tried]) => {
      const may = states.flatMap((one, index) => (one.health === 'down' || tried.has(index) ? [] : [index]))
      const chosen = choose(states, tried, NOW)
      if (may.length === 0) return assert.equal(chosen, undefined)
      assert.ok(chosen !== undefined && may.includes(chosen))
      const isSpared = (index: number) => (states[index]?.spareUntilMs ?? 0) > NOW
      const fresh = may.filter((index) => !isSpared(index))
      const among = fresh.length > 0 ? fresh : may
      assert.ok(among.includes(chosen), 'one to be spared was chosen although another was free')
      const least = Math.min(...among.map((index) => states[index]?.inFlight ?? 0))
      assert.equal(states[chosen]?.inFlight, least)
      assert.equal(
        chosen,
        among.find((index) => states[index]?.inFlight === least),
        'not the first of equals',
      )
    }),
  )
})

test('one that fails is probed after growing pauses within their bounds, once at a time, and is new after an answer', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (randoms) => {
      let one: EndpointState = NEW_ENDPOINT
      let nowMs = 0
      for (const [index, random] of randoms.entries()) {
        const reason = { kind: 'retry', code: 'X', message: 'x' } as const
        one = failed(one, nowMs, random, reason)
        assert.equal(one.health, 'down')
        const pauseMs = one.probeAtMs - nowMs
        const mostMs = Math.min(NSX_PROBE_BACKOFF_MAX_MS, NSX_PROBE_BACKOFF_BASE_MS * 2 ** index)
        assert.ok(pauseMs >= mostMs / 2 - 0.001 && pauseMs <= mostMs + 0.001, `${pauseMs} of ${mostMs}`)
        assert.equal(isProbeDue(one, one.probeAtMs - 0.001), false)
        assert.equal(isProbeDue(probing(one, true), one.probeAtMs), false)
        assert.equal(isProbeDue(one, one.probeAtMs), true)
        nowMs = one.probeAtMs
      }
      const back = answered(one, nowMs)
      assert.deepEqual([back.health, back.failures, back.reason], ['up', 0, undefined])
    }),
  )
})
