/** How Kubernetes' and native policies stand, shown on their inventory objects (docs/protocol.md §2, docs/manager.md). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Harness, harness, NODE_ID, openSession } from './harness.ts'

const POLICIES = '/api/v1/fabric/container-network-policies'

const WRITTEN = { network_status: 'HEALTHY', network_errors: [] }

async function withPolicies(h: Harness): Promise<void> {
  const create = (external_id: string, policy_type: string) => ({
    object_update_type: 'CREATE',
    container_object: {
      resource_type: 'ContainerNetworkPolicy',
      external_id,
      display_name: external_id,
      policy_type,
      ...WRITTEN,
    },
  })
  const answer = await h.cluster.send('POST', `/api/v1/inventory/container/${NODE_ID}?action=updates`, {
    container_inventory_objects: [create('u1', 'NETWORK_POLICY'), create('u2', 'ACNP'), create('u3', 'ANP')],
  })
  assert.equal(answer.status, 200)
}

/** A session that reports; `seq` counts by itself. */
async function reporting(h: Harness) {
  const { session } = await openSession(h.cluster, 'ccp')
  let seq = 0
  return async (items: readonly object[], full?: object) => {
    seq += 1
    const answer = await h.cluster.send('POST', `/ccp/v1/clusters/${NODE_ID}/status`, {
      session,
      seq,
      desired: { version: 1, digest: 'd' },
      items: items.map((item) => ({ problems: [], observed_at: 5, ...item })),
      ...(full === undefined ? {} : { full }),
    })
    assert.equal(answer.status, 202, answer.text)
  }
}

const kube = (state: string, more: object = {}) => ({
  path: 'k8s:K8sNetworkPolicy/u1',
  kind: 'K8sNetworkPolicy',
  state,
  ...more,
})

const shown = async (h: Harness, id = 'u1', client = h.user) => {
  const { network_status, network_errors, realization } = (await client.send('GET', `${POLICIES}/${id}`)).body
  return [
    network_status,
    network_errors.map((one: { error_code: string }) => one.error_code),
    realization?.state,
  ]
}

test('HEALTHY is what is realized, with its evidence; errors are told; what goes on or is unknown is neither', async () => {
  const h = await harness()
  await withPolicies(h)
  assert.deepEqual(await shown(h), ['HEALTHY', [], undefined], 'nothing was ever said')
  const say = await reporting(h)
  const nodes = { current: 2, desired: 2 }
  await say([kube('SUCCESS', { evidence: 'agents', nodes })], { part: 1, parts: 1 })
  const { body } = await h.user.send('GET', `${POLICIES}/u1`)
  assert.deepEqual(
    [body.network_status, body.network_errors, body.realization],
    ['HEALTHY', [], { state: 'SUCCESS', evidence: 'agents', nodes, observed_at: 5 }],
  )
  await say([kube('IN_PROGRESS', { evidence: 'controller' })])
  assert.deepEqual(await shown(h), [undefined, ['REALIZATION_IN_PROGRESS'], 'IN_PROGRESS'])
  const problem = { code: 'REALIZATION_UNKNOWN', severity: 'NOTICE', message: 'the agent of n2' }
  await say([kube('UNKNOWN', { problems: [problem] })])
  assert.deepEqual(await shown(h), ['UNHEALTHY', ['REALIZATION_UNKNOWN'], 'UNKNOWN'])
  const native = { path: 'k8s:AntreaClusterNetworkPolicy/u2', kind: 'AntreaClusterNetworkPolicy' }
  const failed = { code: 'REALIZATION_FAILED', severity: 'ERROR', message: '"n1":"no table"' }
  await say([{ ...native, state: 'ERROR', problems: [failed] }])
  assert.deepEqual(await shown(h, 'u2'), ['UNHEALTHY', ['REALIZATION_FAILED'], 'ERROR'])
  const awaited = [undefined, ['REALIZATION_UNINITIALIZED'], 'UNINITIALIZED']
  assert.deepEqual(await shown(h, 'u3'), awaited, 'it will be spoken of')
  await say([{ path: 'k8s:AntreaNetworkPolicy/u3', kind: 'AntreaNetworkPolicy', state: 'SUCCESS' }])
  assert.deepEqual(await shown(h, 'u3'), ['HEALTHY', [], 'SUCCESS'])
  await say([kube('REMOVED')])
  assert.deepEqual(await shown(h), awaited)
  await say([{ ...native, state: 'REMOVED' }])
  assert.deepEqual(await shown(h, 'u2'), ['HEALTHY', [], undefined], 'it may be one that NSX made')
})

test('lists and search show the same', async () => {
  const h = await harness()
  await withPolicies(h)
  const say = await reporting(h)
  await say([kube('ERROR')], { part: 1, parts: 1 })
  const listed = (await h.user.send('GET', `${POLICIES}?container_cluster_id=${NODE_ID}`)).body.results
  assert.deepEqual(
    listed.map((one: { network_status: string }) => one.network_status),
    ['UNHEALTHY', 'HEALTHY', undefined],
  )
  const query = encodeURIComponent('resource_type:ContainerNetworkPolicy AND network_status:UNHEALTHY')
  const found = (await h.user.send('GET', `/policy/api/v1/search/query?query=${query}`)).body.results
  assert.deepEqual(
    found.map((one: { external_id: string }) => one.external_id),
    ['u1'],
  )
})

test('the cluster itself reads back what it wrote', async () => {
  const h = await harness()
  await withPolicies(h)
  const say = await reporting(h)
  await say([kube('ERROR')], { part: 1, parts: 1 })
  assert.deepEqual(await shown(h, 'u1', h.cluster), ['HEALTHY', [], undefined])
  const { results } = (await h.cluster.send('GET', `${POLICIES}?container_cluster_id=${NODE_ID}`)).body
  assert.deepEqual(
    results.map((one: { network_status: string }) => one.network_status),
    ['HEALTHY', 'HEALTHY', 'HEALTHY'],
  )
})

test('a new session makes it unknown until the last part of its full report, which replaces everything', async () => {
  const h = await harness()
  await withPolicies(h)
  const native = { path: 'k8s:AntreaNetworkPolicy/u3', kind: 'AntreaNetworkPolicy', state: 'SUCCESS' }
  await (await reporting(h))([kube('SUCCESS'), native], { part: 1, parts: 1 })
  assert.deepEqual(await shown(h), ['HEALTHY', [], 'SUCCESS'])
  const say = await reporting(h)
  const unknown = [undefined, ['REALIZATION_UNKNOWN'], 'UNKNOWN']
  assert.deepEqual(await shown(h), unknown)
  await say([kube('SUCCESS')], { part: 1, parts: 2 })
  assert.deepEqual([await shown(h), await shown(h, 'u3')], [unknown, unknown])
  await say([], { part: 2, parts: 2 })
  assert.deepEqual(
    [await shown(h), await shown(h, 'u3')],
    [
      ['HEALTHY', [], 'SUCCESS'],
      [undefined, ['REALIZATION_UNINITIALIZED'], 'UNINITIALIZED'],
    ],
  )
  await h.clock.advance(46_000)
  assert.deepEqual(await shown(h), unknown, 'the adapter is not heard any more')
})
