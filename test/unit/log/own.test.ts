/** The log of the process itself: its newest lines in memory, and levels that return by themselves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogLevels, createRecentLog, type RecentLine } from '../../../src/log/index.ts'
import { createPinoLogger } from '../../../src/log/pino.ts'
import { createFakeClock } from '../../fakes/clock.ts'

function start() {
  const clock = createFakeClock()
  const levels = createLogLevels('info', clock)
  const recent = createRecentLog()
  const written: string[] = []
  const log = createPinoLogger({
    level: 'info',
    clock,
    levels,
    recent,
    to: { write: (line) => written.push(line) },
  })
  return { clock, levels, recent, written, log }
}

const line = (text: string): RecentLine => ({ atMs: 0, level: 'info', text })

test('a level set for a while holds for rooms that exist already, and is over by itself', async () => {
  const { clock, levels, written, log } = start()
  const kube = log.child({ room: 'kube' }).child({ resource: 'pods' })
  kube.debug({}, 'one')
  levels.set('debug', 10_000)
  kube.debug({}, 'two')
  levels.end()
  kube.debug({}, 'three')
  levels.set('debug', 10_000)
  await clock.advance(9_999)
  kube.debug({}, 'four')
  await clock.advance(1)
  kube.debug({}, 'five')
  assert.deepEqual(
    written.map((text) => JSON.parse(text).message),
    ['two', 'four'],
  )
  assert.deepEqual(levels.changes(), [])
})

test("a room's own level goes before that of all, also when it says less", () => {
  const { levels, written, log } = start()
  levels.set('debug', 1_000)
  levels.set('error', 1_000, 'kube')
  log.child({ room: 'kube' }).warn({}, 'kube')
  log.child({ room: 'mp' }).debug({}, 'mp')
  log.debug({}, 'no room')
  levels.end('kube')
  log.child({ room: 'kube' }).debug({}, 'kube again')
  assert.deepEqual(
    written.map((text) => JSON.parse(text).message),
    ['mp', 'no room', 'kube again'],
  )
  assert.deepEqual(levels.changes(), [{ level: 'debug', leftMs: 1_000 }])
})

test('the lines kept are the lines written, masked as they are there', () => {
  const { recent, written, log } = start()
  log.info({ password: 'sesame-1' }, 'Bearer sesame-2')
  log.debug({}, 'not written')
  assert.deepEqual(
    recent.lines().map(({ text }) => `${text}\n`),
    written,
  )
  assert.doesNotMatch(JSON.stringify(recent.lines()), /sesame/)
  assert.equal(recent.lines()[0]?.level, 'info')
})

test('the oldest lines go, by number and by size, and are counted', () => {
  const byNumber = createRecentLog(3, 1_000_000)
  for (let n = 0; n < 5_000; n += 1) byNumber.add(line(String(n)))
  assert.deepEqual(
    byNumber.lines().map(({ text }) => text),
    ['4997', '4998', '4999'],
  )
  assert.equal(byNumber.gone, 4_997)
  const bySize = createRecentLog(1_000, 10)
  for (const text of ['aaaa', 'bbbb', 'cccc', 'd'.repeat(50)]) bySize.add(line(text))
  assert.deepEqual(
    bySize.lines().map(({ text }) => text[0]),
    ['d'],
  )
})

test('who follows hears each line until it leaves', () => {
  const recent = createRecentLog()
  const heard: string[] = []
  const leave = recent.follow(({ text }) => heard.push(text))
  recent.add(line('one'))
  leave()
  recent.add(line('two'))
  assert.deepEqual(heard, ['one'])
})
