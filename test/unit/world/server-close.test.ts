/** A server that closes waits for nobody, in whatever state a connection is. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import { createHttpClient, createRealClock, serve } from '../../../src/world/real.ts'

for (const http2 of [false, true])
  test(`close cuts connections before, in and after TLS's handshake (http2: ${http2})`, async () => {
    const authority = await createAuthority('ca', createRealClock())
    const identity = await authority.server('localhost', { dns: [], ips: ['127.0.0.1'] })
    const server = await serve({
      handler: () => Promise.resolve({ status: 200, body: 'ok' }),
      host: '127.0.0.1',
      port: 0,
      http2,
      tls: identity,
    })
    const silent = connect(server.port, '127.0.0.1')
    silent.on('error', () => {})
    await once(silent, 'connect')
    const client = createHttpClient({
      origin: `https://127.0.0.1:${server.port}`,
      tls: { ca: authority.ca },
    })
    await client.request({ method: 'GET', path: '/', headersTimeoutMs: 5_000 })
    const cut = once(silent, 'close')
    const late = new Promise((resolve) => setTimeout(resolve, 2_000, 'late').unref())
    try {
      assert.equal(await Promise.race([server.close().then(() => 'closed'), late]), 'closed')
      await cut
    } finally {
      silent.destroy()
      await client.close()
    }
  })
