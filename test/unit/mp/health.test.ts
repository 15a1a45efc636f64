/** What NSX is told of the cluster's health: ages on our clock, verdicts, and when they are sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHealth } from '../../../src/health/index.ts'
import {
  createHealthReporter,
  createHeartbeats,
  judgeAgent,
  judgeHealth,
  type PostHealth,
  type Seen,
} from '../../../src/mp/health/index.ts'
import { judgeChannel, judgeController } from '../../../src/mp/health/judge.ts'
import type { NsxManager } from '../../../src/nsx/index.ts'
import { HealthReport } from '../../../src/protocol/index.ts'
import { createFakeClock, createSeededRandom, EPOCH_MS } from '../../fakes/clock.ts'
import { createCluster } from './cluster.ts'
import { CLUSTER, createFakeNsx } from './nsx.ts'

const S = 1_000
const postTo =
  (nsx: Pick<NsxManager, 'call'>): PostHealth =>
  (body, signal) =>
    nsx.call({ method: 'POST', path: `/mp/v1/clusters/${CLUSTER}/health`, body, signal })
const beat = (ageMs: number | undefined, watchedMs = 1_000 * S) => ({
  ageMs,
  watchedMs,
  lastHeartbeatTime: 5,
})
const down = (type: string) => ({ type, status: 'False', message: 'no route' })

test('an agent by its heartbeat and its connections', () => {
  const rows: [number | undefined, number, { type: string; status: string }[], string][] = [
    [0, 0, [], 'HEALTHY'],
    [150 * S, 999 * S, [], 'HEALTHY'],
    [151 * S, 999 * S, [], 'DEGRADED'],
    [300 * S, 999 * S, [], 'DEGRADED'],
    [301 * S, 999 * S, [], 'FAILED'],
    [undefined, 0, [], 'UNKNOWN'],
    [undefined, 150 * S, [], 'UNKNOWN'],
    [undefined, 151 * S, [], 'DEGRADED'],
    [undefined, 301 * S, [], 'FAILED'],
    [10 * S, 999 * S, [down('ControllerConnectionUp')], 'DEGRADED'],
    [10 * S, 999 * S, [down('OVSDBConnectionUp')], 'DEGRADED'],
    [10 * S, 999 * S, [down('OpenflowConnectionUp')], 'DEGRADED'],
    [10 * S, 999 * S, [{ type: 'AgentHealthy', status: 'True' }], 'HEALTHY'],
    [10 * S, 999 * S, [down('SomethingOfALaterVersion')], 'HEALTHY'],
    [400 * S, 999 * S, [down('OVSDBConnectionUp')], 'FAILED'],
  ]
  for (const [age, watched, conditions, expected] of rows)
    assert.equal(
      judgeAgent({ name: 'n', heartbeat: beat(age, watched), conditions }).status,
      expected,
      `${age} ${watched} ${conditions[0]?.type}`,
    )
})

const WATCHING = { state: 'link.open.phase.watching', warnings: [] }

const seen = (over: Partial<Seen> = {}): Seen => ({
  controller: {
    heartbeat: beat(0),
    connectedAgents: 2,
    conditions: [{ type: 'ControllerHealthy', status: 'True' }],
  },
  watchedMs: 1_000 * S,
  agents: [],
  mp: WATCHING,
  ccp: WATCHING,
  nowMs: 7,
  ...over,
})

test('the controller, also one that never reported', () => {
  assert.equal(judgeController(seen()).status, 'HEALTHY')
  assert.equal(judgeController(seen({ controller: undefined, watchedMs: 150 * S })).status, 'UNKNOWN')
  assert.equal(judgeController(seen({ controller: undefined, watchedMs: 151 * S })).status, 'FAILED')
})

test('a channel by its state and its warnings', () => {
  const rows: [string | undefined, number, string][] = [
    [undefined, 0, 'UNKNOWN'],
    ['link.open.phase.watching link.open.silence.listening.fresh', 0, 'HEALTHY'],
    ['link.open.phase.watching', 1, 'DEGRADED'],
    ['link.open.phase.syncing', 0, 'DEGRADED'],
    ['link.waiting', 0, 'DEGRADED'],
    ['link.refused', 0, 'FAILED'],
  ]
  for (const [state, count, expected] of rows) {
    const warnings = Array.from({ length: count }, () => ({ code: 'INVENTORY_POISON', text: 'x' }))
    assert.equal(judgeChannel({ state, warnings }).status, expected, state)
  }
})

test('the whole is the worst of its parts; agents weigh less', () => {
  const agent = (name: string, age: number) => ({ name, heartbeat: beat(age), conditions: [] })
  const rows: [Partial<Seen>, string][] = [
    [{}, 'HEALTHY'],
    [{ agents: [agent('a', 0), agent('b', 0)] }, 'HEALTHY'],
    [{ agents: [agent('a', 0), agent('b', 999 * S)] }, 'DEGRADED'],
    [{ agents: [agent('a', 999 * S), agent('b', 999 * S)] }, 'FAILED'],
    [{ ccp: { state: undefined, warnings: [] } }, 'UNKNOWN'],
    [{ ccp: { state: 'link.waiting', warnings: [] } }, 'DEGRADED'],
    [{ controller: undefined }, 'FAILED'],
  ]
  for (const [over, expected] of rows) assert.equal(judgeHealth(seen(over)).status, expected)
  const report = judgeHealth(seen({ agents: [agent('a', 0), agent('b', 200 * S), agent('c', 999 * S)] }))
  assert.deepEqual(report.agent_info, { healthy_agent_num: 1, degraded_agent_num: 1, failed_agent_num: 1 })
  assert.deepEqual(
    report.nodes.map(({ name, status }) => [name, status]),
    [
      ['a', 'HEALTHY'],
      ['b', 'DEGRADED'],
      ['c', 'FAILED'],
    ],
  )
  assert.ok(HealthReport.safeParse({ session: 's', sequence: 1, ...report }).success)
})

const iso = (ms: number) => new Date(EPOCH_MS + ms).toISOString()

/** An AgentInfo as the agent of `name` wrote it: the API server's time, and the node's. */
const agentInfo = (name: string, writtenMs: number, beatMs = writtenMs) => ({
  metadata: { name, managedFields: [{ manager: 'antrea-agent', time: iso(writtenMs) }] },
  agentConditions: [{ type: 'AgentHealthy', status: 'True', lastHeartbeatTime: iso(beatMs) }],
})

