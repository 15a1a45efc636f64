/** Streams over TLS: HTTP/2 where the server speaks it, else HTTP/1.1; how each of them ends, and what a PING tells. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../../src/errors.ts'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import type { Handler, HttpClient, HttpResponse } from '../../../src/world/index.ts'
import { sleep } from '../../../src/world/index.ts'
import { createHttpClient, createRealClock, type RunningServer, serve } from '../../../src/world/real.ts'

const clock = createRealClock()
const authority = createAuthority('stream-test', clock)

interface Scene {
  readonly client: HttpClient
  readonly server: RunningServer
  readonly peers: string[]
  stream(path: string, signal?: AbortSignal, bodyTimeoutMs?: number): Promise<HttpResponse>
}

/** Longer than a receiver holds back an acknowledgement (40 ms with Linux). */
const PAUSE_MS = 100

/** Two small pieces that each say when they left; the end comes so late that it pushes nothing out. */
async function* pair() {
  for (let piece = 0; piece < 2; piece += 1) {
    yield `${clock.monotonicMs()}\n`
    await sleep(clock, 2)
  }
  await sleep(clock, PAUSE_MS)
}

const handlerOf =
  (peers: string[]): Handler =>
  async ({ path, peer, headers }) => {
    peers.push(`${peer.commonName} ${headers['x-token'] ?? ''}`)
    if (path === '/hang') return new Promise(() => {})
    if (path === '/big') return { status: 200, body: Buffer.alloc(9_000_000, 'x') }
    if (path === '/gone') return { status: 404, headers: { 'X-Why': 'none' }, body: 'no' }
    if (path === '/pair') return { status: 200, body: pair() }
    async function* lines() {
      yield 'first\n'
      if (path === '/end') return
      if (path === '/break') throw new Error('the server breaks off')
      await new Promise(() => {})
    }
    return { status: 200, body: lines() }
  }

async function scene(http2: boolean, use: (it: Scene) => Promise<void>): Promise<void> {
  const ca = await authority
  const peers: string[] = []
  const identity = await ca.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const server = await serve({ handler: handlerOf(peers), tls: { ...identity, ca: ca.ca }, http2 })
  const client = createHttpClient({
    origin: `https://127.0.0.1:${server.port}`,
    tls: { ca: ca.ca, ...(await ca.client('someone')) },
    headers: () => ({ 'X-Token': 'secret' }),
    http2: true,
  })
  const stream = (path: string, signal?: AbortSignal, bodyTimeoutMs = 0) =>
    client.request({
      method: 'GET',
      path,
      lane: 'stream',
      headersTimeoutMs: 500,
      bodyTimeoutMs,
      ...(signal ? { signal } : {}),
    })
  try {
    await use({ client, server, peers, stream })
  } finally {
    await client.close()
    await server.close()
  }
}

const read = async (response: HttpResponse): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
const isFault = (fault: string) => (error: unknown) =>
  error instanceof TransportError && error.fault === fault
const forEver = () => new AbortController().signal

async function assertNoConnection({ server }: Scene): Promise<void> {
  for (let turn = 0; turn < 100 && server.connections > 0; turn += 1) await sleep(clock, 10)
  assert.equal(server.connections, 0)
}

