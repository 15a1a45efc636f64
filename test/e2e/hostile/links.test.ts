/** Links that break, fall silent, dawdle and are dropped, on real sockets: nothing is lost, nothing runs wild, all is seen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NAMES, play, type Scene } from './scene.ts'

/** In the first minute of an outage, for all watches and probes together. */
const REQUESTS_MAX = 12
/** Half-open links are noticed and replaced within this. */
const SILENCE_MAX_MS = 45_000

async function recovers(it: Scene): Promise<void> {
  it.proxy.behave({ kind: 'pass' })
  await it.until(it.allLive, 45_000, 'all is well again')
  await it.pass(1_000)
  await it.assertComplete()
  assert.deepEqual(it.codes(), [])
}

for (const http2 of [true, false]) {
  const name = http2 ? 'HTTP/2' : 'HTTP/1.1'

  test(`${name}: all links half-open: seen within 45 s, asked 12 times in a minute at most, nothing lost`, () =>
    play({ http2 }, async (it) => {
      await it.pass(5_000)
      it.proxy.accepted = 0
      it.proxy.behave({ kind: 'hold', afterBytes: 0 })
      const beganMs = it.clock.monotonicMs()
      await it.change('in-the-dark')
      await it.until(
        () => NAMES.every((each) => !it.kube.store(each).live),
        SILENCE_MAX_MS,
        'silence is seen',
      )
      await it.pass(60_000 - (it.clock.monotonicMs() - beganMs))
      assert.ok(it.proxy.accepted <= REQUESTS_MAX, `${it.proxy.accepted} links in the first minute`)
      assert.ok(it.codes().includes('KUBE_UNREACHABLE'))
      await recovers(it)
    }))

  for (const afterBytes of [0, 40])
    test(`${name}: open links half-open ${afterBytes === 0 ? 'at rest' : 'in mid-frame'}, new ones well: replaced within 45 s, with what was missed`, () =>
      play({ http2 }, async (it) => {
        await it.pass(5_000)
        it.proxy.behave({ kind: 'hold', afterBytes })
        it.proxy.behave({ kind: 'pass' }, true)
        await it.change('in-the-dark')
        await it.until(
          () => it.kube.store('nodes').get('in-the-dark') !== undefined && it.allLive(),
          SILENCE_MAX_MS + 1_000,
          'replaced',
        )
        await it.pass(15_000)
        await recovers(it)
      }))

  const PHASES: Readonly<Record<string, number>> = {
    'as soon as they are accepted': 0,
    'in the TLS handshake': 300,
    'after the handshake': 1_500,
    'in an answer': 2_500,
    'in a list': 4_000,
  }
  for (const [when, afterBytes] of Object.entries(PHASES))
    test(`${name}: links reset ${when}: 12 in the first minute at most, nothing lost`, () =>
      play({ http2 }, async (it) => {
        await it.pass(35_000)
        it.proxy.behave({ kind: 'reset', afterBytes: 0 })
        it.proxy.accepted = 0
        it.proxy.behave({ kind: 'reset', afterBytes }, true)
        await it.change('in-the-dark')
        await it.pass(60_000)
        assert.ok(it.proxy.accepted <= REQUESTS_MAX, `${it.proxy.accepted} links in the first minute`)
        assert.ok(it.proxy.accepted >= 3, 'it is tried')
        await recovers(it)
      }))

  test(`${name}: a byte a segment is read like anything else`, () =>
    play({ http2, startsLive: false }, async (it) => {
      it.proxy.behave({ kind: 'bytes' })
      await it.until(it.allLive, 20_000, 'all is read')
      await it.change('byte-by-byte')
      await it.until(
        () => it.kube.store('nodes').get('byte-by-byte') !== undefined,
        5_000,
        'the change is read',
      )
      await recovers(it)
      assert.equal(it.proxy.accepted, NAMES.length + 1)
    }))

  test(`${name}: links that drip are given up within 45 s, and not dialled in a frenzy`, () =>
    play({ http2 }, async (it) => {
      await it.pass(5_000)
      it.proxy.accepted = 0
      it.proxy.behave({ kind: 'drip', periodMs: 1_000 })
      await it.change('slowly')
      const beganMs = it.clock.monotonicMs()
      await it.until(
        () => NAMES.every((each) => !it.kube.store(each).live),
        SILENCE_MAX_MS,
        'the drip is seen',
      )
      await it.pass(60_000 - (it.clock.monotonicMs() - beganMs))
      assert.ok(it.proxy.accepted <= REQUESTS_MAX, `${it.proxy.accepted} links in the first minute`)
      await recovers(it)
    }))
}

for (const [http2, how] of [
  [true, 'hold'],
  [false, 'reset'],
] as const)
  test(`${http2 ? 'HTTP/2' : 'HTTP/1.1'}: minutes through a proxy that drops links idle for 60 s (${how === 'reset' ? 'with an RST' : 'silently'}): nothing is lost`, () =>
    play({ http2 }, async (it) => {
      it.proxy.behave({ kind: 'idle', afterMs: 60_000, how })
      it.asked.length = 0
      await it.pass(http2 ? 1_200_000 : 300_000, 2_500)
      await it.change('after-a-while')
      await it.pass(SILENCE_MAX_MS)
      await it.assertComplete()
      const dialled = it.asked.filter((line) => line === 'GET /api/v1/nodes').length
      if (http2) {
        assert.equal(it.proxy.idle, 0, 'PINGs keep the links')
        // Five by time-out at most, and a second watch for each four minutes of silence.
        assert.ok(dialled <= 10, `${dialled} watches of nodes`)
      }
      await recovers(it)
    }))