function watch() {
  const clock = createFakeClock()
  const cluster = createCluster()
  const heartbeats = createHeartbeats(cluster.deps, () => clock.monotonicMs())
  const age = (name: string) => heartbeats.agents().find((agent) => agent.name === name)?.heartbeat.ageMs
  return { clock, cluster, heartbeats, age }
}

test('an age is the time since we saw the heartbeat change, whatever the node thinks the time is', async () => {
  const { clock, cluster, heartbeats, age } = watch()
  cluster.put('antreaAgentInfos', agentInfo('n1', 0, 9_999_999))
  heartbeats.follow(() => {})
  assert.equal(age('n1'), undefined)
  await clock.advance(20 * S)
  cluster.put('antreaAgentInfos', agentInfo('n1', 20 * S, 9_999_999 + 60 * S))
  assert.equal(age('n1'), 0)
  await clock.advance(100 * S)
  assert.equal(age('n1'), 100 * S)
})

test("one write seen live tells the API server's time, and with it the age of those not seen yet", async () => {
  const { clock, cluster, heartbeats, age } = watch()
  cluster.put('antreaAgentInfos', agentInfo('n1', -200 * S))
  cluster.put('antreaAgentInfos', agentInfo('n2', -30 * S))
  heartbeats.follow(() => {})
  await clock.advance(10 * S)
  assert.equal(age('n1'), undefined)
  cluster.put('antreaAgentInfos', agentInfo('n2', 10 * S))
  assert.equal(age('n2'), 0)
  assert.equal(age('n1'), 210 * S)
})

test('what a list brings after an outage is no sign of life of now', async () => {
  const { clock, cluster, heartbeats, age } = watch()
  cluster.put('antreaAgentInfos', agentInfo('n1', 0))
  heartbeats.follow(() => {})
  cluster.stores.antreaAgentInfos.setLive(false)
  await clock.advance(500 * S)
  cluster.put('antreaAgentInfos', agentInfo('n1', 60 * S))
  assert.equal(age('n1'), undefined)
})

test('an agent that never reported has no age; one that is gone is not shown', async () => {
  const { clock, cluster, heartbeats } = watch()
  cluster.put('antreaAgentInfos', { metadata: { name: 'new' } })
  heartbeats.follow(() => {})
  await clock.advance(400 * S)
  const [agent] = heartbeats.agents()
  assert.ok(agent !== undefined)
  assert.equal(judgeAgent(agent).status, 'FAILED')
  cluster.remove('antreaAgentInfos', 'new')
  assert.deepEqual(heartbeats.agents(), [])
})

