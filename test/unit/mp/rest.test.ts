/** The MP channel over NSX's public API, against a manager that serves nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createActor } from 'xstate'
import { stateWords } from '../../../src/diagnostics/inspection.ts'
import { TransportError } from '../../../src/errors.ts'
import { createHealth } from '../../../src/health/index.ts'
import { OPEN_GATE } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { networkHealthOf } from '../../../src/mp/drivers/rest/health.ts'
import { runOf } from '../../../src/mp/drivers/rest/traceflows.ts'
import { judgeHealth } from '../../../src/mp/health/judge.ts'
import { type MpDeps, provideMp } from '../../../src/mp/index.ts'
import { createNsxManager, createNsxRest } from '../../../src/nsx/index.ts'
import { INVENTORY_PATHS } from '../../../src/nsx/model.ts'
import type { Operation } from '../../../src/operations/index.ts'
import type { HttpClient } from '../../../src/world/index.ts'
import { CLUSTER, harness, NODE_ID } from '../../contract/manager/harness.ts'
import { createSeededRandom } from '../../fakes/clock.ts'
import { type Cluster, createCluster, fill, namespace, node, pod, service, slice } from './cluster.ts'

const EP = '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes'

interface Options {
  readonly driver?: 'channel' | 'rest'
  readonly operations?: readonly Operation[]
  readonly before?: (http: HttpClient) => HttpClient
  /** Of an earlier start, which goes on. */
  readonly scene?: Awaited<ReturnType<typeof harness>>
  readonly clusterId?: string
}

async function start({ driver = 'rest', operations = [], before, scene, clusterId = NODE_ID }: Options = {}) {
  const made = scene ?? (await harness({ publicApiOnly: driver === 'rest' }))
  const { clock, manager, user } = made
  const random = createSeededRandom(3)
  const cluster = createCluster()
  fill(cluster)
  const health = createHealth(clock)
  const http = before?.(made.cluster.http) ?? made.cluster.http
  const nsx: MpDeps['nsx'] =
    driver === 'rest'
      ? createNsxRest({ clients: [http], clock, random, log: SILENT })
      : createNsxManager({ http, clock, random, log: SILENT })
  const logic = provideMp({
    clock,
    random,
    log: SILENT,
    health,
    nsx,
    stores: cluster.deps,
    clusterId,
    clusterName: CLUSTER,
    clusterUid: async () => 'uid-1',
    instance: 'test',
    adapterVersion: '0',
    gate: OPEN_GATE,
    operations,
    isServed: () => true,
  })
  const actor = createActor(logic, { clock })
  const words = () => stateWords(actor.getSnapshot().value)
  actor.subscribe(() => health.setComponent('mp', words()))
  actor.start()
  actor.send({ type: 'KUBE_READY' })
  actor.send({ type: 'LEAD', leader: { leaseCreated: 1_000, transitions: 1 } })
  await clock.advance(3_000)
  const inventory = async () => {
    const lists: Record<string, unknown[]> = {}
    for (const [type, path] of Object.entries(INVENTORY_PATHS)) {
      const { body } = await user.send('GET', `/api/v1/fabric/${path}?container_cluster_id=${NODE_ID}`)
      lists[type] = (body.results as Record<string, unknown>[]).map(({ _last_sync_time, ...rest }) => rest)
    }
    return lists
  }
  return { scene: made, clock, manager, user, cluster, actor, words, health, inventory }
}

const beat = (clock: { now(): number }, name = 'antrea-controller') => ({
  metadata: { name },
  ...{
    connectedAgentNum: 2,
    controllerConditions: [
      { type: 'ControllerHealthy', status: 'True', lastHeartbeatTime: new Date(clock.now()).toISOString() },
    ],
  },
})

test('everything is in the fabric lists; unchanged it writes nothing, also after a reconnect', async () => {
  let isDown = false
  const { clock, manager, words, inventory, cluster } = await start({
    before: (http) => ({
      ...http,
      request: (request) =>
        isDown
          ? Promise.reject(new TransportError('refused', 'it refuses connections'))
          : http.request(request),
    }),
  })
  const minutes = async (count: number) => {
    for (let minute = 0; minute < count; minute += 1) {
      cluster.put('antreaControllerInfos', beat(clock))
      await clock.advance(60_000)
    }
  }
  await minutes(2)
  assert.match(words(), /phase\.watching/)
  const lists = await inventory()
  assert.equal(lists['ContainerClusterNode']?.length, 2)
  assert.equal(lists['ContainerApplicationInstance']?.length, 2)
  manager.audit.clear()
  await minutes(20)
  assert.match(words(), /phase\.watching/)
  isDown = true
  await minutes(2)
  assert.match(words(), /link\.(waiting|connecting)/)
  isDown = false
  await minutes(2)
  assert.match(words(), /phase\.watching/)
  assert.equal(manager.audit.mutatingCount(), 0)
  cluster.put('pods', pod('web-3'))
  await clock.advance(2_000)
  assert.equal((await inventory())['ContainerApplicationInstance']?.length, 3)
})

