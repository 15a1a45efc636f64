/** Certificates made on the spot: what OpenSSL, through Node, takes them for. */
import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import { createRealClock } from '../../../src/world/real.ts'

const clock = createRealClock()

test('server and client certificates verify against their CA and against no other', async () => {
  const authority = await createAuthority('one', clock)
  const other = await createAuthority('two', clock)
  const server = await authority.server('localhost', { dns: ['nsx.sandbox'], ips: ['127.0.0.1'] })
  const client = await authority.client('admin', ['system:masters', 'others'])
  const ca = new X509Certificate(authority.ca)
  for (const { cert, key } of [server, client]) {
    const certificate = new X509Certificate(cert)
    assert.ok(certificate.verify(ca.publicKey))
    assert.ok(!certificate.verify(new X509Certificate(other.ca).publicKey))
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)))
    assert.ok(!certificate.ca)
  }
  const certificate = new X509Certificate(server.cert)
  assert.equal(certificate.checkHost('nsx.sandbox'), 'nsx.sandbox')
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(certificate.checkIP('127.0.0.2'), undefined)
  assert.equal(new X509Certificate(client.cert).subject, 'O=system:masters\nO=others\nCN=admin')
})

test('mutual TLS comes up, both sides verified', async (context) => {
  const authority = await createAuthority('one', clock)
  const identity = await authority.server('localhost', { dns: [], ips: ['127.0.0.1'] })
  const client = await authority.client('shop')
  const server = createServer({ ...identity, ca: authority.ca, requestCert: true, rejectUnauthorized: true })
  context.after(() => server.close())
  const seen = new Promise<string>((resolve) =>
    server.on('secureConnection', (socket: TLSSocket) => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.end()
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const socket = connect({ host: '127.0.0.1', port, ca: authority.ca, ...client })
  context.after(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.on('secureConnect', resolve).on('error', reject))
  assert.ok(socket.authorized)
  assert.equal(await seen, 'shop')
})
