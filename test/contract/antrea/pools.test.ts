/** Pools, Egresses and conversions: what antrea-controller v2.7.0 answered in addition to the recorded corpus. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { review, WEBHOOKS } from '../../../src/sandbox/antrea/admission/index.ts'
import { createStandInController } from '../../../src/sandbox/antrea/index.ts'
import type { AdmissionRequest } from '../../../src/sandbox/apiserver/index.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { type Fields, MERGE, put, type Thing } from './objects.ts'

const CRD = '/apis/crd.antrea.io/v1beta1'

async function within(play: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const cluster = await startCluster()
  try {
    await play(cluster)
  } finally {
    await cluster.stop()
  }
}

const thing = (kind: string, name: string, spec: Fields): Thing => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind,
  metadata: { name },
  spec,
})
const pool = (name: string, ipRanges: readonly Fields[]): Thing =>
  thing('ExternalIPPool', name, { ipRanges, nodeSelector: {} })
const egress = (name: string, spec: Fields): Thing =>
  thing('Egress', name, { appliedTo: { podSelector: {} }, ...spec })

const make = async (cluster: TestCluster, object: Thing) => {
  const made = await put(cluster.call, object)
  assert.ok(made.code < 300, JSON.stringify(made.body))
  await cluster.rest(200)
}
const read = async (cluster: TestCluster, path: string) =>
  (await cluster.call('GET', `${CRD}/${path}`)).body as { spec: Fields; status?: Fields }

const egressOf = async (cluster: TestCluster, name: string) => {
  const { spec, status } = await read(cluster, `egresses/${name}`)
  const [condition] = (status?.['conditions'] ?? []) as Fields[]
  return [spec['egressIP'], condition?.['status'], condition?.['message']]
}

const ALLOCATED = ['True', 'EgressIP is successfully allocated']
const failed = (why: string) => ['False', `Cannot allocate EgressIP from ExternalIPPool: ${why}`]

test('a range of one address counts -1, an empty one nothing, and a large one what the allocator holds', () =>
  within(async (cluster) => {
    for (const [cidr, usage] of [
      ['198.18.9.1/32', { total: -1, used: 0 }],
      ['198.18.9.4/31', undefined],
      ['198.18.9.8/30', { total: 2, used: 0 }],
      ['198.18.3.7/28', { total: 14, used: 0 }],
      ['10.64.0.0/12', { total: 65_535, used: 0 }],
      ['2001:db8:9::1/128', undefined],
      ['2001:db8:9:1::/127', { total: 1, used: 0 }],
      ['2001:db8:8::/64', { total: 65_536, used: 0 }],
    ] as const) {
      const name = `p${cidr.replace(/[^0-9a-f]+/g, '-')}`
      await make(cluster, pool(name, [{ cidr }]))
      assert.deepEqual((await read(cluster, `externalippools/${name}`)).status?.['usage'], usage, cidr)
    }
  }))

test('addresses are given out, refused, given back, and taken away with their pool', () =>
  within(async (cluster) => {
    await make(cluster, pool('pool', [{ start: '192.0.2.20', end: '192.0.2.21' }]))
    await make(cluster, egress('e1', { externalIPPool: 'pool' }))
    await make(cluster, egress('e2', { externalIPPool: 'pool', egressIP: '192.0.2.20' }))
    await make(cluster, egress('e3', { externalIPPool: 'pool' }))
    await make(cluster, egress('e4', { externalIPPool: 'pool' }))
    const taken = failed(
      'error when allocating IP 192.0.2.20 for Egress e2 from ExternalIPPool pool: cannot allocate IP 192.0.2.20 in any range',
    )
    assert.deepEqual(await egressOf(cluster, 'e1'), ['192.0.2.20', ...ALLOCATED])
    assert.deepEqual(await egressOf(cluster, 'e2'), ['192.0.2.20', ...taken])
    assert.deepEqual(await egressOf(cluster, 'e3'), ['192.0.2.21', ...ALLOCATED])
    assert.deepEqual(await egressOf(cluster, 'e4'), [undefined, ...failed('cannot allocate IP in any range')])
    const usage = async () => (await read(cluster, 'externalippools/pool')).status?.['usage']
    assert.deepEqual(await usage(), { total: 2, used: 2 })

    await cluster.call('DELETE', `${CRD}/egresses/e1`)
    await cluster.rest(1_500)
    assert.deepEqual(await egressOf(cluster, 'e2'), ['192.0.2.20', ...taken], 'nobody is woken up')
    await cluster.rest(20_000)
    assert.deepEqual(await egressOf(cluster, 'e2'), ['192.0.2.20', ...ALLOCATED], 'tried again by itself')

    await cluster.call('PATCH', `${CRD}/egresses/e3`, { spec: { externalIPPool: null } }, { type: MERGE })
    await cluster.rest(700)
    assert.deepEqual((await read(cluster, 'egresses/e3')).status, { egressIP: '', egressNode: '' })
    await cluster.call('DELETE', `${CRD}/externalippools/pool`)
    await cluster.rest(1_500)
    assert.deepEqual(await egressOf(cluster, 'e2'), [
      undefined,
      ...failed('ExternalIPPool pool does not exist'),
    ])
    assert.deepEqual(await egressOf(cluster, 'e3'), ['192.0.2.21', undefined, undefined])
    await make(cluster, pool('pool', [{ start: '192.0.2.40', end: '192.0.2.49' }]))
    await cluster.rest(1_000)
    assert.deepEqual((await egressOf(cluster, 'e2'))[1], 'True')
    assert.deepEqual(await usage(), { total: 10, used: 2 })
  }))

test('after a restart every Egress has the address it had', () =>
  within(async (cluster) => {
    await make(cluster, pool('pool', [{ cidr: '192.0.2.32/28' }]))
    for (const name of ['e1', 'e2', 'e3']) await make(cluster, egress(name, { externalIPPool: 'pool' }))
    await cluster.call('DELETE', `${CRD}/egresses/e1`)
    await cluster.controller.stop()
    const next = createStandInController(cluster.deps)
    await letGo(cluster.clock, next.start())
    await cluster.rest(500)
    assert.deepEqual((await egressOf(cluster, 'e2'))[0], '192.0.2.34')
    assert.deepEqual((await egressOf(cluster, 'e3'))[0], '192.0.2.35')
    const { status } = await read(cluster, 'externalippools/pool')
    assert.deepEqual(status?.['usage'], { total: 14, used: 2 })
    await next.stop()
  }))

test('an IPPool in use cannot be deleted, and a gateway is an address', () =>
  within(async (cluster) => {
    const subnetInfo = { gateway: '2001:db8::1', prefixLength: 64 }
    await make(
      cluster,
      thing('IPPool', 'd', { ipRanges: [{ start: '2001:db8::4', end: '2001:db8::9' }], subnetInfo }),
    )
    const ipAddresses = [{ ipAddress: '2001:db8::4', phase: 'Allocated', owner: {} }]
    await cluster.call('PATCH', `${CRD}/ippools/d/status`, { status: { ipAddresses } }, { type: MERGE })
    await cluster.rest(200)
    assert.deepEqual((await read(cluster, 'ippools/d')).status?.['usage'], { total: 6, used: 1 })
    const refused = await cluster.call('DELETE', `${CRD}/ippools/d`)
    assert.match(JSON.stringify(refused.body), /denied the request: IPPool in use cannot be deleted/)
  }))

const convert = (cluster: TestCluster, desiredAPIVersion: string, ...objects: Fields[]) =>
  post(cluster, '/convert/ippool', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'ConversionReview',
    request: { uid: 'u', desiredAPIVersion, objects },
  })

async function post(cluster: TestCluster, path: string, body: unknown) {
  const answer = await cluster.controller.handler({
    method: 'POST',
    path,
    query: new URLSearchParams(),
    headers: { 'content-type': 'application/json' },
    peer: { address: '127.0.0.1', commonName: undefined, organizations: [], verified: false },
    signal: new AbortController().signal,
    body: async () => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  } as unknown as Parameters<TestCluster['controller']['handler']>[0])
  return { status: answer.status, body: answer.body }
}

test('IPPools are converted both ways, unless their ranges are in two subnets', () =>
  within(async (cluster) => {
    const old = {
      apiVersion: 'crd.antrea.io/v1alpha2',
      kind: 'IPPool',
      metadata: { name: 'a', uid: 'x' },
      spec: {
        ipVersion: 4,
        ipRanges: [{ cidr: '203.0.113.0/28', gateway: '203.0.113.1', prefixLength: 24, vlan: 5 }],
      },
      status: { usage: { total: 14 } },
    }
    const now = {
      ...old,
      apiVersion: 'crd.antrea.io/v1beta1',
      spec: {
        ipRanges: [{ cidr: '203.0.113.0/28' }],
        subnetInfo: { gateway: '203.0.113.1', prefixLength: 24, vlan: 5 },
      },
    }
    const answerOf = async (wanted: string, ...objects: Fields[]) => {
      const { body } = await convert(cluster, wanted, ...objects)
      return (JSON.parse(String(body)) as { response: Fields }).response
    }
    assert.deepEqual(await answerOf(now.apiVersion, old, now), {
      uid: 'u',
      convertedObjects: [now, now],
      result: { status: 'Success' },
    })
    assert.deepEqual((await answerOf(old.apiVersion, now))['convertedObjects'], [old])
    const [range] = old.spec.ipRanges
    const two = { ...old, spec: { ...old.spec, ipRanges: [range, { ...range, prefixLength: 25 }] } }
    assert.match(JSON.stringify(await answerOf(now.apiVersion, two)), /different subnet information/)
    assert.match(JSON.stringify(await answerOf('v9', old)), /Failure/)
    assert.equal((await post(cluster, '/convert/ippool', 'no JSON')).status, 400)
    assert.equal((await post(cluster, '/convert/ippool', { request: 5 })).status, 400)
  }))

test('a collection needs a host key that is one, and a requester who may read its Secret', async () => {
  const hook = WEBHOOKS.find(({ path }) => path === '/validate/supportbundlecollection')
  assert.ok(hook)
  const text = (bytes: string | Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(bytes as string))
    return Buffer.concat([length, Buffer.from(bytes as string)])
  }
  const ask = async (hostPublicKey: Buffer, allowed = true) => {
    const spec = {
      fileServer: { hostPublicKey: hostPublicKey.toString('base64') },
      authentication: { authSecret: { name: 's', namespace: 'ns' } },
    }
    const request = {
      uid: 'u',
      kind: { group: 'crd.antrea.io', version: 'v1alpha1', kind: 'SupportBundleCollection' },
      operation: 'CREATE',
      name: 'x',
      userInfo: { username: 'dana', groups: [] },
      object: { metadata: { name: 'x' }, spec },
      oldObject: null,
    } as unknown as AdmissionRequest
    const lookup = { mayRead: async () => allowed } as unknown as Parameters<typeof review>[2]
    return (await review(hook, request, lookup)).status?.message
  }
  const good = Buffer.concat([text('ssh-ed25519'), text(Buffer.alloc(32, 1))])
  assert.equal(await ask(good), undefined)
  assert.equal(
    await ask(good, false),
    'user "dana" is not authorized to get Secret ns/s referenced in spec.authentication.authSecret',
  )
  for (const [key, why] of [
    [Buffer.from('hello'), 'ssh: short read'],
    [text('ssh-ed25519'), 'ssh: parse error in message type 0'],
    [Buffer.concat([text('ssh-foo'), text('x')]), 'ssh: unknown key algorithm: ssh-foo'],
    [Buffer.concat([text('ssh-ed25519'), text('abc')]), 'invalid size 3 for Ed25519 public key'],
    [Buffer.concat([good, Buffer.from('zz')]), 'ssh: trailing junk in public key'],
  ] as const)
    assert.equal(await ask(key), `invalid host public key: ${why}`)
})
