/** The view kept by changes is the view made anew, whatever changed in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { INVENTORY_BATCH_OBJECTS_MAX } from '../../../src/limits.ts'
import { createView, type SourceName } from '../../../src/mp/inventory/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { createCluster, fill, namespace, node, pod, service, slice } from './cluster.ts'

/** Of these stores, all of them served. */
const viewOf = (cluster: ReturnType<typeof createCluster>) =>
  createView(
    cluster.deps,
    'c1',
    () => undefined,
    () => true,
    createFakeClock(),
  )

type Change = (cluster: ReturnType<typeof createCluster>) => void

const names = fc.constantFrom('a', 'b', 'c')
const uid = fc.constantFrom('1', '2')

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(names, uid).map(
    ([name, id]): Change =>
      (c) =>
        c.put('namespaces', { metadata: { name: 'shop', uid: `ns-${id}-${name}` } }),
  ),
  fc.tuple(names, uid).map(
    ([name, id]): Change =>
      (c) =>
        c.put('nodes', { ...node(name), metadata: { name, uid: `node-${name}-${id}` } }),
  ),
  fc.tuple(names, names, uid).map(
    ([name, on, id]): Change =>
      (c) => {
        const made = pod(name, { node: on })
        c.put('pods', { ...made, metadata: { ...made.metadata, uid: `pod-${name}-${id}` } })
      },
  ),
  fc.tuple(names, uid).map(
    ([name, id]): Change =>
      (c) => {
        const made = service(name)
        c.put('services', { ...made, metadata: { ...made.metadata, uid: `svc-${name}-${id}` } })
      },
  ),
  fc.tuple(names, fc.uniqueArray(names), uid, fc.boolean()).map(
    ([name, pods, id, ready]): Change =>
      (c) => {
        const made = slice(name, pods, ready)
        const endpoints = made.endpoints.map((endpoint) => ({
          ...endpoint,
          targetRef: { ...endpoint.targetRef, uid: `pod-${endpoint.targetRef.name}-${id}` },
        }))
        c.put('endpointSlices', { ...made, ...{ endpoints } })
      },
  ),
  fc.tuple(names, names).map(
    ([name, backend]): Change =>
      (c) =>
        c.put('ingresses', {
          metadata: { name, namespace: 'shop' },
          spec: { defaultBackend: { service: { name: backend } } },
        }),
  ),
  names.map(
    (name): Change =>
      (c) =>
        c.remove('pods', `shop/${name}`),
  ),
  names.map(
    (name): Change =>
      (c) =>
        c.remove('services', `shop/${name}`),
  ),
  names.map(
    (name): Change =>
      (c) =>
        c.remove('endpointSlices', `shop/${name}-x`),
  ),
  names.map(
    (name): Change =>
      (c) =>
        c.remove('nodes', name),
  ),
  fc.constant<Change>((c) => c.remove('namespaces', 'shop')),
  fc.tuple(names, names).map(
    ([name, ip]): Change =>
      (c) => {
        c.put('gateways', {
          metadata: { name, namespace: 'shop' },
          spec: { listeners: [{ name: ip, port: 80 }] },
        })
        c.put('egresses', { metadata: { name }, spec: { egressIP: ip } })
      },
  ),
  fc.tuple(names, uid).map(
    ([name, id]): Change =>
      (c) => {
        c.put('antreaNetworkPolicies', { metadata: { name, namespace: 'shop', uid: `anp-${name}-${id}` } })
        c.put(id === '1' ? 'ipPools' : 'externalIPPools', { metadata: { name, uid: `pool-${name}-${id}` } })
      },
  ),
  names.map(
    (name): Change =>
      (c) => {
        c.remove('gateways', `shop/${name}`)
        c.remove('antreaNetworkPolicies', `shop/${name}`)
        c.remove('egresses', name)
      },
  ),
)

const SOURCES: readonly SourceName[] = [
  'nodes',
  'namespaces',
  'pods',
  'services',
  'endpointSlices',
  'ingresses',
  'networkPolicies',
  'clusterNetworkPolicies',
  'antreaNetworkPolicies',
  'gateways',
  'egresses',
  'externalIPPools',
  'ipPools',
]

