/** Optional resources: absent, coming and going while the rest is read, on the sandbox's own API server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor } from 'xstate'
import { createWatchesMachine } from '../../../machines/index.ts'
import { createHealth } from '../../../src/health/index.ts'
import { createKubeSide, type ResourceName } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { HttpMethod } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { GATEWAY_CRD, gateway } from '../../fixtures/gateway-crd.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GATEWAYS = '/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways'
const NAMES: readonly ResourceName[] = ['namespaces', 'pods', 'gateways', 'egresses']

async function world() {
  const clock = createFakeClock()
  const random = createSeededRandom(1)
  const server = createApiServer({ clock, random, authorize: () => true })
  const peer = { address: 'test', commonName: 'a', organizations: [], verified: true }
  const link = connectInProcess(server.handler, { origin: 'https://kube', peer, clock })
  const health = createHealth(clock)
  const kube = await createKubeSide({
    access: {
      load: async () => ({ origin: 'https://kube', tls: {}, headers: () => ({}), fingerprint: 'x' }),
    },
    connect: () => link.client,
    clock,
    random,
    log: SILENT,
    health,
    instance: 'a',
    userAgent: 'test/1',
    resources: NAMES,
  })
  const actor = createActor(
    createWatchesMachine({
      ...Object.fromEntries(NAMES.map((name) => [name, kube.watch(name)])),
      discovery: kube.discovery,
    }),
    { clock },
  )
  const send = async (method: HttpMethod, path: string, body?: unknown) => {
    const response = await link.client.request({
      method,
      path,
      headersTimeoutMs: 10_000,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for await (const _ of response.body);
    assert.ok(response.status < 300, `${method} ${path} ${response.status}`)
  }
  const absent = () => health.warnings().find(({ code }) => code === 'API_ABSENT')?.detail
  const stop = async () => {
    actor.stop()
    await kube.close()
    server.close()
  }
  return { clock, server, kube, actor, health, link, send, absent, stop }
}

test('what is not served is named and does not keep the rest; it is picked up when it comes, and dropped when it goes', async () => {
  const w = await world()
  w.actor.start()
  await w.clock.advance(2_000)
  assert.equal(w.absent(), 'Egress (crd.antrea.io/v1beta1), Gateway (gateway.networking.k8s.io/v1)')
  assert.deepEqual([w.kube.ready(), w.health.blocking()], [true, []])
  assert.equal(w.kube.isServed('gateways'), false)

  const changed: string[] = []
  w.kube.store('gateways').subscribe((keys) => changed.push([...keys].join()))
  await w.send('POST', CRDS, GATEWAY_CRD)
  await w.clock.advance(1_000)
  await w.send('POST', GATEWAYS, gateway('g'))
  await w.clock.advance(40_000)
  assert.deepEqual([...w.kube.store('gateways').keys()], ['default/g'])
  assert.equal(w.absent(), 'Egress (crd.antrea.io/v1beta1)')
  assert.equal(w.kube.ready(), true)

  await w.send('DELETE', `${CRDS}/gateways.gateway.networking.k8s.io`)
  await w.clock.advance(45_000)
  assert.deepEqual([w.kube.store('gateways').size, changed], [0, ['default/g', 'default/g']])
  assert.equal(w.absent(), 'Egress (crd.antrea.io/v1beta1), Gateway (gateway.networking.k8s.io/v1)')
  assert.deepEqual([w.kube.ready(), w.health.blocking()], [true, []])

  await w.send('POST', CRDS, GATEWAY_CRD)
  await w.clock.advance(1_000)
  await w.send('POST', GATEWAYS, gateway('h'))
  await w.clock.advance(75_000)
  assert.deepEqual([...w.kube.store('gateways').keys()], ['default/h'])
  await w.stop()
})

test('discovery that does not answer takes nothing away, and what is unknown is not ready', async () => {
  const w = await world()
  await w.send('POST', CRDS, GATEWAY_CRD)
  w.link.faults.down(true)
  w.actor.start()
  await w.clock.advance(5_000)
  assert.equal(w.kube.isServed('gateways'), undefined)
  assert.equal(w.kube.ready(), false)
  w.link.faults.down(false)
  await w.clock.advance(60_000)
  assert.equal(w.kube.isServed('gateways'), true)
  await w.send('POST', GATEWAYS, gateway('g'))
  w.link.faults.down(true)
  await w.clock.advance(120_000)
  assert.deepEqual([w.kube.isServed('gateways'), w.kube.store('gateways').size], [true, 1])
  await w.stop()
})
