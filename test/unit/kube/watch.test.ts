/** One watched resource over a link that a test breaks: whatever happens, the store is what the cluster is, never a part. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor } from 'xstate'
import type { AdapterError } from '../../../src/errors.ts'
import { projectionOf } from '../../../src/kube/projections.ts'
import { RESOURCES } from '../../../src/kube/resources.ts'
import { createStore } from '../../../src/kube/store.ts'
import { provideWatch } from '../../../src/kube/watch.ts'
import { createJsonReader } from '../../../src/kube/wire-json.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createFakeKubeApi, failure } from '../../fakes/kube-api.ts'

const PODS = '/api/v1/pods'
const at = (name: string) => `/api/v1/namespaces/demo/pods/${name}`

function world(options: { reachable?: () => Promise<void>; pings?: boolean } = {}) {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const link = connectInProcess(api.handler, {
    origin: 'https://kube',
    peer: { address: 'test' },
    clock,
    pings: options.pings ?? true,
  })
  const store = createStore(RESOURCES.pods)
  const reports: (string | undefined)[] = []
  const doubts: string[] = []
  const put = (name: string) => api.put(at(name), { metadata: { name, namespace: 'demo' } })
  const probe = async (signal: AbortSignal) => {
    const answer = await link.client.request({
      method: 'GET',
      path: '/version',
      headersTimeoutMs: 5_000,
      signal,
    })
    for await (const _ of answer.body) break
  }
  const logic = provideWatch({
    http: link.client,
    store,
    reader: createJsonReader(RESOURCES.pods, projectionOf('pods')),
    clock,
    random: createSeededRandom(7),
    userAgent: 'test/1',
    reachable: options.reachable ?? (async () => {}),
    probe,
    doubt: (error) => doubts.push(error.code),
    report: (problem: AdapterError | undefined) => reports.push(problem?.code),
  })
  const actor = createActor(logic, { clock })
  const names = () => [...store.keys()].map((key) => key.replace('demo/', '')).sort()
  const state = () => JSON.stringify(actor.getSnapshot().value)
  const start = async () => {
    actor.start()
    await clock.settle()
  }
  const asked = () => api.asked.filter(({ path }) => path === PODS)
  const lists = () => asked().filter(({ query }) => query['watch'] !== 'true' || 'sendInitialEvents' in query)
  return { clock, api, link, store, reports, doubts, put, actor, names, lists, state, start, asked }
}

/** Synced and live, holding just what the server has. */
function assertFollows({ store, names }: ReturnType<typeof world>, expected: string[]) {
  assert.deepEqual([store.synced, store.live, names()], [true, true, expected])
}

test('a streamed list: complete at its mark, then every change', async () => {
  const it = world()
  it.put('a')
  it.put('b')
  await it.start()
  assertFollows(it, ['a', 'b'])
  it.put('c')
  it.api.remove(at('a'))
  await it.clock.settle()
  assertFollows(it, ['b', 'c'])
  assert.equal(it.asked().length, 1)
  assert.equal(it.asked()[0]?.query['allowWatchBookmarks'], 'true')
  const timeout = Number(it.asked()[0]?.query['timeoutSeconds'])
  assert.ok(timeout >= 300 && timeout <= 600)
})

test('the store is not synced before the mark came', async () => {
  const it = world()
  it.api.streamedLists = 'ignore'
  it.put('a')
  await it.start()
  assert.deepEqual([it.store.synced, it.store.size], [false, 0])
})

test('a server that refuses streamed lists is listed in pages, without waiting', async () => {
  const it = world()
  it.api.streamedLists = 'refuse'
  for (let each = 0; each < 1_100; each += 1) it.put(`p${each}`)
  await it.start()
  assert.equal(it.store.size, 1_100)
  assert.ok(it.store.live)
  assert.equal(it.asked().filter(({ query }) => query['limit'] === '500').length, 3)
  it.put('late')
  await it.clock.settle()
  assert.equal(it.store.size, 1_101)
})

test('a server that takes the parameters for nothing is listed in pages, at its first bookmark or after 10 s of silence', async () => {
  const quiet = world()
  quiet.api.streamedLists = 'ignore'
  quiet.put('a')
  await quiet.start()
  await quiet.clock.advance(9_900)
  assert.equal(quiet.store.synced, false)
  await quiet.clock.advance(200)
  assertFollows(quiet, ['a'])
  const marked = world()
  marked.api.streamedLists = 'ignore'
  marked.put('a')
  await marked.start()
  marked.api.bookmark()
  await marked.clock.settle()
  assertFollows(marked, ['a'])
})

