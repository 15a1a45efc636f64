/** The manager on real TLS sockets: certificates as they come off the wire, streams, bodies, and what breaks. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { createManager } from '../../../src/manager/index.ts'
import {
  createHttpClient,
  createRealClock,
  createRealRandom,
  type RunningServer,
  serve,
  type TlsIdentity,
} from '../../../src/world/real.ts'
import {
  BASIC,
  type Certificate,
  CLUSTER,
  clientOver,
  DOMAIN,
  NODE_ID,
  openSession,
  pushPolicy,
  selfSigned,
  USER,
} from './harness.ts'

const options = { timeout: 30_000 }
const running: { close(): Promise<void> }[] = []
after(async () => {
  for (const one of running.reverse()) await one.close()
})

const server = await selfSigned('nsx-manager', { addresses: ['127.0.0.1'] })
const own = await selfSigned(CLUSTER)
const manager = createManager({
  clock: createRealClock(),
  random: createRealRandom(),
  users: [USER],
  heartbeatMs: 200,
})
manager.register({ nodeId: NODE_ID, name: CLUSTER, certificatePem: own.cert })
const listening: RunningServer = await serve({
  handler: manager.handler,
  host: '127.0.0.1',
  port: 0,
  tls: { cert: server.cert, key: server.key, requestCert: true },
})
running.push(listening)

function client(identity: Certificate | undefined, headers: Record<string, string> = {}) {
  const tls: TlsIdentity = {
    ca: server.cert,
    ...(identity === undefined ? {} : { cert: identity.cert, key: identity.key }),
  }
  const http = createHttpClient({ origin: `https://127.0.0.1:${listening.port}`, tls })
  running.push(http)
  return clientOver(http, headers)
}

const user = client(undefined, { authorization: BASIC })

test('a person and a cluster on the same port: policy down, inventory and status up', options, async () => {
  await pushPolicy(user)
  const cluster = client(own)
  const { session, epoch } = await openSession(cluster, 'ccp')
  const snapshot = await cluster.stream(`/ccp/v1/clusters/${NODE_ID}/snapshot?session=${session}`)
  let version = 0
  for (let frame = await snapshot.next(); frame !== undefined; frame = await snapshot.next())
    version = frame.version ?? version
  const watch = await cluster.stream(
    `/ccp/v1/clusters/${NODE_ID}/watch?session=${session}&epoch=${epoch}&from=${version}`,
  )
  assert.equal((await watch.next()).t, 'open')
  assert.equal((await watch.next()).t, 'ping', 'a heartbeat comes by itself')
  await user.send('PATCH', `${DOMAIN}/groups/web-pods`, { description: 'edited' })
  const seen: string[] = []
  while (!seen.includes('commit')) seen.push((await watch.next()).t)
  assert.deepEqual(
    seen.filter((t) => t !== 'ping'),
    ['put', 'commit'],
  )
  watch.leave()
  const batch = {
    container_inventory_objects: [
      {
        object_update_type: 'CREATE',
        container_object: { resource_type: 'ContainerProject', external_id: 'ns' },
      },
    ],
  }
  assert.equal(
    (await cluster.send('POST', `/api/v1/inventory/container/${NODE_ID}?action=updates`, batch)).status,
    200,
  )
  assert.equal(
    (await user.send('GET', '/api/v1/fabric/container-projects/ns')).body.container_cluster_id,
    NODE_ID,
  )
})

test('another certificate with the same name is nobody', options, async () => {
  const twin = client(await selfSigned(CLUSTER))
  const answer = await twin.send('GET', '/ccp/v1')
  assert.deepEqual([answer.status, answer.body.code], [403, 'CERTIFICATE_NOT_THIS_CLUSTER'])
  assert.equal((await twin.send('GET', `${DOMAIN}/groups`)).status, 403)
  assert.equal((await client(undefined).send('GET', `${DOMAIN}/groups`)).status, 401)
})

test('replies as the clients need them on the wire', options, async () => {
  const patched = await user.send('PATCH', `${DOMAIN}/groups/wire`, {})
  assert.deepEqual(
    [patched.status, patched.text, patched.headers['content-type'], patched.headers['content-length']],
    [200, '', undefined, '0'],
  )
  const missing = await user.send('GET', `${DOMAIN}/groups/absent`)
  assert.deepEqual([missing.status, missing.headers['content-type']], [404, 'application/json'])
  assert.ok(missing.headers['date'], 'a public client reads the Date of errors')
  const login = await client(undefined).send(
    'POST',
    '/api/session/create',
    `j_username=${USER.name}&j_password=${encodeURIComponent(USER.password)}`,
  )
  assert.match(login.headers['set-cookie'] ?? '', /^JSESSIONID=/)
})

test('a body that is too large is refused before it is read, and the manager goes on', options, async () => {
  const answer = await user
    .send('PATCH', `${DOMAIN}/groups/large`, `{"description":"${'x'.repeat(9 * 1024 * 1024)}"}`)
    .catch((error: { code: string }) => error)
  // Sockets may be cut while the rest is still on its way; either way it was not taken.
  assert.ok(
    'status' in answer ? answer.status === 413 : /^TRANSPORT_/.test(answer.code),
    JSON.stringify(answer),
  )
  assert.equal((await user.send('GET', `${DOMAIN}/groups/large`)).status, 404)
})

test(
  'bytes that are no HTTP, half a request, a client that vanishes in a stream: the manager goes on',
  options,
  async () => {
    const raw = (bytes: string) =>
      new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: listening.port, rejectUnauthorized: false }, () => {
          socket.write(bytes)
          setTimeout(() => socket.destroy(), 50)
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve())
      })
    await raw('\0\xff nonsense\r\n\r\n')
    await raw(`PATCH ${DOMAIN}/groups/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"a"`)
    await raw('GET /%00%ff/../../etc HTTP/1.1\r\nHost: a\r\n\r\n')
    const cluster = client(own)
    const { session, epoch } = await openSession(cluster, 'ccp', {
      leader: { lease_created: 2_000, transitions: 1 },
    })
    const watch = await cluster.stream(
      `/ccp/v1/clusters/${NODE_ID}/watch?session=${session}&epoch=${epoch}&from=begin`,
    )
    assert.equal((await watch.next()).t, 'open')
    cluster.http.reset()
    assert.equal((await user.send('GET', '/api/v1/node/version')).status, 200)
  },
)
