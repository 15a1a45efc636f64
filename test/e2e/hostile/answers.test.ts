/** Answers that do not end or never come to anything, on real sockets: memory stays flat, and the copy stays whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerResponse } from '../../../src/world/index.ts'
import { play } from './scene.ts'

const MIB = 1_048_576

async function* endless(start: string, sent: { bytes: number }): AsyncGenerator<string> {
  yield start
  const filling = 'x'.repeat(MIB / 4)
  while (true) {
    sent.bytes += filling.length
    yield filling
  }
}

const ENDLESS: Readonly<Record<string, string>> = {
  'one event': '{"type":"ADDED","object":{"kind":"Node","metadata":{"name":"',
  'one line of nothing': '',
}

for (const http2 of [true, false])
  for (const [what, start] of Object.entries(ENDLESS))
    test(`${http2 ? 'HTTP/2' : 'HTTP/1.1'}: a watch that is ${what} without end is left, and the others go on`, () =>
      play({ http2 }, async (it) => {
        await it.pass(5_000)
        const sent = { bytes: 0 }
        const answer = (): ServerResponse => ({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: endless(start, sent),
        })
        it.intercept = ({ path, query }) =>
          path === '/api/v1/nodes' && query.has('watch') ? answer() : undefined
        it.asked.length = 0
        const before = process.memoryUsage().rss
        it.api.faults.dropWatches(/nodes$/)
        for (let second = 0; second < 60; second += 1) {
          await it.pass(1_000)
          assert.ok(process.memoryUsage().rss - before < 256 * MIB, 'memory stays flat')
        }
        const asked = it.asked.filter((line) => line === 'GET /api/v1/nodes').length
        assert.ok(asked >= 2 && asked <= 12, `${asked} times asked`)
        assert.ok(sent.bytes <= asked * 24 * MIB, `${Math.round(sent.bytes / MIB)} MiB for ${asked} answers`)
        assert.equal(it.kube.store('nodes').size, 1, 'the copy is older, not partial')
        assert.ok(it.kube.store('namespaces').live)
        await it.change('meanwhile')
        it.intercept = undefined
        await it.until(it.allLive, 60_000, 'all is well again')
        await completeWithin(it, 60)
      }))

/** A watch counts as live as soon as it is taken; what it is told may take the sockets a while. */
async function completeWithin(
  it: { pass(ms: number): Promise<void>; assertComplete(): Promise<void> },
  seconds: number,
) {
  for (let second = 1; ; second += 1) {
    await it.pass(1_000)
    try {
      return await it.assertComplete()
    } catch (error) {
      if (second >= seconds) throw error
    }
  }
}
