/** The instances' Leases over an API server: what is said, how ages are judged, who is a successor, and what is swept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor } from 'xstate'
import { createHealth } from '../../../src/health/index.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import { OPEN_GATE } from '../../../src/kube/contract.ts'
import { instanceLeaseName, successorOf } from '../../../src/kube/instance-survey.ts'
import { provideInstances } from '../../../src/kube/instances.ts'
import type { KubeObject } from '../../../src/kube/types.ts'
import { SILENT } from '../../../src/log/index.ts'
import type { Clock } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createFakeKubeApi, failure } from '../../fakes/kube-api.ts'

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/nsx/leases'

function world() {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const instance = (name: string, own: Clock = clock) => {
    const link = connectInProcess(api.handler, { origin: 'https://kube', peer: { address: name }, clock })
    const health = createHealth(own)
    const client = createKubeClient({
      http: link.client,
      gate: OPEN_GATE,
      clock: own,
      log: SILENT,
      userAgent: 'test/1',
    })
    const state = { reaches: true, ready: true, holder: 'a', hellos: 0, open: false }
    const instances = provideInstances({
      own: client,
      leading: client,
      clock: own,
      random: createSeededRandom(name.charCodeAt(0)),
      health,
      instance: name,
      version: '1.2.3',
      namespace: 'nsx',
      name: 'adapter',
      hello: async () => {
        state.hellos += 1
        if (!state.reaches) throw new Error('no route to host')
      },
      isOpen: () => state.open,
      holder: () => state.holder,
      isReady: () => state.ready,
      certificateSha256: () => 'ab12',
    })
    const actor = createActor(instances.logic, { clock: own }).start()
    return {
      name,
      health,
      link,
      state,
      view: instances.view,
      send: (type: 'LEAD' | 'STANDBY' | 'STOP') => actor.send({ type }),
      end: () => actor.stop(),
      of: (other: string) => instances.view().find((one) => one.instance === other),
      codes: () => health.warnings().map(({ code, detail }) => `${code} ${detail}`),
    }
  }
  return {
    clock,
    api,
    instance,
    lease: (name: string): KubeObject | undefined => api.get(`${LEASES}/adapter-${name}`),
  }
}

test('an instance says in its own Lease when it reached the manager, with which certificate, and whether it could lead', async () => {
  const { clock, instance, lease, api } = world()
  const a = instance('a')
  await clock.advance(25_000)
  const found = lease('a')
  assert.deepEqual(found?.metadata.annotations, {
    'antrea-nsx-adapter/stands-for': 'adapter',
    'antrea-nsx-adapter/ready': 'true',
    'antrea-nsx-adapter/version': '1.2.3',
    'antrea-nsx-adapter/manager-answers': 'true',
    'antrea-nsx-adapter/manager-reached': (found?.spec as { renewTime?: string } | undefined)?.renewTime,
    'antrea-nsx-adapter/certificate-sha256': 'ab12',
  })
  const askedAMinute = api.asked.length
  assert.ok(askedAMinute <= 8, `${askedAMinute} requests in 25 s`)
  a.state.reaches = false
  await clock.advance(12_000)
  assert.equal(lease('a')?.metadata.annotations?.['antrea-nsx-adapter/manager-answers'], 'false')
  a.send('STOP')
  await clock.settle()
  assert.equal(lease('a'), undefined)
})

test('hello is not said while the channels are open', async () => {
  const { clock, instance } = world()
  const a = instance('a')
  await clock.advance(5_000)
  a.state.open = true
  await clock.advance(60_000)
  assert.equal(a.state.hellos, 1)
  assert.equal(a.of('a')?.manager, 'reached')
})

test('ages are those since a change was seen, whatever the clock of the other says', async () => {
  const { clock, instance } = world()
  const a = instance('a')
  a.send('LEAD')
  const wrong: Clock = { ...clock, now: () => clock.now() - 86_400_000 * 400 }
  const b = instance('bb', wrong)
  await clock.advance(35_000)
  assert.equal(a.of('bb')?.manager, 'reached')
  assert.ok((a.of('bb')?.reachedMs ?? 1e9) < 25_000, `${a.of('bb')?.reachedMs}`)
  b.end()
  await clock.advance(60_000)
  assert.equal(a.of('bb')?.manager, 'unknown')
  assert.ok((a.of('bb')?.seenMs ?? 0) >= 60_000)
})

test('a Lease that was there before us counts for nothing until it changes', async () => {
  const { clock, instance, api } = world()
  api.put(`${LEASES}/adapter-old`, {
    metadata: {
      name: 'adapter-old',
      namespace: 'nsx',
      annotations: {
        'antrea-nsx-adapter/stands-for': 'adapter',
        'antrea-nsx-adapter/ready': 'true',
        'antrea-nsx-adapter/manager-answers': 'true',
        'antrea-nsx-adapter/manager-reached': '2026-01-01T00:00:00.000000Z',
      },
    },
    spec: { holderIdentity: 'old', renewTime: '2026-01-01T00:00:00.000000Z' },
  })
  const a = instance('a')
  a.send('LEAD')
  await clock.advance(30_000)
  assert.equal(a.of('old')?.manager, 'unknown')
  assert.equal(a.of('old')?.seenMs, undefined)
})

test('the leader sweeps Leases of instances that are gone, and no others', async () => {
  const { clock, instance, lease, api } = world()
  const a = instance('a')
  const b = instance('bb')
  const gone = instance('gone')
  api.put(`${LEASES}/adapter`, {
    metadata: { name: 'adapter', namespace: 'nsx' },
    spec: { holderIdentity: 'a' },
  })
  api.put(`${LEASES}/other`, { metadata: { name: 'other', namespace: 'nsx' }, spec: { holderIdentity: 'x' } })
  await clock.advance(20_000)
  gone.end()
  await clock.advance(200_000)
  assert.ok(lease('gone') !== undefined, 'a standby sweeps nothing')
  a.send('LEAD')
  await clock.advance(20_000)
  assert.equal(lease('gone'), undefined)
  await clock.advance(300_000)
  assert.ok(lease('a') !== undefined && lease('bb') !== undefined)
  assert.ok(api.get(`${LEASES}/adapter`) !== undefined && api.get(`${LEASES}/other`) !== undefined)
  b.end()
})

test('one that was swept while it stood still is back at its next round', async () => {
  const { clock, instance, lease, api } = world()
  instance('bb')
  await clock.advance(5_000)
  api.remove(`${LEASES}/adapter-bb`)
  await clock.advance(25_000)
  assert.ok(lease('bb') !== undefined)
})

test('warnings: no standby after a minute, one that does not reach the manager, and Leases that are refused', async () => {
  const { clock, instance, api } = world()
  const a = instance('a')
  a.send('LEAD')
  await clock.advance(75_000)
  assert.match(a.codes().join(), /^NO_STANDBY/)
  const b = instance('bb')
  await clock.advance(30_000)
  assert.deepEqual(a.codes(), [])
  b.state.reaches = false
  await clock.advance(60_000)
  assert.deepEqual(a.codes(), ['STANDBY_WITHOUT_NSX bb'])
  assert.match(b.codes().join(), /^STANDBY_WITHOUT_NSX this instance: .*no route to host/)
  b.state.reaches = true
  await clock.advance(30_000)
  assert.deepEqual([a.codes(), b.codes()], [[], []])
  api.intercept = ({ method }) =>
    method === 'GET' ? failure(403, 'Forbidden', 'cannot list leases') : undefined
  await clock.advance(60_000)
  assert.match(a.codes().join(), /INSTANCES_UNKNOWN/)
  api.intercept = undefined
  await clock.advance(30_000)
  assert.deepEqual(a.codes(), [])
})

test('the successor is fresh, ready, and reached the manager within 30 s; the latest of several', () => {
  const one = {
    seenMs: 5_000,
    isFresh: true,
    isUnreached: false,
    isReady: true,
    version: '1',
    certificateSha256: undefined,
  }
  const able = { ...one, instance: 'able', reachedMs: 20_000 }
  assert.equal(successorOf([]), undefined)
  assert.equal(successorOf([able, { ...one, instance: 'later', reachedMs: 3_000 }]), 'later')
  for (const not of [
    { isFresh: false },
    { isUnreached: true },
    { isReady: false },
    { reachedMs: undefined },
    { reachedMs: 30_001 },
  ])
    assert.equal(successorOf([{ ...able, ...not }]), undefined, JSON.stringify(not))
})

test('the name of a Lease is one Kubernetes takes, and another one for each instance', () => {
  assert.equal(instanceLeaseName('adapter', 'cp-1'), 'adapter-cp-1')
  const odd = ['CP-1', 'cp_1', 'cp 1', '.', '-', 'ä', 'x'.repeat(300), `${'x'.repeat(300)}y`, 'a..b', 'a.-b']
  const names = odd.map((instance) => instanceLeaseName('adapter', instance))
  assert.equal(new Set([...names, instanceLeaseName('adapter', 'cp-1')]).size, odd.length + 1)
  for (const name of names) {
    assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
    assert.ok(name.length <= 253)
  }
})
