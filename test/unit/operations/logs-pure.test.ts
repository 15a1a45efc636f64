/** Logs, what is pure of them: requests, lines out of chunks, levels, the newest of many, and where a log was left. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AdapterError } from '../../../src/errors.ts'
import { LOGS_GATHERED_MAX, LOGS_LINE_CHARS_MAX, LOGS_WORD_CHARS_MAX } from '../../../src/limits.ts'
import { createGatherer } from '../../../src/operations/logs/gather.ts'
import { levelOfLine } from '../../../src/operations/logs/level.ts'
import { createLineSplitter, timeOfMs } from '../../../src/operations/logs/lines.ts'
import { secondsOf, wantedLogsOf } from '../../../src/operations/logs/request.ts'
import { createCursor } from '../../../src/operations/logs/stream.ts'
import { createNewest, inPortions, type LogLine } from '../../../src/operations/logs/told.ts'
import { createFakeClock } from '../../fakes/clock.ts'

test('a request without anything is for all of it; nodes alone mean their agents', () => {
  const all = wantedLogsOf(undefined)
  assert.deepEqual([...all.components], ['controller', 'agent', 'adapter'])
  assert.deepEqual([all.level, all.limit, all.follow, all.previous], ['debug', 1_000, false, false])
  const nodes = wantedLogsOf({
    nodes: ['n1'],
    since: '10m',
    level: 'warn',
    limit: 5,
    container: 'antrea-ovs',
  })
  assert.deepEqual([...nodes.components], ['agent'])
  assert.deepEqual([nodes.sinceS, nodes.level, nodes.limit, nodes.container], [600, 'warn', 5, 'antrea-ovs'])
})

test('what a request must not say is refused with the field', () => {
  for (const [body, field] of [
    [[], 'body'],
    [{ component: 'kubelet' }, 'component'],
    [{ component: [] }, 'component'],
    [{ nodes: [7] }, 'nodes'],
    [{ since: 'yesterday' }, 'since'],
    [{ since: -1 }, 'since'],
    [{ level: 'loud' }, 'level'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 1e9 }, 'limit'],
    [{ follow: 'yes' }, 'follow'],
    [{ follow: true, previous: true }, 'previous'],
    [{ container: '../..' }, 'container'],
  ] as const)
    assert.throws(
      () => wantedLogsOf(body),
      ({ code, kind, message }: AdapterError) =>
        code === 'REQUEST_INVALID' && kind === 'needs-person' && message.includes(field),
      JSON.stringify(body),
    )
})

test('durations', () => {
  assert.deepEqual(
    ['90', '90s', '10m', '2h', '1d', 7, 0.4].map(secondsOf),
    [90, 90, 600, 7_200, 86_400, 7, 1],
  )
  for (const none of ['', 'm', '1w', '-5', '0', '1e9', 0, Number.NaN, null, {}])
    assert.equal(secondsOf(none), undefined)
})

const linesOf = (chunks: readonly Uint8Array[]) => {
  const splitter = createLineSplitter()
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

test('lines are the same however they come in chunks', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((one) => one.replace(/[\r\n]/g, '·'))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), fc.array(fc.nat(200)), (texts, cuts) => {
      const bytes = Buffer.from(texts.map((one) => `2026-01-02T03:04:05.000000001Z ${one}\n`).join(''))
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      assert.deepEqual(
        linesOf(chunks),
        texts.map((one) => ({ time: '2026-01-02T03:04:05.000000001Z', text: one })),
      )
    }),
  )
})

test('a line without end is cut and holds nothing more, and the next one is whole', () => {
  const splitter = createLineSplitter()
  for (let n = 0; n < 1_000; n += 1) assert.deepEqual(splitter.push(Buffer.alloc(1_000, 'x')), [])
  const [long, next] = splitter.push(Buffer.from('\nshort\n'))
  assert.ok((long?.text.length ?? 0) <= LOGS_LINE_CHARS_MAX + 40)
  assert.ok(long?.text.endsWith('…'))
  assert.equal(next?.text, 'short')
})

test('times are UTC with nine digits, whatever zone and precision the Node writes', () => {
  const time = (text: string) => linesOf([Buffer.from(`${text} x\n`)])[0]?.time
  assert.equal(time('2026-01-02T03:04:05Z'), '2026-01-02T03:04:05.000000000Z')
  assert.equal(time('2026-01-02T03:04:05.12+02:00'), '2026-01-02T01:04:05.120000000Z')
  assert.equal(time('2026-01-02T03:04:05.123456789Z'), '2026-01-02T03:04:05.123456789Z')
  assert.equal(time('2026-99-02T03:04:05Z'), undefined)
  assert.equal(time('unable to retrieve container logs'), undefined)
  assert.equal(timeOfMs(Date.UTC(2026, 0, 2, 3, 4, 5, 7)), '2026-01-02T03:04:05.007000000Z')
})

test('levels of klog, Open vSwitch, zap and the adapter itself; a stack goes with its line', () => {
  for (const [text, level] of [
    ['I1125 09:00:00.000000       1 a.go:1] x', 'info'],
    ['W1125 09:00:00.000000       1 a.go:1] x', 'warn'],
    ['E1125 09:00:00.000000       1 a.go:1] x', 'error'],
    ['F1125 09:00:00.000000       1 a.go:1] x', 'error'],
    ['2026-11-25T09:00:00.000Z|00001|vlog|WARN|x', 'warn'],
    ['2026-11-25T09:00:00.000Z|00001|vlog|DBG|x', 'debug'],
    ['{"level":"error","ts":1,"msg":"x"}', 'error'],
    ['{"ts":1,"level":"dpanic"}', 'error'],
    ['time=x level=warning msg=y', 'warn'],
    ['goroutine 1 [running]:', undefined],
    ['Error: no klog line', undefined],
    [`${'x'.repeat(5_000)} level=error`, undefined],
  ] as const)
    assert.equal(levelOfLine(text), level, text)
})

const line = (time: string, source: string, text = 'x'): LogLine => ({ time, source, level: 'info', text })

test('the newest lines of many logs are kept by time, whatever order they are read in', () => {
  const time = fc.nat(50).map((n) => String(n).padStart(2, '0'))
  fc.assert(
    fc.property(fc.array(time, { maxLength: 400 }), fc.integer({ min: 1, max: 30 }), (times, limit) => {
      const newest = createNewest(limit, 1e9)
      for (const [n, one] of times.entries()) newest.add(line(one, `s${n % 3}`))
      assert.deepEqual(
        newest.lines().map((one) => one.time),
        times.toSorted().slice(-limit),
      )
      assert.equal(newest.left, Math.max(0, times.length - limit))
    }),
  )
})

test('what is kept and told is bounded in size too', () => {
  const newest = createNewest(1_000, 10_000)
  for (let n = 0; n < 500; n += 1) newest.add(line(String(n).padStart(4, '0'), 's', 'x'.repeat(1_000)))
  const kept = newest.lines()
  assert.ok(kept.length > 0 && kept.length <= 10)
  assert.equal(kept.at(-1)?.time, '0499')
  assert.equal(newest.left, 500 - kept.length)
  const portions = [...inPortions(Array.from({ length: 250 }, () => line('1', 's', 'x'.repeat(1_000))))]
  assert.equal(portions.flat().length, 250)
  for (const portion of portions)
    assert.ok(portion.reduce((sum, { text }) => sum + text.length, 0) <= LOGS_WORD_CHARS_MAX + 1_000)
})

test('a log that is opened again anywhere, by whole seconds, gives each line once', () => {
  const times = fc.array(fc.nat(4_000), { maxLength: 30 }).map((all) => all.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(times, fc.array(fc.nat(30)), (all, cuts) => {
      const cursor = createCursor()
      const seen: string[] = []
      const lines = all.map((ms, n) => ({ time: timeOfMs(1e12 + ms), text: String(n) }))
      for (const end of [
        ...cuts.map((cut) => cut % (lines.length + 1)).toSorted((a, b) => a - b),
        lines.length,
      ]) {
        cursor.rewind()
        const from = `${cursor.time?.slice(0, 19) ?? ''}`
        for (const one of lines.slice(0, end).filter(({ time }) => time.slice(0, 19) >= from))
          if (!cursor.isKnown(one)) seen.push(one.text)
      }
      assert.deepEqual(
        seen,
        lines.map(({ text }) => text),
      )
    }),
  )
})

test('lines of fast streams wait for their turn to be told, and what cannot wait is not held without end', async () => {
  const clock = createFakeClock()
  const told: LogLine[] = []
  const stop = new AbortController()
  const gatherer = createGatherer(
    clock,
    (lines) => void told.push(...lines),
    async () => {},
  )
  const running = gatherer.run(stop.signal)
  const many = Array.from({ length: LOGS_GATHERED_MAX }, (_, n) => line(String(n).padStart(5, '0'), 's'))
  await gatherer.add(many, stop.signal)
  let isIn = false
  const next = gatherer.add([line('99999', 's')], stop.signal).then(() => {
    isIn = true
  })
  assert.equal(gatherer.offer(line('0', 's')), false)
  await clock.settle()
  assert.equal(isIn, false)
  await clock.advance(600)
  await next
  assert.equal(told.length, LOGS_GATHERED_MAX)
  stop.abort()
  await clock.settle()
  await running
  assert.equal(told.at(-1)?.time, '99999', 'what is held is told at the end')
})
