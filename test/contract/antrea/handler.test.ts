/** The controller half over HTTP, as a real API server reaches it: AdmissionReview, aggregated APIs behind the front proxy, bad input. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpMethod, Peer } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { startCluster, type TestCluster } from './cluster.ts'
import type { Fields } from './objects.ts'

const FRONT_PROXY: Peer = { address: '127.0.0.1', commonName: 'front-proxy-client', verified: true }
const NOBODY: Peer = { address: '127.0.0.1' }

async function ask(
  { controller, clock }: TestCluster,
  peer: Peer,
  method: HttpMethod,
  path: string,
  body?: string | object,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
) {
  const { client } = connectInProcess(controller.handler, { origin: 'https://antrea', peer, clock })
  const answer = await client.request({
    method,
    path,
    headers,
    headersTimeoutMs: 5_000,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  return { status: answer.status, text, json: () => JSON.parse(text) as Fields }
}

const review = (kind: string, object: object | null, more: Fields = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'the-uid',
    kind: { group: 'crd.antrea.io', version: 'v1beta1', kind },
    resource: { group: 'crd.antrea.io', version: 'v1beta1', resource: 'any' },
    name: 'x',
    operation: 'CREATE',
    userInfo: { username: 'me' },
    object,
    oldObject: null,
    ...more,
  },
})

async function within(play: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const cluster = await startCluster()
  try {
    await play(cluster)
  } finally {
    await cluster.stop()
  }
}

test('an AdmissionReview is answered with its uid, a JSON Patch or a message', () =>
  within(async (cluster) => {
    const spec = { priority: 5, ingress: [{ action: 'Drop' }] }
    const mutated = await ask(
      cluster,
      NOBODY,
      'POST',
      '/mutate/acnp',
      review('ClusterNetworkPolicy', { spec }),
    )
    const { response } = mutated.json() as { response: Fields }
    assert.deepEqual(
      [response['uid'], response['allowed'], response['patchType']],
      ['the-uid', true, 'JSONPatch'],
    )
    assert.deepEqual(JSON.parse(Buffer.from(String(response['patch']), 'base64').toString('utf8')), [
      { op: 'replace', path: '/spec/ingress/0/name', value: 'ingress-drop-742ade5' },
      { op: 'replace', path: '/spec/tier', value: 'application' },
    ])
    const refused = await ask(
      cluster,
      NOBODY,
      'POST',
      '/validate/tier',
      review('Tier', { metadata: { name: 'x' }, spec: { priority: 251 } }),
    )
    assert.deepEqual((refused.json() as { response: Fields })['response'], {
      uid: 'the-uid',
      allowed: false,
      status: { code: 400, message: 'tier x priority 251 is reserved' },
    })
  }))

test('a rule that crashes the real mutator breaks the connection off', () =>
  within(async (cluster) => {
    const spec = { priority: 5, ingress: [{}] }
    await assert.rejects(
      ask(cluster, NOBODY, 'POST', '/mutate/acnp', review('ClusterNetworkPolicy', { spec })),
    )
  }))

test('no body makes a webhook fail', () =>
  within(async (cluster) => {
    const bodies: [string | object, number][] = [
      ['', 400],
      ['nonsense', 400],
      ['null', 400],
      ['[]', 400],
      [{}, 400],
      [{ request: null }, 400],
      [{ request: { uid: 'x' } }, 400],
      [review('ClusterGroup', { spec: 'text' }), 200],
      [review('ClusterGroup', { spec: { ipBlocks: [null] } }), 200],
      [review('ClusterGroup', { spec: { ipBlocks: [{ cidr: 5 }] } }), 200],
      [review('ClusterGroup', null), 200],
      [review('Unknown', { spec: {} }), 200],
      [review('ClusterGroup', { spec: {} }, { operation: 'CONNECT' }), 400],
      [
        `{"request":{"uid":"x","kind":{"kind":"ClusterGroup"},"operation":"CREATE","userInfo":{},"object":${'['.repeat(500)}${']'.repeat(500)}}}`,
        200,
      ],
    ]
    for (const [body, status] of bodies) {
      const answer = await ask(cluster, NOBODY, 'POST', '/validate/clustergroup', body)
      assert.equal(answer.status, status, `${JSON.stringify(body).slice(0, 100)}: ${answer.text}`)
    }
    const large = `{"request":"${'x'.repeat(9 * 1024 * 1024)}"}`
    assert.equal((await ask(cluster, NOBODY, 'POST', '/validate/clustergroup', large)).status, 413)
    assert.equal((await ask(cluster, NOBODY, 'POST', '/validate/nothing', {})).status, 404)
    assert.equal(
      (await ask(cluster, NOBODY, 'POST', '/validate/tier', {}, { 'content-type': 'text/plain' })).status,
      415,
    )
    assert.equal((await ask(cluster, NOBODY, 'GET', '/validate/tier')).status, 405)
  }))

test('aggregated APIs answer the front proxy and nobody else', () =>
  within(async (cluster) => {
    const path = '/apis/controlplane.antrea.io/v1beta2/networkpolicies'
    assert.equal((await ask(cluster, FRONT_PROXY, 'GET', path)).status, 200)
    const strangers: Peer[] = [
      NOBODY,
      { ...FRONT_PROXY, verified: false },
      { ...FRONT_PROXY, commonName: 'somebody' },
      { address: '127.0.0.1', commonName: 'front-proxy-client' },
    ]
    for (const peer of strangers) {
      const answer = await ask(cluster, peer, 'GET', path, undefined, { 'x-remote-user': 'admin' })
      assert.equal(answer.status, 401, JSON.stringify(peer))
    }
  }))

test('discovery lists what is served, and everything else is not found', () =>
  within(async (cluster) => {
    const list = await ask(cluster, FRONT_PROXY, 'GET', '/apis/controlplane.antrea.io/v1beta2')
    const { resources } = list.json() as { resources: { name: string }[] }
    assert.ok(resources.some(({ name }) => name === 'networkpolicies/status'))
    for (const path of [
      '/apis',
      '/openapi/v2',
      '/apis/controlplane.antrea.io',
      '/apis/controlplane.antrea.io/v1beta2/nothing',
      '/apis/controlplane.antrea.io/v1beta2/networkpolicies/a/b/c/d',
      '/apis/controlplane.antrea.io/v1beta2/%E0%A4%A',
      '/apis/controlplane.antrea.io/v1beta2x',
      '/apis/system.antrea.io/v1beta1/agentinfos',
    ])
      assert.equal((await ask(cluster, FRONT_PROXY, 'GET', path)).status, 404, path)
  }))

test('a stopped controller refuses in words', () =>
  within(async (cluster) => {
    await cluster.controller.stop()
    assert.equal((await ask(cluster, NOBODY, 'POST', '/validate/tier', {})).status, 503)
    const answer = await ask(cluster, FRONT_PROXY, 'GET', '/apis/system.antrea.io/v1beta1/controllerinfos')
    assert.equal(answer.status, 503)
    assert.equal(answer.json()['reason'], 'ServiceUnavailable')
  }))

test('a watcher that leaves is forgotten, and a stop ends all watches', () =>
  within(async (cluster) => {
    const path = '/apis/controlplane.antrea.io/v1beta2/appliedtogroups?watch=true&fieldSelector=nodeName%3Dn1'
    const count = async () => {
      const info = await cluster.call(
        'GET',
        '/apis/system.antrea.io/v1beta1/controllerinfos/antrea-controller',
      )
      return (info.body as Fields)['connectedAgentNum'] ?? 0
    }
    const first = await cluster.watch(path)
    await cluster.watch(path)
    await cluster.rest()
    assert.equal(await count(), 2)
    first.close()
    await cluster.rest()
    assert.equal(await count(), 1)
    const timed = await cluster.watch(`${path}&timeoutSeconds=5`)
    await cluster.rest(6_000)
    assert.equal(await count(), 1)
    timed.close()
    await cluster.controller.stop()
    await cluster.rest()
    assert.equal(cluster.clock.timers, 0)
  }))

test('a watch whose reader never comes back holds nothing after its connection is gone', () =>
  within(async (cluster) => {
    const api = cluster.controller.aggregated.find(({ group }) => group === 'controlplane.antrea.io')
    assert.ok(api)
    const before = cluster.clock.timers
    const stop = new AbortController()
    const answer = await api.handler({
      method: 'GET',
      path: '/apis/controlplane.antrea.io/v1beta2/networkpolicies',
      query: new URLSearchParams('watch=true'),
      headers: {},
      signal: stop.signal,
    } as unknown as Parameters<typeof api.handler>[0])
    assert.equal(answer.status, 200)
    assert.equal(cluster.clock.timers, before + 1)
    stop.abort(new Error('the connection is gone'))
    assert.equal(cluster.clock.timers, before)
  }))
