/** register, rotate and deregister against the manager: what is left after each, and after being killed at any step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprintOf, type ObservedNsx } from '../../../src/nsx/registration/index.ts'
import { createScene, type Scene } from './registration-scene.ts'

/** What NSX holds of the cluster, without ids that NSX makes anew. */
const shapeOf = ({ identities, certificates, controlPlanes, clusterRecords }: ObservedNsx) => ({
  identities: identities.map(({ name, fingerprint, roles }) => ({ name, fingerprint, roles })),
  certificates: certificates.map(({ fingerprint }) => fingerprint),
  controlPlanes: controlPlanes.map(({ name, nodeId, fingerprints }) => ({ name, nodeId, fingerprints })),
  clusterRecords: clusterRecords.map(({ clusterId }) => clusterId),
})

async function expectRegistered(scene: Scene): Promise<string> {
  const record = await scene.record()
  const print = fingerprintOf(record.shown.cert)
  const shape = shapeOf(await scene.observe())
  assert.deepEqual(shape, {
    identities: [
      { name: 'site-1', fingerprint: print, roles: ['ccp_internal_operator', 'cluster_info_reader'] },
    ],
    certificates: [print],
    controlPlanes: [{ name: 'site-1', nodeId: record.clusterId, fingerprints: [print] }],
    clusterRecords: [record.clusterId],
  })
  assert.equal(record.next, undefined)
  assert.equal(record.previousCert, undefined)
  assert.equal(await scene.takes(record.shown), true)
  return print
}

test('register makes all of it, and a second time nothing', async () => {
  const scene = createScene()
  await scene.run('register')
  await expectRegistered(scene)
  scene.writes.length = 0
  assert.deepEqual((await scene.plan('register')).steps, [])
  await scene.run('register')
  assert.deepEqual(scene.writes, [])
})

test('register, killed after any number of steps, is completed by the next run', async () => {
  const all = (await createScene().plan('register')).steps.length
  assert.ok(all >= 6)
  for (let stop = 0; stop < all; stop += 1) {
    const scene = createScene()
    await scene.run('register', stop)
    await scene.run('register')
    await expectRegistered(scene)
    assert.deepEqual((await scene.plan('register')).steps, [], `after ${stop} steps`)
  }
})

test('rotate, killed after any number of steps, is completed by the next run; one certificate is always taken', async () => {
  const first = createScene()
  await first.run('register')
  const all = (await first.plan('rotate')).steps
  assert.deepEqual(
    all.map(({ kind }) => kind),
    [
      'keep-next',
      'create-identity',
      'put-control-plane',
      'check-identity',
      'show-next',
      'await-instances',
      'put-control-plane',
      'delete-identity',
      'delete-certificate',
      'forget-previous',
    ],
  )
  for (let stop = 0; stop <= all.length; stop += 1) {
    const scene = createScene()
    await scene.run('register')
    const old = (await scene.record()).shown
    await scene.run('rotate', stop)
    const { shown } = await scene.record()
    assert.equal(await scene.takes(shown), true, `what is shown after ${stop} steps is taken`)
    // Somebody who has not seen the Secret change shows the old one until the wait is over.
    if (stop <= 5) assert.equal(await scene.takes(old), true, `the old one after ${stop} steps`)
    if (stop < all.length) await scene.run('rotate')
    const print = await expectRegistered(scene)
    assert.notEqual(print, fingerprintOf(old.cert))
    assert.equal(await scene.takes(old), false, 'the old one is refused')
    assert.ok(scene.awaited.every((one) => one === print))
    assert.ok(scene.awaited.length > 0)
  }
})

test('register in the middle of a rotation keeps both certificates, and rotate goes on after it', async () => {
  for (let stop = 1; stop <= 9; stop += 1) {
    const scene = createScene()
    await scene.run('register')
    await scene.run('rotate', stop)
    const { shown } = await scene.record()
    await scene.run('register')
    assert.equal(await scene.takes(shown), true)
    await scene.run('rotate')
    await expectRegistered(scene)
  }
})

test('deregister, killed after any number of steps, is completed by the next run', async () => {
  const first = createScene()
  await first.run('register')
  const all = (await first.plan('deregister')).steps
  assert.deepEqual(
    all.map(({ kind }) => kind),
    ['delete-control-plane', 'delete-identity', 'delete-certificate', 'delete-cluster-record'],
  )
  for (const isRecordLost of [false, true])
    for (let stop = 0; stop <= all.length; stop += 1) {
      const scene = createScene()
      await scene.run('register')
      const { shown } = await scene.record()
      await scene.run('deregister', stop)
      // The cluster is gone, and what it kept with it.
      if (isRecordLost) scene.store.kept = undefined
      await scene.run('deregister')
      const left = shapeOf(await scene.observe())
      assert.deepEqual(
        left,
        { identities: [], certificates: [], controlPlanes: [], clusterRecords: [] },
        `${isRecordLost ? 'record lost, ' : ''}after ${stop} steps`,
      )
      assert.equal(await scene.takes(shown), false)
    }
})
