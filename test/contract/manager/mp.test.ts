/** The MP channel's server side (docs/protocol.md §3) and what people see of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CCP_PATH, CLUSTER, harness, NODE_ID, openSession } from './harness.ts'

const BASE = `/mp/v1/clusters/${NODE_ID}`
const STATUS = `/policy/api/v1${CCP_PATH}/status`

const health = (session: string, sequence = 1, status = 'HEALTHY') => ({
  session,
  sequence,
  status,
  controller_status: {
    status,
    connected_agent_num: 3,
    conditions: [{ condition_type: 'CONTROLLER_HEALTHY', status: 'HEALTHY', last_heartbeat_time: 5 }],
  },
  mp_adapter_status: { status: 'HEALTHY', conditions: [] },
  ccp_adapter_status: { status: 'HEALTHY', conditions: [] },
  agent_info: { healthy_agent_num: 3, degraded_agent_num: 0, failed_agent_num: 0 },
  nodes: [{ name: 'node-1', status: 'HEALTHY' }],
})

test('health is shown as AntreaClusterInfo, UNKNOWN before the first word and after three missed intervals', async () => {
  const h = await harness()
  const shown = async () => (await h.user.send('GET', STATUS)).body
  assert.deepEqual([(await shown()).status, (await shown()).controller_status.status], ['UNKNOWN', 'UNKNOWN'])
  const { session } = await openSession(h.cluster, 'mp')
  assert.equal((await h.cluster.send('POST', `${BASE}/health`, health(session))).status, 202)
  const info = await shown()
  assert.deepEqual(
    [
      info.status,
      info.controller_status.connected_agent_num,
      info.agent_info.healthy_agent_num,
      info.mp_adapter_status.status,
    ],
    ['HEALTHY', 3, 3, 'HEALTHY'],
  )
  await h.clock.advance(180_000)
  assert.equal((await shown()).status, 'HEALTHY')
  await h.clock.advance(1_000)
  const lost = await shown()
  assert.deepEqual(
    [
      lost.status,
      lost.controller_status.status,
      lost.mp_adapter_status.status,
      lost.ccp_adapter_status.status,
    ],
    Array(4).fill('UNKNOWN'),
  )
  const list = (
    await h.user.send(
      'GET',
      STATUS.replace(`cluster-control-planes/${CLUSTER}/status`, 'cluster-control-planes-status'),
    )
  ).body
  assert.deepEqual([list.result_count, list.results[0].status], [1, 'UNKNOWN'])
})

test('the report interval is configured, told and obeyed', async () => {
  const h = await harness()
  const config = STATUS.replace(/status$/, 'heartbeat-config')
  assert.equal((await h.cluster.send('GET', config)).body.report_interval, 60)
  assert.equal((await h.user.send('PATCH', config, { report_interval: 59 })).status, 400)
  assert.equal((await h.user.send('PUT', config, { report_interval: 600 })).body.report_interval, 600)
  const { session } = await openSession(h.cluster, 'mp')
  await h.cluster.send('POST', `${BASE}/health`, health(session))
  await h.clock.advance(1_700_000)
  assert.equal((await h.user.send('GET', STATUS)).body.status, 'HEALTHY')
})

test('malformed health is refused', async () => {
  const h = await harness()
  const { session } = await openSession(h.cluster, 'mp')
  for (const bad of [
    { ...health(session), status: 'FINE' },
    { session },
    { ...health(session), agent_info: {} },
  ])
    assert.equal((await h.cluster.send('POST', `${BASE}/health`, bad)).status, 400)
  assert.equal((await h.cluster.send('POST', `${BASE}/health`, health('another'))).body.code, 'SESSION_ENDED')
})

test("a person's operation goes down the stream, and its answer comes back", async () => {
  const h = await harness()
  const { session } = await openSession(h.cluster, 'mp')
  const stream = await h.cluster.stream(`${BASE}/requests?session=${session}`)
  assert.equal((await stream.next()).t, 'open')
  const next = stream.next()
  const made = await h.user.send('POST', `${BASE}/operations`, {
    kind: 'logs',
    body: { component: 'agent' },
    timeout_ms: 5_000,
  })
  assert.deepEqual([made.status, made.body.state], [201, 'QUEUED'])
  const { id } = made.body
  assert.deepEqual(await next, {
    t: 'request',
    id,
    attempt: 1,
    kind: 'logs',
    timeout_ms: 5_000,
    body: { component: 'agent' },
  })
  const events = (list: unknown[], attempt = 1) =>
    h.cluster.send('POST', `${BASE}/requests/${id}/events`, { session, attempt, events: list })
  assert.deepEqual((await events([{ seq: 1, t: 'progress', percent: 50 }])).body, { acknowledged: 1 })
  const gap = await events([{ seq: 3, t: 'progress' }])
  assert.deepEqual([gap.status, gap.body.expected], [409, 2])
  assert.deepEqual(
    (
      await events([
        { seq: 1, t: 'progress' },
        { seq: 2, t: 'result', lines: 7 },
      ])
    ).body,
    { acknowledged: 2 },
  )
  assert.deepEqual((await events([{ seq: 3, t: 'error', message: 'too late' }])).body, { acknowledged: 3 })
  const shown = (await h.user.send('GET', `${BASE}/operations/${id}`)).body
  assert.deepEqual(
    [shown.state, shown.events.map(({ t }: { t: string }) => t)],
    ['DONE', ['progress', 'result']],
  )
  assert.equal((await events([{ seq: 1, t: 'progress' }], 9)).status, 400)
  assert.equal(
    (await h.cluster.send('POST', `${BASE}/requests/none/events`, { session, attempt: 1, events: [] }))
      .status,
    404,
  )
})

test('what has no final answer is sent again with a higher attempt; a cancel is told', async () => {
  const h = await harness()
  const { id } = (await h.user.send('POST', `${BASE}/operations`, { kind: 'statistics' })).body
  const first = await openSession(h.cluster, 'mp')
  const stream = await h.cluster.stream(`${BASE}/requests?session=${first.session}`)
  assert.deepEqual([(await stream.next()).t, (await stream.next()).attempt], ['open', 1])
  await h.cluster.send('POST', `${BASE}/requests/${id}/events`, {
    session: first.session,
    attempt: 1,
    events: [{ seq: 1, t: 'progress' }],
  })
  const second = await openSession(h.cluster, 'mp')
  assert.equal((await stream.next()).t, 'bye')
  const late = await h.cluster.send('POST', `${BASE}/requests/${id}/events`, {
    session: first.session,
    attempt: 1,
    events: [],
  })
  assert.deepEqual([late.status, late.body.code], [409, 'SESSION_ENDED'])
  const again = await h.cluster.stream(`${BASE}/requests?session=${second.session}`)
  assert.deepEqual([(await again.next()).t, (await again.next()).attempt], ['open', 2])
  await h.cluster.send('POST', `${BASE}/requests/${id}/events`, {
    session: second.session,
    attempt: 2,
    events: [{ seq: 1, t: 'observation' }],
  })
  assert.deepEqual(
    (await h.user.send('GET', `${BASE}/operations/${id}`)).body.events.length,
    1,
    "the older attempt's events are gone",
  )
  await h.user.send('DELETE', `${BASE}/operations/${id}`)
  assert.deepEqual(await again.next(), { t: 'cancel', id })
})

test('operations are bounded, and their kinds are known', async () => {
  const h = await harness()
  assert.equal((await h.user.send('POST', `${BASE}/operations`, { kind: 'reboot' })).status, 400)
  assert.equal(
    (await h.user.send('POST', `${BASE}/operations`, { kind: 'logs', timeout_ms: 1e12 })).status,
    400,
  )
  for (let n = 0; n < 64; n += 1)
    assert.equal((await h.user.send('POST', `${BASE}/operations`, { kind: 'logs' })).status, 201)
  assert.equal((await h.user.send('POST', `${BASE}/operations`, { kind: 'logs' })).status, 429)
  assert.equal((await h.user.send('GET', `${BASE}/operations`)).body.result_count, 64)
})