test('a stream that the server ends is resumed where it stood, at once and without a list; it stays live', async () => {
  const it = world()
  it.put('a')
  await it.start()
  await it.clock.advance(20_000)
  let wasDown = false
  it.store.onState(() => {
    wasDown ||= !it.store.live
  })
  it.api.endWatches()
  it.put('b')
  it.api.remove(at('a'))
  await it.clock.settle()
  assertFollows(it, ['b'])
  assert.equal(wasDown, false)
  assert.equal(it.lists().length, 1)
  assert.equal(it.asked().length, 2)
})

test('a bookmark moves the position, so that a compaction before it costs no list', async () => {
  const it = world()
  it.put('a')
  await it.start()
  await it.clock.advance(20_000)
  it.api.compact()
  it.api.bookmark()
  await it.clock.settle()
  it.api.endWatches()
  await it.clock.settle()
  assertFollows(it, ['a'])
  assert.equal(it.lists().length, 1)
})

for (const shape of ['stream', 'status'] as const)
  test(`410 as ${shape}: one new list at once; what vanished meanwhile is gone, and the old copy is whole until then`, async () => {
    const it = world()
    it.put('a')
    it.put('b')
    await it.start()
    await it.clock.advance(20_000)
    const sizes = new Set<number>()
    it.store.subscribe(() => sizes.add(it.store.size))
    if (shape === 'status')
      it.api.intercept = ({ query }) =>
        query.has('resourceVersion') ? failure(410, 'Expired', 'too old') : undefined
    it.link.faults.cut()
    it.api.remove(at('a'))
    it.put('c')
    it.put('d')
    it.api.compact()
    await it.clock.advance(1_000)
    assertFollows(it, ['b', 'c', 'd'])
    assert.deepEqual([...sizes], [3], 'swapped in one step')
    assert.equal(it.lists().length, 2)
  })

test('a server that answers every watch with 410 is not hammered', async () => {
  const it = world()
  it.api.streamedLists = 'refuse'
  it.put('a')
  it.api.intercept = ({ query }) =>
    query.has('resourceVersion') ? failure(410, 'Expired', 'too old') : undefined
  await it.start()
  await it.clock.advance(60_000)
  assert.ok(it.asked().length < 40, `${it.asked().length} requests`)
  assert.ok(it.store.synced)
  assert.equal(it.store.live, false)
})

test('410 in the middle of the pages: the next list is one answer', async () => {
  const it = world()
  it.api.streamedLists = 'refuse'
  for (let each = 0; each < 700; each += 1) it.put(`p${each}`)
  it.api.intercept = ({ query }) =>
    query.has('continue') ? failure(410, 'Expired', 'the continue token is too old') : undefined
  await it.start()
  assert.equal(it.store.size, 700)
  assert.ok(it.store.live)
  assert.deepEqual(
    it
      .asked()
      .filter(({ query }) => query['watch'] !== 'true')
      .map(({ query }) => query['limit']),
    ['500', '500', undefined],
  )
})

test('a cut is resumed after a short back-off, without a list', async () => {
  const it = world()
  it.put('a')
  await it.start()
  await it.clock.advance(20_000)
  it.link.faults.cut()
  it.put('b')
  await it.clock.settle()
  assert.equal(it.store.live, false)
  assert.ok(it.store.synced, 'the copy is older, not partial')
  assert.deepEqual(it.names(), ['a'])
  await it.clock.advance(900)
  assertFollows(it, ['a', 'b'])
  assert.equal(it.lists().length, 1)
  assert.deepEqual(it.reports, [undefined, 'TRANSPORT_RESET', undefined])
})

test('a half-open link shows within 35 s and is replaced; what was missed comes in', async () => {
  const it = world()
  it.put('a')
  await it.start()
  await it.clock.advance(20_000)
  it.link.faults.blackhole(true)
  it.put('b')
  await it.clock.advance(35_000)
  assert.equal(it.store.live, false)
  it.link.faults.blackhole(false)
  await it.clock.advance(35_000)
  assertFollows(it, ['a', 'b'])
  assert.equal(it.lists().length, 1)
})

/** One stream falls silent for good; every request after it comes through. */
async function killStream(it: ReturnType<typeof world>) {
  it.link.faults.blackhole(true)
  await it.clock.settle()
  it.link.faults.blackhole(false)
}

/** Watches that were opened to stay; a second watch that only looks asks for seconds. */
const dialled = (it: ReturnType<typeof world>) =>
  it.asked().filter(({ query }) => Number(query['timeoutSeconds']) >= 300)

