/** Connections that cannot be made are told apart, and those that end are replaced. */
import assert from 'node:assert/strict'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { after, before, test } from 'node:test'
import { createServer, type Server } from 'node:tls'
import { TransportError } from '../../../src/errors.ts'
import { createAuthority, type Identity } from '../../../src/sandbox/pki.ts'
import { createHttpClient, createRealClock, serve } from '../../../src/world/real.ts'

const clock = createRealClock()
let identity: Identity
let ca = ''
let server: Server

before(async () => {
  const authority = await createAuthority('test', clock)
  ca = authority.ca
  identity = await authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })
  // It reads and never answers.
  server = createServer({ key: identity.key, cert: identity.cert }, (socket) => {
    socket.on('error', () => {})
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
})
after(() => server.close())

const origin = () => `https://localhost:${(server.address() as AddressInfo).port}`

const faultOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof TransportError ? error.fault : String(error)),
  )

test('who refuses, whom we do not trust, and who says nothing are told apart', async () => {
  const get = (at: string, trusted: string) => {
    const client = createHttpClient({ origin: at, tls: { ca: trusted }, connectTimeoutMs: 300 })
    const asked = client.request({ method: 'GET', path: '/', headersTimeoutMs: 5_000 })
    return faultOf(asked).finally(() => client.close())
  }
  const mute = createTcpServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => mute.listen(0, resolve))
  const mutePort = (mute.address() as AddressInfo).port
  const stranger = await createAuthority('stranger', clock)
  assert.equal(await get(origin(), stranger.ca), 'untrusted')
  assert.equal(await get(`https://localhost:${mutePort}`, ca), 'timeout')
  mute.close()
  assert.equal(await get(`https://127.0.0.1:1`, ca), 'refused')
})

test('after any number of calls that end their connection there is still one for the next', async () => {
  const https = await serve({
    handler: async (request) => {
      await request.body(1_024)
      return { status: 200, headers: { connection: 'close' }, body: '{}' }
    },
    host: '127.0.0.1',
    tls: identity,
  })
  const client = createHttpClient({ origin: `https://127.0.0.1:${https.port}`, tls: { ca } })
  try {
    for (let each = 0; each < 40; each += 1)
      for (const method of ['DELETE', 'POST'] as const) {
        const answer = await client.request({
          method,
          path: '/',
          body: '{}',
          headersTimeoutMs: 2_000,
          signal: AbortSignal.timeout(5_000),
        })
        for await (const _ of answer.body);
        assert.equal(answer.status, 200)
      }
  } finally {
    await client.close()
    await https.close()
  }
})
