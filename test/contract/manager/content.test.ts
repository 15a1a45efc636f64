/** Content of answers: the manager's parts, and the adapter's upload of them, over links that lose answers. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { CONTENT_PART_BYTES, MANAGER_CONTENT_KEPT_MS } from '../../../src/limits.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createContentSink } from '../../../src/mp/requests/content.ts'
import { createNsxManager } from '../../../src/nsx/index.ts'
import type { Content } from '../../../src/operations/index.ts'
import type { HttpClient, HttpRequest } from '../../../src/world/index.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import { harness, NODE_ID, openSession } from './harness.ts'

const MP = `/mp/v1/clusters/${NODE_ID}`
const SIGNAL = new AbortController().signal

async function connected() {
  const h = await harness()
  const { session } = await openSession(h.cluster, 'mp')
  const stream = await h.cluster.stream(`${MP}/requests?session=${session}`)
  await stream.next()
  const made = await h.user.send('POST', `${MP}/operations`, {
    kind: 'support-bundle',
    body: {},
    timeout_ms: 600_000,
  })
  const id = String(made.body.id)
  await stream.next()
  const raw = async (
    method: 'PUT' | 'HEAD',
    name: string,
    bytes: Uint8Array,
    range: string,
    query: object,
  ) => {
    const answer = await h.cluster.http.request({
      method,
      path: `${MP}/requests/${id}/content/${name}?${new URLSearchParams({ session, ...query })}`,
      headers: range === '' ? {} : { 'content-range': range },
      ...(method === 'PUT' ? { body: bytes } : {}),
      headersTimeoutMs: 5_000,
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) }
  }
  const answer = (events: object[]) =>
    h.cluster.send('POST', `${MP}/requests/${id}/events`, {
      session,
      attempt: 1,
      events: events.map((event, index) => ({ seq: index + 1, ...event })),
    })
  return { ...h, session, id, raw, answer }
}

const sumOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** What a client gets of one content; the SDK's JSON reader is no help here. */
async function downloaded(
  http: HttpClient,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const answer = await http.request({ method: 'GET', path, headers, headersTimeoutMs: 5_000 })
  assert.equal(answer.status, 200)
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('parts come in order, a part sent again is taken once, and what breaks the rules is told by what is there', async () => {
  const { raw, user, id, manager } = await connected()
  const [a, b] = [Buffer.alloc(1_000, 'a'), Buffer.alloc(500, 'b')]
  const sha256 = sumOf(Buffer.concat([a, b]))
  assert.deepEqual([(await raw('HEAD', 'x.log', a, '', {})).headers['error-code']], ['CONTENT_NONE'])
  assert.equal((await raw('PUT', 'x.log', a, 'bytes 0-999/*', { upload: 'u1' })).body.received, 1_000)
  assert.equal((await raw('PUT', 'x.log', a, 'bytes 0-999/*', { upload: 'u1' })).body.received, 1_000)
  const gap = await raw('PUT', 'x.log', b, 'bytes 1100-1599/*', { upload: 'u1' })
  assert.deepEqual([gap.status, gap.body.code, gap.body.received], [409, 'CONTENT_OFFSET', 1_000])
  const unknown = await raw('PUT', 'x.log', b, 'bytes 1000-1499/*', { upload: 'u2' })
  assert.deepEqual([unknown.status, unknown.body.received], [409, 0])
  const head = (await raw('HEAD', 'x.log', a, '', {})).headers
  assert.deepEqual([head['upload-id'], head['upload-offset'], head['upload-complete']], ['u1', '1000', '?0'])
  for (const range of [
    '',
    'bytes 5-1/*',
    'bytes 1000-1499/1400',
    'bytes */*',
    'items 0-1/*',
    'bytes 1000-1400/*',
  ])
    assert.equal(
      (await raw('PUT', 'x.log', b, range === '' ? 'x' : range, { upload: 'u1' })).status,
      400,
      range,
    )
  for (const name of ['..', 'a%2Fb', '.hidden', 'x'.repeat(301)])
    assert.ok((await raw('PUT', name, a, 'bytes 0-999/*', { upload: 'u' })).status >= 400, name)
  assert.equal((await raw('PUT', 'x.log', b, 'bytes 1000-1499/1500', { upload: 'u1' })).status, 400, 'no sum')
  const wrong = await raw('PUT', 'x.log', b, 'bytes 1000-1499/1500', { upload: 'u1', sha256: sumOf(a) })
  assert.deepEqual([wrong.status, wrong.body.code, wrong.body.received], [409, 'CONTENT_CHECKSUM', 0])
  await raw('PUT', 'x.log', a, 'bytes 0-999/*', { upload: 'u1' })
  const last = await raw('PUT', 'x.log', b, 'bytes 1000-1499/1500', { upload: 'u1', sha256 })
  assert.deepEqual([last.status, last.body], [200, { received: 1_500, complete: true }])
  assert.equal(
    (await raw('PUT', 'x.log', b, 'bytes 1000-1499/1500', { upload: 'u1', sha256 })).status,
    200,
    'again',
  )
  assert.equal(
    (
      await raw('PUT', 'empty', b.subarray(0, 0), 'bytes */0', {
        upload: 'u',
        sha256: sumOf(Buffer.alloc(0)),
      })
    ).status,
    200,
  )
  const shown = (await user.send('GET', `${MP}/operations/${id}`)).body
  assert.deepEqual(shown.content[0], { name: 'x.log', upload: 'u1', received: 1_500, complete: true, sha256 })
  const text = await downloaded(user.http, `${MP}/operations/${id}/content/x.log`, {
    authorization: BASIC_OF,
  })
  assert.equal(sumOf(text), sha256)
  manager.close()
})

const BASIC_OF = `Basic ${Buffer.from('admin:S3cret:ü').toString('base64')}`

test('what is whole stays a day after the answer, what is not goes with it, and nothing is taken any more', async () => {
  const { raw, answer, user, id, clock, manager } = await connected()
  const a = Buffer.alloc(10, 'a')
  await raw('PUT', 'whole', a, 'bytes 0-9/10', { upload: 'u', sha256: sumOf(a) })
  await raw('PUT', 'half', a, 'bytes 0-9/*', { upload: 'u' })
  await answer([{ t: 'result', components: [] }])
  const names = async () =>
    ((await user.send('GET', `${MP}/operations/${id}`)).body.content ?? []).map(
      (one: { name: string }) => one.name,
    )
  assert.deepEqual(await names(), ['whole'])
  assert.equal((await raw('PUT', 'late', a, 'bytes 0-9/*', { upload: 'u' })).status, 404)
  await clock.advance(MANAGER_CONTENT_KEPT_MS - 600_000)
  assert.deepEqual(await names(), ['whole'])
  await clock.advance(1_800_000)
  assert.deepEqual(await names(), [])
  assert.equal((await user.send('GET', `${MP}/operations/${id}/content/whole`)).status, 404)
  manager.close()
})

/** A link that may lose a request before, or its answer after. */
function flaky(
  http: HttpClient,
  lose: (n: number, request: HttpRequest) => 'before' | 'after' | undefined,
): HttpClient & { readonly puts: number } {
  let puts = 0
  return {
    ...http,
    get puts() {
      return puts
    },
    async request(request) {
      if (request.method !== 'PUT') return http.request(request)
      puts += 1
      const lost = lose(puts, request)
      if (lost === 'before') throw new Error('cut')
      const answer = await http.request(request)
      if (lost === 'after') {
        for await (const _ of answer.body) break
        throw new Error('cut')
      }
      return answer
    },
  }
}

/** Deterministic bytes that compress to nothing less. */
function* bytesOf(size: number, piece = 300_000): Generator<Uint8Array> {
  for (let at = 0, n = 1; at < size; at += piece, n += 1) {
    const length = Math.min(piece, size - at)
    yield Buffer.alloc(length, createHash('sha256').update(String(n)).digest())
  }
}

const contentOf = (name: string, size: number, opened = { times: 0 }): Content => {
  const hash = createHash('sha256')
  for (const chunk of bytesOf(size)) hash.update(chunk)
  return {
    name,
    sum: { sha256: hash.digest('hex'), bytes: size },
    async *open() {
      opened.times += 1
      yield* bytesOf(size)
    },
  }
}

test('an upload goes on where it was: answers lost, parts lost, a session that ends, another leader', async () => {
  const { cluster, manager, id, session, user } = await connected()
  const sinkOver = (http: HttpClient, sessionNow: () => string | undefined = () => session) => {
    const [clock, random] = [createRealClock(), createRealRandom()]
    const nsx = createNsxManager({ http, clock, random, log: SILENT })
    return createContentSink({ nsx, clock, random, clusterId: NODE_ID, id, session: sessionNow })
  }
  const size = 5 * CONTENT_PART_BYTES + 77
  const content = contentOf('a.tar.gz', size)
  const link = flaky(cluster.http, (n) =>
    n === 2 ? 'after' : n === 4 ? 'before' : n === 8 ? 'after' : undefined,
  )
  const told: number[] = []
  const sum = await sinkOver(link).take(content, SIGNAL, (bytes) => void told.push(bytes))
  assert.deepEqual(sum, content.sum)
  assert.equal(told.at(-1), size)
  assert.ok(link.puts <= 10, `${link.puts} parts sent`)

  // The first leader dies in the middle; the next one sends what is missing and no more.
  const second = contentOf('b.tar.gz', size)
  const dying = new AbortController()
  const cut = flaky(cluster.http, (n) => {
    if (n === 4) dying.abort(new Error('killed'))
    return undefined
  })
  await assert.rejects(sinkOver(cut).take(second, dying.signal, () => {}))
  const next = flaky(cluster.http, () => undefined)
  const sink = sinkOver(next)
  assert.deepEqual(await sink.held('b.tar.gz', SIGNAL), { isComplete: false, sum: second.sum })
  await sink.take(second, SIGNAL, () => {})
  // The fourth may still be on its way in: then it is asked for once more.
  assert.ok(next.puts <= 4, `${next.puts} parts sent by the second`)
  assert.deepEqual(await sink.held('b.tar.gz', SIGNAL), { isComplete: true, sum: second.sum })
  const before = next.puts
  await sink.take(second, SIGNAL, () => {})
  assert.equal(next.puts, before, 'what is whole is not sent again')

  // Its session ends: it goes on in the next one.
  let now = session
  const ending = flaky(cluster.http, (n) => {
    if (n === 2) now = 'over'
    return undefined
  })
  const waiting = sinkOver(ending, () => now)
  const third = waiting.take(contentOf('c', size), SIGNAL, () => {})
  setTimeout(() => {
    now = session
  }, 1_500)
  assert.equal((await third).bytes, size)

  // Another upload in between: the old bytes are gone, it begins again at its start.
  const opened = { times: 0 }
  const disturbed = flaky(cluster.http, (n) => (n === 3 ? 'before' : undefined))
  const path = `${MP}/requests/${id}/content/d?${new URLSearchParams({ session, upload: 'other' })}`
  const other = {
    ...disturbed,
    async request(request: HttpRequest) {
      try {
        return await disturbed.request(request)
      } catch (error) {
        await cluster.http.request({
          method: 'PUT',
          path,
          headers: { 'content-range': 'bytes 0-3/*' },
          body: 'oops',
          headersTimeoutMs: 1_000,
        })
        throw error
      }
    },
  }
  const fourth = contentOf('d', size, opened)
  assert.deepEqual(await sinkOver(other as HttpClient).take(fourth, SIGNAL, () => {}), fourth.sum)
  assert.equal(opened.times, 2)

  // A source without a sum, and an empty one.
  const plain: Content = {
    name: 'e.log',
    async *open() {
      yield Buffer.from('one\n')
    },
  }
  assert.equal((await sinkOver(cluster.http).take(plain, SIGNAL, () => {})).bytes, 4)
  assert.equal(
    (await sinkOver(cluster.http).take({ name: 'f', async *open() {} }, SIGNAL, () => {})).bytes,
    0,
  )
  const shown = (await user.send('GET', `${MP}/operations/${id}`)).body.content
  assert.ok(
    shown.every(({ complete }: { complete: boolean }) => complete),
    JSON.stringify(shown),
  )
  manager.close()
})
