/** Authentication, audit, faults, limits, and the switches a test has over the server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../../src/errors.ts'
import { APISERVER_AUDIT_ENTRIES_MAX, APISERVER_BODY_BYTES_MAX } from '../../../src/limits.ts'
import { createHttpClient, serve } from '../../../src/world/real.ts'
import { CRDS, MAPS, PODS, pod, start, TIER_CRD, TIERS, tier } from './harness.ts'

test('who is not known gets 401, who may not gets 403 in kube-apiserver’s words', async () => {
  const { as, send } = start({
    authentication: { tokens: { good: { user: 'reader', groups: [] } } },
    authorize: (user, verb) => user.user === 'admin' || verb === 'get',
  })
  const anonymous = await as({})('GET', MAPS)
  assert.deepEqual([anonymous.code, anonymous.body.reason], [401, 'Unauthorized'])
  assert.equal((await as({})('GET', MAPS, undefined, { authorization: 'Bearer bad' })).code, 401)
  assert.equal((await as({ commonName: 'admin', verified: false })('GET', MAPS)).code, 401)
  const refused = await as({})('GET', MAPS, undefined, { authorization: 'Bearer good' })
  assert.equal(refused.code, 403)
  assert.equal(
    refused.body.message,
    'configmaps is forbidden: User "reader" cannot list resource "configmaps" in API group "" in the namespace "default"',
  )
  assert.equal((await send('GET', MAPS)).code, 200)
  const borrowed = await send('GET', MAPS, undefined, { 'impersonate-user': 'reader' })
  assert.equal(borrowed.code, 403)
  const thief = await as({})('GET', `${MAPS}/x`, undefined, {
    authorization: 'Bearer good',
    'impersonate-user': 'admin',
  })
  assert.equal(thief.code, 403)
})

test('the audit tells what was asked, counts mutations and not dry runs', async () => {
  const { server, send } = start()
  const heard: string[] = []
  const stop = server.audit.subscribe(({ verb, code }) => heard.push(`${verb} ${code}`))
  await send('POST', MAPS, { metadata: { name: 'a' } })
  await send('POST', `${MAPS}?dryRun=All`, { metadata: { name: 'b' } })
  await send('POST', MAPS, { metadata: { name: 'a' } })
  await send('GET', `${MAPS}/a`)
  stop()
  await send('DELETE', MAPS)
  assert.deepEqual(heard, ['create 201', 'create 201', 'create 409', 'get 200'])
  assert.equal(server.audit.mutatingCount(), 3)
  assert.deepEqual(server.audit.entries().at(-1), {
    verb: 'deletecollection',
    user: 'admin',
    path: MAPS,
    code: 200,
    mutating: true,
  })
  server.audit.clear()
  assert.deepEqual([server.audit.entries().length, server.audit.mutatingCount()], [0, 0])
})

test('the audit keeps the newest entries only', async () => {
  const { server, send } = start()
  for (let n = 0; n < 2 * APISERVER_AUDIT_ENTRIES_MAX + 10; n += 1) await send('GET', '/version')
  assert.equal(server.audit.entries().length, APISERVER_AUDIT_ENTRIES_MAX)
})

test('faults strike what they match, so often as they say', async () => {
  const { server, send, clock } = start()
  const remove = server.faults.add({
    path: /configmaps/,
    verbs: ['list'],
    status: 429,
    retryAfterSeconds: 7,
    times: 1,
  })
  const struck = await send('GET', MAPS)
  assert.deepEqual(
    [struck.code, struck.body.reason, struck.headers['retry-after']],
    [429, 'TooManyRequests', '7'],
  )
  assert.equal(struck.body.details.retryAfterSeconds, 7)
  assert.equal((await send('GET', MAPS)).code, 200)
  remove()
  server.faults.add({ latencyMs: 500 })
  let answered = false
  const slow = send('GET', MAPS).then(({ code }) => {
    answered = true
    return code
  })
  await clock.advance(499)
  assert.equal(answered, false)
  await clock.advance(1)
  assert.equal(await slow, 200)
  server.faults.clear()
  assert.equal((await send('GET', MAPS)).code, 200)
})

test('a body drips, or breaks where the fault says, also on a real socket', async (t) => {
  const { server, send, clock } = start({
    authentication: { tokens: { 'a-token': { user: 'a', groups: ['system:masters'] } } },
  })
  await send('POST', MAPS, { metadata: { name: 'big' }, data: { a: 'x'.repeat(2_000) } })
  server.faults.add({ verbs: ['get'], bodyBytesPerSecond: 1_000, times: 1 })
  let answered = false
  const slow = send('GET', `${MAPS}/big`).then(({ code, body }) => {
    answered = true
    return [code, body.data.a.length]
  })
  await clock.advance(1_900)
  assert.equal(answered, false)
  await clock.advance(2_000)
  assert.deepEqual(await slow, [200, 2_000])

  server.faults.add({ verbs: ['get'], resetAfterBytes: 100, times: 1 })
  await assert.rejects(send('GET', `${MAPS}/big`), /breaks/)
  assert.equal((await send('GET', `${MAPS}/big`)).code, 200)

  const sockets = await serve({ handler: server.handler, host: '127.0.0.1', port: 0 })
  const client = createHttpClient({
    origin: `http://127.0.0.1:${sockets.port}`,
    headers: () => ({ authorization: 'Bearer a-token' }),
  })
  t.after(() => Promise.all([client.close(), sockets.close()]))
  server.faults.add({ resetAfterBytes: 10 })
  const answer = await client.request({ method: 'GET', path: '/version', headersTimeoutMs: 5_000 })
  let seen = 0
  await assert.rejects(async () => {
    for await (const chunk of answer.body) seen += chunk.length
  }, TransportError)
  assert.ok(seen <= 10, `${seen} bytes`)
})

test('bodies that are too large, too deep or no JSON are refused', async () => {
  const { send } = start()
  const large = await send(
    'POST',
    MAPS,
    JSON.stringify({ data: { a: 'x'.repeat(APISERVER_BODY_BYTES_MAX) } }),
  )
  assert.deepEqual([large.code, large.body.reason], [413, 'RequestEntityTooLarge'])
  const deep = await send('POST', MAPS, `{"a":${'['.repeat(100_000)}`)
  assert.equal(deep.code, 400)
  assert.equal((await send('POST', MAPS, '{"metadata"')).code, 400)
  assert.equal((await send('GET', '/api/v1/namespaces/%zz')).code, 400)
  const hostile = await send('POST', CRDS, TIER_CRD).then(() =>
    send(
      'POST',
      TIERS,
      '{"apiVersion":"crd.antrea.io/v1beta1","kind":"Tier","metadata":{"name":"a"},"spec":{"priority":1},"__proto__":{"x":1},"constructor":2}',
    ),
  )
  assert.equal(hostile.code, 201)
  assert.equal(({} as { x?: number }).x, undefined)
  assert.equal(
    hostile.headers['warning'],
    '299 - "unknown field \\"__proto__\\"", 299 - "unknown field \\"constructor\\""',
  )
})

test('protobuf bodies that lie about their lengths are refused', async () => {
  const { server, send } = start()
  const type = { 'content-type': 'application/vnd.kubernetes.protobuf' }
  for (const body of [
    '',
    'k8s',
    'k8s\0\x0a\x7f',
    'k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    'k8s\0\x0a\x0a\x0a\x02v1\x12\x04Tier',
  ])
    assert.equal((await send('POST', MAPS, body, type)).code, 400, JSON.stringify(body))
  assert.equal(server.list('configmaps').length, 0)
})

test('what is not done is refused in words', async () => {
  const { send } = start()
  await send('POST', PODS, pod('a'))
  const exec = await send('POST', `${PODS}/a/exec?command=sh`)
  assert.deepEqual(
    [exec.code, exec.body.message],
    [501, 'the embedded API server does not do this: the subresource exec of pods'],
  )
})

test('the log of a pod comes from the option, its tail when asked', async () => {
  const { send } = start({
    podLogs: (_, container) => (container === 'main' ? 'one\ntwo\nthree\n' : undefined),
  })
  await send('POST', PODS, pod('a'))
  await send(
    'POST',
    PODS,
    pod(
      'b',
      {},
      {
        containers: [
          { name: 'x', image: 'i' },
          { name: 'y', image: 'i' },
        ],
      },
    ),
  )
  assert.equal((await send('GET', `${PODS}/a/log`)).body, 'one\ntwo\nthree\n')
  assert.equal((await send('GET', `${PODS}/a/log?tailLines=1`)).body, 'three\n')
  assert.equal((await send('GET', `${PODS}/none/log`)).code, 404)
  assert.equal((await send('GET', `${PODS}/b/log?container=x`)).code, 404)
  assert.match((await send('GET', `${PODS}/b/log`)).body.message, /choose one of: \[x y\]/)
})

test('closing ends watches and timers', async () => {
  const { server, watch, clock } = start()
  const follower = watch(`${MAPS}?watch=1&allowWatchBookmarks=true`)
  await clock.settle()
  assert.equal(server.openWatches(), 1)
  server.close()
  await clock.settle()
  assert.deepEqual([follower.ended(), server.openWatches(), clock.timers], [true, 0, 0])
})

test('a deleted definition takes its objects along and is served no more', async () => {
  const { server, send, watch, clock } = start()
  await send('POST', CRDS, TIER_CRD)
  await send('POST', TIERS, tier('a'))
  const follower = watch(`${TIERS}?watch=1`)
  await clock.settle()
  await send('DELETE', `${CRDS}/tiers.crd.antrea.io`)
  await clock.settle()
  assert.deepEqual(
    follower.events.map(({ type }) => type),
    ['ADDED', 'DELETED'],
  )
  assert.equal(follower.ended(), true)
  assert.equal((await send('GET', TIERS)).code, 404)
  await send('POST', CRDS, TIER_CRD)
  assert.deepEqual((await send('GET', TIERS)).body.items, [])
  assert.equal(server.list('tiers.crd.antrea.io').length, 0)
})

test('columns of a custom resource carry their description', async () => {
  const { send } = start()
  await send('POST', CRDS, TIER_CRD)
  const table = await send('GET', TIERS, undefined, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  })
  assert.equal(table.body.columnDefinitions[1].description, 'Lower is first.')
})