for (const http2 of [true, false]) {
  const name = http2 ? 'HTTP/2' : 'HTTP/1.1'
  const run = (use: (it: Scene) => Promise<void>) => scene(http2, use)

  test(`${name}: an answer with its status, headers and body, and who asked`, () =>
    run(async (it) => {
      const gone = await it.stream('/gone')
      assert.deepEqual([gone.status, gone.headers['x-why'], await read(gone)], [404, 'none', 'no'])
      assert.equal(await read(await it.stream('/end')), 'first\n')
      assert.equal((await read(await it.stream('/big'))).length, 9_000_000)
      assert.deepEqual(new Set(it.peers), new Set(['someone secret']))
    }))

  test(`${name}: a body that breaks off is no end`, () =>
    run(async (it) => {
      await assert.rejects(read(await it.stream('/break')), isFault('reset'))
      const cut = await it.stream('/stay')
      const reading = read(cut)
      reading.catch(() => {})
      await sleep(clock, 20)
      it.server.dropAll()
      await assert.rejects(reading, isFault('reset'))
    }))

  test(`${name}: no answer, a silent body, an abort and a reset end it, each with its reason`, () =>
    run(async (it) => {
      await assert.rejects(it.stream('/hang'), isFault('timeout'))
      await assert.rejects(read(await it.stream('/stay', undefined, 200)), isFault('timeout'))
      const why = new Error('enough')
      const before = new AbortController()
      before.abort(why)
      await assert.rejects(it.stream('/stay', before.signal), (error) => error === why)
      const stop = new AbortController()
      const stopped = read(await it.stream('/stay', stop.signal))
      stop.abort(why)
      await assert.rejects(stopped, (error) => error === why)
      const reset = read(await it.stream('/stay'))
      it.client.reset()
      await assert.rejects(reset, isFault('closed'))
      const dialling = it.stream('/stay')
      it.client.reset()
      await assert.rejects(dialling, isFault('closed'))
    }))

  test(`${name}: leaving a stream leaves no connection`, () =>
    run(async (it) => {
      const response = await it.stream('/stay')
      for await (const _ of response.body) break
      await assertNoConnection(it)
    }))
}

test('HTTP/2: a PING is answered while the stream says nothing, and tells of a lost connection', () =>
  scene(true, async (it) => {
    const response = await it.stream('/stay')
    assert.ok(response.ping)
    await response.ping(forEver())
    const lost = assert.rejects(read(response), isFault('reset'))
    it.server.dropAll()
    await lost
    await assert.rejects(response.ping(forEver()), isFault('reset'))
    const why = new Error('too long')
    const stop = new AbortController()
    stop.abort(why)
    const other = await it.stream('/stay')
    await assert.rejects(other.ping?.(stop.signal) ?? Promise.resolve(), (error) => error === why)
  }))

test('HTTP/1.1: a connection that cannot be asked says so', () =>
  scene(false, async (it) => {
    assert.equal((await it.stream('/stay')).ping, undefined)
  }))

for (const http2 of [true, false])
  test(`small pieces do not wait for each other ${http2 ? 'where HTTP/1.1 is spoken beside HTTP/2' : 'over HTTP/1.1'}`, () =>
    scene(http2, async ({ server }) => {
      const ca = await authority
      const lagsMs: number[] = []
      for (let turn = 0; turn < 7; turn += 1) {
        const origin = `https://127.0.0.1:${server.port}`
        const client = createHttpClient({ origin, tls: { ca: ca.ca } })
        const answer = await client.request({
          method: 'GET',
          path: '/pair',
          lane: 'stream',
          headersTimeoutMs: 500,
        })
        let lagMs = 0
        for await (const piece of answer.body) {
          const arrivedMs = clock.monotonicMs()
          for (const sent of Buffer.from(piece).toString().trim().split('\n'))
            lagMs = Math.max(lagMs, arrivedMs - Number(sent))
        }
        lagsMs.push(lagMs)
        await client.close()
      }
      const medianMs = lagsMs.sort((a, b) => a - b)[3] ?? Number.POSITIVE_INFINITY
      assert.ok(medianMs < 25, `pieces came after ${lagsMs} ms`)
    }))

test('the certificate of a stream is verified like any other', () =>
  scene(true, async (it) => {
    const foreign = await createAuthority('foreign', clock)
    const { port } = it.server
    const get = { method: 'GET', path: '/end', lane: 'stream', headersTimeoutMs: 500 } as const
    const other = createHttpClient({
      origin: `https://127.0.0.1:${port}`,
      tls: { ca: foreign.ca },
      http2: true,
    })
    await assert.rejects(other.request(get), isFault('untrusted'))
    const tls = { ca: (await authority).ca, servername: 'elsewhere.example' }
    const misnamed = createHttpClient({ origin: `https://127.0.0.1:${port}`, tls, http2: true })
    await assert.rejects(misnamed.request(get), isFault('untrusted'))
    await assertNoConnection(it)
  }))
