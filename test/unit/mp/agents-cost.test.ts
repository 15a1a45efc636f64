/**
 * What 2,000 agents cost that write their AntreaAgentInfo once a minute: one watch and no further request, bytes of the
 * stream, memory of what is kept, and the work on each, which is none where nothing is thought otherwise of an agent.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AntreaAgentInfo } from '../../../src/kube/index.ts'
import { projectionOf } from '../../../src/kube/projections.ts'
import { createHeartbeats } from '../../../src/mp/health/heartbeats.ts'
import { judgeAgent } from '../../../src/mp/health/judge.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { createCluster } from './cluster.ts'

const AGENTS = 2_000
const TABLES = 30

/** As an agent of Antrea 2.7 writes it, with its certificate, its flow tables and who wrote which field. */
function info(index: number, minute: number, isUp = true): AntreaAgentInfo {
  const time = new Date(Date.UTC(2026, 0, 1, 0, minute, index % 60)).toISOString().replace('.000', '')
  const condition = (type: string, isTrue: boolean) => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastHeartbeatTime: time,
  })
  const tables = Array.from({ length: TABLES }, (_, table) => [`Table${table}`, index + table])
  return {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'AntreaAgentInfo',
    metadata: {
      name: `node-${index}`,
      uid: `5f0c2d1e-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(minute * AGENTS + index),
      generation: minute,
      creationTimestamp: '2026-01-01T00:00:00Z',
      managedFields: ['antrea-agent', 'antrea-controller'].map((manager) => ({
        manager,
        operation: 'Update',
        apiVersion: 'crd.antrea.io/v1beta1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: Object.fromEntries(tables.map(([name]) => [`f:${name}`, {}])),
      })),
    },
    version: 'v2.7.0',
    podRef: { kind: 'Pod', namespace: 'kube-system', name: `antrea-agent-${index}` },
    nodeRef: { kind: 'Node', name: `node-${index}` },
    nodeSubnets: [`10.${index >> 8}.${index & 255}.0/24`],
    ovsInfo: { version: '3.3.0', bridgeName: 'br-int', flowTable: Object.fromEntries(tables) },
    localPodNum: 25,
    agentConditions: [
      condition('AgentHealthy', true),
      condition('ControllerConnectionUp', isUp),
      condition('OVSDBConnectionUp', true),
      condition('OpenflowConnectionUp', true),
    ],
    apiPort: 10_350,
    apiCABundle: 'Q0FDQUNB'.repeat(200),
  } as unknown as AntreaAgentInfo
}

test('2,000 agents: one watch, some 200 kB a second, and news only of those whose state is another', (context) => {
  const clock = createFakeClock()
  const cluster = createCluster()
  const heartbeats = createHeartbeats(cluster.deps, () => clock.monotonicMs())
  let news = 0
  heartbeats.follow(() => {
    news += 1
  })
  const keep = projectionOf('antreaAgentInfos')
  const take = (line: string) => {
    const { object } = JSON.parse(line) as { object: AntreaAgentInfo }
    const kept = keep(object)
    cluster.stores.antreaAgentInfos.upsert(kept as AntreaAgentInfo, kept.metadata.resourceVersion ?? '')
  }
  const minuteOf = (minute: number, isUp: (index: number) => boolean = () => true) =>
    Array.from({ length: AGENTS }, (_, index) =>
      JSON.stringify({ type: 'MODIFIED', object: info(index, minute, isUp(index)) }),
    )
  for (const line of minuteOf(1)) take(line)
  for (const line of minuteOf(2)) take(line)
  news = 0
  const lines = minuteOf(3)
  const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0)
  const before = process.cpuUsage()
  for (const line of lines) take(line)
  const { user, system } = process.cpuUsage(before)
  assert.equal(news, 0)
  assert.ok(bytes / 60 < 250_000, `${Math.round(bytes / 60)} B/s`)
  // A minute's worth of them; a hundredth of a processor would be 600 ms.
  assert.ok((user + system) / 1_000 < 600, `${(user + system) / 1_000} ms`)
  const kept = [...cluster.stores.antreaAgentInfos.values()].reduce(
    (sum, one) => sum + JSON.stringify(one).length,
    0,
  )
  assert.ok(kept / AGENTS < 4_096, `${Math.round(kept / AGENTS)} B kept of each`)
  context.diagnostic(
    `${Math.round(bytes / 60 / 1_000)} kB/s, ${Math.round((user + system) / 1_000)} ms CPU a minute, ${Math.round(kept / AGENTS)} B kept of each`,
  )
  for (const line of minuteOf(4, (index) => index !== 7)) take(line)
  assert.equal(news, 1)
  assert.equal(heartbeats.agents().filter((agent) => judgeAgent(agent).status === 'DEGRADED').length, 1)
})
