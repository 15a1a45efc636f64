/** The log and its levels over the status endpoint. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rememberDiagnostics } from '../../../src/diagnostics/index.ts'
import { createLogLevels, createRecentLog } from '../../../src/log/index.ts'
import { createPinoLogger } from '../../../src/log/pino.ts'
import { createStatusHandler } from '../../../src/serve/index.ts'
import type { HttpMethod, ServerRequest } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

function start() {
  const clock = createFakeClock()
  const own = { recent: createRecentLog(), levels: createLogLevels('info', clock) }
  const log = createPinoLogger({ level: 'info', clock, ...own, to: { write() {} } })
  const handler = createStatusHandler({
    status: () => ({ ready: true, checks: [], warnings: [] }),
    idleMs: () => 0,
    history: rememberDiagnostics(clock),
    approve() {},
    adoption: () => [],
    adopt: async () => {},
    own: { log: own, clock },
  })
  const gone = new AbortController()
  const ask = (method: HttpMethod, path: string) => {
    const url = new URL(path, 'http://localhost')
    const request: ServerRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: { host: 'localhost' },
      peer: { address: '' },
      body: async () => new Uint8Array(),
      signal: gone.signal,
    }
    return handler(request)
  }
  const json = async (method: HttpMethod, path: string) => {
    const { status, body } = await ask(method, path)
    return { status, body: JSON.parse(String(body)) }
  }
  return { clock, log, own, ask, json, gone }
}

test('lines by age and level', async () => {
  const { clock, log, ask } = start()
  log.error({}, 'old')
  await clock.advance(60_000)
  log.info({}, 'young')
  log.warn({}, 'bad')
  const messages = async (query: string) =>
    String((await ask('GET', `/logs?${query}`)).body)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).message)
  assert.deepEqual(await messages(''), ['old', 'young', 'bad'])
  assert.deepEqual(await messages('since=30&level=warn'), ['bad'])
  assert.equal((await ask('GET', '/logs?level=loud')).status, 400)
  assert.equal((await ask('GET', '/logs?since=-1')).status, 400)
})

test('who follows gets what was and then what comes, until it leaves; who does not read is bounded', async () => {
  const { log, ask, own, gone } = start()
  log.info({}, 'was')
  const { body } = await ask('GET', '/logs?follow=true')
  const iterator = (body as AsyncIterable<string>)[Symbol.asyncIterator]()
  assert.match((await iterator.next()).value, /"was"/)
  const next = iterator.next()
  log.info({}, 'comes')
  assert.match((await next).value, /"comes"/)
  for (let n = 0; n < 600; n += 1) log.info({ text: 'x'.repeat(4_000) }, 'much')
  const much = (await iterator.next()).value as string
  assert.ok(much.length < 2 * 1_048_576)
  assert.match(much, /"dropped":\d+\}\n$/)
  gone.abort()
  assert.equal((await iterator.next()).done, true)
  assert.ok(own.recent.lines().length > 0)
})

test('a level is changed for a while, for all or for a room, and ended', async () => {
  const { clock, log, own, json } = start()
  const before = own.recent.lines().length
  assert.deepEqual((await json('GET', '/log-level')).body, { configured: 'info', level: 'info', changes: [] })
  const set = await json('POST', '/log-level?level=debug&seconds=60&room=kube')
  assert.deepEqual(set.body.changes, [{ room: 'kube', level: 'debug', left_seconds: 60 }])
  log.child({ room: 'kube' }).debug({}, 'one')
  log.debug({}, 'two')
  await clock.advance(60_000)
  log.child({ room: 'kube' }).debug({}, 'three')
  assert.equal(own.recent.lines().length - before, 1)
  await json('POST', '/log-level?level=error')
  assert.equal((await json('POST', '/log-level?level=configured')).body.level, 'info')
  for (const wrong of [
    'level=loud',
    'level=debug&seconds=0',
    'level=debug&seconds=999999',
    'level=debug&room=x',
  ])
    assert.equal((await json('POST', `/log-level?${wrong}`)).status, 400, wrong)
})