/** One thing that happens to a cluster. */
type Edit = (cluster: Cluster) => void
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(6), fc.nat(1), fc.constantFrom('red', 'blue')).map(
    ([index, on, team]): Edit =>
      (cluster) =>
        cluster.put('pods', pod(`web-${index}`, { node: `n${on + 1}`, labels: { team } })),
  ),
  fc.nat(6).map(
    (index): Edit =>
      (cluster) =>
        cluster.remove('pods', `shop/web-${index}`),
  ),
  fc.tuple(fc.nat(3), fc.boolean()).map(
    ([index, ready]): Edit =>
      (cluster) => {
        cluster.put('services', service(`s-${index}`))
        cluster.put('endpointSlices', slice(`s-${index}`, ['web-1', 'web-2'], ready))
      },
  ),
  fc.nat(3).map(
    (index): Edit =>
      (cluster) =>
        cluster.remove('services', `shop/s-${index}`),
  ),
  fc.constantFrom('red', 'blue', 'green').map(
    (team): Edit =>
      (cluster) =>
        cluster.put('namespaces', namespace('shop', { team })),
  ),
  fc.nat(2).map(
    (index): Edit =>
      (cluster) =>
        cluster.put('nodes', node(`n${index + 1}`)),
  ),
)

/** Every so many calls are refused as a manager under load does, or lost after they were carried out. */
function stormy(http: HttpClient): HttpClient {
  let count = 0
  return {
    ...http,
    async request(request) {
      count += 1
      if (count % 7 === 3) return refusalOf(429)
      if (count % 11 === 5) return refusalOf(503)
      const answer = await http.request(request)
      return count % 13 === 8 ? { ...answer, status: 502, body: textOf('<html>bad gateway</html>') } : answer
    },
  }
}
async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
const refusalOf = (status: number) => ({
  status,
  headers: { 'retry-after': '1' },
  body: textOf(JSON.stringify({ error_code: 102, error_message: 'slow down' })),
})

test('after any history NSX shows the same by both drivers, also through storms of 429, 503 and lost answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(edit, fc.nat(3_000)), { maxLength: 25 }), async (history) => {
      const worlds = [
        await start({ driver: 'channel' }),
        await start({ driver: 'rest' }),
        await start({ driver: 'rest', before: stormy }),
      ]
      const shown: unknown[] = []
      for (const { clock, cluster, inventory, actor, words } of worlds) {
        for (const [change, waitMs] of history) {
          change(cluster)
          await clock.advance(waitMs)
        }
        // Long enough for a second look at deletes and for the longest back-off.
        await clock.advance(180_000)
        assert.match(words(), /inventory\.working/)
        shown.push(await inventory())
        actor.stop()
      }
      assert.deepEqual(shown[1], shown[0])
      assert.deepEqual(shown[2], shown[0])
    }),
    { numRuns: 6 },
  )
})

test('a cluster that NSX does not know is a matter for a person, in words', async () => {
  const { words, health } = await start({ clusterId: 'another' })
  assert.match(words(), /link\.refused/)
  assert.match(
    health.warnings().find(({ code }) => code === 'NSX_REFUSED')?.detail ?? '',
    /no cluster-control-plane with the node_id another/,
  )
})

test('the interval of heartbeat-config is kept', async () => {
  const { clock, user, actor, manager } = await start()
  const reads = () => manager.audit.entries().filter(({ path }) => path.endsWith('/heartbeat-config')).length
  await user.send('PUT', `${EP}/${CLUSTER}/heartbeat-config`, { report_interval: 300, _revision: 0 })
  await clock.advance(61_000)
  const before = reads()
  await clock.advance(600_000)
  assert.equal(reads() - before, 2)
  actor.stop()
})

test("the record of the cluster tells its network's health, once for each change", async () => {
  const { clock, user, cluster, manager } = await start()
  const record = async () =>
    (await user.send('GET', `/api/v1/fabric/container-clusters/${NODE_ID}`)).body as Record<string, unknown>
  for (let minute = 0; minute < 3; minute += 1) {
    cluster.put('antreaControllerInfos', beat(clock))
    await clock.advance(60_000)
  }
  assert.equal((await record())['network_status'], 'HEALTHY')
  manager.audit.clear()
  await clock.advance(400_000)
  const down = await record()
  assert.equal(down['network_status'], 'UNHEALTHY')
  assert.match(
    JSON.stringify(down['network_errors']),
    /ANTREA_CONTROLLER_FAILED.*no heartbeat for over 300 s/,
  )
  assert.equal(down['cluster_type'], 'Kubernetes')
  // Degraded first, then failed.
  assert.equal(manager.audit.mutatingCount(), 2)
})

