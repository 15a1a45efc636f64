/**
 * Pauses of the real composition on a fake clock: nothing is written to the cluster (ccp) or to NSX's inventory (mp) while
 * everything goes on being watched, compared and reported, and what drifted is put right at once afterwards.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLUSTER_ID, createWorld, driven, type World } from './world.ts'

const DOMAIN = '/policy/api/v1/infra/domains/default'
const SPAN = '/infra/sites/default/enforcement-points/default/cluster-control-planes/sim'
const POLICIES = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'

const STATUS = `/policy/api/v1${SPAN}/status`

interface Policy {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly ingress: readonly { readonly action: string }[] }
}

async function inWorld(run: (world: World, writes: string[]) => Promise<void>): Promise<void> {
  const world = await createWorld(41)
  try {
    const writes: string[] = []
    world.cluster.api.audit.subscribe(({ verb, path, code }) => {
      const isOurs = /crd\.antrea\.io\/v1beta1\/(clusternetworkpolicies|clustergroups|tiers)/.test(path)
      if (isOurs && !/\/status$/.test(path) && ['create', 'update', 'delete'].includes(verb) && code < 300)
        writes.push(`${verb} ${path}`)
    })
    await world.startAdapter('adapter-a')
    await world.clock.advance(30_000)
    await putPolicy(world, 'ALLOW')
    await run(world, writes)
  } finally {
    await world.stop()
  }
}

const ask = <T = unknown>(world: World, ...call: Parameters<World['nsx']>) =>
  driven(world.clock, world.nsx<T>(...call))
const policies = async (world: World) =>
  (await driven(world.clock, world.kube<{ items: Policy[] }>('GET', POLICIES))).items
const namespacesInNsx = async (world: World) =>
  (
    await ask<{ results: { display_name: string }[] }>(
      world,
      'GET',
      `/api/v1/fabric/container-projects?container_cluster_id=${CLUSTER_ID}`,
    )
  ).results.map(({ display_name }) => display_name)
const makeNamespace = (world: World, name: string) =>
  driven(
    world.clock,
    world.kube('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
  )

async function putPolicy(world: World, action: string): Promise<void> {
  const path = `${DOMAIN}/security-policies/p`
  await ask(world, 'PATCH', path, {
    category: 'Application',
    scope: ['ANY'],
    rules: [
      {
        id: 'r',
        action,
        direction: 'IN',
        sequence_number: 1,
        source_groups: ['ANY'],
        destination_groups: ['ANY'],
        services: ['ANY'],
        scope: ['ANY'],
      },
    ],
  })
  await ask(world, 'PATCH', `${path}/container-cluster-span/this`, { container_cluster_path: SPAN })
  await world.clock.advance(10_000)
}

test('a pause of ccp writes no policy, says so to NSX and to people, and its end puts all of it right', () =>
  inWorld(async (world, writes) => {
    const { adapter } = world.adapters.get('adapter-a')!
    const [before] = await policies(world)
    assert.equal(before?.spec.ingress[0]?.action, 'Allow')
    adapter.pause('ccp', 600_000)
    writes.length = 0
    await putPolicy(world, 'DROP')
    await world.clock.advance(60_000)
    assert.deepEqual(writes, [])
    assert.equal((await policies(world))[0]?.spec.ingress[0]?.action, 'Allow')
    const { warnings, pauses, ready, policies: figures, progress } = adapter.status()
    const warning = warnings.find(({ code }) => code === 'CCP_PAUSED')
    assert.match(warning?.detail ?? '', /1 writes wait; until 2026-01-01T00:\d\d:\d\d\.\d{3}Z/)
    assert.equal((pauses.ccp?.until ?? 0) - (pauses.ccp?.since ?? 0), 600_000)
    assert.equal(ready, true)
    assert.equal(figures.drift, 1)
    assert.ok(progress.ccp.lagMs > 50_000)
    const health = await ask<object>(world, 'GET', STATUS)
    assert.match(JSON.stringify(health), /CCP_PAUSED|is paused/)
    // Leading goes on, and so does the inventory.
    await makeNamespace(world, 'meanwhile')
    await world.clock.advance(5_000)
    assert.ok((await namespacesInNsx(world)).includes('meanwhile'))
    await assert.rejects(adapter.adopt([]), /PAUSED|paused/)

    adapter.resume('ccp')
    await world.clock.advance(1_000)
    assert.equal((await policies(world))[0]?.spec.ingress[0]?.action, 'Drop')
    assert.deepEqual(adapter.status().pauses, {})
    assert.ok(!adapter.status().warnings.some(({ code }) => code === 'CCP_PAUSED'))
  }))

test('a pause of mp sends nothing of the inventory, ends by itself, and does not outlive the process', () =>
  inWorld(async (world) => {
    const { adapter } = world.adapters.get('adapter-a')!
    adapter.pause('mp', 120_000)
    await makeNamespace(world, 'late')
    await world.clock.advance(100_000)
    assert.ok(!(await namespacesInNsx(world)).includes('late'))
    const warning = adapter.status().warnings.find(({ code }) => code === 'INVENTORY_PAUSED')
    assert.match(warning?.detail ?? '', /[1-9]\d* changes wait; until /)
    // A new link in the middle changes nothing.
    world.adapters.get('adapter-a')!.nsx.cut()
    await world.clock.advance(15_000)
    assert.ok(!(await namespacesInNsx(world)).includes('late'))
    await world.clock.advance(10_000)
    assert.ok((await namespacesInNsx(world)).includes('late'))

    adapter.pause('ccp', 86_400_000)
    await world.killAdapter('adapter-a')
    const { adapter: next } = await world.startAdapter('adapter-b')
    await world.clock.advance(40_000)
    assert.deepEqual(next.status().pauses, {})
    await putPolicy(world, 'REJECT')
    assert.equal((await policies(world))[0]?.spec.ingress[0]?.action, 'Reject')
  }))

test('an adapter that leads for the first time in a pause enters nothing into NSX, and all of it afterwards', async () => {
  const world = await createWorld(43)
  try {
    // As on a manager whose registration does not enter the cluster itself.
    await ask(world, 'DELETE', `/api/v1/fabric/container-clusters/${CLUSTER_ID}`)
    const written: string[] = []
    const { adapter } = await world.startAdapter('adapter-a', {
      clock: world.clock,
      through: (client, to) =>
        to === 'kube'
          ? client
          : {
              ...client,
              request: (request) => {
                const isInventory = /\/(inventory|fabric)\/container/.test(request.path)
                if (isInventory && request.method !== 'GET') written.push(`${request.method} ${request.path}`)
                return client.request(request)
              },
            },
    })
    adapter.pause('mp', 600_000)
    await world.clock.advance(60_000)
    assert.equal(adapter.status().role, 'leading')
    assert.match(adapter.status().components['mp']?.state ?? '', /link\.open\.phase\.watching/)
    assert.deepEqual(written, [])
    adapter.resume('mp')
    await world.clock.advance(5_000)
    assert.ok(
      written.some((line) => /POST .*\/container-clusters/.test(line)),
      written.join('\n'),
    )
    assert.ok(written.some((line) => /inventory\/container/.test(line)))
  } finally {
    await world.stop()
  }
})
