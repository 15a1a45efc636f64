/** Carrying plans out against an NSX that fails in each way it can. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdapterError, waitFor } from '../../../src/errors.ts'
import { createHealth } from '../../../src/health/index.ts'
import type { WriteGate } from '../../../src/kube/index.ts'
import { OPEN_GATE } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createBook, createInventory, createView } from '../../../src/mp/inventory/index.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createCluster, fill, namespace, pod, slice } from './cluster.ts'
import { CLUSTER, createFakeNsx, failure, type Seen, type Update } from './nsx.ts'

function start(options: { pods?: number; gate?: WriteGate } = {}) {
  const clock = createFakeClock()
  const fake = createFakeNsx(clock, createSeededRandom(1))
  const cluster = createCluster()
  fill(cluster)
  for (let at = 0; at < (options.pods ?? 0); at += 1) cluster.put('pods', pod(`p${at}`))
  const health = createHealth(clock)
  const view = createView(
    cluster.deps,
    CLUSTER,
    () => 'HEALTHY',
    () => true,
    clock,
  )
  const book = createBook()
  const gate = options.gate ?? OPEN_GATE
  const inventory = createInventory({
    nsx: fake.nsx,
    clock,
    clusterId: CLUSTER,
    gate,
    book,
    health,
    log: SILENT,
    view,
  })
  for (const name of ['pods', 'namespaces', 'nodes', 'services', 'endpointSlices', 'ingresses'] as const)
    cluster.stores[name].subscribe((keys) => view.mark(name, keys))
  inventory.begin({ newerFields: true })
  const run = async () => {
    await inventory.read(new AbortController().signal)
    return inventory.reconcile(new AbortController().signal)
  }
  const reconcile = (signal = new AbortController().signal) => inventory.reconcile(signal)
  return { clock, fake, cluster, health, book, run, reconcile, inventory }
}

const updatesOf = (seen: Seen): Update[] =>
  (seen.body as { container_inventory_objects: Update[] } | undefined)?.container_inventory_objects ?? []
const isBatch = ({ path }: Seen) => path.startsWith('/api/v1/inventory/')
const codeOf = async (work: Promise<unknown>) => {
  try {
    await work
    return 'nothing'
  } catch (error) {
    assert.ok(error instanceof AdapterError)
    return `${error.kind} ${error.code}`
  }
}

test('batches hold at most 50, four go side by side, and a stage waits for the one before', async () => {
  const { fake, run } = start({ pods: 400 })
  await run()
  assert.equal(fake.of('ContainerApplicationInstance').size, 402)
  assert.ok(fake.batches().every((batch) => batch.length <= 50))
  assert.ok(fake.state.inFlightMax > 1 && fake.state.inFlightMax <= 4, `${fake.state.inFlightMax}`)
  const ids = fake
    .batches()
    .flatMap((batch) => batch.map(({ container_object }) => container_object.external_id))
  assert.equal(new Set(ids).size, ids.length)
  const types = fake.batches().map((batch) => batch[0]?.container_object.resource_type)
  const order = [
    'ContainerClusterNode',
    'ContainerApplication',
    'ContainerApplicationInstance',
    'ContainerIngressPolicy',
  ]
  const ranks = types.map((type) =>
    order.indexOf(
      type === 'ContainerProject' ? order[0]! : type === 'ContainerNetworkPolicy' ? order[3]! : (type ?? ''),
    ),
  )
  assert.deepEqual(ranks, [...ranks].sort())
})

test('the cluster id of services and pods is read-only in NSX and not sent', async () => {
  const { fake, run } = start()
  await run()
  for (const { container_object: object } of fake.batches().flat()) {
    const isReadOnly = /^ContainerApplication/.test(object.resource_type)
    assert.equal('container_cluster_id' in object, !isReadOnly, object.resource_type)
  }
})

test('a second run sends nothing; so does one of a new process', async () => {
  const { fake, cluster, run, clock } = start()
  await run()
  const { batches } = fake.state
  await run()
  const view = createView(
    cluster.deps,
    CLUSTER,
    () => undefined,
    () => true,
    clock,
  )
  const again = createInventory({
    nsx: fake.nsx,
    clock,
    clusterId: CLUSTER,
    gate: OPEN_GATE,
    book: createBook(),
    health: createHealth(clock),
    log: SILENT,
    view,
  })
  again.begin({ newerFields: true })
  await again.read(new AbortController().signal)
  await again.reconcile(new AbortController().signal)
  assert.equal(fake.state.batches, batches)
})

const HTML = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>log in</html>' }

for (const [name, answer, expected] of [
  ['429', () => failure(429, { 'retry-after': '7' }), 'retry NSX_THROTTLED'],
  ['503', () => failure(503), 'retry NSX_SERVER_ERROR'],
  ['500', () => failure(500), 'retry NSX_SERVER_ERROR'],
  ['409', () => failure(409), 'retry NSX_CONFLICT'],
  ['HTML', () => HTML, 'retry NSX_NOT_JSON'],
  ['403', () => failure(403), 'needs-person NSX_FORBIDDEN'],
  ['404', () => failure(404), 'wait-for NSX_NOT_FOUND'],
] as const)
  test(`${name} ends the run with its kind, without halving; the next run makes it good`, async () => {
    const { clock, fake, run, reconcile, book } = start()
    fake.state.fault = (seen) => (isBatch(seen) ? answer() : undefined)
    assert.equal(await codeOf(run()), expected)
    assert.equal(fake.state.batches, 1)
    assert.equal(book.setAside.size, 0)
    fake.state.fault = undefined
    // After 429 and 503 calls go at a pace.
    const made = reconcile()
    for (let step = 0; step < 100; step += 1) await clock.advance(50)
    await made
    assert.equal(fake.of('ContainerNetworkPolicy').size, 2)
  })

test('how long a throttled manager wants to be left alone is told', async () => {
  const { fake, run } = start()
  fake.state.fault = (seen) => (isBatch(seen) ? failure(429, { 'retry-after': '7' }) : undefined)
  await assert.rejects(run(), { retryAfterMs: 7_000 })
})

test('a batch that hangs is read back before anything of its type is sent again', async () => {
  const { clock, fake, run, reconcile } = start()
  // Taken, but the answer never comes.
  fake.state.fault = async (seen) => {
    if (!isBatch(seen)) return undefined
    for (const { container_object: object } of updatesOf(seen))
      fake.of(object.resource_type).set(object.external_id, { ...object, container_cluster_id: CLUSTER })
    return new Promise(() => {})
  }
  const first = codeOf(run())
  await clock.advance(21_000)
  assert.equal(await first, 'retry TRANSPORT_TIMEOUT')
  fake.state.fault = undefined
  const before = fake.log.length
  await reconcile()
  const after = fake.log.slice(before).map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(after.slice(0, 2).sort(), [
    'GET /api/v1/fabric/container-cluster-nodes',
    'GET /api/v1/fabric/container-projects',
  ])
  const sent = fake.log.slice(before).flatMap(updatesOf)
  assert.ok(sent.every(({ container_object: { resource_type } }) => !/Node|Project/.test(resource_type)))
  assert.equal(fake.of('ContainerApplicationInstance').size, 2)
})

const refusePods = (pattern: RegExp) => (seen: Seen) =>
  isBatch(seen) && updatesOf(seen).some(({ container_object: { external_id } }) => pattern.test(external_id))
    ? failure(400, {}, { error_message: 'bad tag' })
    : undefined

test('a poison object is found by halving and set aside with the reason; all else goes up', async () => {
  const { fake, run, health, book } = start({ pods: 60 })
  fake.state.fault = refusePods(/shop\/p17$/)
  const done = await run()
  assert.equal(done.refused, 1)
  assert.equal(fake.of('ContainerApplicationInstance').size, 61)
  assert.equal(fake.of('ContainerNetworkPolicy').size, 2)
  assert.deepEqual([...book.setAside.keys()], ['Pod-shop/p17'])
  const [warning] = health.warnings().filter(({ code }) => code === 'INVENTORY_POISON')
  assert.match(warning?.detail ?? '', /1 object; ContainerApplicationInstance p17: .*bad tag/)
  assert.ok(fake.state.batches < 25, `${fake.state.batches}`)
})

test('a poison object is not sent again until it changes', async () => {
  const { fake, cluster, run, reconcile, health } = start()
  fake.state.fault = refusePods(/web-1$/)
  await run()
  const { batches } = fake.state
  await run()
  assert.equal(fake.state.batches, batches)
  fake.state.fault = undefined
  cluster.put('pods', pod('web-1', { labels: { app: 'better' } }))
  await reconcile()
  assert.equal(fake.of('ContainerApplicationInstance').size, 2)
  assert.ok(!health.warnings().some(({ code }) => code === 'INVENTORY_POISON'))
})

test('a refusal of one object holds no delete of another', async () => {
  const { fake, cluster, run, reconcile } = start()
  await run()
  fake.state.fault = refusePods(/web-1$/)
  cluster.put('pods', pod('web-1', { labels: { app: 'other' } }))
  cluster.remove('pods', 'shop/web-2')
  await reconcile()
  assert.deepEqual([...fake.of('ContainerApplicationInstance').keys()], ['Pod-shop/web-1'])
})

test('a service stays while a pod that NSX refuses to change still refers to it', async () => {
  const { fake, cluster, run, reconcile } = start()
  await run()
  fake.state.fault = refusePods(/web-1$/)
  cluster.put('endpointSlices', slice('web', []))
  cluster.remove('ingresses', 'shop/web')
  cluster.remove('services', 'shop/web')
  await reconcile()
  assert.ok(fake.of('ContainerApplication').has('Service-shop/web'))
  assert.deepEqual(
    fake.of('ContainerApplicationInstance').get('Pod-shop/web-2')?.['container_application_ids'],
    [],
  )
  assert.equal(fake.of('ContainerIngressPolicy').size, 0)
})

test('an object that somebody removed from NSX is made anew, not given up', async () => {
  const { fake, cluster, run, reconcile, book } = start()
  await run()
  fake.of('ContainerApplicationInstance').delete('Pod-shop/web-1')
  fake.state.fault = (seen) =>
    updatesOf(seen).some(
      ({ object_update_type: op, container_object: { external_id, resource_type } }) =>
        op === 'UPDATE' && !fake.of(resource_type).has(external_id),
    )
      ? failure(400)
      : undefined
  cluster.put('pods', pod('web-1', { labels: { app: 'other' } }))
  await reconcile()
  assert.deepEqual(fake.of('ContainerApplicationInstance').get('Pod-shop/web-1')?.['tags'], [
    { scope: 'dis:k8s:app', tag: 'other' },
  ])
  assert.equal(book.setAside.size, 0)
})

test('a manager that refuses everything is not asked object by object', async () => {
  const { fake, run } = start({ pods: 500 })
  fake.state.fault = (seen) =>
    isBatch(seen) &&
    updatesOf(seen).some(({ container_object: { resource_type } }) => /Instance/.test(resource_type))
      ? failure(400)
      : undefined
  await run().catch(() => {})
  const first = fake.state.batches
  const whole = start({ pods: 500 })
  for (let at = 0; at < 60; at += 1) whole.cluster.put('namespaces', namespace(`ns${at}`))
  whole.fake.state.fault = (seen) => (isBatch(seen) ? failure(400) : undefined)
  assert.equal(await codeOf(whole.run()), 'needs-person NSX_BAD_REQUEST')
  assert.ok(whole.fake.state.batches < 250, `${whole.fake.state.batches}`)
  assert.ok(first > 0)
})

test('a field that NSX takes and does not give back leaves the comparison and is named', async () => {
  const { clock, fake, run, health, book } = start()
  await run()
  for (const object of fake.of('ContainerClusterNode').values()) delete object['provider_id']
  await clock.advance(60_000)
  const { batches } = fake.state
  await run()
  assert.equal(fake.state.batches, batches)
  assert.deepEqual([...book.unreadable], ['ContainerClusterNode.provider_id'])
  assert.match(health.warnings().find(({ code }) => code === 'NOT_READABLE')?.detail ?? '', /provider_id/)
})

test('a field that somebody changed in NSX is put back, and stays compared', async () => {
  const { clock, fake, run, book } = start()
  await run()
  const edit = () => {
    const project = fake.of('ContainerProject').get('Namespace-/shop')
    if (project !== undefined) project['display_name'] = 'mine'
  }
  edit()
  await clock.advance(60_000)
  await run()
  assert.equal(fake.of('ContainerProject').get('Namespace-/shop')?.['display_name'], 'shop')
  assert.equal(book.unreadable.size, 0)
})

test('nothing is sent without the lease, and what is in flight ends with it', async () => {
  const shut: WriteGate = {
    check() {
      throw waitFor('LEASE_NOT_HELD', 'not leading')
    },
    signal: new AbortController().signal,
  }
  const standby = start({ gate: shut })
  assert.equal(await codeOf(standby.run()), 'wait-for LEASE_NOT_HELD')
  assert.equal(standby.fake.state.batches, 0)

  const lease = new AbortController()
  const leading = start({ gate: { check() {}, signal: lease.signal } })
  leading.fake.state.fault = (seen) => (isBatch(seen) ? new Promise(() => {}) : undefined)
  const running = codeOf(leading.run())
  await leading.clock.settle()
  assert.equal(leading.fake.state.batches, 1)
  lease.abort(new Error('the lease is lost'))
  assert.equal(await running, 'retry INTERNAL')
  assert.ok(leading.book.doubtful.size > 0)
})

test("a read-back that is not whole, or not this cluster's, deletes nothing", async () => {
  const { fake, run, cluster, book } = start()
  await run()
  const foreign = { external_id: 'f', resource_type: 'ContainerProject', container_cluster_id: 'other' }
  fake.state.fault = ({ path, method }) =>
    method === 'GET' && path === '/api/v1/fabric/container-projects'
      ? {
          status: 200,
          body: JSON.stringify({ results: [foreign, null, 5, { external_id: '' }], result_count: 4 }),
        }
      : undefined
  await run()
  assert.ok(
    fake
      .batches()
      .flat()
      .every(({ object_update_type: op }) => op !== 'DELETE'),
  )
  assert.ok(!book.known.has('f'))
  fake.state.fault = ({ path, method }) =>
    method === 'GET' && path.startsWith('/api/v1/fabric/')
      ? { status: 200, body: JSON.stringify({ results: [], result_count: 4 }) }
      : undefined
  cluster.remove('pods', 'shop/web-1')
  assert.equal(await codeOf(run()), 'retry NSX_LIST_INCOMPLETE')
})
