/** Antrea's namespaced policies, Gateways, Egresses and IP pools: where the cluster and the manager have them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHealth } from '../../../src/health/index.ts'
import type { KubeObject } from '../../../src/kube/index.ts'
import { OPEN_GATE } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import {
  createBook,
  createInventory,
  createView,
  type MapContext,
  type MappedResource,
  mapObject,
  type SourceName,
} from '../../../src/mp/inventory/index.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createCluster, namespace } from './cluster.ts'
import { CLUSTER, createFakeNsx, failure } from './nsx.ts'

const nothing = { get: () => undefined }

function mapped(resource: MappedResource, part: object, namespaces: MapContext['namespaces'] = nothing) {
  const object = { apiVersion: 'v1', kind: 'X', ...part } as unknown as KubeObject
  const context: MapContext = {
    clusterId: 'c1',
    namespaces,
    nodes: nothing,
    services: nothing,
    pods: nothing,
    slicesOf: () => [],
    servicesOf: () => [],
    agentStatus: () => undefined,
    newerFields: true,
  }
  const result = mapObject(resource, object, context)
  assert.ok(result !== 'waiting')
  return result.object
}

const shop = {
  get: () => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', uid: 'uid-shop' } }),
}

test('an Antrea NetworkPolicy is an ANP of its namespace, with the failure of the spec it now has', () => {
  const found = mapped(
    'antreaNetworkPolicies',
    {
      metadata: { name: 'deny', namespace: 'shop', uid: 'u1', generation: 3, labels: { team: 'red' } },
      spec: { priority: 5 },
      status: {
        phase: 'Failed',
        observedGeneration: 3,
        conditions: [{ type: 'RealizationFailure', status: 'True', reason: 'N', message: 'n2: no' }],
      },
    },
    shop as MapContext['namespaces'],
  )
  assert.deepEqual(found, {
    resource_type: 'ContainerNetworkPolicy',
    external_id: 'u1',
    container_cluster_id: 'c1',
    display_name: 'deny',
    tags: [{ scope: 'dis:k8s:team', tag: 'red' }],
    network_status: 'UNHEALTHY',
    network_errors: [{ error_code: 'N', error_message: 'n2: no' }],
    policy_type: 'ANP',
    spec: 'priority: 5\n',
    container_project_id: 'uid-shop',
  })
})

test('a Gateway: the addresses it has, else those it asks for; its listeners; no network state', () => {
  const gateway = (status?: object) =>
    mapped(
      'gateways',
      {
        metadata: { name: 'edge', namespace: 'shop', uid: 'u2' },
        spec: {
          gatewayClassName: 'x',
          addresses: [{ value: '10.0.0.9' }, { type: 'vendor.example/other', value: 'x' }],
          listeners: [
            { name: 'web', hostname: 'a.example', port: 443, protocol: 'HTTPS' },
            { name: 'odd', port: 1, protocol: 'vendor.example/own' },
          ],
        },
        ...(status === undefined ? {} : { status }),
      },
      shop as MapContext['namespaces'],
    )
  const asked = gateway()
  assert.equal(asked.resource_type, 'ContainerGateway')
  assert.equal(asked.container_project_id, 'uid-shop')
  assert.ok(!('network_status' in asked) && !('network_errors' in asked))
  assert.deepEqual(asked['addresses'], [{ type: 'IP_ADDRESS', address: '10.0.0.9' }])
  assert.deepEqual(asked['listeners'], [
    { name: 'web', hostname: 'a.example', port: 443, protocol: 'HTTPS' },
    { name: 'odd', port: 1 },
  ])
  assert.match(String(asked['spec']), /gatewayClassName: x/)
  const has = gateway({ addresses: [{ type: 'Hostname', value: 'lb.example' }] })
  assert.deepEqual(has['addresses'], [{ type: 'HOST_NAME', address: 'lb.example' }])
})

test('an Egress: the address it uses, else the one it asks for', () => {
  const egress = (status?: object) =>
    mapped('egresses', {
      metadata: { name: 'out', uid: 'u3' },
      spec: { egressIP: '10.0.0.1' },
      ...(status === undefined ? {} : { status }),
    })['egress_ip']
  assert.equal(egress(), '10.0.0.1')
  assert.equal(egress({ egressIP: '' }), '10.0.0.1')
  assert.equal(egress({ egressIP: '10.0.0.2' }), '10.0.0.2')
  assert.ok(!('egress_ip' in mapped('egresses', { metadata: { name: 'out', uid: 'u3' }, spec: {} })))
})

test('IP pools of either kind: ranges with the subnet of the pool, and their address family', () => {
  const spec = {
    ipRanges: [{ cidr: '10.2.0.0/24' }, { start: '10.3.0.1', end: '10.3.0.9' }],
    subnetInfo: { gateway: '10.2.0.1', prefixLength: 16, vlan: 7 },
  }
  for (const resource of ['externalIPPools', 'ipPools'] as const) {
    const pool = mapped(resource, { metadata: { name: 'p', uid: 'u4' }, spec })
    assert.equal(pool.resource_type, 'ContainerIpPool')
    assert.equal(pool['ip_version'], '4')
    assert.deepEqual(pool['ip_ranges'], [
      { cidr: '10.2.0.0/24', gateway: '10.2.0.1', prefix_length: 16, vlan: 7 },
      { start: '10.3.0.1', end: '10.3.0.9', gateway: '10.2.0.1', prefix_length: 16, vlan: 7 },
    ])
  }
  const six = mapped('ipPools', {
    metadata: { name: 'p', uid: 'u' },
    spec: { ipRanges: [{ cidr: 'fd00::/64' }] },
  })
  assert.equal(six['ip_version'], '6')
})

async function inventoryOver(isServed: (name: SourceName) => boolean | undefined) {
  const clock = createFakeClock()
  const fake = createFakeNsx(clock, createSeededRandom(1))
  const cluster = createCluster()
  const book = createBook()
  const view = createView(cluster.deps, CLUSTER, () => undefined, isServed, clock)
  const inventory = createInventory({
    nsx: fake.nsx,
    clock,
    clusterId: CLUSTER,
    gate: OPEN_GATE,
    book,
    health: createHealth(clock),
    log: SILENT,
    view,
  })
  const whole = async (newerFields = true) => {
    inventory.begin({ newerFields })
    await inventory.read(AbortSignal.timeout(5_000))
    return inventory.reconcile(AbortSignal.timeout(5_000))
  }
  return { fake, cluster, whole, inventory }
}

function one(cluster: ReturnType<typeof createCluster>) {
  cluster.put('namespaces', namespace('shop'))
  cluster.put('gateways', { metadata: { name: 'edge', namespace: 'shop' }, spec: {} })
  cluster.put('egresses', { metadata: { name: 'out' }, spec: { egressIP: '10.0.0.1' } })
  cluster.put('ipPools', { metadata: { name: 'p' }, spec: { ipRanges: [{ cidr: '10.2.0.0/24' }] } })
}

const NEWER = ['ContainerGateway', 'ContainerEgress', 'ContainerIpPool']
const counts = (fake: ReturnType<typeof createFakeNsx>) => NEWER.map((type) => fake.of(type).size)

test('a manager that has no list of a newer type is not sent it, and everything else goes up', async () => {
  const { fake, cluster, whole } = await inventoryOver(() => true)
  one(cluster)
  fake.state.fault = ({ method, path }) =>
    method === 'GET' && path.includes('container-gateways') ? failure(404) : undefined
  await whole()
  assert.deepEqual(counts(fake), [0, 1, 1])
  assert.equal(fake.of('ContainerProject').size, 1)
  fake.state.fault = undefined
  await whole()
  assert.deepEqual(counts(fake), [1, 1, 1])
})

test('a manager before 4.2 is neither asked for the newer types nor sent them', async () => {
  const { fake, cluster, whole } = await inventoryOver(() => true)
  one(cluster)
  await whole(false)
  assert.deepEqual(counts(fake), [0, 0, 0])
  assert.ok(!fake.log.some(({ path }) => /container-(gateways|egresses|ip-pools)/.test(path)))
})

test('a resource that the cluster does not serve holds back nothing of its type', async () => {
  const absent = new Set<SourceName>(['antreaNetworkPolicies', 'externalIPPools'])
  const { fake, cluster, whole } = await inventoryOver((name) => !absent.has(name))
  for (const name of absent) cluster.stores[name].setUnsynced()
  one(cluster)
  cluster.put('networkPolicies', { metadata: { name: 'deny', namespace: 'shop' }, spec: {} })
  await whole()
  assert.equal(fake.of('ContainerNetworkPolicy').size, 1)
  assert.equal(fake.of('ContainerIpPool').size, 1)
})

test('while it is not known whether a resource is served, nothing is decided about its type', async () => {
  const { fake, cluster, whole } = await inventoryOver((name) => (name === 'egresses' ? undefined : true))
  one(cluster)
  cluster.stores.egresses.setUnsynced()
  await whole()
  assert.deepEqual(counts(fake), [1, 0, 1])
})

test('what a resource held that is served no more goes from NSX', async () => {
  let served = true
  const { fake, cluster, whole, inventory } = await inventoryOver((name) =>
    name === 'egresses' ? served : true,
  )
  one(cluster)
  for (const name of ['a', 'b', 'c']) cluster.put('namespaces', namespace(name))
  await whole()
  assert.deepEqual(counts(fake), [1, 1, 1])
  served = false
  cluster.stores.egresses.empty()
  await whole()
  await inventory.reconcile(AbortSignal.timeout(5_000))
  assert.deepEqual(counts(fake), [1, 0, 1])
})
