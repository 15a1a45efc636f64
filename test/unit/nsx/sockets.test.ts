/** The public API's driver on real sockets: proxy, thumbprint, IPv6, session, and managers that fall silent in the middle. */
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SILENT } from '../../../src/log/index.ts'
import { createManager } from '../../../src/manager/index.ts'
import { createNsxRest, type NsxLogin } from '../../../src/nsx/index.ts'
import { createAuthority } from '../../../src/sandbox/index.ts'
import type { Handler } from '../../../src/world/index.ts'
import {
  createHttpClient,
  createRealClock,
  createRealRandom,
  type HttpProxy,
  serve,
  type TlsIdentity,
} from '../../../src/world/real.ts'
import { startHostileProxy } from '../../fakes/hostile-proxy.ts'

const clock = createRealClock()
const random = createRealRandom()
const USER = { name: 'admin', password: 'Right-1' }
const VERSION = '/api/v1/node/version'

async function startNsx(context: TestContext, host = '127.0.0.1', before?: (next: Handler) => Handler) {
  const authority = await createAuthority('nsx-ca', clock)
  const identity = await authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1', '::1'] })
  const client = await authority.client('shop')
  const manager = createManager({ clock, random, users: [USER], publicApiOnly: true })
  context.after(() => manager.close())
  manager.register({ nodeId: 'node-1', name: 'shop', certificatePem: client.cert })
  const server = await serve({
    handler: before?.(manager.handler) ?? manager.handler,
    host,
    tls: { ...identity, requestCert: true },
  })
  context.after(() => server.close())
  const origin = `https://${host.includes(':') ? `[${host}]` : host}:${server.port}`
  const print = new X509Certificate(identity.cert).fingerprint256.replaceAll(':', '').toLowerCase()
  return { authority, client, manager, server, origin, print }
}

function open(
  context: TestContext,
  origins: readonly string[],
  options: { readonly tls: TlsIdentity; readonly proxy?: HttpProxy; readonly login?: NsxLogin },
) {
  const { tls, proxy, login } = options
  const nsx = createNsxRest({
    clients: origins.map((origin) =>
      createHttpClient({ origin, tls, connectTimeoutMs: 2_000, ...(proxy === undefined ? {} : { proxy }) }),
    ),
    ...(login === undefined ? {} : { login }),
    clock,
    random,
    log: SILENT,
  })
  context.after(() => nsx.close())
  const version = () =>
    nsx.call<{ product_version: string }>({ method: 'GET', path: VERSION, timeoutMs: 2_000 }).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    )
  return { nsx, version }
}