for (const pings of [true, false])
  test(`one dead stream beside a healthy server is replaced within 45 s (${pings ? 'asked by PING' : 'by a second watch'})`, async () => {
    const it = world({ pings })
    it.put('a')
    await it.start()
    await killStream(it)
    it.put('b')
    await it.clock.advance(29_900)
    assert.deepEqual(it.names(), ['a'])
    assert.equal(it.asked().length, 1)
    await it.clock.advance(15_100)
    assertFollows(it, ['a', 'b'])
    assert.equal(it.lists().length, 1)
    assert.equal(dialled(it).length, 2)
  })

test('a PING that is not answered is a doubt of the whole link, and shows', async () => {
  const it = world()
  await it.start()
  await killStream(it)
  await it.clock.advance(40_000)
  assert.equal(it.store.live, false)
  assert.deepEqual(it.doubts, ['KUBE_SILENT'])
  assert.deepEqual(it.reports.at(-1), 'KUBE_SILENT')
})

for (const pings of [true, false])
  test(`hours of quiet: never down, never listed again, dialled at most 12 times an hour (${pings ? 'PING' : 'second watches'})`, async () => {
    const it = world({ pings })
    it.put('a')
    await it.start()
    let changes = 0
    it.store.onState(() => {
      changes += 1
    })
    for (let minute = 0; minute < 180; minute += 1) {
      await it.clock.advance(60_000)
      it.api.bookmark()
      await it.clock.settle()
    }
    assertFollows(it, ['a'])
    assert.equal(changes, 0)
    assert.equal(it.lists().length, 1)
    assert.ok(dialled(it).length <= 36, `${dialled(it).length} in three hours`)
    // Over HTTP/1.1 the connection cannot be asked: a second watch, short and alone, for each half minute of silence. Here
    // a bookmark comes each minute.
    const seconds = it.asked().length - dialled(it).length
    if (pings) assert.equal(seconds, 0, 'nobody else asks')
    else assert.ok(seconds > 0 && seconds <= 3 * 60 + 1, `${seconds} second watches in three hours`)
    assert.equal(it.api.watchers, 1, 'replaced streams and second watches are left')
  })

test('a second watch that is told of a change which then comes by the first leaves the first alone', async () => {
  const it = world({ pings: false })
  await it.start()
  await it.clock.advance(30_500)
  assert.match(it.state(), /checking/)
  it.put('a')
  await it.clock.advance(20_000)
  assertFollows(it, ['a'])
  assert.equal(dialled(it).length, 1)
})

test('a second watch that cannot be opened ends the first', async () => {
  const it = world({ pings: false })
  await it.start()
  it.api.intercept = ({ query }) => (query.has('watch') ? failure(500, 'InternalError', 'etcd') : undefined)
  await it.clock.advance(31_000)
  assert.equal(it.store.live, false)
  assert.equal(it.reports.at(-1), 'KUBE_SERVER_ERROR')
})

test('a connection that lives and a stream behind it that does not: a second watch finds out within four minutes', async () => {
  const it = world()
  await it.start()
  // The server forgets its watchers and says nothing, as a proxy whose other side is gone; PINGs are answered.
  it.api.forgetWatches()
  it.put('a')
  await it.clock.advance(224_000)
  assert.deepEqual(it.names(), [])
  assert.equal(it.asked().length, 1)
  await it.clock.advance(5_000)
  assertFollows(it, ['a'])
})

test('a stream that the server does not end is ended here', async () => {
  const it = world()
  await it.start()
  for (let second = 0; second < 640; second += 10) {
    await it.clock.advance(10_000)
    it.put(`p${second}`)
  }
  await it.clock.settle()
  assert.equal(it.asked().length, 2)
  assert.equal(it.store.size, 64)
  assert.ok(it.store.live)
})

test('a busy stream is never taken for a silent one', async () => {
  const it = world()
  await it.start()
  for (let second = 0; second < 100; second += 1) {
    await it.clock.advance(1_000)
    it.put(`p${second}`)
    await it.clock.settle()
  }
  assert.equal(it.asked().length, 1)
  assert.equal(it.store.size, 100)
})

test('a stream of garbage is thrown away and read again from where the store stands', async () => {
  const bad: unknown[] = [
    7,
    { type: 'WHAT' },
    { type: 'ADDED', object: { metadata: { name: 'x' } } },
    { type: 'ADDED', object: null },
    { type: 'BOOKMARK', object: {} },
    { type: 'ERROR' },
  ]
  for (const line of bad) {
    const it = world()
    it.put('a')
    await it.start()
    await it.clock.advance(20_000)
    it.api.say(PODS, line)
    await it.clock.settle()
    assert.equal(it.store.live, false, JSON.stringify(line))
    it.put('b')
    await it.clock.advance(1_000)
    assertFollows(it, ['a', 'b'])
  }
})

