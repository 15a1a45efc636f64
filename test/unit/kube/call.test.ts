/** One exchange: bodies that grow are cut off, and what is not read is left. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../../src/errors.ts'
import { callJson } from '../../../src/kube/call.ts'
import type { ServerResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock } from '../../fakes/clock.ts'

function world(response: ServerResponse) {
  const clock = createFakeClock()
  const { client } = connectInProcess(async () => response, {
    origin: 'https://kube',
    peer: { address: 'test' },
    clock,
  })
  const call = (bytesMax: number) =>
    callJson(client, clock, { method: 'GET', path: '/', subject: 'GET x', timeoutMs: 1_000, bytesMax })
  return { clock, call }
}

/** Bytes without end; counts what was taken and notes that it was left. */
function endless() {
  const seen = { chunks: 0, left: false }
  async function* body() {
    try {
      while (true) {
        seen.chunks += 1
        yield ' '.repeat(1_000)
      }
    } finally {
      seen.left = true
    }
  }
  return { seen, body: body() }
}

test('an answer over the limit is not read on, and its body is left', async () => {
  const { seen, body } = endless()
  const { call, clock } = world({ status: 200, body })
  await assert.rejects(
    call(10_000),
    (error) => error instanceof TransportError && error.fault === 'too-large',
  )
  await clock.settle()
  assert.ok(seen.left)
  assert.ok(seen.chunks <= 12, `${seen.chunks} chunks`)
  assert.equal(clock.timers, 0)
})

test('of a refusal only the start is read, however long it is', async () => {
  const { seen, body } = endless()
  const { call, clock } = world({ status: 500, body })
  await assert.rejects(call(1_000_000_000), { code: 'KUBE_SERVER_ERROR' })
  await clock.settle()
  assert.ok(seen.left)
  assert.ok(seen.chunks <= 70, `${seen.chunks} chunks`)
})

test('an answer at the limit is taken', async () => {
  const { call } = world({ status: 200, body: `{"a":1}${' '.repeat(93)}` })
  assert.deepEqual(await call(100), { a: 1 })
})
