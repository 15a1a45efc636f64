/** The log keeps secrets out of its lines, whatever name or form they come under, and stays within its bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPinoLogger, type LogLevel } from '../../../src/log/pino.ts'
import { sayOnce } from '../../../src/log/repeats.ts'
import { createFakeClock } from '../../fakes/clock.ts'

function logger(level: LogLevel = 'debug') {
  const lines: string[] = []
  const log = createPinoLogger({ level, clock: createFakeClock(), to: { write: (line) => lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

test('a line is one JSON object with level, time, fields and the message', () => {
  const { log, lines, last } = logger()
  log.child({ room: 'kube' }).info({ objects: 3 }, 'the list is in')
  assert.equal(lines.length, 1)
  assert.ok(lines[0]?.endsWith('}\n'))
  assert.deepEqual(last(), {
    level: 'info',
    time: '2026-01-01T00:00:00.000Z',
    room: 'kube',
    objects: 3,
    message: 'the list is in',
  })
})

test('secrets are masked by name and by form, at any depth, in messages and in errors', () => {
  const { log, lines } = logger()
  const key = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----'
  log.child({ token: 'sesame-1' }).warn(
    {
      user: { password: 'sesame-2', deep: [{ 'client-key-data': 'sesame-3' }] },
      headers: { authorization: 'Basic sesame-4', accept: 'application/json' },
      err: new Error('refused with Bearer sesame-5', {
        cause: Object.assign(new Error(key), { cookie: 'sesame-6' }),
      }),
    },
    'https://admin:sesame-7@nsx.example/ refuses',
  )
  assert.doesNotMatch(lines[0] ?? '', /sesame|MHcCAQEE/)
  assert.match(lines[0] ?? '', /application\/json/)
})

test('what is no secret stays: object keys, counts, names', () => {
  const { log, last } = logger()
  log.info({ key: 'shop/cart', tokens: undefined, keys: 3 }, 'x')
  assert.equal(last()['key'], 'shop/cart')
  assert.equal(last()['keys'], 3)
})

test('a line stays small whatever comes: long texts, wide and endless objects', () => {
  const { log, lines } = logger()
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  log.error({ text: 'x'.repeat(1e6), wide: Array.from({ length: 1e4 }, (_, n) => n), loop }, 'y'.repeat(1e5))
  assert.ok((lines[0]?.length ?? 0) < 20_000)
})

test('levels below the configured one are not written', () => {
  const { log, lines } = logger('warn')
  log.info({}, 'no')
  log.warn({}, 'yes')
  assert.equal(lines.length, 1)
})

test('the same warning is said once a minute, with how often it was meant', async () => {
  const clock = createFakeClock()
  const lines: string[] = []
  const log = sayOnce(
    createPinoLogger({ level: 'debug', clock, to: { write: (line) => lines.push(line) } }),
    clock,
  )
  for (let n = 0; n < 5; n += 1) log.child({ room: 'mp' }).warn({ try: n }, 'it refuses connections')
  log.error({}, 'it refuses connections')
  log.warn({}, 'something else')
  for (let n = 0; n < 3; n += 1) log.info({}, 'said each time')
  assert.equal(lines.length, 6)
  await clock.advance(60_000)
  log.warn({}, 'it refuses connections')
  assert.equal((JSON.parse(lines.at(-1) ?? '{}') as { repeated?: number }).repeated, 4)
  for (let n = 0; n < 1_000; n += 1) log.warn({}, `line ${n}`)
  log.warn({}, 'line 0')
  assert.equal(lines.length, 1_008, 'what was forgotten is said again')
})
