/** Both carriers of a Handler behave alike: real sockets and the in-process link. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../../src/errors.ts'
import type { Handler, HttpClient, HttpResponse } from '../../../src/world/index.ts'
import { sleep } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createHttpClient, createRealClock, serve } from '../../../src/world/real.ts'

const clock = createRealClock()

const text = async (response: HttpResponse): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Echoes, streams one line each 5 ms until the client goes, or never answers. */
function demo(): { handler: Handler; left: () => number } {
  let left = 0
  const handler: Handler = async (request) => {
    if (request.path === '/hang') return new Promise(() => {})
    if (request.path === '/echo') {
      const body = Buffer.from(await request.body(1_000)).toString()
      return { status: 201, headers: { 'X-Query': request.query.get('q') ?? '' }, body }
    }
    async function* lines() {
      try {
        for (let n = 0; ; n += 1) {
          yield `${n}\n`
          await sleep(clock, 5)
        }
      } finally {
        left += 1
      }
    }
    return { status: 200, body: lines() }
  }
  return { handler, left: () => left }
}

async function onSocket(use: (client: HttpClient, left: () => number) => Promise<void>): Promise<void> {
  const { handler, left } = demo()
  const server = await serve({ handler, host: '127.0.0.1', port: 0 })
  const client = createHttpClient({ origin: `http://127.0.0.1:${server.port}` })
  try {
    await use(client, left)
  } finally {
    await client.close()
    await server.close()
  }
}

async function inProcess(use: (client: HttpClient, left: () => number) => Promise<void>): Promise<void> {
  const { handler, left } = demo()
  await use(
    connectInProcess(handler, { origin: 'link://demo', peer: { address: 'test' }, clock }).client,
    left,
  )
}

for (const [name, run] of [
  ['sockets', onSocket],
  ['link', inProcess],
] as const) {
  test(`${name}: method, query, headers and body go both ways`, () =>
    run(async (client) => {
      const answer = await client.request({
        method: 'POST',
        path: '/echo?q=a%20b',
        body: 'hello',
        headersTimeoutMs: 1_000,
      })
      assert.equal(answer.status, 201)
      assert.equal(answer.headers['x-query'], 'a b')
      assert.equal(await text(answer), 'hello')
    }))

  test(`${name}: what is refused just before it would be sent is not sent`, () =>
    run(async (client) => {
      const order: string[] = []
      const refusal = new Error('too late')
      const post = (beforeSend: () => void) =>
        client.request({ method: 'POST', path: '/echo', body: 'x', headersTimeoutMs: 1_000, beforeSend })
      await assert.rejects(
        post(() => {
          order.push('asked')
          throw refusal
        }),
        (error) => error === refusal,
      )
      const answer = await post(() => order.push('asked again'))
      assert.equal(await text(answer), 'x')
      assert.deepEqual(order, ['asked', 'asked again'])
    }))

  test(`${name}: leaving a stream tells the server`, () =>
    run(async (client, left) => {
      const answer = await client.request({
        method: 'GET',
        path: '/lines',
        lane: 'stream',
        headersTimeoutMs: 1_000,
        bodyTimeoutMs: 0,
      })
      let seen = 0
      for await (const _ of answer.body) if (++seen === 3) break
      for (let tries = 0; left() === 0 && tries < 100; tries += 1) await sleep(clock, 5)
      assert.equal(left(), 1)
    }))

  test(`${name}: no answer is a TransportError timeout, an abort is the abort's reason`, () =>
    run(async (client) => {
      await assert.rejects(
        client.request({ method: 'GET', path: '/hang', headersTimeoutMs: 50 }),
        (error) => error instanceof TransportError && error.fault === 'timeout' && error.kind === 'retry',
      )
      const reason = new Error('enough')
      const controller = new AbortController()
      setTimeout(() => controller.abort(reason), 20)
      await assert.rejects(
        client.request({ method: 'GET', path: '/hang', headersTimeoutMs: 5_000, signal: controller.signal }),
        reason,
      )
    }))

  test(`${name}: a stream can be aborted and reset`, () =>
    run(async (client) => {
      const answer = await client.request({
        method: 'GET',
        path: '/lines',
        lane: 'stream',
        headersTimeoutMs: 1_000,
        bodyTimeoutMs: 0,
      })
      let seen = 0
      await assert.rejects(
        async () => {
          for await (const _ of answer.body) if (++seen === 2) client.reset()
        },
        (error) => error instanceof TransportError,
      )
    }))
}

test('a refused connection is named so', async () => {
  const client = createHttpClient({ origin: 'http://127.0.0.1:9' })
  await assert.rejects(
    client.request({ method: 'GET', path: '/', headersTimeoutMs: 1_000 }),
    (error) => error instanceof TransportError && error.fault === 'refused',
  )
  await client.close()
})

test('a black hole keeps streams open and silent, and new calls unanswered', async () => {
  const { handler } = demo()
  const { client, faults } = connectInProcess(handler, {
    origin: 'link://demo',
    peer: { address: 'test' },
    clock,
  })
  const answer = await client.request({
    method: 'GET',
    path: '/lines',
    headersTimeoutMs: 1_000,
    bodyTimeoutMs: 80,
  })
  let seen = 0
  await assert.rejects(
    async () => {
      for await (const _ of answer.body) if (++seen === 2) faults.blackhole(true)
    },
    (error) => error instanceof TransportError && error.fault === 'timeout',
  )
  await assert.rejects(client.request({ method: 'GET', path: '/echo', headersTimeoutMs: 30 }), TransportError)
})

test('a request that waited for its connection is asked for when the connection is there, not before', async () => {
  const { handler } = demo()
  const server = await serve({ handler, host: '127.0.0.1', port: 0 })
  // Sixteen sockets are busy; the seventeenth request waits for one of them.
  const client = createHttpClient({ origin: `http://127.0.0.1:${server.port}` })
  try {
    const ends = Array.from({ length: 16 }, () => new AbortController())
    for (const { signal } of ends)
      client.request({ method: 'GET', path: '/hang', headersTimeoutMs: 10_000, signal }).catch(() => {})
    await sleep(clock, 100)
    let askedAt = 0
    const began = clock.monotonicMs()
    const waiting = client.request({
      method: 'POST',
      path: '/echo',
      body: 'x',
      headersTimeoutMs: 10_000,
      beforeSend: () => {
        askedAt = clock.monotonicMs()
      },
    })
    await sleep(clock, 200)
    assert.equal(askedAt, 0)
    ends[0]?.abort()
    await text(await waiting)
    assert.ok(askedAt - began >= 190, `asked after ${askedAt - began} ms`)
    for (const end of ends) end.abort()
  } finally {
    await client.close()
    await server.close()
  }
})

test('an abort from before a request is its answer, and nobody is left with that of a handler which heard it too', async () => {
  const left: unknown[] = []
  const note = (reason: unknown) => left.push(reason)
  process.on('unhandledRejection', note)
  const handler: Handler = ({ signal }) =>
    new Promise((_, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  const { client } = connectInProcess(handler, { origin: 'https://x', peer: { address: 'test' }, clock })
  const given = new Error('given up')
  await assert.rejects(
    client.request({ method: 'GET', path: '/', headersTimeoutMs: 0, signal: AbortSignal.abort(given) }),
    given,
  )
  await sleep(clock, 5)
  process.off('unhandledRejection', note)
  assert.deepEqual(left, [])
})