/** An HTTP proxy that only connects. */
async function startConnectProxy(context: TestContext, allow: (head: string) => string) {
  const heads: string[] = []
  const open = new Set<Socket>()
  const keep = (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
  }
  const server = createServer((client) => {
    keep(client)
    client.once('data', (data) => {
      const head = data.toString('latin1')
      heads.push(head)
      const answer = allow(head)
      if (answer !== '') return client.end(answer)
      const [, host = '', port = ''] = /^CONNECT \[?([^\]\s]+?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? []
      const peer = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(peer).pipe(client)
      })
      keep(peer)
      peer.on('error', () => client.destroy())
      return undefined
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heads }
}

test('the certificate says who we are; the CA says who the manager is', async (context) => {
  const { origin, authority, client } = await startNsx(context)
  assert.equal(await open(context, [origin], { tls: { ca: authority.ca, ...client } }).version(), 'answered')
  assert.equal(await open(context, [origin], { tls: client }).version(), 'TRANSPORT_UNTRUSTED')
  const other = await createAuthority('other-ca', clock)
  const wrong = open(context, [origin], { tls: { ca: other.ca, ...client } })
  assert.equal(await wrong.version(), 'TRANSPORT_UNTRUSTED')
})

test('a thumbprint takes the place of the CA: the right one alone is spoken with, before a byte is sent', async (context) => {
  let requests = 0
  const counted =
    (next: Handler): Handler =>
    (request) => {
      requests += 1
      return next(request)
    }
  const { origin, client, print } = await startNsx(context, '127.0.0.1', counted)
  const none = createHash('sha256').update('another').digest('hex')
  const wrong = open(context, [origin], { tls: { ...client, thumbprints: [none] } })
  assert.equal(await wrong.version(), 'TRANSPORT_UNTRUSTED')
  assert.equal(requests, 0)
  const right = open(context, [origin], { tls: { ...client, thumbprints: [none, print] } })
  // Twice on new connections: a resumed TLS session would show no certificate.
  for (let index = 0; index < 2; index += 1) {
    assert.equal(await right.version(), 'answered')
    right.nsx.reset()
  }
  const empty = open(context, [origin], { tls: { ...client, thumbprints: [] } })
  assert.equal(await empty.version(), 'TRANSPORT_UNTRUSTED', 'no thumbprint trusts nobody')
})

test('through a proxy TLS is verified to the manager itself; what the proxy refuses is said', async (context) => {
  const { origin, authority, client } = await startNsx(context)
  const tls = { ca: authority.ca, ...client }
  const wanted = `Basic ${Buffer.from('proxy:secret').toString('base64')}`
  const proxy = await startConnectProxy(context, (head) =>
    head.includes(`proxy-authorization: ${wanted}`)
      ? ''
      : 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n',
  )
  const known = { url: proxy.url, authorization: () => wanted }
  const { nsx, version } = open(context, [origin], { tls, proxy: known })
  assert.equal(await version(), 'answered')
  await nsx.probe(new AbortController().signal)
  assert.match(proxy.heads[0] ?? '', new RegExp(`^CONNECT ${origin.slice('https://'.length)} `))
  assert.ok(!proxy.heads.join('').includes(VERSION), 'the proxy saw the call')
  assert.equal(await open(context, [origin], { tls, proxy: { url: proxy.url } }).version(), 'TRANSPORT_PROXY')
  const untrusted = open(context, [origin], { tls: client, proxy: known })
  assert.equal(await untrusted.version(), 'TRANSPORT_UNTRUSTED')
  const gone = open(context, [origin], { tls, proxy: { url: 'http://127.0.0.1:1' } })
  assert.equal(await gone.version(), 'TRANSPORT_PROXY')
  const silent = await startConnectProxy(context, () => '')
  const nowhere = open(context, ['https://127.0.0.1:1'], { tls, proxy: silent })
  assert.equal(await nowhere.version(), 'TRANSPORT_PROXY')
})

test('an IPv6 literal, directly and through a proxy, with CA and with thumbprint', async (context) => {
  const { origin, authority, client, print } = await startNsx(context, '::1')
  assert.match(origin, /^https:\/\/\[::1\]:/)
  const proxy = await startConnectProxy(context, () => '')
  for (const tls of [
    { ca: authority.ca, ...client },
    { ...client, thumbprints: [print] },
  ]) {
    assert.equal(await open(context, [origin], { tls }).version(), 'answered')
    assert.equal(await open(context, [origin], { tls, proxy }).version(), 'answered')
  }
  assert.match(proxy.heads[0] ?? '', /^CONNECT \[::1\]:\d+ /)
})

test('name and password, by session and by basic, against a manager with both', async (context) => {
  const { origin, authority } = await startNsx(context)
  const tls = { ca: authority.ca }
  for (const kind of ['session', 'basic'] as const) {
    const login = { kind, username: USER.name, password: () => USER.password }
    assert.equal(await open(context, [origin], { tls, login }).version(), 'answered')
    const wrong = open(context, [origin], { tls, login: { ...login, password: () => 'wrong' } })
    assert.equal(await wrong.version(), kind === 'session' ? 'NSX_SIGN_IN' : 'NSX_UNAUTHORIZED')
  }
  assert.equal(await open(context, [origin], { tls }).version(), 'NSX_UNAUTHORIZED')
})

test('a manager that falls silent in the middle is left within the time of one call; its sockets are not used again', async (context) => {
  const first = await startNsx(context)
  const second = await startNsx(context)
  const proxy = await startHostileProxy(first.server.port, clock)
  context.after(() => proxy.close())
  const hostile = `https://127.0.0.1:${proxy.port}`
  const clients = [
    createHttpClient({ origin: hostile, tls: { ca: first.authority.ca, ...first.client } }),
    createHttpClient({ origin: second.origin, tls: { ca: second.authority.ca, ...second.client } }),
  ]
  // Not shuffled: the one behind the proxy is the first choice.
  const nsx = createNsxRest({ clients, clock, random: { ...random, next: () => 0 }, log: SILENT })
  context.after(() => nsx.close())
  const call = () => nsx.call({ method: 'GET', path: VERSION, timeoutMs: 500 })
  await call()
  proxy.behave({ kind: 'hold', afterBytes: 0 })
  const beganMs = clock.monotonicMs()
  await Promise.all([call(), call(), call()])
  const tookMs = clock.monotonicMs() - beganMs
  assert.ok(tookMs < 1_500, `${tookMs} ms`)
  assert.deepEqual(
    nsx.endpoints().map(({ origin, health }) => `${origin} ${health}`),
    [`${hostile} down`, `${second.origin} up`],
  )
  proxy.behave({ kind: 'pass' })
  const acceptedBefore = proxy.accepted
  const untilMs = clock.monotonicMs() + 8_000
  while (nsx.endpoints()[0]?.health !== 'up' && clock.monotonicMs() < untilMs) {
    await call()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.equal(nsx.endpoints()[0]?.health, 'up')
  await call()
  // One for the probe, one for the call: those of before are gone.
  assert.ok(proxy.accepted >= acceptedBefore + 2, `${proxy.accepted - acceptedBefore} new links`)
})
