/** Who may ask: basic authentication, sessions as NSX's clients carry them, certificates; and the calls of a client's start. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BASIC, CLUSTER, DOMAIN, harness, NODE_ID, selfSigned, USER } from './harness.ts'

const VERSION = '/api/v1/node/version'

async function login(h: Awaited<ReturnType<typeof harness>>, form: string) {
  return h.as({}).send('POST', '/api/session/create', form, {
    'content-type': 'application/x-www-form-urlencoded',
    // Wrong on purpose: a public client sends its escaped password here.
    authorization: `Basic ${Buffer.from('admin:wrong').toString('base64')}`,
  })
}

const FORM = `j_username=${USER.name}&j_password=${encodeURIComponent(USER.password)}`

test('basic authentication: right, wrong, unknown, none', async () => {
  const { as } = await harness()
  assert.match(
    (await as({}, { authorization: BASIC }).send('GET', VERSION)).body.node_version,
    /^\d+(\.\d+){4,5}$/,
  )
  for (const authorization of [
    'Basic !!!',
    `Basic ${Buffer.from('admin:no').toString('base64')}`,
    `Basic ${Buffer.from('who:no').toString('base64')}`,
  ]) {
    const answer = await as({}, { authorization }).send('GET', VERSION)
    assert.ok(answer.status === 403 || answer.status === 401)
    assert.equal(answer.body.error_code, 403)
  }
  assert.equal((await as({}).send('GET', VERSION)).status, 401)
})

test('a session: the cookie comes first in its line, and lives with its token', async () => {
  const h = await harness()
  const made = await login(h, FORM)
  assert.equal(made.status, 200)
  const cookie = made.headers['set-cookie'] ?? ''
  const token = made.headers['x-xsrf-token'] ?? ''
  assert.match(cookie, /^JSESSIONID=[^;]+;/)
  const id = cookie.slice(0, cookie.indexOf(';') + 1)
  const ask = (headers: Record<string, string>) => h.as({}, headers).send('GET', VERSION)
  assert.equal((await ask({ cookie: id, 'x-xsrf-token': token })).status, 200)
  assert.equal((await ask({ cookie, 'x-xsrf-token': token })).status, 200, 'with all of its attributes')
  const unsigned = await ask({ cookie: id })
  assert.deepEqual([unsigned.status, unsigned.body.error_code], [403, 98])
  assert.equal((await ask({ cookie: id, authorization: BASIC })).status, 200, 'either credential suffices')
  assert.equal((await ask({ cookie: id, 'x-xsrf-token': token, authorization: 'Basic eA==' })).status, 200)
  await h.clock.advance(1_700_000)
  assert.equal((await ask({ cookie: id, 'x-xsrf-token': token })).status, 200)
  await h.clock.advance(1_801_000)
  assert.equal((await ask({ cookie: id, 'x-xsrf-token': token })).status, 403, 'idle for too long')
})

test('a session ends when it is destroyed; a wrong login is 403', async () => {
  const h = await harness()
  const made = await login(h, FORM)
  const headers = {
    cookie: made.headers['set-cookie'] ?? '',
    'x-xsrf-token': made.headers['x-xsrf-token'] ?? '',
  }
  assert.equal((await h.as({}, headers).send('POST', '/api/session/destroy', '')).status, 200)
  assert.equal((await h.as({}, headers).send('GET', VERSION)).status, 403)
  for (const form of ['j_username=admin&j_password=no', 'j_username=&j_password=', '']) {
    const answer = await login(h, form)
    assert.deepEqual([answer.status, answer.body.error_code], [403, 403])
  }
})

test('a certificate is known by its fingerprint, and only with the registered name', async () => {
  const { as, cluster } = await harness()
  assert.equal((await cluster.send('GET', VERSION)).status, 200)
  const twin = await selfSigned(CLUSTER)
  assert.equal(
    (await as({ certificateSha256: twin.fingerprint, commonName: CLUSTER }).send('GET', VERSION)).status,
    403,
  )
  const peer = { certificateSha256: (await selfSigned('x')).fingerprint, commonName: 'x' }
  assert.equal((await as(peer).send('GET', `${DOMAIN}/groups`)).status, 403)
})

test('a cluster reads policy and writes its own inventory, nothing else', async () => {
  const { cluster } = await harness()
  assert.equal((await cluster.send('GET', `${DOMAIN}/groups`)).status, 200)
  for (const [method, path] of [
    ['PATCH', `${DOMAIN}/groups/g`],
    ['DELETE', `${DOMAIN}/groups/g`],
    ['PATCH', '/policy/api/v1/infra'],
    ['POST', '/api/v1/inventory/container/another?action=updates'],
    ['POST', '/api/v1/fabric/container-clusters'],
    ['DELETE', '/api/v1/fabric/container-clusters/another'],
    ['GET', `/mp/v1/clusters/${NODE_ID}/operations`],
  ] as const) {
    const answer = await cluster.send(method, path, { external_id: 'another' })
    assert.deepEqual([answer.status, answer.body.error_code], [403, 401], `${method} ${path}`)
  }
})

test('a rotation: both certificates are good while both are registered, then the old one is not', async () => {
  const { user, as, cluster } = await harness()
  const next = await selfSigned(CLUSTER)
  const path = `/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes/${CLUSTER}`
  const before = (await user.send('GET', path)).body
  const both = (
    await user.send('PUT', path, { ...before, certificate: `${before.certificate}\n${next.cert}` })
  ).body
  const renewed = as({ certificateSha256: next.fingerprint, commonName: CLUSTER })
  assert.deepEqual(
    [(await cluster.send('GET', '/ccp/v1')).status, (await renewed.send('GET', '/ccp/v1')).status],
    [200, 200],
  )
  await user.send('PUT', path, { ...both, certificate: next.cert })
  assert.deepEqual(
    [(await cluster.send('GET', '/ccp/v1')).status, (await renewed.send('GET', '/ccp/v1')).status],
    [403, 200],
  )
})

test("an expired certificate is nobody's", async () => {
  const h = await harness()
  const short = await selfSigned('short', { notAfter: new Date(h.clock.now() + 60_000) })
  h.manager.register({ nodeId: 'short-node', name: 'short', certificatePem: short.cert })
  const client = h.as({ certificateSha256: short.fingerprint, commonName: 'short' })
  assert.equal((await client.send('GET', '/ccp/v1')).status, 200)
  await h.clock.advance(61_000)
  assert.equal((await client.send('GET', '/ccp/v1')).status, 403)
})

test('health needs no login; the node and who one is do', async () => {
  const { as, user } = await harness()
  assert.deepEqual((await as({}).send('GET', '/api/v1/reverse-proxy/node/health')).body, {
    healthy: true,
    components_health: '',
  })
  assert.match((await user.send('GET', '/api/v1/node')).body.node_version, /^9\./)
  assert.equal((await user.send('GET', '/api/v1/aaa/user-info')).body.user_name, 'admin')
})