const state = (view: ReturnType<typeof createView>) => ({
  desired: Object.fromEntries([...view.desired].sort(([a], [b]) => (a < b ? -1 : 1))),
  waiting: [...view.waiting].sort(),
})

test('kept by changes is the same as made anew', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 }), async (rounds) => {
      const cluster = createCluster()
      fill(cluster)
      const view = viewOf(cluster)
      view.reset({ newerFields: true })
      for (const source of SOURCES) cluster.stores[source].subscribe((keys) => view.mark(source, keys))
      assert.equal(view.takeTouched(), undefined, 'all of them at first')
      for (const round of [[], ...rounds]) {
        for (const apply of round) apply(cluster)
        const before = { desired: new Map(view.desired), waiting: new Set(view.waiting) }
        await view.update()
        const touched = view.takeTouched()
        for (const id of new Set([
          ...before.desired.keys(),
          ...view.desired.keys(),
          ...before.waiting,
          ...view.waiting,
        ])) {
          const isSame =
            before.desired.get(id) === view.desired.get(id) && before.waiting.has(id) === view.waiting.has(id)
          assert.ok(isSame || touched?.has(id), `${id} changed and is not told as touched`)
        }
        const anew = viewOf(cluster)
        anew.reset({ newerFields: true })
        await anew.update()
        assert.deepEqual(state(view), state(anew))
      }
    }),
    { numRuns: 200 },
  )
})

test('what is mapped again to the same stays the same object, so comparing is cheap', async () => {
  const cluster = createCluster()
  fill(cluster)
  const view = viewOf(cluster)
  view.reset({ newerFields: true })
  await view.update()
  const before = view.desired.get('Pod-shop/web-1')
  assert.ok(before !== undefined)
  assert.equal(view.mark('pods', ['shop/web-1']), true)
  assert.equal(view.mark('pods', ['shop/web-2']), false)
  await view.update()
  assert.equal(view.desired.get('Pod-shop/web-1'), before)
})

test('a batch is full when so many keys are noted, whatever they are of, and is told once', async () => {
  const cluster = createCluster()
  const view = viewOf(cluster)
  view.reset({ newerFields: true })
  await view.update()
  const keys = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `shop/p${from + at}`)
  assert.equal(view.mark('pods', keys(30)), true)
  assert.equal(view.mark('pods', keys(30)), false)
  assert.equal(view.isBatchFull(), false)
  assert.equal(view.mark('services', keys(INVENTORY_BATCH_OBJECTS_MAX - 30)), true)
  assert.equal(view.isBatchFull(), true)
  assert.equal(view.mark('services', keys(30, 100)), false)
  await view.update()
  assert.equal(view.isBatchFull(), false)
})

test('a pod made anew under its name is not taken for the one that the slice still names', async () => {
  const cluster = createCluster()
  fill(cluster)
  const view = viewOf(cluster)
  view.reset({ newerFields: true })
  const made = pod('web-1')
  cluster.put('pods', { ...made, metadata: { ...made.metadata, uid: 'second' } })
  await view.update()
  assert.deepEqual(view.desired.get('second')?.['container_application_ids'], [])
  assert.deepEqual(view.desired.get('Pod-shop/web-2')?.['container_application_ids'], ['Service-shop/web'])
})

test('a store that is not complete makes its types undecided; one that lags freezes deletes', () => {
  const cluster = createCluster()
  const view = viewOf(cluster)
  assert.deepEqual([...view.undecided()], [])
  cluster.stores.endpointSlices.setLive(false)
  assert.deepEqual([...view.frozen()].sort(), ['ContainerApplication', 'ContainerApplicationInstance'])
  cluster.stores.clusterNetworkPolicies.setUnsynced()
  assert.deepEqual([...view.undecided()], ['ContainerNetworkPolicy'])
})

test('an object of a shape that breaks the mapping hinders nobody and is left as NSX has it', async () => {
  const cluster = createCluster()
  fill(cluster)
  cluster.put('pods', { ...pod('odd'), status: { conditions: 5 } as object })
  cluster.put('namespaces', namespace('more'))
  const view = viewOf(cluster)
  view.reset({ newerFields: true })
  await view.update()
  assert.ok(view.waiting.has('Pod-shop/odd'))
  assert.deepEqual([...view.unmappable.keys()], ['pods shop/odd'])
  assert.ok(view.desired.has('Namespace-/more'))
})
