/** Leading with clocks that cannot be trusted, and with a manager that not everybody reaches. `npm run test:long` plays more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom } from '../fakes/clock.ts'
import { createLeading, MINUTE_MS, trouble } from './leading.ts'

test('clocks at 0.9, 1 and 1.1, set, suspended and stopped: no write too late, no two that write', async (t) => {
  const seed = 7
  const leading = await createLeading(seed, [0.9, 1, 1.1])
  t.after(() => leading.stop())
  const random = createSeededRandom(seed)
  const kinds = new Set<string>()
  for (let count = 0; count < 40; count += 1) {
    kinds.add((await trouble(leading, random)).split(' ')[0] ?? '')
    leading.check()
  }
  await leading.world.clock.advance(2 * MINUTE_MS)
  leading.check()
  assert.equal(leading.leaders().length, 1)
  assert.ok(kinds.size === 8 && leading.terms.length > 5, `${[...kinds]} ${leading.terms}`)
  assert.ok(leading.writes() > 40, `${leading.writes()} writes`)
})

const CRD = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
const OFFERED_WITHIN_MS = 60_000

interface Policies {
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

/** Milliseconds until somebody else leads, looked at each second. */
async function untilLeads(leading: Awaited<ReturnType<typeof createLeading>>, name: string, limitMs: number) {
  for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 1_000) {
    if (leading.leaders().join() === name) return waitedMs
    await leading.world.clock.advance(1_000)
  }
  assert.fail(`${name} does not lead within ${limitMs} ms; ${leading.leaders()} does`)
}

for (const [fault, withinMs] of [
  ['down', OFFERED_WITHIN_MS],
  ['blackhole', 120_000],
] as const)
  test(`NSX reachable from one instance only (${fault}): leadership moves there once, and nothing is written for it`, async (t) => {
    const leading = await createLeading(11, [1, 1, 1])
    t.after(() => leading.stop())
    const { world, members, terms } = leading
    await world.clock.advance(2 * MINUTE_MS)
    const [leader] = leading.leaders()
    const [chosen, ...others] = members.filter(({ name }) => name !== leader)
    assert.equal(terms.length, 1)
    const before = { writes: leading.writes(), nsx: world.manager.audit.mutatingCount() }
    for (const { name, sim } of members) if (name !== chosen?.name) sim.nsx[fault](true)
    const tookMs = await untilLeads(leading, chosen?.name ?? '', withinMs)
    t.diagnostic(`moved after ${tookMs} ms`)
    await world.clock.advance(15 * MINUTE_MS)
    assert.deepEqual(terms, [leader, chosen?.name])
    assert.equal(leading.writes(), before.writes, 'nothing had to be written for it')
    await leading.edit()
    await world.clock.advance(5_000)
    assert.ok(leading.writes() > before.writes, 'what NSX wants next is written')
    const status = chosen?.sim.adapter.status()
    assert.deepEqual(
      status?.instances.filter(({ role }) => role === 'leading').map(({ instance }) => instance),
      [chosen?.name],
    )
    assert.ok(status?.warnings.some(({ code }) => code === 'STANDBY_WITHOUT_NSX'))
    assert.deepEqual(
      status?.instances.find(({ instance }) => instance === others[0]?.name)?.manager,
      'unreached',
    )
    leading.check()
  })

test('given up once in ten minutes only, also by the next leader', async (t) => {
  const leading = await createLeading(13, [1, 1])
  t.after(() => leading.stop())
  const { world, members, terms } = leading
  const [a, b] = members
  await world.clock.advance(2 * MINUTE_MS)
  a?.sim.nsx.down(true)
  await untilLeads(leading, b?.name ?? '', OFFERED_WITHIN_MS)
  a?.sim.nsx.down(false)
  b?.sim.nsx.down(true)
  await world.clock.advance(9 * MINUTE_MS)
  assert.deepEqual(terms, [a?.name, b?.name])
  await world.clock.advance(2 * MINUTE_MS)
  assert.deepEqual(terms, [a?.name, b?.name, a?.name])
})

test('NSX down for all for an hour: leadership never moves, and drift is repaired', async (t) => {
  const leading = await createLeading(17, [0.9, 1, 1.1])
  t.after(() => leading.stop())
  const { world, members, terms } = leading
  await world.clock.advance(2 * MINUTE_MS)
  const leader = leading.leaders()
  for (const { sim } of members) sim.nsx.down(true)
  for (let minute = 0; minute < 60; minute += 1) {
    await world.clock.advance(MINUTE_MS)
    assert.deepEqual([leading.leaders(), terms], [leader, leader])
    if (minute % 20 !== 10) continue
    const { items } = await world.kube<Policies>('GET', CRD)
    const name = items[0]?.metadata.name ?? ''
    await world.kube('DELETE', `${CRD}/${name}`)
    await world.clock.advance(2_000)
    assert.ok(await world.kube('GET', `${CRD}/${name}`), 'put back without NSX')
  }
  leading.check()
})

test('a standby leads without reading the cluster anew', async (t) => {
  const leading = await createLeading(19, [1, 1])
  t.after(() => leading.stop())
  const { world, members, terms } = leading
  const [a, b] = members
  await world.clock.advance(2 * MINUTE_MS)
  const lists: string[] = []
  const stop = world.cluster.api.audit.subscribe(({ verb, user, path }) => {
    // A leader looks for what requests of the one before it left: that is no part of what is watched.
    const isSweep = path.includes('/leases') || path.endsWith('/traceflows') || path.endsWith('/configmaps')
    if (user === b?.name && (verb === 'list' || verb === 'watch') && !isSweep) lists.push(`${verb} ${path}`)
  })
  await a?.sim.adapter.stop()
  world.adapters.delete(a?.name ?? '')
  const tookMs = await untilLeads(leading, b?.name ?? '', 5_000)
  stop()
  assert.ok(tookMs <= 3_000, `${tookMs} ms`)
  assert.deepEqual(lists, [])
  assert.deepEqual(terms, [a?.name, b?.name])
})
