/** What plug-ins of container clusters report of themselves, and the reads of one realized entity. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness, NODE_ID } from './harness.ts'

const NCP = '/api/v1/systemhealth/container-cluster'
const POINT = '/policy/api/v1/infra/sites/default/enforcement-points/default'

test('a plug-in reports, is read back, and is UNKNOWN when it has been silent', async () => {
  const { user, cluster, clock } = await harness()
  const told = await user.send('POST', `${NCP}/ncp/status`, {
    cluster_id: NODE_ID,
    status: 'DEGRADED',
    detail: 'slow',
  })
  assert.deepEqual([told.status, told.body.interval, told.body.status], [201, 60, 'DEGRADED'])
  assert.equal(
    (await user.send('POST', `${NCP}/ncp/status`, { cluster_id: 'other', status: 'HEALTHY' })).status,
    201,
  )
  const one = (await user.send('GET', `${NCP}/${NODE_ID}/ncp/status`)).body
  assert.deepEqual(
    [one.cluster_name, one.type, one.status, one.detail],
    ['cluster-1', 'Kubernetes', 'DEGRADED', 'slow'],
  )
  const healthy = (await user.send('GET', `${POINT}/container-cluster-ncpstatus?status=HEALTHY`)).body
  assert.deepEqual(
    healthy.results.map((one: { cluster_id: string }) => one.cluster_id),
    ['other'],
  )
  const advanced = await user.send('POST', `${NCP}/ncp/status/advanced`, { statuses: ['DEGRADED', 'DOWN'] })
  assert.deepEqual(
    advanced.body.results.map((one: { cluster_id: string }) => one.cluster_id),
    [NODE_ID],
  )
  await clock.advance(180_001)
  assert.equal((await user.send('GET', `${POINT}/container-cluster/other/ncpstatus`)).body.status, 'UNKNOWN')
  assert.equal((await user.send('DELETE', `${NCP}/other/ncp/status`)).status, 200)
  assert.equal((await user.send('GET', `${NCP}/other/ncp/status`)).status, 404)
  assert.equal(
    (await user.send('POST', `${NCP}/ncp/status`, { cluster_id: 'x', status: 'FINE' })).status,
    400,
  )
  assert.equal(
    (await cluster.send('POST', `${NCP}/ncp/status`, { cluster_id: 'x', status: 'DOWN' })).status,
    403,
  )
})

test('one realized entity by its path; a refresh finds nothing to do; no alarms where nothing is refused', async () => {
  const { user } = await harness()
  const policy = '/infra/domains/default/security-policies/p'
  await user.send('PUT', `/policy/api/v1${policy}`, { category: 'Application' })
  const base = '/policy/api/v1/infra/realized-state'
  const [entity] = (await user.send('GET', `${base}/realized-entities?intent_path=${policy}`)).body.results
  const read = await user.send(
    'GET',
    `${base}/realized-entity?realized_path=${encodeURIComponent(entity.path)}`,
  )
  assert.deepEqual(read.body, entity)
  assert.equal((await user.send('GET', `${base}/realized-entity?realized_path=${entity.path}x`)).status, 404)
  assert.equal((await user.send('GET', `${base}/realized-entity`)).status, 404)
  const refresh = `${base}/realized-entity?action=refresh&intent_path=`
  assert.deepEqual(
    [
      (await user.send('POST', refresh + policy)).status,
      (await user.send('POST', `${refresh}${policy}x`)).status,
    ],
    [204, 404],
  )
  assert.deepEqual((await user.send('GET', `${base}/alarms`)).body.results, [])
})
