/** The whole channel over a fake NSX and stores: the first comparison, deltas, losses, and what the manager asks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heartbeat, leader, start } from './channel.ts'
import { namespace, pod, slice } from './cluster.ts'
import { failure } from './nsx.ts'

/** Names of what NSX shows, by type. */
const shown = (fake: Awaited<ReturnType<typeof start>>['fake'], type: string) =>
  [...fake.of(type).values()].map((object) => object['display_name']).sort()

test('the first comparison brings everything up and is what makes the channel watch', async () => {
  const { fake, watching, lead } = await start()
  await lead()
  assert.ok(watching())
  assert.deepEqual(shown(fake, 'ContainerClusterNode'), ['n1', 'n2'])
  assert.deepEqual(shown(fake, 'ContainerProject'), ['shop'])
  assert.deepEqual(shown(fake, 'ContainerApplication'), ['web'])
  assert.deepEqual(shown(fake, 'ContainerApplicationInstance'), ['web-1', 'web-2'])
  assert.deepEqual(shown(fake, 'ContainerIngressPolicy'), ['web'])
  assert.deepEqual(shown(fake, 'ContainerNetworkPolicy'), ['acnp', 'deny'])
})

test('an unchanged comparison writes nothing: after a reconnect and after ten minutes', async () => {
  const { clock, fake, watching, lead } = await start()
  await lead()
  const { batches } = fake.state
  assert.ok(batches > 0)
  fake.faults.cut()
  await clock.advance(60_000)
  assert.ok(watching())
  assert.ok(fake.state.sessions > 1)
  assert.equal(fake.state.batches, batches)
  const reads = fake.log.length
  await heartbeat(clock, fake, 700)
  assert.equal(fake.state.batches, batches)
  assert.ok(fake.log.slice(reads).some(({ path }) => path === '/api/v1/fabric/container-projects'))
})

test('a change goes up as the fields that changed', async () => {
  const { clock, fake, cluster, lead } = await start()
  await lead()
  const before = fake.batches().length
  cluster.put('pods', pod('web-1', { labels: { app: 'api' } }))
  await clock.advance(1_000)
  assert.deepEqual(fake.batches().slice(before), [
    [
      {
        object_update_type: 'UPDATE',
        container_object: {
          resource_type: 'ContainerApplicationInstance',
          external_id: 'Pod-shop/web-1',
          tags: [{ scope: 'dis:k8s:app', tag: 'api' }],
        },
      },
    ],
  ])
})

test('a port that an agent opens for a Pod goes up with its Service, and goes with it', async () => {
  const { clock, fake, cluster, lead } = await start()
  cluster.put('endpointSlices', {
    ...slice('web', ['web-1', 'web-2']),
    ...{ ports: [{ port: 8_080, protocol: 'TCP' }] },
  })
  await lead()
  const shownPorts = () =>
    fake.of('ContainerApplication').get('Service-shop/web')?.['node_port_local_endpoints']
  const open = (ports: readonly object[]) => {
    const { metadata, ...rest } = pod('web-1')
    const annotations = { 'nodeportlocal.antrea.io': JSON.stringify(ports) }
    cluster.put('pods', { ...rest, metadata: { ...metadata, annotations } })
  }
  open([{ podPort: 8_080, nodeIP: '192.0.2.1', nodePort: 61_002, protocol: 'tcp' }])
  await clock.advance(1_000)
  assert.deepEqual(shownPorts(), [{ node_ip: '192.0.2.1', node_port: 61_002, protocol: 'TCP' }])
  open([])
  await clock.advance(1_000)
  assert.deepEqual(shownPorts(), [])
})

test('a pod leaves its service, then NSX; a service goes after its pods let go of it', async () => {
  const { clock, fake, cluster, lead } = await start()
  await lead()
  const before = fake.batches().length
  cluster.put('endpointSlices', slice('web', []))
  cluster.remove('services', 'shop/web')
  cluster.remove('ingresses', 'shop/web')
  await clock.advance(2_000)
  const steps = fake
    .batches()
    .slice(before)
    .flat()
    .map(
      ({ object_update_type: op, container_object: { resource_type, external_id } }) =>
        `${op} ${resource_type} ${external_id}`,
    )
  assert.deepEqual(steps.slice(0, 2).sort(), [
    'UPDATE ContainerApplicationInstance Pod-shop/web-1',
    'UPDATE ContainerApplicationInstance Pod-shop/web-2',
  ])
  assert.deepEqual(steps.slice(2), [
    'DELETE ContainerIngressPolicy Ingress-shop/web',
    'DELETE ContainerApplication Service-shop/web',
  ])
})

