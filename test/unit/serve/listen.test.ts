/** Health and metrics on a real TLS socket: who is let in, what is told there, and renewal without a restart. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createListening } from '../../../src/cli/listening.ts'
import { loadConfig } from '../../../src/config/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createMeasuring } from '../../../src/metrics/index.ts'
import { createAuthority, type Identity, openAuthority } from '../../../src/sandbox/pki.ts'
import { createRemoteHandler } from '../../../src/serve/index.ts'
import type { HttpMethod } from '../../../src/world/index.ts'
import { createHttpClient, createRealClock } from '../../../src/world/real.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const clock = createRealClock()
const NAMES = { dns: ['localhost'], ips: ['127.0.0.1'] }
const TOKEN = 'nine-by-nine-is-eighty-one'

const CONFIG = `
cluster: {id: c, name: n}
nsx: {url: https://nsx.example, cert: nsx.crt, key: nsx.key}
`

interface With {
  readonly clientCa?: boolean
  readonly token?: boolean
}

async function listening(context: TestContext, by: With) {
  const path = mkdtempSync(join(tmpdir(), 'listen-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  const write = (name: string, text: string) => {
    writeFileSync(join(path, name), text, { mode: 0o600 })
    return join(path, name)
  }
  const serverCa = await createAuthority('server-ca', clock)
  const clientCa = await createAuthority('client-ca', clock)
  const show = async (name: string) => {
    const { cert, key } = await serverCa.server(name, NAMES)
    return { cert: write('tls.crt', cert), key: write('tls.key', key) }
  }
  const { cert, key } = await show('first')
  const loaded = loadConfig({
    file: {
      name: 'config.yaml',
      text: `${CONFIG}
serve:
  listen: 0.0.0.0:0
  tls: {cert: ${cert}, key: ${key}${by.clientCa === true ? `, clientCa: ${write('ca.crt', clientCa.ca)}` : ''}}
  ${by.token === true ? `tokenFile: ${write('token', `${TOKEN}\n`)}` : ''}
`,
    },
  })
  const places = createListening(loaded, clock, SILENT)
  const at = places.endpoints.find((place) => 'host' in place)
  assert.ok(at !== undefined && 'host' in at && at.access !== undefined)
  const source = {
    status: () => ({ checks: [{ name: 'cluster-read', ok: true, reason: '' }] }),
    idleMs: () => 0,
    metrics: createMeasuring(createFakeClock()),
  }
  const server = await places.listen(createRemoteHandler(source, at.access), { ...at, host: '127.0.0.1' })
  context.after(() => server.close())
  const ask = async (
    target: string,
    who: { identity?: Identity; authorization?: string; method?: HttpMethod } = {},
  ) => {
    const client = createHttpClient({
      origin: `https://127.0.0.1:${server.port}`,
      tls: { ca: serverCa.ca, ...who.identity },
    })
    try {
      const answer = await client.request({
        method: who.method ?? 'GET',
        path: target,
        headersTimeoutMs: 3_000,
        ...(who.authorization === undefined ? {} : { headers: { authorization: who.authorization } }),
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of answer.body) chunks.push(chunk)
      return { status: answer.status, body: Buffer.concat(chunks).toString() }
    } finally {
      await client.close()
    }
  }
  return { ask, server, places, write, show, serverCa, clientCa, loaded }
}

test('a client certificate: none, of another CA, expired, not yet valid are refused', async (context) => {
  const { ask, clientCa } = await listening(context, { clientCa: true })
  assert.equal((await ask('/metrics')).status, 401)
  const stranger = await createAuthority('client-ca', clock)
  assert.equal((await ask('/metrics', { identity: await stranger.client('scraper') })).status, 401)
  const late = createFakeClock(Date.now() - 200 * 86_400_000)
  const expired = await (await openAuthority(await clientCa.saved(), late, 86_400_000)).client('scraper')
  assert.equal((await ask('/metrics', { identity: expired })).status, 401)
  const early = createFakeClock(Date.now() + 86_400_000)
  const next = await (await openAuthority(await clientCa.saved(), early, 86_400_000)).client('scraper')
  assert.equal((await ask('/metrics', { identity: next })).status, 401)
  const right = await ask('/metrics', { identity: await clientCa.client('scraper') })
  assert.equal(right.status, 200)
  assert.match(right.body, /^# HELP antrea_nsx_build_info/)
  assert.equal((await ask('/metrics', { authorization: `Bearer ${TOKEN}` })).status, 401, 'no token is set')
})

test('a bearer token: missing, wrong, longer, shorter, of another scheme are refused', async (context) => {
  const { ask, write, places } = await listening(context, { token: true })
  for (const authorization of [
    '',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${'x'.repeat(8_000)}`,
  ])
    assert.equal((await ask('/readyz', { authorization })).status, 401, authorization.slice(0, 40))
  assert.deepEqual(await ask('/readyz', { authorization: `Bearer ${TOKEN}` }), { status: 200, body: 'ok\n' })
  write('token', 'another-word-of-some-length')
  places.renew()
  assert.equal((await ask('/livez', { authorization: `Bearer ${TOKEN}` })).status, 401)
  assert.equal((await ask('/livez', { authorization: 'bearer another-word-of-some-length' })).status, 200)
  // What is too short is no token: the former one goes on.
  write('token', 'short')
  places.renew()
  assert.equal((await ask('/livez', { authorization: 'Bearer short' })).status, 401)
  assert.equal((await ask('/livez', { authorization: 'Bearer another-word-of-some-length' })).status, 200)
})

test('only health and metrics are told there, and nothing is changed', async (context) => {
  const { ask } = await listening(context, { token: true })
  const authorization = `Bearer ${TOKEN}`
  for (const path of [
    '/status',
    '/logs',
    '/inspect',
    '/inspect/',
    '/transitions',
    '/diff',
    '/adoption',
    '/log-level',
  ])
    assert.equal((await ask(path, { authorization })).status, 404, path)
  for (const path of ['/pause?channel=all', '/resume?channel=all', '/approve', '/adopt', '/metrics'])
    assert.equal((await ask(path, { authorization, method: 'POST' })).status, 405, path)
  assert.equal((await ask('/readyz/cluster-read', { authorization })).status, 200)
  assert.equal(
    (await ask('/readyz?verbose', { authorization })).body,
    '[+]cluster-read ok\nreadyz check passed\n',
  )
})

test('a renewed certificate is shown without a restart; one that does not fit changes nothing', async (context) => {
  const { ask, show, places, write, clientCa, serverCa } = await listening(context, { clientCa: true })
  const identity = await clientCa.client('scraper')
  const [before] = places.certificates()
  await show('second')
  places.renew()
  assert.equal((await ask('/livez', { identity })).status, 200)
  const [after] = places.certificates()
  assert.ok(before !== undefined && after !== undefined && after.notAfter >= before.notAfter)
  // Another CA for clients: those of the former are not let in any more, on no connection.
  const other = await createAuthority('client-ca', clock)
  write('ca.crt', other.ca)
  places.renew()
  assert.equal((await ask('/livez', { identity })).status, 401)
  assert.equal((await ask('/livez', { identity: await other.client('scraper') })).status, 200)
  // A certificate without its key.
  write('tls.crt', (await serverCa.server('third', NAMES)).cert)
  places.renew()
  assert.equal((await ask('/livez', { identity: await other.client('scraper') })).status, 200)
})

test('it is never plain, and what is silent or too much is cut', async (context) => {
  const { server, ask } = await listening(context, { token: true })
  const said = await new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'),
    )
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => resolve(text))
    socket.on('close', () => resolve(text))
  })
  assert.ok(!said.includes('antrea_nsx'))
  const sockets = Array.from({ length: 80 }, () => connect(server.port, '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => {})
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.ok(server.connections <= 64, `${server.connections}`)
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal((await ask('/livez', { authorization: `Bearer ${TOKEN}` })).status, 200)
})

test('what is missing for elsewhere is told with its place', () => {
  const wrong = (serve: string) => {
    try {
      loadConfig({ file: { name: 'config.yaml', text: `${CONFIG}serve: ${serve}\n` } })
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.match(
    wrong('{listen: "10.0.0.1:9443"}'),
    /serve\.listen is not on loopback: that takes serve\.tls\.cert/,
  )
  assert.match(wrong('{listen: "[::]:9443", tls: {cert: a, key: b}}'), /serve\.listen is not on loopback/)
  assert.match(wrong('{listen: "0.0.0.0:9443", tokenFile: t}'), /serve\.listen is not on loopback/)
  assert.match(wrong('{listen: "127.0.0.1:9443", tls: {cert: a, key: b}}'), /lets nobody in/)
  assert.match(wrong('{listen: "127.0.0.1:9443", tokenFile: t}'), /tokenFile takes serve\.tls\.cert/)
  assert.match(wrong('{listen: "127.0.0.1:9443", tls: {cert: a}}'), /tls\.key is needed, too/)
  assert.equal(wrong('{listen: "0.0.0.0:9443", tls: {cert: a, key: b, clientCa: c}}'), '')
  assert.equal(wrong('{listen: "127.0.0.1:9443"}'), '')
})
