/** The agents half against the controller half: reports, heartbeats, silence, failures, Nodes that come and go, restarts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentsOptions, StandInAgents } from '../../../src/sandbox/antrea/index.ts'
import { createStandInAgents, createStandInController } from '../../../src/sandbox/antrea/index.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { createGiven, type Fields, Names, pathOf, put, type Thing } from './objects.ts'

const CRD = '/apis/crd.antrea.io/v1beta1'
const ACNP = `${CRD}/clusternetworkpolicies`

const GIVEN = {
  nodes: [{ name: 'n1' }, { name: 'n2', podCIDRs: ['10.1.1.0/24'] }, { name: 'n3' }],
  namespaces: [{ name: 'red', labels: { team: 'a' } }],
  pods: [
    { ns: 'red', name: 'web-1', labels: { app: 'web' }, node: 'n1', ips: ['10.1.0.1'] },
    { ns: 'red', name: 'web-2', labels: { app: 'web' }, node: 'n2', ips: ['10.1.1.1'] },
  ],
}

const POLICY: Thing = {
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'p' },
  spec: {
    priority: 5,
    appliedTo: [{ podSelector: { matchLabels: { app: 'web' } } }],
    ingress: [{ name: 'r', action: 'Drop' }],
  },
}

const DELAY_MS = 400

async function withAgents(
  play: (cluster: TestCluster, agents: StandInAgents) => Promise<void>,
  options: AgentsOptions = { realizationDelayMs: DELAY_MS },
): Promise<void> {
  const cluster = await startCluster()
  const agents = createStandInAgents(cluster.deps, options)
  try {
    await createGiven(cluster, new Names(), GIVEN)
    await letGo(cluster.clock, agents.start())
    await cluster.rest(3_000)
    await play(cluster, agents)
  } finally {
    await agents.stop()
    await cluster.stop()
  }
}

const read = async (cluster: TestCluster, path: string) => (await cluster.call('GET', path)).body as Fields
const statusOf = async (cluster: TestCluster, name = 'p') => {
  const { status } = (await read(cluster, `${ACNP}/${name}`)) as { status?: Fields }
  return [status?.['phase'], status?.['currentNodesRealized'], status?.['desiredNodesRealized']]
}
const infoOf = (cluster: TestCluster, node: string) => read(cluster, `${CRD}/antreaagentinfos/${node}`)
const heartbeatOf = async (cluster: TestCluster, node: string) => {
  const { agentConditions = [] } = (await infoOf(cluster, node)) as { agentConditions?: Fields[] }
  return agentConditions.find(({ type }) => type === 'AgentHealthy')?.['lastHeartbeatTime']
}

test('a policy is realizing until every agent has reported, after the delay', () =>
  withAgents(async (cluster) => {
    await put(cluster.call, POLICY)
    await cluster.rest(DELAY_MS / 2)
    assert.deepEqual(await statusOf(cluster), ['Realizing', 0, 2])
    await cluster.rest(DELAY_MS)
    assert.deepEqual(await statusOf(cluster), ['Realized', 2, 2])
  }))

test('a new generation is reported anew; a label is not', () =>
  withAgents(async (cluster) => {
    await put(cluster.call, POLICY)
    await cluster.rest(1_000)
    const merge = { type: 'application/merge-patch+json' }
    await cluster.call('PATCH', `${ACNP}/p`, { metadata: { labels: { a: 'b' } } }, merge)
    await cluster.rest(100)
    assert.deepEqual(await statusOf(cluster), ['Realized', 2, 2])
    await cluster.call('PATCH', `${ACNP}/p`, { spec: { priority: 6 } }, merge)
    await cluster.rest(100)
    assert.deepEqual(await statusOf(cluster), ['Realizing', 0, 2])
    await cluster.rest(1_000)
    assert.deepEqual(await statusOf(cluster), ['Realized', 2, 2])
  }))

test('a silent agent keeps a policy realizing and lets its heartbeat stand; it reports when it is back', () =>
  withAgents(async (cluster, agents) => {
    agents.setSilent('n2', true)
    const before = await heartbeatOf(cluster, 'n2')
    await put(cluster.call, POLICY)
    await cluster.rest(180_000)
    assert.deepEqual(await statusOf(cluster), ['Realizing', 1, 2])
    assert.equal(await heartbeatOf(cluster, 'n2'), before)
    assert.notEqual(await heartbeatOf(cluster, 'n1'), before)
    agents.setSilent('n2', false)
    await cluster.rest(5_000)
    assert.deepEqual(await statusOf(cluster), ['Realized', 2, 2])
    assert.notEqual(await heartbeatOf(cluster, 'n2'), before)
  }))

test('a failing agent says why, at once for what it has, and takes it back', () =>
  withAgents(async (cluster, agents) => {
    await put(cluster.call, POLICY)
    await cluster.rest(1_000)
    agents.setFailing('n1', 'no room in the table')
    await cluster.rest(1_000)
    assert.deepEqual(await statusOf(cluster), ['Failed', 1, 2])
    const { status } = (await read(cluster, `${ACNP}/p`)) as { status: { conditions: Fields[] } }
    assert.deepEqual(
      status.conditions.map(({ type, reason, message }) => [type, reason, message]),
      [
        ['Realizable', undefined, undefined],
        [
          'RealizationFailure',
          'NetworkPolicyRealizationFailedOnNode',
          'Failed Nodes count 1: "n1":"no room in the table"',
        ],
      ],
    )
    agents.setFailing('n1', undefined)
    await cluster.rest(1_000)
    assert.deepEqual(await statusOf(cluster), ['Realized', 2, 2])
  }))

test('every Node has an agent info, filled by its agent, and loses it with the Node', () =>
  withAgents(async (cluster) => {
    const info = await infoOf(cluster, 'n2')
    assert.deepEqual(
      [info['version'], info['nodeRef'], info['nodeSubnets'], info['localPodNum']],
      ['v2.7.0', { kind: 'Node', name: 'n2' }, ['10.1.1.0/24'], 1],
    )
    assert.deepEqual(
      (info['agentConditions'] as Fields[]).map(({ type, status }) => [type, status]),
      [
        ['AgentHealthy', 'True'],
        ['ControllerConnectionUp', 'True'],
        ['OVSDBConnectionUp', 'True'],
        ['OpenflowConnectionUp', 'True'],
      ],
    )
    await cluster.call('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n4' } })
    await cluster.rest(5_000)
    assert.ok(await heartbeatOf(cluster, 'n4'), 'the new Node has a heartbeat')
    await cluster.call('DELETE', '/api/v1/nodes/n4')
    await cluster.rest(5_000)
    assert.equal((await cluster.call('GET', `${CRD}/antreaagentinfos/n4`)).code, 404)
    await cluster.rest(120_000)
    assert.equal((await cluster.call('GET', `${CRD}/antreaagentinfos/n4`)).code, 404)
  }))

test('the controller counts its agents and beats every minute', () =>
  withAgents(async (cluster) => {
    const live = await read(cluster, '/apis/system.antrea.io/v1beta1/controllerinfos/antrea-controller')
    assert.equal(live['connectedAgentNum'], 3)
    const beat = async () => {
      const info = await read(cluster, `${CRD}/antreacontrollerinfos/antrea-controller`)
      return (info['controllerConditions'] as Fields[])[0]?.['lastHeartbeatTime']
    }
    const first = await beat()
    await cluster.rest(61_000)
    assert.notEqual(await beat(), first)
    assert.equal(
      (await read(cluster, `${CRD}/antreacontrollerinfos/antrea-controller`))['connectedAgentNum'],
      3,
    )
  }))

test('after a restart of the controller the agents report again, and nothing else is written', () =>
  withAgents(async (cluster) => {
    await put(cluster.call, POLICY)
    await cluster.rest(1_000)
    await cluster.controller.stop()
    const refused = await cluster.call('POST', ACNP, { ...POLICY, metadata: { name: 'q' } })
    assert.equal(refused.code, 500)
    assert.match(JSON.stringify(refused.body), /failed calling webhook \\"acnpmutator.antrea.io\\"/)
    assert.equal(
      (await cluster.call('GET', '/apis/controlplane.antrea.io/v1beta2/networkpolicies')).code,
      503,
    )
    await letGo(cluster.clock, cluster.controller.start())
    await cluster.rest(100)
    assert.deepEqual(await statusOf(cluster), ['Realizing', 0, 2])
    await cluster.rest(10_000)
    assert.deepEqual(await statusOf(cluster), ['Realized', 2, 2])
    const tiers = (await read(cluster, `${CRD}/tiers`)) as { items: Thing[] }
    assert.equal(tiers.items.length, 6)
    // Everybody at rest: only heartbeats are written.
    cluster.api.audit.clear()
    await cluster.rest(50_000)
    const paths = cluster.api.audit.entries().filter(({ mutating }) => mutating)
    assert.deepEqual(
      paths.map(({ path }) => path).filter((path) => !/antrea(agent|controller)infos/.test(path)),
      [],
    )
  }))

test('a second controller on the same objects takes over what the first left', async () => {
  const cluster = await startCluster()
  try {
    await createGiven(cluster, new Names(), GIVEN)
    await put(cluster.call, POLICY)
    await cluster.rest(200)
    await cluster.controller.stop()
    const next = createStandInController(cluster.deps)
    await letGo(cluster.clock, next.start())
    await cluster.call(
      'DELETE',
      pathOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-2', namespace: 'red' } }),
    )
    await cluster.call('DELETE', '/api/v1/namespaces/red/pods/web-2', { gracePeriodSeconds: 0 })
    await cluster.rest(500)
    assert.deepEqual(await statusOf(cluster), ['Realizing', 0, 1])
    await next.stop()
    assert.equal(cluster.clock.timers, 0, 'nothing is left running')
  } finally {
    await cluster.stop()
  }
})

test('status is written at the pace of a client of so many writes a second', async () => {
  const cluster = await startCluster()
  const slow = createStandInController(cluster.deps, { statusWritesPerSecond: 2 })
  try {
    await createGiven(cluster, new Names(), GIVEN)
    for (let number = 0; number < 12; number += 1)
      await put(cluster.call, { ...POLICY, metadata: { name: `p-${number}` } })
    await cluster.controller.stop()
    const merge = { type: 'application/merge-patch+json' }
    for (let number = 0; number < 12; number += 1)
      await cluster.call('PATCH', `${ACNP}/p-${number}/status`, { status: { phase: 'Nonsense' } }, merge)
    await letGo(cluster.clock, slow.start())
    const written = async () => {
      let count = 0
      for (let number = 0; number < 12; number += 1)
        if ((await statusOf(cluster, `p-${number}`))[0] !== 'Nonsense') count += 1
      return count
    }
    await cluster.rest(200)
    const atOnce = await written()
    assert.ok(atOnce >= 3 && atOnce <= 5, `the burst is twice the rate: ${atOnce}`)
    await cluster.rest(2_000)
    const later = await written()
    assert.ok(later > atOnce && later <= atOnce + 5, `two a second: ${later}`)
    await cluster.rest(5_000)
    assert.equal(await written(), 12)
  } finally {
    await slow.stop()
    await cluster.stop()
  }
})