test('an API that is not served: not synced, and picked up when it appears', async () => {
  const it = world()
  it.api.intercept = () => failure(404, 'NotFound', 'the server could not find the requested resource')
  await it.start()
  assert.match(it.state(), /absent/)
  assert.equal(it.store.synced, false)
  assert.deepEqual(it.reports, ['KUBE_NOT_FOUND'])
  it.api.intercept = undefined
  it.put('a')
  await it.clock.advance(30_000)
  assertFollows(it, ['a'])
  assert.deepEqual(it.reports, ['KUBE_NOT_FOUND', undefined])
})

test('an API that vanishes leaves nothing to decide from', async () => {
  const it = world()
  it.put('a')
  await it.start()
  await it.clock.advance(20_000)
  it.api.intercept = () => failure(404, 'NotFound', 'gone')
  it.api.endWatches()
  await it.clock.settle()
  assert.equal(it.store.synced, false)
})

test('a refusal is looked at again each 30 s, not more', async () => {
  const it = world()
  it.api.intercept = () => failure(403, 'Forbidden', 'pods is forbidden')
  await it.start()
  await it.clock.advance(120_000)
  assert.equal(it.asked().length, 5)
  assert.match(it.state(), /refused/)
  it.api.intercept = undefined
  await it.clock.advance(30_000)
  assertFollows(it, [])
})

test('the server says how long to wait, and it is kept to', async () => {
  const it = world()
  it.api.intercept = () =>
    failure(429, 'TooManyRequests', 'slow down', { details: { retryAfterSeconds: 20 } })
  await it.start()
  await it.clock.advance(19_900)
  assert.equal(it.asked().length, 1)
  await it.clock.advance(200)
  assert.equal(it.asked().length, 2)
})

test('a stop ends the stream; nothing reaches the store after it', async () => {
  const it = world()
  it.put('a')
  await it.start()
  it.actor.send({ type: 'STOP' })
  await it.clock.settle()
  assert.equal(it.actor.getSnapshot().status, 'done')
  assert.equal(it.api.watchers, 0)
  it.put('b')
  await it.clock.advance(60_000)
  assert.deepEqual(it.names(), ['a'])
  assert.equal(it.store.live, false)
  assert.equal(it.clock.timers, 0)
})

for (const resumed of [false, true])
  test(`what came in one piece with the last word before a stop is left (${resumed ? 'resumed' : 'listed'})`, async () => {
    const it = world()
    await it.start()
    if (resumed) {
      await it.clock.advance(20_000)
      it.api.endWatches()
      await it.clock.settle()
    }
    it.store.subscribe(() => it.actor.send({ type: 'STOP' }))
    const pod = (name: string) => ({
      type: 'ADDED',
      object: { metadata: { name, namespace: 'demo', uid: name, resourceVersion: '900' } },
    })
    it.api.sayRaw(PODS, `${JSON.stringify(pod('x'))}\n${JSON.stringify(pod('y'))}\n`)
    await it.clock.settle()
    assert.deepEqual(it.names(), ['x'])
  })

test('whatever the chunks, the store is the same', async () => {
  const line = (type: string, name: string, version: number) =>
    `${JSON.stringify({ type, object: { metadata: { name, namespace: 'demo', uid: name, resourceVersion: String(version), labels: { name: 'zürich' } } } })}\n`
  const bytes = Buffer.from(
    line('ADDED', 'x', 900) +
      line('ADDED', 'y', 901) +
      line('MODIFIED', 'x', 902) +
      line('DELETED', 'y', 903),
  )
  for (let size = 1; size < 40; size += 1) {
    const it = world()
    await it.start()
    for (let from = 0; from < bytes.length; from += size)
      it.api.sayRaw(PODS, bytes.subarray(from, from + size))
    await it.clock.settle()
    await it.clock.settle()
    assertFollows(it, ['x'])
    assert.deepEqual(it.store.get('demo/x')?.metadata.labels, { name: 'zürich' })
    assert.equal(it.store.position, '903')
  }
})

test('while the API server answers nobody a watch is held, and goes on with the first answer', async () => {
  let open = () => {}
  let waits = new Promise<void>((resolve) => {
    open = resolve
  })
  const it = world({ reachable: () => waits })
  it.put('a')
  await it.start()
  await it.clock.advance(300_000)
  assert.equal(it.asked().length, 0)
  open()
  await it.clock.settle()
  assertFollows(it, ['a'])
  await it.clock.advance(20_000)
  waits = new Promise(() => {})
  it.link.faults.cut()
  await it.clock.advance(300_000)
  assert.equal(it.asked().length, 1)
})
