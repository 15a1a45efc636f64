/** What a connection that is given up leaves behind: nothing that could still be sent. */
import assert from 'node:assert/strict'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { after, before, test } from 'node:test'
import { createServer, type Server } from 'node:tls'
import { TransportError } from '../../../src/errors.ts'
import { createAuthority, type Identity } from '../../../src/sandbox/pki.ts'
import { sleep } from '../../../src/world/index.ts'
import { createHttpClient, createRealClock } from '../../../src/world/real.ts'

const clock = createRealClock()
let identity: Identity
let ca = ''
let server: Server
const ends: string[] = []

before(async () => {
  const authority = await createAuthority('test', clock)
  ca = authority.ca
  identity = await authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })
  // It reads and never answers.
  server = createServer({ key: identity.key, cert: identity.cert }, (socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'))
    socket.on('end', () => ends.push('end'))
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

test('a write that is given up is reset: the kernel has nothing to send when the network is back', async () => {
  const client = createHttpClient({ origin: origin(), tls: { ca: ca } })
  const giveUp = new AbortController()
  const asked = client.request({
    method: 'POST',
    path: '/',
    body: 'x',
    headersTimeoutMs: 10_000,
    signal: giveUp.signal,
  })
  asked.catch(() => {})
  await sleep(clock, 200)
  giveUp.abort(new Error('the lease is over'))
  await assert.rejects(asked, /the lease is over/)
  for (let turn = 0; turn < 50 && ends.length === 0; turn += 1) await sleep(clock, 20)
  assert.deepEqual(ends, ['ECONNRESET'])
  await client.close()
})

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