test('many failed agents are cut, and what is not known is not said', () => {
  const seen = {
    controller: {
      heartbeat: { ageMs: 0, watchedMs: 0, lastHeartbeatTime: 0 },
      connectedAgents: 1,
      conditions: [],
    },
    watchedMs: 0,
    agents: Array.from({ length: 50 }, (_, index) => ({
      name: `n${index}`,
      heartbeat: { ageMs: 400_000, watchedMs: 400_000, lastHeartbeatTime: 0 },
      conditions: [],
    })),
    mp: { state: undefined, warnings: [] },
    ccp: { state: undefined, warnings: [] },
    nowMs: 0,
  }
  const health = networkHealthOf(judgeHealth(seen))
  assert.equal(health?.network_status, 'UNHEALTHY')
  assert.equal(health?.network_errors.length, 21)
  assert.deepEqual(health?.network_errors.at(-1), { error_code: 'MORE', error_message: 'and 30 more' })
  assert.equal(networkHealthOf(judgeHealth({ ...seen, controller: undefined })), undefined)
})

/** A traceflow operation whose runs stand for Traceflows in the cluster. */
function traces() {
  const inCluster = new Map<string, number>()
  const begun: string[] = []
  const operation: Operation = {
    kind: 'traceflow',
    runsMax: 8,
    timeoutMsMax: 60_000,
    accept: () => async (run) => {
      if (!inCluster.has(run.id)) {
        begun.push(run.id)
        inCluster.set(run.id, run.deadlineMs)
      }
      return { phase: 'SUCCEEDED' }
    },
    clear: async (id) => void inCluster.delete(id),
    remembered: async () => [...inCluster].map(([id, deadlineMs]) => ({ id, deadlineMs })),
  }
  return { inCluster, begun, operation }
}

const config = (clusterId = NODE_ID) => ({
  container_cluster_id: clusterId,
  source_external_id: 'Pod-shop/web-1',
})

test('traceflow configs of this cluster are run once each, also after a restart; results stay as long as their config', async () => {
  const { inCluster, begun, operation } = traces()
  const first = await start({ operations: [operation] })
  const { clock, user } = first
  const put = (id: string, body: object) =>
    user.send('PATCH', `/policy/api/v1/infra/antrea/traceflows/${id}`, body)
  await put('mine', config())
  await put('others', config('another'))
  await clock.advance(30_000)
  assert.deepEqual(
    begun.map((id) => id.split('/').slice(0, 2).join('/')),
    ['nsx-config/mine'],
  )
  await clock.advance(300_000)
  assert.equal(inCluster.size, 1, 'the result stays past its deadline')
  // The next leader, or this one after a restart: what is in the cluster says what was run.
  first.actor.stop()
  const second = await start({ operations: [operation], scene: first.scene })
  await clock.advance(60_000)
  assert.equal(begun.length, 1)
  // Written again it is another run, and the one before is not wanted any more.
  await put('mine', { ...config(), packet: { transportType: 'UNICAST' } })
  await clock.advance(60_000)
  assert.equal(begun.length, 2)
  await clock.advance(300_000)
  assert.deepEqual([...inCluster.keys()], begun.slice(1))
  await user.send('DELETE', '/policy/api/v1/infra/antrea/traceflows/mine')
  await clock.advance(300_000)
  assert.equal(inCluster.size, 0)
  assert.match(second.words(), /phase\.watching/)
  second.actor.stop()
})

test('a config that NSX should not have given is not run', () => {
  const fine = { id: 'a', container_cluster_id: 'c', _revision: 3, _create_time: 17 }
  assert.equal(runOf(fine, 'c'), 'nsx-config/a/17-3')
  for (const wrong of [
    null,
    { ...fine, container_cluster_id: 'd' },
    { ...fine, marked_for_delete: true },
    { ...fine, id: 7 },
    { ...fine, id: '' },
    { ...fine, id: 'x'.repeat(101) },
    { ...fine, id: 'a\n' },
    { ...fine, id: '\ud800' },
  ])
    assert.equal(runOf(wrong, 'c'), undefined, JSON.stringify(wrong))
  assert.equal(runOf({ ...fine, _revision: 'x', _create_time: 1e99 }, 'c'), 'nsx-config/a/-')
})

test('the cluster is entered where NSX has no record of it; an object that NSX refuses is found and set aside', async () => {
  const scene = await harness({ publicApiOnly: true })
  const record = `/api/v1/fabric/container-clusters/${NODE_ID}`
  await scene.user.send('DELETE', record)
  assert.equal((await scene.user.send('GET', record)).status, 404)
  const { inventory, health, words, clock } = await start({
    scene,
    before: (http) => ({
      ...http,
      async request(request) {
        const isBad =
          request.path.startsWith('/api/v1/inventory/') && String(request.body).includes('"web-2"')
        if (!isBad) return http.request(request)
        return { ...refusalOf(400), body: textOf('{"error_code":255,"error_message":"not web-2"}') }
      },
    }),
  })
  await clock.advance(10_000)
  assert.match(words(), /phase\.watching/)
  assert.equal((await scene.user.send('GET', record)).body.cni_type, 'Antrea')
  const lists = await inventory()
  assert.equal(lists['ContainerClusterNode']?.length, 2)
  assert.deepEqual(
    lists['ContainerApplicationInstance']?.map((pod) => (pod as { display_name?: string }).display_name),
    ['web-1'],
  )
  assert.match(
    health.warnings().find(({ code }) => code === 'INVENTORY_POISON')?.detail ?? '',
    /ContainerApplicationInstance web-2: .*not web-2/,
  )
})
