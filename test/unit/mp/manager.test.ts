/** The channel against the NSX-compatible manager, in one process: both speak the same inventory, health and requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor } from 'xstate'
import { stateWords } from '../../../src/diagnostics/inspection.ts'
import { createHealth } from '../../../src/health/index.ts'
import { OPEN_GATE } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { provideMp } from '../../../src/mp/index.ts'
import { createNsxManager } from '../../../src/nsx/index.ts'
import { CLUSTER, harness, NODE_ID } from '../../contract/manager/harness.ts'
import { createSeededRandom } from '../../fakes/clock.ts'
import { createCluster, fill, pod } from './cluster.ts'

async function start() {
  const { clock, manager, user, cluster: client } = await harness()
  const random = createSeededRandom(3)
  const cluster = createCluster()
  fill(cluster)
  const health = createHealth(clock)
  const logic = provideMp({
    clock,
    random,
    log: SILENT,
    health,
    nsx: createNsxManager({ http: client.http, clock, random, log: SILENT }),
    stores: cluster.deps,
    clusterId: NODE_ID,
    clusterName: CLUSTER,
    clusterUid: async () => 'uid-1',
    instance: 'test',
    adapterVersion: '0',
    gate: OPEN_GATE,
    operations: [],
    isServed: () => true,
  })
  const actor = createActor(logic, { clock })
  const words = () => stateWords(actor.getSnapshot().value)
  actor.subscribe(() => health.setComponent('mp', words()))
  actor.start()
  actor.send({ type: 'KUBE_READY' })
  actor.send({ type: 'LEAD', leader: { leaseCreated: 1_000, transitions: 1 } })
  await clock.advance(1_000)
  const shown = async (list: string) => {
    const { body } = await user.send('GET', `/api/v1/fabric/${list}?container_cluster_id=${NODE_ID}`)
    return body.results as Record<string, unknown>[]
  }
  return { clock, manager, user, cluster, actor, words, shown }
}

test('everything is in the fabric lists, and an unchanged comparison writes nothing', async () => {
  const { clock, manager, words, shown, cluster } = await start()
  assert.match(words(), /phase\.watching/)
  const [web1] = (await shown('container-application-instances')).filter(
    ({ display_name }) => display_name === 'web-1',
  )
  assert.equal(web1?.['status'], 'UP')
  assert.deepEqual(web1?.['container_application_ids'], ['Service-shop/web'])
  assert.equal(web1?.['container_cluster_id'], NODE_ID)
  for (const [list, count] of [
    ['container-cluster-nodes', 2],
    ['container-projects', 1],
    ['container-applications', 1],
    ['container-application-instances', 2],
    ['container-ingress-policies', 1],
    ['container-network-policies', 2],
  ] as const)
    assert.equal((await shown(list)).length, count, list)
  manager.audit.clear()
  manager.faults.dropStreams()
  await clock.advance(30_000)
  assert.match(words(), /phase\.watching/)
  await clock.advance(1_300_000)
  assert.match(words(), /phase\.watching/)
  assert.equal(manager.audit.mutatingCount(), 0)
  cluster.put('pods', pod('web-3'))
  await clock.advance(1_000)
  assert.equal((await shown('container-application-instances')).length, 3)
  cluster.remove('pods', 'shop/web-3')
  await clock.advance(1_000)
  assert.equal((await shown('container-application-instances')).length, 2)
})

test('health is shown as AntreaClusterInfo, and the interval the manager names is kept', async () => {
  const { clock, user, cluster } = await start()
  const path = `/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes/${CLUSTER}`
  const beat = (second: string) => ({
    metadata: { name: 'antrea-controller' },
    ...{
      connectedAgentNum: 2,
      controllerConditions: [{ type: 'ControllerHealthy', status: 'True', lastHeartbeatTime: second }],
    },
  })
  cluster.put('antreaControllerInfos', beat('2026-01-01T00:00:00Z'))
  cluster.put('antreaControllerInfos', beat('2026-01-01T00:00:01Z'))
  await clock.advance(3_000)
  const { body } = await user.send('GET', `${path}/status`)
  assert.equal(body.controller_status.status, 'HEALTHY')
  assert.equal(body.controller_status.connected_agent_num, 2)
  assert.equal(body.controller_status.conditions[0].condition_type, 'CONTROLLER_HEALTHY')
  assert.equal(body.mp_adapter_status.status, 'HEALTHY')
  assert.deepEqual(
    body.mp_adapter_status.conditions.map(({ condition_type }: { condition_type: string }) => condition_type),
    ['MP_ADAPTER_HEALTHY', 'MP_CONNECTED'],
  )
  assert.equal(body.ccp_adapter_status.status, 'UNKNOWN')
})

test('operations of people come back answered', async () => {
  const { clock, user } = await start()
  const ask = async (kind: string) => {
    const { body } = await user.send('POST', `/mp/v1/clusters/${NODE_ID}/operations`, { kind, body: {} })
    await clock.advance(2_000)
    return (await user.send('GET', `/mp/v1/clusters/${NODE_ID}/operations/${body.id}`)).body
  }
  const resync = await ask('inventory-resync')
  assert.equal(resync.state, 'DONE')
  assert.deepEqual(resync.events[0].counts, { created: 0, updated: 0, deleted: 0, refused: 0, guarded: 0 })
  const traceflow = await ask('traceflow')
  assert.equal(traceflow.state, 'FAILED')
  assert.equal(traceflow.events[0].code, 'REQUEST_KIND_UNSUPPORTED')
})
