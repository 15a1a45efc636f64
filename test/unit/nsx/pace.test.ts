/** The pace of calls to a manager: none until refused, halved then, grown while somebody waits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SILENT } from '../../../src/log/index.ts'
import { createRateLimiter } from '../../../src/manager/rate.ts'
import { createNsxManager } from '../../../src/nsx/index.ts'
import { createPace, grown, halved, type PaceState } from '../../../src/nsx/pace.ts'
import type { Handler } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const state = (over: Partial<PaceState>): PaceState => ({
  perSecond: undefined,
  windowStartMs: 0,
  sent: 0,
  hasWaited: false,
  wasRefused: false,
  ...over,
})

test('a refusal halves once a second: what went without a pace, then the pace', () => {
  assert.equal(halved(state({ sent: 60 })).perSecond, 30)
  assert.equal(halved(state({ sent: 5_000 })).perSecond, 50)
  const once = halved(state({ perSecond: 20 }))
  assert.equal(once.perSecond, 10)
  assert.equal(halved(once).perSecond, 10)
  assert.equal(halved(state({ perSecond: 1.5 })).perSecond, 1)
})

test('it grows by a tenth, at least one, only while somebody waits and nobody is refused, up to the cap', () => {
  const after = (over: Partial<PaceState>, nowMs = 1_000) => grown(state(over), nowMs).perSecond
  assert.equal(after({ perSecond: 50, hasWaited: true }), 55)
  assert.equal(after({ perSecond: 2, hasWaited: true }), 3)
  assert.equal(after({ perSecond: 99, hasWaited: true }), 100)
  assert.equal(after({ perSecond: 50 }), 50)
  assert.equal(after({ perSecond: 50, hasWaited: true, wasRefused: true }), 50)
  assert.equal(after({ perSecond: 50, hasWaited: true }, 999), 50)
  assert.equal(after({ hasWaited: true }), undefined)
})

test('calls go evenly and in order; one that would wait too long is told so; an ended one lets go', async () => {
  const clock = createFakeClock()
  const pace = createPace(clock, { startPerSecond: 10 })
  const went: number[] = []
  for (let index = 0; index < 5; index += 1) void pace.enter().then(() => went.push(clock.monotonicMs()))
  await clock.advance(1_000)
  assert.deepEqual(
    went.map((ms) => ms - (went[0] ?? 0)),
    [0, 100, 200, 300, 400],
  )
  const waiting = Array.from({ length: 150 }, () => pace.enter().then(() => 'went', String))
  await clock.advance(60_000)
  const results = await Promise.all(waiting)
  assert.ok(results.some((result) => /the pace it allows/.test(result)))
  void pace.enter()
  const stop = new AbortController()
  const ended = pace.enter(stop.signal)
  stop.abort(new Error('ended'))
  await assert.rejects(ended, /ended/)
})

/** A manager that allows so many requests a second, as NSX does. */
function limited(perSecond: number) {
  const clock = createFakeClock()
  const limiter = createRateLimiter(clock, { clientRequestsPerSecond: perSecond })
  let refused = 0
  const handler: Handler = async () => {
    try {
      limiter.enter('client')()
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }
    } catch {
      refused += 1
      return { status: 429, headers: { 'retry-after': '1' } }
    }
  }
  const { client } = connectInProcess(handler, {
    origin: 'https://nsx.test',
    peer: { address: 'test' },
    clock,
  })
  const nsx = createNsxManager({ http: client, clock, random: createSeededRandom(1), log: SILENT })
  return { clock, nsx, refused: () => refused }
}

test('beside a manager with a limit of its own, few calls are refused and the pace stays near the limit', async () => {
  const { clock, nsx, refused } = limited(50)
  let done = 0
  let isRunning = true
  const worker = async () => {
    while (isRunning) {
      try {
        await nsx.call({ method: 'GET', path: '/x' })
        done += 1
      } catch {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000))
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 5))
    }
  }
  const workers = Array.from({ length: 4 }, worker)
  await clock.advance(30_000)
  isRunning = false
  await clock.advance(12_000)
  await Promise.all(workers)
  assert.ok(done > 30 * 50 * 0.6, `${done} calls`)
  assert.ok(refused() < done * 0.03, `${refused()} refused of ${done}`)
})