test('a heartbeat that changes no verdict is no news; one after an outage of the agent is', async () => {
  const { clock, cluster, heartbeats } = watch()
  let news = 0
  heartbeats.follow(() => {
    news += 1
  })
  cluster.put('antreaAgentInfos', agentInfo('n1', 0))
  assert.equal(news, 1)
  cluster.put('antreaAgentInfos', agentInfo('n1', 10 * S))
  assert.equal(news, 2)
  for (let at = 20; at < 100; at += 10) {
    await clock.advance(10 * S)
    cluster.put('antreaAgentInfos', agentInfo('n1', at * S))
  }
  assert.equal(news, 2)
  await clock.advance(200 * S)
  cluster.put('antreaAgentInfos', agentInfo('n1', 300 * S))
  assert.equal(news, 3)
  const broken = agentInfo('n1', 301 * S)
  const agentConditions = [...broken.agentConditions, down('OVSDBConnectionUp')]
  cluster.put('antreaAgentInfos', { ...broken, ...{ agentConditions } })
  assert.equal(news, 4)
  cluster.remove('antreaAgentInfos', 'n1')
  assert.equal(news, 5)
})

test("a node's clock that is off by over a minute is named", () => {
  const { cluster, heartbeats } = watch()
  cluster.put('antreaAgentInfos', agentInfo('fine', 0, 59 * S))
  cluster.put('antreaAgentInfos', agentInfo('ahead', 0, 61 * S))
  cluster.put('antreaAgentInfos', agentInfo('behind', 0, -61 * S))
  assert.deepEqual(heartbeats.clocksOff().sort(), ['ahead', 'behind'])
})

test('a report goes out numbered anew in each session; a status that moves makes it due, a time does not', async () => {
  const clock = createFakeClock()
  const fake = createFakeNsx(clock, createSeededRandom(1))
  const cluster = createCluster()
  const health = createHealth(clock)
  const heartbeats = createHeartbeats(cluster.deps, () => clock.monotonicMs())
  heartbeats.follow(() => {})
  const reporter = createHealthReporter({ clock, health, post: postTo(fake.nsx), heartbeats })
  const signal = new AbortController().signal
  health.setComponent('mp', 'link.open.phase.watching')
  assert.equal(reporter.hasChanged(), false)
  await reporter.send('a', signal)
  await reporter.send('a', signal)
  await reporter.send('b', signal)
  assert.deepEqual(
    fake.reports.map(({ session, sequence }) => `${session} ${sequence}`),
    ['a 1', 'a 2', 'b 1'],
  )
  assert.equal(reporter.hasChanged(), false)
  await clock.advance(10 * S)
  assert.equal(reporter.hasChanged(), false)
  health.set('INVENTORY_POISON', 'one')
  assert.equal(reporter.hasChanged(), true)
  await reporter.send('b', signal)
  assert.equal(reporter.hasChanged(), false)
  cluster.put('antreaAgentInfos', agentInfo('n1', 0))
  assert.equal(reporter.hasChanged(), true)
})

test('a node whose agent moved is due in the inventory', async () => {
  const clock = createFakeClock()
  const cluster = createCluster()
  const health = createHealth(clock)
  const heartbeats = createHeartbeats(cluster.deps, () => clock.monotonicMs())
  heartbeats.follow(() => {})
  const nsx = createFakeNsx(clock, createSeededRandom(1)).nsx
  const reporter = createHealthReporter({ clock, health, post: postTo(nsx), heartbeats })
  cluster.put('antreaAgentInfos', agentInfo('n1', 0))
  assert.deepEqual(reporter.movedNodes(), [])
  assert.equal(reporter.agentStatus('n1'), undefined)
  cluster.put('antreaAgentInfos', agentInfo('n1', 10 * S))
  assert.deepEqual(reporter.movedNodes(), ['n1'])
  assert.equal(reporter.agentStatus('n1'), 'HEALTHY')
  assert.deepEqual(reporter.movedNodes(), [])
  await clock.advance(151 * S)
  assert.deepEqual(reporter.movedNodes(), ['n1'])
  assert.equal(reporter.agentStatus('n1'), 'UNHEALTHY')
})