test('many deletes wait for a second comparison, at least 30 s later', async () => {
  const { clock, fake, cluster, health, lead } = await start()
  for (let index = 0; index < 20; index += 1) cluster.put('pods', pod(`p${index}`))
  await lead()
  assert.equal(fake.of('ContainerApplicationInstance').size, 22)
  for (let index = 0; index < 20; index += 1) cluster.remove('pods', `shop/p${index}`)
  await clock.advance(2_000)
  assert.equal(fake.of('ContainerApplicationInstance').size, 22)
  assert.ok(health.warnings().some(({ code }) => code === 'INVENTORY_DELETE_GUARD'))
  await heartbeat(clock, fake, 20)
  assert.equal(fake.of('ContainerApplicationInstance').size, 22)
  await heartbeat(clock, fake, 20)
  assert.equal(fake.of('ContainerApplicationInstance').size, 2)
  assert.ok(!health.warnings().some(({ code }) => code === 'INVENTORY_DELETE_GUARD'))
})

test('a comparison that somebody asks for sooner confirms no delete', async () => {
  const { clock, fake, cluster, lead } = await start()
  for (let index = 0; index < 20; index += 1) cluster.put('pods', pod(`p${index}`))
  await lead()
  for (let index = 0; index < 20; index += 1) cluster.remove('pods', `shop/p${index}`)
  await clock.advance(5_000)
  fake.say({ t: 'request', id: 'r1', attempt: 1, kind: 'inventory-resync', timeout_ms: 10_000 })
  await clock.advance(5_000)
  assert.equal(fake.events.length, 1)
  assert.equal(fake.of('ContainerApplicationInstance').size, 22)
})

test('what comes back during the wait is not deleted', async () => {
  const { clock, fake, cluster, lead } = await start()
  for (let index = 0; index < 20; index += 1) cluster.put('pods', pod(`p${index}`))
  await lead()
  for (let index = 0; index < 20; index += 1) cluster.remove('pods', `shop/p${index}`)
  await clock.advance(5_000)
  for (let index = 0; index < 20; index += 1) cluster.put('pods', pod(`p${index}`))
  const { batches } = fake.state
  await heartbeat(clock, fake, 120)
  assert.equal(fake.of('ContainerApplicationInstance').size, 22)
  assert.equal(fake.state.batches, batches)
})

test('nothing is deleted while a watch is down, and it is made good after', async () => {
  const { clock, fake, cluster, actor, lead } = await start()
  await lead()
  cluster.stores.pods.setLive(false)
  actor.send({ type: 'KUBE_LOST' })
  cluster.remove('pods', 'shop/web-2')
  await clock.advance(5_000)
  assert.deepEqual(shown(fake, 'ContainerApplicationInstance'), ['web-1', 'web-2'])
  cluster.stores.pods.setLive(true)
  actor.send({ type: 'KUBE_READY' })
  await clock.advance(5_000)
  assert.deepEqual(shown(fake, 'ContainerApplicationInstance'), ['web-1'])
})

test('a throttled manager is given the time it asks for', async () => {
  const { clock, fake, watching, words, lead } = await start()
  fake.state.fault = ({ path }) =>
    path.startsWith('/api/v1/inventory/') ? failure(429, { 'retry-after': '40' }) : undefined
  await lead()
  const { batches } = fake.state
  fake.state.fault = undefined
  await heartbeat(clock, fake, 30)
  assert.equal(fake.state.batches, batches)
  assert.match(words(), /work\.waiting/)
  await heartbeat(clock, fake, 20)
  assert.ok(watching())
})

