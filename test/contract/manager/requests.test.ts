/** Statistics and traceflow as NSX's users see them, with the cluster's adapter played by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CCP_PATH, harness, NODE_ID, openSession } from './harness.ts'

const MP = `/mp/v1/clusters/${NODE_ID}`
const POLICY = '/policy/api/v1/infra/domains/default/security-policies/web'
const TRACE = '/policy/api/v1/infra/antrea/traceflows'
const QUERY = `?container_cluster_path=${encodeURIComponent(CCP_PATH)}`

async function connected() {
  const h = await harness()
  const { session } = await openSession(h.cluster, 'mp')
  const stream = await h.cluster.stream(`${MP}/requests?session=${session}`)
  await stream.next()
  const rules = [1, 2].map((n) => ({
    id: `r${n}`,
    action: 'DROP',
    source_groups: ['ANY'],
    destination_groups: ['ANY'],
    services: ['ANY'],
    sequence_number: n,
  }))
  await h.user.send('PATCH', POLICY, { display_name: 'web', category: 'Application', rules })
  const answer = (id: string, events: object[]) =>
    h.cluster.send('POST', `${MP}/requests/${id}/events`, {
      session,
      attempt: 1,
      events: events.map((event, index) => ({ seq: index + 1, ...event })),
    })
  return { ...h, stream, answer }
}

const figures = (ruleId: string, packets: string) => [
  {
    t: 'observation',
    policies: [
      {
        path: POLICY.slice('/policy/api/v1'.length),
        since: { uid: 'u', creation_timestamp: 't' },
        rules: [{ rule_id: ruleId, packet_count: packets, byte_count: '2', session_count: '1' }],
      },
    ],
  },
  { t: 'result', source: 'antrea-controller', missing_nodes: ['n9'] },
]

test('statistics: figures of the cluster that is named, whole numbers of any size, and no zero for who is not counted', async () => {
  const { user, stream, answer, clock } = await connected()
  const ruleId = String((await user.send('GET', `${POLICY}/rules/r1`)).body.rule_id)
  const asked = user.send('GET', `${POLICY}/statistics${QUERY}`)
  const second = user.send('GET', `${POLICY}/rules/r1/statistics${QUERY}`)
  const request = await stream.next()
  assert.deepEqual([request.kind, request.body], ['statistics', { kinds: ['SecurityPolicy'] }])
  await answer(request.id, figures(ruleId, '9007199254740993'))
  const { status, text, body, headers } = await asked
  assert.equal(status, 200)
  assert.match(text, /"packet_count":9007199254740993,/)
  assert.equal(headers['age'], '0')
  const [only] = body.results
  assert.equal(only.container_cluster_path, CCP_PATH)
  assert.deepEqual(
    only.statistics.results.map((rule: { rule: string }) => rule.rule.split('/').at(-1)),
    ['r1'],
    'r2 is not counted: it is left out, not 0',
  )
  assert.deepEqual(body.antrea.missing_nodes, ['n9'])
  assert.equal((await second).body.results[0].statistics.internal_rule_id, ruleId)
  assert.deepEqual((await user.send('GET', `${POLICY}/rules/r2/statistics${QUERY}`)).body.results, [])
  assert.deepEqual((await user.send('GET', `${POLICY}/statistics`)).body.results, [])
  assert.equal(
    (await user.send('GET', `${POLICY}/statistics?container_cluster_path=/infra/none`)).status,
    400,
  )
  assert.equal((await user.send('GET', `${POLICY}x/statistics${QUERY}`)).status, 404)
  await clock.advance(1)
})

test('statistics: a cluster that does not answer in 10 s gets the last figures with their age, without any 503', async () => {
  const { user, stream, answer, clock } = await connected()
  const silent = user.send('GET', `${POLICY}/statistics${QUERY}`)
  assert.equal((await stream.next()).kind, 'statistics')
  await clock.advance(9_900)
  await clock.advance(200)
  const first = await silent
  assert.deepEqual([first.status, first.body.code], [503, 'STATISTICS_UNAVAILABLE'])
  assert.equal(first.body.error_code, 98)
  assert.equal((await stream.next()).t, 'cancel')
  const ruleId = String((await user.send('GET', `${POLICY}/rules/r1`)).body.rule_id)
  const asked = user.send('GET', `${POLICY}/statistics${QUERY}`)
  await answer((await stream.next()).id, figures(ruleId, '7'))
  assert.equal((await asked).body.results.length, 1)
  await clock.advance(20_000)
  const late = user.send('GET', `${POLICY}/statistics${QUERY}`)
  await clock.advance(10_100)
  const old = await late
  assert.equal(old.status, 200)
  assert.equal(old.body.results[0].statistics.results[0].packet_count, 7)
  assert.ok(Number(old.headers['age']) >= 30)
})

test("statistics: the cluster's own reason is in the 503", async () => {
  const { user, stream, answer } = await connected()
  const asked = user.send('GET', `${POLICY}/statistics${QUERY}`)
  await answer((await stream.next()).id, [
    { t: 'error', code: 'STATISTICS_OFF', message: 'counts no policy' },
  ])
  const { status, body } = await asked
  assert.equal(status, 503)
  assert.match(body.error_message, /counts no policy/)
})

const CONFIG = { container_cluster_id: NODE_ID, source_external_id: 'a', destination_external_id: 'b' }

test('traceflow: writing a config runs it, observations show as they come, a retrace begins anew, a delete cancels', async () => {
  const { user, stream, answer } = await connected()
  assert.equal((await user.send('PUT', `${TRACE}/t1`, { source_external_id: 'a' })).status, 400)
  const made = await user.send('PUT', `${TRACE}/t1`, CONFIG)
  assert.deepEqual([made.status, made.body.path], [200, '/infra/antrea/traceflows/t1'])
  const request = await stream.next()
  assert.equal(request.kind, 'traceflow')
  assert.equal(request.body.source_external_id, 'a')
  const status = async () => (await user.send('GET', `${TRACE}/t1/status`)).body
  const observations = async () => (await user.send('GET', `${TRACE}/t1/observations`)).body.results
  assert.equal((await status()).phase, undefined)
  const seen = { t: 'observation', observation_type: 'AntreaTraceflowObservationReceived' }
  await answer(request.id, [seen])
  assert.deepEqual(await observations(), [{ observation_type: 'AntreaTraceflowObservationReceived' }])
  await answer(request.id, [seen, { t: 'result', phase: 'FAILED', reason: 'Traceflow timeout' }])
  assert.deepEqual(await status(), { phase: 'FAILED', reason: 'Traceflow timeout' })
  assert.equal((await user.send('POST', `${TRACE}/t1?action=retrace`)).status, 200)
  const again = await stream.next()
  assert.notEqual(again.id, request.id)
  assert.deepEqual(await observations(), [])
  assert.equal((await user.send('GET', TRACE)).body.result_count, 1)
  assert.equal((await user.send('DELETE', `${TRACE}/t1`)).status, 200)
  assert.deepEqual(await stream.next(), { t: 'cancel', id: again.id })
  assert.equal((await user.send('GET', `${TRACE}/t1/status`)).status, 404)
})

test('traceflow: no cluster, no answer in time, and a config nobody looks at for two hours', async () => {
  const { user, stream, clock } = await connected()
  await user.send('PATCH', `${TRACE}/t2`, { ...CONFIG, container_cluster_id: 'none' })
  assert.equal((await user.send('GET', `${TRACE}/t2/status`)).body.phase, 'FAILED')
  await user.send('PATCH', `${TRACE}/t3`, CONFIG)
  await stream.next()
  await clock.advance(71_000)
  assert.match((await user.send('GET', `${TRACE}/t3/status`)).body.reason, /did not answer/)
  await clock.advance(7_900_000)
  assert.equal((await user.send('GET', TRACE)).body.result_count, 0)
})
