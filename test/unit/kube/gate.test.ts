/** The fence: no write is sent after the deadline, by whichever clock is more pessimistic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdapterError } from '../../../src/errors.ts'
import { createGate } from '../../../src/kube/gate.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const isShut = (error: unknown) =>
  error instanceof AdapterError && error.code === 'LEASE_NOT_HELD' && error.kind === 'wait-for'

/** Three clocks that a test moves apart. */
function world() {
  const fake = createFakeClock()
  const time = { wallMs: 1_000_000, monotonicMs: 500, bootMs: 90_000 }
  const clock = {
    ...fake,
    now: () => time.wallMs,
    monotonicMs: () => time.monotonicMs,
    bootMs: () => time.bootMs,
  }
  return { time, gate: createGate(clock) }
}

test('it is shut until the lease is held, and its signal is aborted', () => {
  const { gate } = world()
  assert.throws(() => gate.check(), isShut)
  assert.ok(gate.signal.aborted)
})

test('it is open until renew deadline minus request timeout, counted from the start of the renew', () => {
  const { gate, time } = world()
  const since = gate.moment()
  time.monotonicMs += 2_000
  gate.hold(since)
  gate.check()
  time.monotonicMs += 2_999
  gate.check()
  time.monotonicMs += 1
  assert.throws(() => gate.check(), isShut)
})

test('a wall clock that jumps ahead, as after a suspend, shuts it; one that is set back does not keep it open', () => {
  const jumped = world()
  jumped.gate.hold(jumped.gate.moment())
  jumped.time.wallMs += 5_000
  assert.throws(() => jumped.gate.check(), isShut)
  const back = world()
  back.gate.hold(back.gate.moment())
  back.time.wallMs -= 3_600_000
  back.time.monotonicMs += 5_000
  assert.throws(() => back.gate.check(), isShut)
})

test('shutting aborts what is in flight; the next term has a signal of its own', () => {
  const { gate } = world()
  gate.hold(gate.moment())
  const first = gate.signal
  gate.shut()
  assert.ok(first.aborted)
  assert.ok(isShut(first.reason))
  assert.throws(() => gate.check(), isShut)
  gate.hold(gate.moment())
  assert.ok(!gate.signal.aborted)
  gate.check()
})

test('a suspend shuts it although the monotonic clock stood still and the wall clock was set back', () => {
  const { gate, time } = world()
  gate.hold(gate.moment())
  time.bootMs += 5_000
  time.wallMs -= 3_600_000
  assert.throws(() => gate.check(), isShut)
})

test('how long it really was does not depend on a wall clock that was set', () => {
  const { gate, time } = world()
  const since = gate.moment()
  time.wallMs += 3_600_000
  time.monotonicMs += 10
  time.bootMs += 20
  assert.equal(gate.elapsedRealMs(since), 20)
  assert.equal(gate.elapsedMs(since), 3_600_000)
})
