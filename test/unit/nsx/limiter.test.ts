/** Pace and places of all calls together: 20 a second at first, halved by refusals, grown by steps to the cap. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLimiter } from '../../../src/nsx/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const made = (over: { maxPerSecond?: number; inFlightMax?: number } = {}) => {
  const clock = createFakeClock()
  const options = { startPerSecond: 20, maxPerSecond: 100, stepPerSecond: 2, inFlightMax: 8, ...over }
  return { clock, limiter: createLimiter({ clock, ...options }) }
}

/** Callers that always want more. */
function greedy({ clock, limiter }: ReturnType<typeof made>, callers: number) {
  const sent: number[] = []
  const state = { isRunning: true, tooLate: 0 }
  const one = async () => {
    while (state.isRunning) {
      const work = limiter.run(async () => void sent.push(clock.monotonicMs()))
      await work.catch(() => {
        state.tooLate += 1
        return new Promise<void>((resolve) => clock.setTimeout(resolve, 100))
      })
    }
  }
  const all = Array.from({ length: callers }, one)
  const end = async () => {
    state.isRunning = false
    await clock.advance(20_000)
    await Promise.all(all)
  }
  return { sent, end }
}

test('it begins at 20 a second and grows by steps to the cap while calls wait', async () => {
  const scene = made()
  const { sent, end } = greedy(scene, 12)
  await scene.clock.advance(1_000)
  assert.ok(Math.abs(sent.length - 20) <= 2, `${sent.length} in the first second`)
  await scene.clock.advance(9_000)
  const { perSecond = 0 } = scene.limiter
  assert.ok(perSecond >= 36 && perSecond <= 40, `${perSecond} after ten seconds`)
  await scene.clock.advance(60_000)
  assert.equal(scene.limiter.perSecond, 100)
  await end()
})

test('a refusal halves it once a second, and nothing goes before Retry-After', async () => {
  const scene = made()
  const { sent, end } = greedy(scene, 4)
  await scene.clock.advance(3_000)
  const before = scene.limiter.perSecond ?? 0
  scene.limiter.refused(2_000)
  scene.limiter.refused(2_000)
  assert.equal(scene.limiter.perSecond, before / 2)
  const atMs = scene.clock.monotonicMs()
  await scene.clock.advance(6_000)
  // Those that had their turn already may still go.
  const early = sent.filter((ms) => ms > atMs + 300 && ms < atMs + 2_000)
  assert.deepEqual(early, [])
  assert.ok(sent.some((ms) => ms >= atMs + 2_000))
  await end()
})

test('never more at once than it says, first come first served; an ended wait gives its place on', async () => {
  const { clock, limiter } = made({ inFlightMax: 2 })
  const open: (() => void)[] = []
  const began: number[] = []
  const begin = (index: number, signal?: AbortSignal) =>
    limiter.run(() => {
      began.push(index)
      return new Promise<void>((resolve) => open.push(resolve))
    }, signal)
  const stop = new AbortController()
  const works = [begin(0), begin(1), begin(2, stop.signal), begin(3), begin(4)]
  await clock.advance(1_000)
  assert.deepEqual(began, [0, 1])
  stop.abort(new Error('ended'))
  await assert.rejects(works[2] ?? Promise.resolve(), /ended/)
  open[0]?.()
  await clock.advance(1_000)
  assert.deepEqual(began, [0, 1, 3])
  assert.equal(limiter.inFlight, 2)
  open[1]?.()
  open[2]?.()
  await clock.advance(1_000)
  open[3]?.()
  await clock.advance(1_000)
  assert.deepEqual(began, [0, 1, 3, 4])
  assert.equal(limiter.inFlight, 0)
})

test('whatever comes and is refused, no second sees more calls than the cap, and it ends with nothing in flight', async () => {
  const event = fc.oneof(
    fc.record({ waitMs: fc.nat(400), calls: fc.nat(30) }),
    fc.record({ waitMs: fc.nat(400), refusedMs: fc.nat(1_500) }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 25 }),
      fc.integer({ min: 1, max: 30 }),
      async (events, cap) => {
        const clock = createFakeClock()
        const limiter = createLimiter({
          clock,
          startPerSecond: Math.min(20, cap),
          maxPerSecond: cap,
          stepPerSecond: 2,
          inFlightMax: 5,
        })
        const sent: number[] = []
        let inFlightMax = 0
        const works: Promise<unknown>[] = []
        for (const one of events) {
          if ('refusedMs' in one) limiter.refused(one.refusedMs)
          else
            for (let index = 0; index < one.calls; index += 1)
              works.push(
                limiter
                  .run(async () => {
                    sent.push(clock.monotonicMs())
                    inFlightMax = Math.max(inFlightMax, limiter.inFlight)
                  })
                  .catch(() => {}),
              )
          await clock.advance(one.waitMs)
        }
        await clock.advance(120_000)
        await Promise.all(works)
        assert.ok(inFlightMax <= 5)
        assert.equal(limiter.inFlight, 0)
        for (const ms of sent) {
          const inSecond = sent.filter((other) => other >= ms && other < ms + 1_000).length
          assert.ok(inSecond <= cap + 1, `${inSecond} in a second with a cap of ${cap}`)
        }
      },
    ),
    { numRuns: 30 },
  )
})
