/** A bundle of one Antrea process: whole or not at all, whatever the process and the link to it do. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { retry } from '../../../src/errors.ts'
import { type BundleSource, collect } from '../../../src/operations/bundle/antrea.ts'
import { masked } from '../../../src/operations/bundle/facts.ts'
import { wantedBundleOf } from '../../../src/operations/bundle/request.ts'
import { wholeOf } from '../../../src/operations/bundle/whole.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const SIGNAL = new AbortController().signal
const BYTES = Buffer.from('0123456789'.repeat(10))
const SUM = { sha256: createHash('sha256').update(BYTES).digest('hex'), bytes: BYTES.length }

async function go<T>(clock: ReturnType<typeof createFakeClock>, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = () => {
    isDone = true
  }
  work.then(done, done)
  for (let steps = 0; !isDone && steps < 2_000; steps += 1) await clock.advance(1_000)
  return work
}

/** Each download gives so many bytes and breaks off. */
async function read(gives: readonly number[], content = BYTES): Promise<string> {
  const clock = createFakeClock()
  let tries = 0
  const download = async () => {
    const most = gives[tries] ?? 0
    tries += 1
    return (async function* () {
      for (let at = 0; at < most; at += 7) yield content.subarray(at, Math.min(at + 7, most))
      if (most < content.length) throw retry('TRANSPORT_RESET', 'cut')
    })()
  }
  const all = async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of wholeOf(download, SUM, 'x', clock, SIGNAL)) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  return go(clock, all())
}

test('a download that breaks off is gone on with, given up without gain, and never taken for whole when it is not', async () => {
  assert.equal(await read([100]), BYTES.toString())
  assert.equal(await read([30, 0, 60, 50, 100]), BYTES.toString())
  await assert.rejects(read([30, 0, 0, 0, 100]), { code: 'TRANSPORT_RESET' })
  await assert.rejects(read([100], Buffer.alloc(100, 'x')), { code: 'BUNDLE_CHANGED' })
  await assert.rejects(read([120], Buffer.alloc(120, '0')), { code: 'BUNDLE_CHANGED' })
})

test('a process that gives up, never ends, or is none is told so', async () => {
  const clock = createFakeClock()
  const source = (answer: unknown): BundleSource => ({
    who: 'x',
    create: async () => ({}),
    read: async () => answer,
    remove: async () => {},
    download: async () => (async function* () {})(),
  })
  const collected = (answer: unknown) =>
    go(clock, collect(source(answer), clock, { sinceS: undefined, held: undefined }, SIGNAL))
  const sum = SUM.sha256
  assert.deepEqual(await collected({ status: 'Collected', sum, size: 100 }), SUM)
  await assert.rejects(collected({ status: 'None' }), { code: 'BUNDLE_NOT_COLLECTED', kind: 'retry' })
  await assert.rejects(collected({ status: 'Collecting' }), {
    code: 'BUNDLE_NOT_COLLECTED',
    kind: 'wait-for',
  })
  for (const wrong of [
    { status: 'Collected', sum: 'x', size: 1 },
    { status: 'Collected', sum, size: 0 },
    7,
    'no',
  ])
    await assert.rejects(collected(wrong), { code: 'BUNDLE_MALFORMED' })
})

test('what a request asks for is read or refused in words, and secrets are masked', () => {
  assert.deepEqual(wantedBundleOf({ nodes: ['a', 'a'], since: '2h', components: ['agent'] }), {
    components: new Set(['agent']),
    nodes: ['a'],
    sinceS: 7_200,
  })
  for (const body of [
    [],
    { nodes: 'a' },
    { nodes: [''] },
    { since: 'soon' },
    { components: ['x'] },
    { components: [] },
  ])
    assert.throws(() => wantedBundleOf(body), { code: 'REQUEST_INVALID' })
  assert.doesNotMatch(masked('{"conf":"ipsec:\\n  psk: hunter2\\n","password":"hunter2"}'), /hunter2/)
})
