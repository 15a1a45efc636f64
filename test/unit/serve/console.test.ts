/** Who gets to see the console: whoever opened the address once, on this machine, and nobody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../../src/errors.ts'
import { CONSOLE_TOKEN_MS } from '../../../src/limits.ts'
import { createConsole } from '../../../src/serve/index.ts'
import type { HttpClient, HttpMethod, HttpRequest, ServerRequest } from '../../../src/world/index.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const PORT = 4711

async function* daemonBody() {
  yield Buffer.from('from the daemon')
}

function made(answer: () => { status: number; headers?: Record<string, string> } = () => ({ status: 200 })) {
  const clock = createFakeClock()
  const asked: HttpRequest[] = []
  const upstream: HttpClient = {
    origin: 'http://localhost',
    async request(request) {
      asked.push(request)
      const { status, headers = {} } = answer()
      return {
        status,
        headers: { 'content-type': 'text/plain', 'x-secret': 'not passed on', ...headers },
        body: daemonBody(),
      }
    },
    reset() {},
    async close() {},
  }
  const { handler, path } = createConsole({
    upstream,
    clock,
    random: createSeededRandom(1),
    port: () => PORT,
  })
  const send = async (target: string, headers: Record<string, string> = {}, method: HttpMethod = 'GET') => {
    const [name = '', query = ''] = target.split('?')
    const request: ServerRequest = {
      method,
      path: name,
      query: new URLSearchParams(query),
      headers: { host: `127.0.0.1:${PORT}`, ...headers },
      peer: { address: '127.0.0.1' },
      signal: new AbortController().signal,
      body: async () => new Uint8Array(),
    }
    const response = await handler(request)
    const { body } = response
    const code =
      typeof body === 'string' && body.startsWith('{') ? (JSON.parse(body) as { code: string }).code : ''
    return { ...response, code }
  }
  const open = async () => {
    const { status, headers } = await send(path)
    assert.equal(status, 200)
    const set = String(headers?.['set-cookie'])
    assert.match(set, /^antrea-nsx-adapter-console-4711=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/)
    return { cookie: set.split(';')[0] ?? '' }
  }
  return { clock, asked, send, open, path }
}

test('the address lets one browser in, once', async () => {
  const { send, open, path, asked } = made()
  assert.deepEqual((await send('/inspect')).code, 'CONSOLE_NOT_OPENED')
  const cookie = await open()
  assert.equal((await send('/inspect', cookie)).status, 200)
  const again = await send(path)
  assert.deepEqual(
    [again.status, again.code, again.headers?.['set-cookie']],
    [403, 'CONSOLE_TOKEN_USED', undefined],
  )
  assert.equal((await send('/inspect', cookie)).status, 200, 'whoever is in stays in')
  assert.deepEqual(
    asked.map((one) => one.path),
    ['/inspect', '/inspect'],
  )
})

test('looking ahead at the address does not use it up; it is good for a while only', async () => {
  const { clock, send, open, path } = made()
  assert.equal((await send(path, {}, 'HEAD')).status, 204)
  await open()
  const old = made()
  await old.clock.advance(CONSOLE_TOKEN_MS + 1)
  assert.equal((await old.send(old.path)).code, 'CONSOLE_TOKEN_USED')
  assert.ok(clock.now() > 0)
})

test('wrong and missing tokens and cookies are refused', async () => {
  const { send, open, path } = made()
  for (const wrong of [
    '/open',
    '/open?token=',
    `${path}0`,
    path.slice(0, -1),
    path.replace('token', 'tokem'),
  ])
    assert.equal((await send(wrong)).code, 'CONSOLE_NOT_OPENED', wrong)
  const { cookie } = await open()
  for (const wrong of [
    cookie.slice(0, -1),
    `${cookie}0`,
    cookie.replace('4711', '4712'),
    'a=b',
    path.slice(12),
  ])
    assert.equal((await send('/inspect/now', { cookie: wrong })).code, 'CONSOLE_NOT_OPENED', wrong)
  assert.equal((await send('/inspect/now', { cookie: `a=b; ${cookie}; c=d` })).status, 200)
})

test('another name, another page and another site are refused, with the cookie too', async () => {
  const { send, open, path } = made()
  const refused = async (headers: Record<string, string>) => (await send(path, headers)).code
  for (const host of [
    'evil.example',
    `evil.example:${PORT}`,
    '127.0.0.1',
    '127.0.0.1:1',
    `[::1]:${PORT}`,
    '',
  ])
    assert.equal(await refused({ host }), 'CONSOLE_FORBIDDEN', host)
  for (const origin of [
    'http://evil.example',
    'null',
    `http://localhost:${PORT}`,
    `https://127.0.0.1:${PORT}`,
  ])
    assert.equal(await refused({ origin }), 'CONSOLE_FORBIDDEN', origin)
  const cookie = await open()
  const site = { ...cookie, 'sec-fetch-site': 'cross-site' }
  assert.equal((await send('/inspect', site)).code, 'CONSOLE_FORBIDDEN')
  const own = { ...cookie, origin: `http://127.0.0.1:${PORT}`, 'sec-fetch-site': 'same-origin' }
  const answer = await send('/inspect/page/1/main.js', own)
  assert.equal(answer.status, 200)
  assert.ok(!Object.keys(answer.headers ?? {}).some((name) => name.startsWith('access-control')))
  assert.equal((await send('/inspect', { ...cookie, host: `localhost:${PORT}` })).status, 200)
})

test('only what is at /inspect is passed on, and only to be read', async () => {
  const { send, open, asked } = made()
  const cookie = await open()
  for (const path of [
    '/status',
    '/approve',
    '/inspector',
    '/logs',
    '/adopt',
    '//inspect',
    '/Inspect',
    '/inspect/../status',
    '/inspect/%2e%2e/status',
    '/inspect//x',
    '/inspect/',
  ])
    assert.equal((await send(path, cookie)).code, 'SERVE_NOT_FOUND', path)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
    assert.equal((await send('/inspect', cookie, method)).code, 'CONSOLE_READ_ONLY', method)
  assert.equal(asked.length, 0)
  const home = await send('/', cookie)
  assert.deepEqual([home.status, home.headers?.['location']], [303, '/inspect'])
  const answer = await send('/inspect/at?at=5', {
    ...cookie,
    'if-none-match': '"x"',
    authorization: 'Bearer no',
  })
  assert.equal(asked[0]?.path, '/inspect/at?at=5')
  assert.deepEqual(asked[0]?.headers, { 'if-none-match': '"x"' }, 'the cookie stays here')
  assert.deepEqual(answer.headers, { 'content-type': 'text/plain' })
})

test('a daemon that does not answer is told', async () => {
  const { send, open } = made(() => {
    throw new TransportError('refused', 'nobody listens')
  })
  const answer = await send('/inspect/live', await open())
  assert.deepEqual([answer.status, answer.code], [502, 'DAEMON_UNREACHABLE'])
})