test('an inventory that NSX does not take for long is told, and untold when it does', async () => {
  const { clock, fake, cluster, health, lead } = await start()
  await lead()
  fake.state.fault = ({ path }) => (path.startsWith('/api/v1/inventory/') ? failure(500) : undefined)
  cluster.put('pods', pod('web-3'))
  await heartbeat(clock, fake, 60)
  assert.match(health.warnings().find(({ code }) => code === 'NSX_UNREACHABLE')?.detail ?? '', /says 500/)
  fake.state.fault = undefined
  await heartbeat(clock, fake, 40)
  assert.deepEqual(health.warnings(), [])
  assert.equal(fake.of('ContainerApplicationInstance').size, 3)
  assert.equal(fake.state.sessions, 1)
})

test('a refusal of the caller refuses the channel, says why, and is looked at again later', async () => {
  const { clock, fake, words, watching, health, lead } = await start()
  fake.state.fault = ({ path }) => (path.startsWith('/api/v1/inventory/') ? failure(403) : undefined)
  await lead()
  assert.match(words(), /link\.refused/)
  assert.match(words(), /inventory\.idle/)
  assert.ok(health.warnings().some(({ code }) => code === 'NSX_REFUSED'))
  fake.state.fault = undefined
  await clock.advance(601_000)
  assert.ok(watching())
  assert.ok(!health.warnings().some(({ code }) => code === 'NSX_REFUSED'))
})

test('the lease lost in the middle ends every write; leading again begins with a comparison', async () => {
  const { clock, fake, actor, watching, words, lead } = await start()
  await lead()
  actor.send({ type: 'STANDBY' })
  assert.match(words(), /link\.standby/)
  assert.match(words(), /inventory\.idle/)
  assert.match(words(), /health\.idle/)
  const sent = fake.log.length
  await clock.advance(120_000)
  assert.equal(fake.log.length, sent)
  actor.send({ type: 'LEAD', leader: { ...leader, transitions: 1 } })
  await clock.advance(1_000)
  assert.ok(watching())
})

test('a clean stop closes the session and every region', async () => {
  const { clock, fake, actor, lead } = await start()
  await lead()
  actor.send({ type: 'STOP' })
  await clock.advance(100)
  assert.equal(actor.getSnapshot().status, 'done')
  assert.ok(fake.log.some(({ method, path }) => method === 'DELETE' && path.endsWith('/sessions/s1')))
})

test('a pod whose namespace is not seen yet waits for it', async () => {
  const { clock, fake, cluster, lead } = await start({ empty: true })
  await lead()
  cluster.put('pods', pod('early', { ns: 'late', node: '' }))
  await clock.advance(2_000)
  assert.deepEqual(shown(fake, 'ContainerApplicationInstance'), [])
  cluster.put('namespaces', namespace('late'))
  await clock.advance(2_000)
  assert.deepEqual(shown(fake, 'ContainerApplicationInstance'), ['early'])
})

test('every request is answered: a resync with counts, an unknown kind with an error', async () => {
  const { clock, fake, lead } = await start()
  await lead()
  const project = [...fake.of('ContainerProject').values()][0]
  if (project !== undefined) project['display_name'] = 'edited by hand'
  fake.say({ t: 'request', id: 'r1', attempt: 1, kind: 'inventory-resync', timeout_ms: 10_000 })
  fake.say({ t: 'request', id: 'r2', attempt: 3, kind: 'traceflow', timeout_ms: 10_000, body: {} })
  fake.say({ t: 'something-new', of: 'later' })
  await clock.advance(2_000)
  const answer = (rid: string) => fake.events.find((event) => event.rid === rid)?.body
  assert.deepEqual(answer('r1'), {
    session: 's1',
    attempt: 1,
    events: [{ seq: 1, t: 'result', counts: { created: 0, updated: 1, deleted: 0, refused: 0, guarded: 0 } }],
  })
  assert.equal(answer('r2')?.['attempt'], 3)
  assert.equal(answer('r2')?.events[0]?.['t'], 'error')
  assert.equal(answer('r2')?.events[0]?.['code'], 'REQUEST_KIND_UNSUPPORTED')
  assert.deepEqual(shown(fake, 'ContainerProject'), ['shop'])
  assert.equal(fake.state.sessions, 1)
})

