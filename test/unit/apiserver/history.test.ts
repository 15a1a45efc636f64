/** Watches and pages over time: bookmarks, time-outs, compaction, slow readers, frozen links. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APISERVER_BOOKMARK_MS } from '../../../src/limits.ts'
import { MAPS, start } from './harness.ts'

const map = (name: string, data: object = {}) => ({ metadata: { name }, data })

/** A request whose answer nobody reads yet. */
const watchRequest = () => ({
  method: 'GET' as const,
  path: MAPS,
  query: new URLSearchParams({ watch: '1' }),
  headers: {},
  peer: { address: 'x', commonName: 'admin', verified: true },
  signal: new AbortController().signal,
  body: async () => new Uint8Array(),
})

test('a list that goes on after a compaction gets 410 and a way to go on', async () => {
  const { server, send } = start()
  for (const name of ['a', 'b', 'c']) await send('POST', MAPS, map(name))
  const first = await send('GET', `${MAPS}?limit=1`)
  server.compact()
  const same = await send('GET', `${MAPS}?limit=1&continue=${first.body.metadata.continue}`)
  assert.equal(same.code, 200, 'nothing has changed since: the moment is still known')
  await send('POST', MAPS, map('d'))
  server.compact()
  const { code, body } = await send('GET', `${MAPS}?limit=1&continue=${first.body.metadata.continue}`)
  assert.deepEqual([code, body.reason], [410, 'Expired'])
  const rest = await send('GET', `${MAPS}?limit=5&continue=${body.metadata.continue}`)
  assert.deepEqual(
    rest.body.items.map((one: { metadata: { name: string } }) => one.metadata.name),
    ['b', 'c', 'd'],
  )
  const exact = await send(
    'GET',
    `${MAPS}?resourceVersion=${first.body.metadata.resourceVersion}&resourceVersionMatch=Exact`,
  )
  assert.equal(exact.code, 410)
})

test('a watch from a compacted version gets 200 and an ERROR event with 410', async () => {
  const { server, send, watch, clock } = start()
  const made = await send('POST', MAPS, map('a'))
  await send('POST', MAPS, map('b'))
  server.compact()
  const follower = watch(`${MAPS}?watch=1&resourceVersion=${made.body.metadata.resourceVersion}`)
  const current = watch(`${MAPS}?watch=1&resourceVersion=${server.resourceVersion()}`)
  await clock.settle()
  assert.equal(follower.ended(), true)
  assert.equal(follower.events[0].type, 'ERROR')
  assert.deepEqual([follower.events[0].object.code, follower.events[0].object.reason], [410, 'Expired'])
  assert.match(follower.events[0].object.message, /^too old resource version: \d+ \(\d+\)$/)
  assert.equal(current.ended(), false)
})

test('410 as an HTTP status is a fault away', async () => {
  const { server, send } = start()
  server.faults.add({ verbs: ['watch'], status: 410 })
  const { code, body } = await send('GET', `${MAPS}?watch=1`)
  assert.deepEqual([code, body.reason], [410, 'Expired'])
})

test('history is bounded and compacts itself', async () => {
  const { send, watch, clock } = start({ historyEventsMax: 5 })
  const made = await send('POST', MAPS, map('a'))
  for (let n = 0; n < 5; n += 1) await send('PATCH', `${MAPS}/a`, { data: { n: String(n) } })
  const inTime = watch(`${MAPS}?watch=1&resourceVersion=${made.body.metadata.resourceVersion}`)
  await send('PATCH', `${MAPS}/a`, { data: { n: 'more' } })
  const late = watch(`${MAPS}?watch=1&resourceVersion=${made.body.metadata.resourceVersion}`)
  await clock.settle()
  assert.equal(inTime.events.length, 6)
  assert.equal(late.events[0].type, 'ERROR')
})

test('a quiet watch gets bookmarks, and ends at its time-out', async () => {
  const { server, send, watch, clock } = start()
  const follower = watch(
    `${MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=210&resourceVersion=${server.resourceVersion()}`,
  )
  const plain = watch(`${MAPS}?watch=1&resourceVersion=${server.resourceVersion()}`)
  await clock.advance(APISERVER_BOOKMARK_MS)
  assert.equal(follower.events.length, 0, 'a bookmark of the version the client has says nothing')
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'elsewhere' } })
  await clock.advance(2 * APISERVER_BOOKMARK_MS)
  assert.deepEqual(
    follower.events.map(({ type, object }) => [type, object.metadata.resourceVersion]),
    [
      ['BOOKMARK', server.resourceVersion()],
      ['BOOKMARK', server.resourceVersion()],
    ],
  )
  assert.equal(plain.events.length, 0)
  await clock.advance(30_000)
  assert.deepEqual([follower.ended(), plain.ended()], [true, false])
  await clock.advance(3_600_000)
  assert.equal(plain.ended(), true)
})

test('a frozen watch stays open and says nothing any more', async () => {
  const { server, send, watch, clock } = start()
  const frozen = watch(`${MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=100`)
  const other = watch('/api/v1/pods?watch=1')
  await clock.settle()
  assert.equal(server.faults.freezeWatches(/configmaps/), 1)
  await send('POST', MAPS, map('a'))
  await clock.advance(200_000)
  assert.deepEqual([frozen.events.length, frozen.ended(), other.ended()], [0, false, false])
  server.faults.clear()
  await clock.settle()
  assert.equal(frozen.ended(), false)
  frozen.stop()
  await clock.settle()
  assert.equal(server.openWatches(), 1)
})

test('what a frozen watch had not sent yet is never sent', async () => {
  const { server, send, clock } = start()
  await send('POST', MAPS, map('a'))
  const { body } = await server.handler(watchRequest())
  server.faults.freezeWatches()
  let isAnswered = false
  const iterator = (body as AsyncIterable<string>)[Symbol.asyncIterator]()
  void iterator.next().then(() => {
    isAnswered = true
  })
  await clock.settle()
  assert.equal(isAnswered, false)
  await iterator.return?.()
  assert.equal(server.openWatches(), 0)
})

test('dropped watches end in order', async () => {
  const { server, watch, clock } = start()
  const dropped = watch(`${MAPS}?watch=1`)
  const other = watch('/api/v1/pods?watch=1')
  await clock.settle()
  assert.equal(server.faults.dropWatches(/configmaps/), 1)
  await clock.settle()
  assert.deepEqual([dropped.ended(), other.ended(), server.openWatches()], [true, false, 1])
})

test('a watch that nobody reads is ended when its buffer is full', async () => {
  const { server, send } = start()
  const response = await server.handler(watchRequest())
  assert.equal(server.openWatches(), 1)
  await send('POST', MAPS, map('a'))
  for (let n = 0; n < 20; n += 1)
    await send('PATCH', `${MAPS}/a`, { data: { n: String(n), text: 'x'.repeat(1_000_000) } })
  assert.equal(server.openWatches(), 0)
  let events = 0
  for await (const chunk of response.body as AsyncIterable<string>) events += chunk.split('\n').length - 1
  assert.ok(events > 5 && events < 20, `${events} events waited`)
})

test('many watches are written from one text', async () => {
  const { send, watch, clock } = start()
  const followers = [1, 2, 3].map(() => watch(`${MAPS}?watch=1`))
  await clock.settle()
  await send('POST', MAPS, map('a'))
  await send('DELETE', `${MAPS}/a`)
  await clock.settle()
  for (const { events } of followers)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['ADDED', 'DELETED'],
    )
})
