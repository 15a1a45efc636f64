/** The CCP channel's server side (docs/protocol.md §1, §2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyHash, setDigest } from '../../../src/protocol/index.ts'
import {
  CCP_PATH,
  CLUSTER,
  DOMAIN,
  type Harness,
  harness,
  NODE_ID,
  openSession,
  pushPolicy,
  selfSigned,
  sessionRequest,
  type TestClient,
  type TestStream,
} from './harness.ts'

const BASE = `/ccp/v1/clusters/${NODE_ID}`
const WEB = '/infra/domains/default/security-policies/web'

interface Frame {
  readonly t: string
  readonly [field: string]: unknown
}

async function readAll(stream: TestStream): Promise<Frame[]> {
  const frames: Frame[] = []
  for (let frame = await stream.next(); frame !== undefined; frame = await stream.next()) frames.push(frame)
  return frames
}

const snapshot = async (client: TestClient, session: string) =>
  readAll(await client.stream(`${BASE}/snapshot?session=${session}`))

const paths = (frames: readonly Frame[]) =>
  frames
    .filter(({ t }) => t === 'put')
    .map(({ path }) => String(path))
    .sort()

async function watching(h: Harness) {
  const { session, epoch } = await openSession(h.cluster, 'ccp')
  const frames = await snapshot(h.cluster, session)
  const version = frames[0]?.['version']
  const stream = await h.cluster.stream(`${BASE}/watch?session=${session}&epoch=${epoch}&from=${version}`)
  assert.deepEqual(await stream.next(), { t: 'open', epoch, from: version })
  return { session, epoch, version, stream, frames }
}

test('hello, to whom it concerns', async () => {
  const { cluster, user, as } = await harness()
  const hello = await cluster.send('GET', '/ccp/v1')
  assert.deepEqual([hello.status, hello.body.protocol, hello.body.versions], [200, 'ccp', ['v1']])
  assert.equal((await cluster.send('GET', '/ccp/v1')).body.source, hello.body.source)
  assert.equal((await cluster.send('GET', '/mp/v1')).body.source, hello.body.source)
  assert.equal((await user.send('GET', '/ccp/v1')).status, 403)
  assert.equal((await as({}).send('GET', '/ccp/v1')).status, 401)
  const newer = await cluster.send('GET', '/ccp/v2')
  assert.deepEqual(
    [newer.status, newer.body.code, newer.body.versions],
    [400, 'VERSION_NOT_SUPPORTED', ['v1']],
  )
})

test('a session is refused to the wrong certificate and to unknown clusters', async () => {
  const { cluster, as, manager } = await harness()
  const other = await selfSigned('other')
  manager.register({ nodeId: 'node-2', name: 'other', certificatePem: other.cert })
  const codes = async (client: TestClient, node: string, version = 'v1') => {
    const { status, body } = await client.send(
      'POST',
      `/ccp/${version}/clusters/${node}/sessions`,
      sessionRequest(),
    )
    return [status, body.code]
  }
  assert.deepEqual(await codes(cluster, 'node-2'), [403, 'CERTIFICATE_NOT_THIS_CLUSTER'])
  assert.deepEqual(await codes(cluster, 'nowhere'), [409, 'CLUSTER_NOT_REGISTERED'])
  assert.deepEqual(await codes(cluster, NODE_ID, 'v3'), [400, 'VERSION_NOT_SUPPORTED'])
  const misnamed = as({ certificateSha256: other.fingerprint, commonName: 'another' })
  assert.deepEqual(await codes(misnamed, 'node-2'), [403, 'CERTIFICATE_NOT_THIS_CLUSTER'])
  const malformed = await cluster.send('POST', `${BASE}/sessions`, { instance: 1 })
  assert.equal(malformed.status, 400)
})

test('a newer session ends the older; a lower leader and another cluster get none', async () => {
  const h = await harness()
  const { session, stream } = await watching(h)
  const refusal = async (changes: object) => {
    const { status, body } = await h.cluster.send('POST', `${BASE}/sessions`, sessionRequest({ ...changes }))
    return [status, body.code]
  }
  assert.deepEqual(await refusal({ leader: { lease_created: 1_000, transitions: 0 } }), [409, 'STALE_LEADER'])
  assert.deepEqual(await refusal({ leader: { lease_created: 999, transitions: 9 } }), [409, 'STALE_LEADER'])
  assert.deepEqual(await refusal({ cluster_uid: 'uid-2' }), [409, 'CLUSTER_IDENTITY'])
  const mp = await h.cluster.send(
    'POST',
    `/mp/v1/clusters/${NODE_ID}/sessions`,
    sessionRequest({ leader: { lease_created: 1, transitions: 1 } }),
  )
  assert.deepEqual(
    [mp.status, mp.body.code],
    [409, 'STALE_LEADER'],
    "the fence is the cluster's, not the channel's",
  )
  const waiting = stream.next()
  await h.clock.settle()
  await openSession(h.cluster, 'ccp', { leader: { lease_created: 1_000, transitions: 2 } })
  assert.equal((await waiting).t, 'bye', 'the reader that waits hears why it ends')
  assert.equal(await stream.next(), undefined)
  const late = await h.cluster.send('POST', `${BASE}/status`, {
    session,
    seq: 1,
    desired: { version: 1, digest: '' },
    items: [],
  })
  assert.deepEqual([late.status, late.body.code], [409, 'SESSION_ENDED'])
})

test('a session lives while it is heard within three heartbeats; then a lower leader is no longer stale', async () => {
  const h = await harness()
  const first = await watching(h)
  // The test reads nothing now: the watch is silent, as behind a dead link.
  await h.clock.advance(46_000)
  const lower = await h.cluster.send(
    'POST',
    `${BASE}/sessions`,
    sessionRequest({ leader: { lease_created: 1, transitions: 1 } }),
  )
  assert.equal(lower.status, 201)
  assert.equal((await first.stream.next()).t, 'bye')
  const second = await watching(h)
  const pings: string[] = []
  const reading = (async () => {
    for (let frame = await second.stream.next(); frame !== undefined; frame = await second.stream.next())
      pings.push(frame.t)
  })()
  for (let n = 0; n < 8; n += 1) await h.clock.advance(15_000)
  assert.deepEqual(pings, Array(8).fill('ping'), 'a stream that is read keeps the session alive')
  const answer = await h.cluster.send('DELETE', `${BASE}/sessions/${second.session}`)
  assert.equal(answer.status, 200)
  await reading
})

test('a snapshot holds what spans the cluster with all it refers to, and its digest', async () => {
  const { user, cluster } = await harness()
  await pushPolicy(user)
  await user.send('PATCH', `${DOMAIN}/groups/unused`, {})
  await user.send('PATCH', `${DOMAIN}/groups/inner`, {})
  await user.send('PATCH', `${DOMAIN}/groups/outer`, {
    expression: [{ resource_type: 'PathExpression', paths: ['/infra/domains/default/groups/inner'] }],
  })
  await user.send('PATCH', '/policy/api/v1/infra/services/nested', {
    service_entries: [
      { id: 'n', resource_type: 'NestedServiceServiceEntry', nested_service_path: '/infra/services/SSH' },
    ],
  })
  await user.send('PATCH', '/policy/api/v1/infra/context-profiles/dns', {
    attributes: [{ key: 'APP_ID', value: ['DNS'] }],
  })
  await user.send('PATCH', `${DOMAIN}/security-policies/web/rules/more`, {
    action: 'DROP',
    source_groups: ['/infra/domains/default/groups/outer', '10.0.0.0/8'],
    services: ['/infra/services/nested'],
    profiles: ['/infra/context-profiles/dns'],
  })
  await user.send('PATCH', `${DOMAIN}/security-policies/elsewhere`, { category: 'Application' })
  const { session, epoch, source } = await openSession(cluster, 'ccp')
  const frames = await snapshot(cluster, session)
  assert.deepEqual(paths(frames), [
    '/infra/context-profiles/dns',
    '/infra/domains/default/groups/inner',
    '/infra/domains/default/groups/outer',
    '/infra/domains/default/groups/web-pods',
    WEB,
    '/infra/services/HTTP',
    '/infra/services/SSH',
    '/infra/services/nested',
  ])
  const puts = frames.filter(({ t }) => t === 'put')
  for (const { body, hash } of puts) assert.equal(bodyHash(body), hash)
  const policy = puts.find(({ kind }) => kind === 'SecurityPolicy')
  assert.deepEqual(policy?.['body'], (await user.send('GET', `${DOMAIN}/security-policies/web`)).body)
  assert.deepEqual(frames[0], { t: 'begin', source, epoch, version: frames.at(-1)?.['version'] })
  assert.deepEqual(frames.at(-1), {
    t: 'end',
    version: frames[0]?.['version'],
    counts: { SecurityPolicy: 1, Group: 3, Service: 3, ContextProfile: 1 },
    digest: setDigest(puts as never),
  })
  const again = await cluster.stream(`${BASE}/snapshot?session=${session}`, {
    'if-none-match': String(frames.at(-1)?.['digest']),
  })
  assert.deepEqual([again.status, again.headers['snapshot-version']], [304, String(frames[0]?.['version'])])
  assert.equal(await again.next(), undefined)
})

test('a watch brings commits: puts of what is newly referred to, dels of what is no longer', async () => {
  const h = await harness()
  await pushPolicy(h.user)
  const { stream, version } = await watching(h)
  await h.user.send('PATCH', `${DOMAIN}/groups/other`, { description: 'not referred to: no commit' })
  await h.user.send('PATCH', `${DOMAIN}/security-policies/web/rules/allow-http`, {
    action: 'ALLOW',
    services: ['/infra/services/SSH'],
    source_groups: ['/infra/domains/default/groups/other'],
  })
  const frames: Frame[] = []
  for (let frame = await stream.next(); frames.push(frame) && frame.t !== 'commit'; )
    frame = await stream.next()
  assert.deepEqual(frames.map(({ t, kind, path }) => [t, kind, path].filter(Boolean).join(' ')).sort(), [
    'commit',
    'del Service /infra/services/HTTP',
    'put Group /infra/domains/default/groups/other',
    `put SecurityPolicy ${WEB}`,
    'put Service /infra/services/SSH',
  ])
  assert.equal(frames.at(-1)?.['prev'], version)
  await h.user.send('DELETE', `${DOMAIN}/security-policies/web/container-cluster-span/${CLUSTER}`)
  const gone: Frame[] = []
  for (let frame = await stream.next(); gone.push(frame) && frame.t !== 'commit'; )
    frame = await stream.next()
  assert.deepEqual(
    gone.map(({ t }) => t),
    ['del', 'del', 'del', 'del', 'commit'],
  )
  assert.equal(gone.at(-1)?.['prev'], frames.at(-1)?.['version'])
})

test('commits between the snapshot and the watch are kept; beyond history and in another epoch 410', async () => {
  const h = await harness({ historyCommitsMax: 3 })
  await pushPolicy(h.user)
  const { session, epoch } = await openSession(h.cluster, 'ccp')
  const version = Number((await snapshot(h.cluster, session))[0]?.['version'])
  const edit = (n: number) => h.user.send('PATCH', `${DOMAIN}/groups/web-pods`, { description: `${n}` })
  const watch = (from: number | string, at = epoch) =>
    h.cluster.stream(`${BASE}/watch?session=${session}&epoch=${at}&from=${from}`)
  for (let n = 0; n < 3; n += 1) await edit(n)
  const stream = await watch(version)
  const seen = []
  for (let n = 0; n < 7; n += 1) seen.push((await stream.next()).t)
  assert.deepEqual(seen, ['open', 'put', 'commit', 'put', 'commit', 'put', 'commit'])
  await edit(3)
  assert.equal((await watch(version)).status, 410)
  assert.equal((await watch(version + 1)).status, 200)
  assert.equal((await watch(version + 1, 'another')).status, 410)
  assert.equal((await watch(version + 99)).status, 410)
  assert.equal((await watch('x')).status, 400)
  const beginning = await watch('begin')
  assert.deepEqual(await beginning.next(), { t: 'open', epoch, from: version + 4 })
})

test('a reader that falls out of the history is reset', async () => {
  const h = await harness({ historyCommitsMax: 2 })
  await pushPolicy(h.user)
  const { stream } = await watching(h)
  for (let n = 0; n < 5; n += 1)
    await h.user.send('PATCH', `${DOMAIN}/groups/web-pods`, { description: `${n}` })
  const seen: string[] = []
  for (let frame = await stream.next(); frame !== undefined; frame = await stream.next()) seen.push(frame.t)
  assert.equal(seen.at(-1), 'reset')
})

test('status: sequence, full reports in parts, and what NSX shows of it', async () => {
  const h = await harness()
  await pushPolicy(h.user)
  const { session, version, frames } = await watching(h)
  const digest = frames.at(-1)?.['digest']
  const hash = frames.find(({ kind }) => kind === 'SecurityPolicy')?.['hash']
  const send = (seq: number, items: unknown[], full?: object) =>
    h.cluster.send('POST', `${BASE}/status`, {
      session,
      seq,
      desired: { version, digest },
      items,
      ...(full ? { full } : {}),
    })
  const item = (state: string, more: object = {}) => ({
    path: WEB,
    kind: 'SecurityPolicy',
    state,
    hash,
    nodes: { current: 1, desired: 2 },
    problems: [],
    observed_at: 5,
    ...more,
  })
  const shown = async (query = '') =>
    (
      await h.user.send(
        'GET',
        `/policy/api/v1/infra/realized-state/status?intent_path=${encodeURIComponent(WEB)}${query}`,
      )
    ).body
  const state = async () => (await shown()).consolidated_status.consolidated_status
  assert.equal(await state(), 'UNKNOWN', 'nothing was reported in this session')
  assert.equal((await send(2, [])).body.expected, 1)
  assert.deepEqual((await send(1, [item('SUCCESS')], { part: 1, parts: 2 })).body, { acknowledged: 1 })
  assert.equal(await state(), 'UNKNOWN', 'half of a full report shows nothing')
  assert.equal((await send(1, [])).body.code, 'STATUS_SEQUENCE')
  assert.equal((await send(2, [], { part: 2, parts: 2 })).status, 202)
  assert.equal(await state(), 'SUCCESS')
  await send(3, [item('IN_PROGRESS')])
  const enforced = await shown('&include_enforced_status=true')
  assert.deepEqual(
    [
      enforced.publish_status,
      enforced.consolidated_status_per_enforcement_point[0].resource_type,
      enforced.consolidated_status_per_enforcement_point[0].nodes,
    ],
    ['UNREALIZED', 'ConsolidatedStatusNsxT', { current: 1, desired: 2 }],
  )
  const problem = { code: 'NEGATION', severity: 'ERROR', rule_path: `${WEB}/rules/r`, message: 'a sentence' }
  await send(4, [item('ERROR', { problems: [problem] })])
  const { results } = (
    await h.user.send('GET', `/policy/api/v1/infra/realized-state/realized-entities?intent_path=${WEB}`)
  ).body
  assert.deepEqual([results[0].state, results[0].alarms[0].message], ['ERROR', 'a sentence'])
  assert.match(results[0].alarms[0].error_details.related_errors[0].error_message, /NEGATION/)
  await send(5, [item('SUCCESS')])
  await h.user.send('PATCH', `${DOMAIN}/security-policies/web`, {
    category: 'Application',
    description: 'edited',
  })
  assert.equal(await state(), 'IN_PROGRESS', 'a word about the older revision is no word about this one')
  await send(6, [item('REMOVED')])
  assert.equal(await state(), 'UNINITIALIZED')
  await openSession(h.cluster, 'ccp')
  assert.equal(await state(), 'UNKNOWN')
  const wrong = `/policy/api/v1/infra/realized-state/status?include_enforced_status=true&intent_path=${WEB}/rules/allow-http`
  assert.equal((await h.user.send('GET', wrong)).status, 400)
  assert.equal(
    (await h.user.send('GET', '/policy/api/v1/infra/realized-state/status?intent_path=/infra/x')).status,
    404,
  )
  const group = `/policy/api/v1/infra/realized-state/realized-entities?intent_path=/infra/domains/default/groups/web-pods`
  assert.equal((await h.user.send('GET', group)).body.results[0].state, 'REALIZED')
})

test('malformed and oversized status reports are refused and leave the sequence where it was', async () => {
  const h = await harness()
  const { session } = await watching(h)
  const body = { session, seq: 1, desired: { version: 1, digest: 'd' }, items: [] as unknown[] }
  const item = { path: 'k8s:K8sNetworkPolicy/u', kind: 'K8sNetworkPolicy', state: 'SUCCESS', observed_at: 1 }
  for (const bad of [
    { ...body, items: Array(201).fill(item) },
    { ...body, items: [{ ...item, state: 'FINE' }] },
    { ...body, full: { part: 2, parts: 2 } },
    { ...body, full: { part: 3, parts: 2 } },
    { session },
  ])
    assert.equal((await h.cluster.send('POST', `${BASE}/status`, bad)).status, 400)
  assert.equal((await h.cluster.send('POST', `${BASE}/status`, body)).status, 202)
})

test('a cluster that holds another set is told to read anew, at most once in ten minutes', async () => {
  const h = await harness()
  await pushPolicy(h.user)
  const { session, version, stream } = await watching(h)
  const wrong = (seq: number, id: string) =>
    h.cluster.send('POST', `${BASE}/status`, {
      session: id,
      seq,
      desired: { version, digest: 'sha256:other' },
      items: [],
    })
  await wrong(1, session)
  assert.equal((await stream.next()).t, 'reset')
  assert.equal(await stream.next(), undefined)
  const second = await watching(h)
  await wrong(1, second.session)
  const next = second.stream.next()
  await h.clock.advance(15_000)
  assert.equal((await next).t, 'ping')
})

test('another store: new source, new epoch, the same content; sessions begin anew', async () => {
  const h = await harness()
  await pushPolicy(h.user)
  const before = await watching(h)
  const old = (await h.cluster.send('GET', '/ccp/v1')).body.source
  h.manager.renewSource()
  assert.equal((await before.stream.next()).t, 'reset')
  assert.notEqual((await h.cluster.send('GET', '/ccp/v1')).body.source, old)
  const after = await watching(h)
  assert.notEqual(after.epoch, before.epoch)
  assert.equal(after.frames.at(-1)?.['digest'], before.frames.at(-1)?.['digest'])
})

test('a removed certificate takes its streams with it', async () => {
  const h = await harness()
  const { stream } = await watching(h)
  await h.user.send('DELETE', `/policy/api/v1${CCP_PATH}`)
  assert.equal((await stream.next()).t, 'bye')
  const answer = await h.cluster.send('POST', `${BASE}/sessions`, sessionRequest())
  assert.deepEqual([answer.status, answer.body.code], [409, 'CLUSTER_NOT_REGISTERED'])
})

test('a certificate that expires ends its stream although nothing happens', async () => {
  const h = await harness()
  const short = await selfSigned('short', { notAfter: new Date(h.clock.now() + 40_000) })
  h.manager.register({ nodeId: 'node-2', name: 'short', certificatePem: short.cert })
  const client = h.as({ certificateSha256: short.fingerprint, commonName: 'short' })
  const { session, epoch } = (await client.send('POST', '/ccp/v1/clusters/node-2/sessions', sessionRequest()))
    .body
  const stream = await client.stream(
    `/ccp/v1/clusters/node-2/watch?session=${session}&epoch=${epoch}&from=begin`,
  )
  const seen: string[] = []
  const reading = (async () => {
    for (let frame = await stream.next(); frame !== undefined; frame = await stream.next()) seen.push(frame.t)
  })()
  for (let n = 0; n < 4; n += 1) await h.clock.advance(15_000)
  await reading
  assert.deepEqual(seen, ['open', 'ping', 'ping', 'bye'])
})

test('frozen streams stay open and say nothing; dropped ones end', async () => {
  const h = await harness()
  await pushPolicy(h.user)
  const { stream } = await watching(h)
  assert.equal(h.manager.faults.freezeStreams(), 1)
  let answered = false
  const next = stream.next().then((frame) => {
    answered = true
    return frame
  })
  await h.user.send('PATCH', `${DOMAIN}/groups/web-pods`, { description: 'x' })
  await h.clock.advance(120_000)
  assert.equal(answered, false)
  assert.equal(h.manager.faults.dropStreams(), 1)
  assert.equal(await next, undefined)
})

test('a reader that leaves is forgotten, and no timer stays behind', async () => {
  const h = await harness()
  const { stream } = await watching(h)
  const pending = stream.next().catch(() => undefined)
  await h.clock.settle()
  stream.leave()
  await pending
  await h.clock.settle()
  assert.deepEqual([h.manager.faults.dropStreams(), h.clock.timers], [0, 0])
})

test('put-in faults: late, refused, so often and no more', async () => {
  const h = await harness()
  h.manager.faults.add({ path: /^\/ccp/, methods: ['GET'], status: 503, retryAfterSeconds: 7, times: 2 })
  for (let n = 0; n < 2; n += 1) {
    const answer = await h.cluster.send('GET', '/ccp/v1')
    assert.deepEqual(
      [answer.status, answer.headers['retry-after'], answer.body.httpStatus],
      [503, '7', 'SERVICE_UNAVAILABLE'],
    )
  }
  assert.equal((await h.cluster.send('GET', '/ccp/v1')).status, 200)
  const remove = h.manager.faults.add({ latencyMs: 500 })
  let isThere = false
  const late = h.cluster.send('GET', '/ccp/v1').then((answer) => {
    isThere = true
    return answer
  })
  await h.clock.advance(499)
  assert.equal(isThere, false)
  await h.clock.advance(1)
  assert.equal((await late).status, 200)
  remove()
  h.manager.faults.add({ status: 500 })
  h.manager.faults.clear()
  assert.equal((await h.cluster.send('GET', '/ccp/v1')).status, 200)
})