test("an agent's health is in the inventory of its node, as it ages", async () => {
  const { clock, fake, cluster, lead } = await start()
  const beat = (at: string) =>
    cluster.put('antreaAgentInfos', {
      metadata: { name: 'n1' },
      ...{ agentConditions: [{ type: 'AgentHealthy', status: 'True', lastHeartbeatTime: at }] },
    })
  beat('2026-01-01T00:00:00Z')
  await lead()
  const status = () => fake.of('ContainerClusterNode').get('Node-/n1')?.['cni_agent_status']
  assert.equal(status(), undefined)
  beat('2026-01-01T00:01:00Z')
  await clock.advance(1_000)
  assert.equal(status(), 'HEALTHY')
  await heartbeat(clock, fake, 140)
  assert.equal(status(), 'HEALTHY')
  await heartbeat(clock, fake, 30)
  assert.equal(status(), 'UNHEALTHY')
  assert.deepEqual(fake.reports.at(-1)?.['agent_info'], {
    healthy_agent_num: 0,
    degraded_agent_num: 1,
    failed_agent_num: 0,
  })
})

test('silence is noticed within 45 s and the stream replaced', async () => {
  const { clock, fake, watching, lead } = await start()
  await lead()
  await clock.advance(44_000)
  assert.equal(fake.state.sessions, 1)
  await clock.advance(5_000)
  assert.ok(watching())
  assert.equal(fake.state.sessions, 2)
})

test('a resync asked for while one is carried out has its own comparison', async () => {
  const { clock, fake, lead } = await start()
  await lead()
  const ask = (id: string) =>
    fake.say({ t: 'request', id, attempt: 1, kind: 'inventory-resync', timeout_ms: 10_000 })
  const project = [...fake.of('ContainerProject').values()][0]
  if (project !== undefined) project['display_name'] = 'edited by hand'
  fake.state.fault = async ({ path }) => {
    if (!path.startsWith('/api/v1/inventory/')) return undefined
    ask('second')
    // The write is under way until the request was heard.
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return undefined
  }
  ask('first')
  for (let turn = 0; turn < 20; turn += 1) await clock.settle()
  // Answers that come close together are gathered.
  await clock.advance(100)
  const updated = fake.events.map(({ rid, body: { events } }) => {
    const counts = events[0]?.['counts'] as { updated: number } | undefined
    return `${rid} ${counts?.updated}`
  })
  assert.deepEqual(updated, ['first 1', 'second 0'])
})

test('bye is obeyed, and no alarm', async () => {
  const { clock, fake, words, watching, health, lead } = await start()
  await lead()
  fake.say({ t: 'bye', retry_after_ms: 20_000 })
  await clock.advance(19_000)
  assert.match(words(), /link\.waiting/)
  assert.deepEqual(health.warnings(), [])
  await clock.advance(2_000)
  assert.ok(watching())
})

test('a request with an id that is no text hinders no other, and a wild bye is bounded', async () => {
  const { clock, fake, watching, lead } = await start()
  await lead()
  fake.say({ t: 'request', id: '\ud800', attempt: 1, kind: 'logs', timeout_ms: 1 })
  fake.say({ t: 'request', id: 'after', attempt: 1, kind: 'logs', timeout_ms: 1 })
  await clock.advance(1_000)
  assert.deepEqual(
    fake.events.map(({ rid }) => rid),
    ['after'],
  )
  fake.say({ t: 'bye', retry_after_ms: 1e15 })
  await clock.advance(590_000)
  assert.equal(fake.state.sessions, 1)
  await clock.advance(12_000)
  assert.ok(watching())
})

test('a cancelled resync is answered once', async () => {
  const { clock, fake, lead } = await start()
  await lead()
  fake.state.fault = ({ path }) => (path === '/api/v1/fabric/container-projects' ? failure(503) : undefined)
  fake.say({ t: 'request', id: 'r1', attempt: 1, kind: 'inventory-resync', timeout_ms: 10_000 })
  await clock.advance(100)
  fake.say({ t: 'cancel', id: 'r1' })
  fake.state.fault = undefined
  await clock.advance(10_000)
  assert.deepEqual(
    fake.events.map(({ rid, body }) => [rid, body.events[0]?.['code']]),
    [['r1', 'CANCELLED']],
  )
})

test('a stream that breaks the protocol three times refuses the channel', async () => {
  const { clock, fake, words, lead } = await start()
  await lead()
  for (let time = 0; time < 3; time += 1) {
    fake.say({ t: 'request', id: 5 })
    await clock.advance(9_000)
  }
  assert.match(words(), /link\.refused/)
})
