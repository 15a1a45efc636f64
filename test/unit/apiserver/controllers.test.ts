/** What controllers do in a cluster: namespaces are emptied, dependents collected, pods taken from their nodes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Harness, MAPS, PODS, pod, start } from './harness.ts'

const owned = (harness: Harness, plural: string, name: string) => {
  const uid = harness.server.get(plural, name, 'default')?.metadata.uid
  const kind = plural === 'pods' ? 'Pod' : 'ConfigMap'
  return { ownerReferences: [{ apiVersion: 'v1', kind, name, uid, blockOwnerDeletion: true }] }
}

test('a deleted namespace is emptied and goes', async () => {
  const harness = start({ kubelet: { removeAfterMs: 1_000 } })
  const { server, send, clock } = harness
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
  await send('POST', '/api/v1/namespaces/shop/configmaps', { metadata: { name: 'a' } })
  await send('POST', '/api/v1/namespaces/shop/configmaps', {
    metadata: { name: 'held', finalizers: ['example.com/hold'] },
  })
  await send('POST', '/api/v1/namespaces/shop/pods', pod('p', {}, { nodeName: 'n1' }))
  const going = await send('DELETE', '/api/v1/namespaces/shop')
  assert.equal(going.body.status.phase, 'Terminating')
  await clock.settle()
  assert.deepEqual(
    [
      server.get('configmaps', 'a', 'shop'),
      server.get('pods', 'p', 'shop')?.metadata.deletionGracePeriodSeconds,
    ],
    [undefined, 30],
  )
  const refused = await send('POST', '/api/v1/namespaces/shop/configmaps', { metadata: { name: 'late' } })
  assert.deepEqual([refused.code, refused.body.details.causes[0].reason], [403, 'NamespaceTerminating'])
  await clock.advance(1_000)
  assert.equal(server.get('pods', 'p', 'shop'), undefined)
  assert.ok(server.get('namespaces', 'shop'), 'it waits for the finalizer')
  await send('PATCH', '/api/v1/namespaces/shop/configmaps/held', { metadata: { finalizers: null } })
  await clock.settle()
  assert.equal(server.get('namespaces', 'shop'), undefined)
})

test('without a kubelet a pod on a node stays until it is removed by force', async () => {
  const { server, send, clock } = start()
  await send('POST', PODS, pod('p', {}, { nodeName: 'n1' }))
  await send('DELETE', `${PODS}/p`)
  await clock.advance(3_600_000)
  assert.ok(server.get('pods', 'p', 'default'))
  await send('DELETE', `${PODS}/p`, { gracePeriodSeconds: 0 })
  assert.equal(server.get('pods', 'p', 'default'), undefined)
})

test('the kubelet’s stand-in removes the pod it was asked to stop and not its successor', async () => {
  const { server, send, clock } = start({ kubelet: { removeAfterMs: 2_000 } })
  await send('POST', PODS, pod('p', {}, { nodeName: 'n1' }))
  await send('DELETE', `${PODS}/p`)
  await clock.advance(1_000)
  await send('DELETE', `${PODS}/p`, { gracePeriodSeconds: 0 })
  const { body } = await send('POST', PODS, pod('p', {}, { nodeName: 'n1' }))
  await clock.advance(5_000)
  const successor = server.get('pods', 'p', 'default')
  assert.equal(successor?.metadata.resourceVersion, body.metadata.resourceVersion)
})

test('dependents go with their last owner', async () => {
  const harness = start()
  const { server, send, clock } = harness
  for (const name of ['one', 'two']) await send('POST', MAPS, { metadata: { name } })
  const both = [owned(harness, 'configmaps', 'one'), owned(harness, 'configmaps', 'two')].flatMap(
    ({ ownerReferences }) => ownerReferences,
  )
  await send('POST', MAPS, { metadata: { name: 'child', ...owned(harness, 'configmaps', 'one') } })
  await send('POST', MAPS, { metadata: { name: 'shared', ownerReferences: both } })
  await send('POST', MAPS, { metadata: { name: 'grandchild', ...owned(harness, 'configmaps', 'child') } })
  await send('DELETE', `${MAPS}/one`)
  await clock.settle()
  const names = () => server.list('configmaps').map(({ metadata }) => metadata.name)
  assert.deepEqual(names(), ['shared', 'two'])
  assert.equal(server.get('configmaps', 'shared', 'default')?.metadata.ownerReferences?.length, 1)
  await send('DELETE', `${MAPS}/two`)
  await clock.settle()
  assert.deepEqual(names(), [])
})

test('an orphaning delete leaves dependents without owner, a foreground one waits for them', async () => {
  const harness = start({ kubelet: { removeAfterMs: 1_000 } })
  const { server, send, clock } = harness
  await send('POST', MAPS, { metadata: { name: 'owner' } })
  await send('POST', MAPS, { metadata: { name: 'child', ...owned(harness, 'configmaps', 'owner') } })
  await send('DELETE', `${MAPS}/owner`, { propagationPolicy: 'Orphan' })
  await clock.settle()
  assert.equal(server.get('configmaps', 'owner', 'default'), undefined)
  assert.equal(server.get('configmaps', 'child', 'default')?.metadata.ownerReferences, undefined)
  await send('POST', MAPS, { metadata: { name: 'owner' } })
  await send('POST', PODS, pod('p', owned(harness, 'configmaps', 'owner'), { nodeName: 'n1' }))
  const going = await send('DELETE', `${MAPS}/owner?propagationPolicy=Foreground`)
  assert.deepEqual(going.body.metadata.finalizers, ['foregroundDeletion'])
  await clock.settle()
  assert.ok(server.get('configmaps', 'owner', 'default'))
  await clock.advance(1_000)
  assert.deepEqual(
    [server.get('pods', 'p', 'default'), server.get('configmaps', 'owner', 'default')],
    [undefined, undefined],
  )
})
