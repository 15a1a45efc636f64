/** Counters in the agents' flows: texts as real agents write them, and all that cannot be told apart said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterNetworkPolicy } from '../../../src/kube/index.ts'
import {
  countsOfTable,
  flowFields,
  type HeldRule,
  policyCount,
} from '../../../src/operations/statistics/agent-flows.ts'
import { totalsOf } from '../../../src/operations/statistics/agent-metrics.ts'
import type { HeldPolicy } from '../../../src/operations/statistics/agents.ts'
import { figuresOf } from '../../../src/operations/statistics/figures.ts'
import { createEpochs, readOfAgents } from '../../../src/operations/statistics/from-agents.ts'

const COOKIE = 'cookie=0x1020000000000, duration=61.520s, '
const ALLOW = [
  `${COOKIE}table=IngressMetric, n_packets=1, n_bytes=74, idle_age=9, priority=200,ct_state=+new,ct_label=0x1/0xffffffff,ip actions=goto_table:ConntrackCommit`,
  `${COOKIE}table=IngressMetric, n_packets=11, n_bytes=1661, priority=200,ct_state=-new,ct_label=0x1/0xffffffff,ip actions=goto_table:ConntrackCommit`,
]
const DENY = `${COOKIE}table=IngressMetric, n_packets=9, n_bytes=666, priority=200,reg0=0x100000/0x100000,reg3=0x5 actions=drop`
const EGRESS = `${COOKIE}table=EgressMetric, n_packets=4, n_bytes=336, priority=200,ct_state=-new,ct_label=0x600000000/0xffffffff00000000,ip actions=goto_table:L3Forwarding`

test('flows of allowing and of denying rules count by conjunction id; an egress rule has its id 32 bits up', () => {
  const ingress = countsOfTable([...ALLOW, DENY])
  const numbers = [...ingress].map(([id, { packets, bytes, sessions }]) => [id, packets, bytes, sessions])
  assert.deepEqual(numbers, [
    [1, 12n, 1735n, 1n],
    [5, 9n, 666n, 9n],
  ])
  assert.equal(ingress.get(1)?.ageMs, 61_520)
  assert.deepEqual([...countsOfTable([EGRESS]).keys()], [6])
})

test('what is no metric flow is passed over', () => {
  for (const text of [
    '',
    'actions=drop',
    'table=IngressMetric, n_packets=1502362, n_bytes=601635949, priority=0 actions=goto_table:70',
    'table=101, n_packets=289, n_bytes=2385154, priority=200,ip,nw_dst=193.5.2.0/24 actions=resubmit(,SNATMark)',
    'table=101, n_packets=1, n_bytes=10, priority=200,ct_state=+new,ct_label=0x5abcde,ip actions=goto_table:105',
    'table=101, n_packets=1, n_bytes=10, priority=200,ct_state=+new,ct_label=0x/0xffffffff,ip actions=goto_table:105',
    'table=101, n_packets=1, n_bytes=64, priority=200,reg0=0x100000/0x100000,reg3=notahex actions=drop',
    'table=101, n_packets=1, n_bytes=64, priority=200,reg0=0x100000/0x100000,reg3=0x0 actions=drop',
    'table=101, n_packets=-1, n_bytes=64, priority=200,reg0=0x100000/0x100000,reg3=0x1 actions=drop',
    `table=101, n_packets=${'9'.repeat(30)}, n_bytes=64, priority=200,reg0=0x1/0x1,reg3=0x1 actions=drop`,
  ])
    assert.equal(countsOfTable([text]).size, 0, text)
  assert.equal(flowFields('a=1, b=2,ip,c=3 actions=x=9').get('x'), undefined)
})

const rule = (name: string, priority: number, direction: 'In' | 'Out' = 'In'): HeldRule => ({
  name,
  direction,
  priority,
})
const action = (id: number, priority: number) =>
  `table=AntreaPolicyIngressRule, n_packets=0, n_bytes=0, priority=${priority},conj_id=${id},ip actions=load:0x${id}->NXM_NX_REG6[]`
const TABLES = { In: countsOfTable([...ALLOW, DENY]), Out: countsOfTable([EGRESS]) }

test('rules stand in the order of their priorities; several ids of one rule are added up', () => {
  const held = [rule('second', 1), rule('first', 0)]
  const told = policyCount(
    [
      action(5, 14_000),
      action(1, 14_001),
      // A condition that it shares with another rule is none of its own flows.
      'table=AntreaPolicyIngressRule, priority=14001,ip,nw_src=1.2.3.4 actions=conjunction(1,1/2),conjunction(9,1/2)',
    ],
    held,
    TABLES,
  )
  assert.deepEqual(
    told.rules?.map(({ name, count }) => [name, count.packets]),
    [
      ['first', 12n],
      ['second', 9n],
    ],
  )
  const both = policyCount([action(5, 14_000), action(1, 14_000)], [rule('one', 0)], TABLES)
  assert.deepEqual(
    both.rules?.map(({ name, count }) => [name, count.packets]),
    [
      ['one', 9n],
      ['one', 12n],
    ],
  )
})

test('with other rules than priorities the policy is counted and its rules are not', () => {
  const told = policyCount([action(5, 14_000), action(1, 14_001)], [rule('one', 0)], TABLES)
  assert.equal(told.rules, undefined)
  assert.deepEqual(
    told.all.map(({ packets }) => packets),
    [9n, 12n],
  )
})

const PATH = '/infra/domains/default/security-policies/web'
const names = { policyPath: () => PATH, rulePath: () => undefined }
const policy = {
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'p', uid: 'u' },
  spec: {
    tier: 't',
    priority: 1,
    ingress: [
      { name: '7-in', action: 'Allow' },
      { name: '8', action: 'Drop' },
    ],
  },
} as unknown as ClusterNetworkPolicy
const source = { type: 'AntreaClusterNetworkPolicy', namespace: '', name: 'p', uid: 'u' }
const on = (node: string, count: HeldPolicy['count']): HeldPolicy => ({ node, source, rules: [], count })
const whole = policyCount([action(1, 2), action(5, 1)], [rule('7-in', 0), rule('8', 1)], TABLES)
const figures = (held: readonly HeldPolicy[], nowMs = 1_000_000, starts = createEpochs(10)) =>
  figuresOf(
    readOfAgents({ held, totals: [], missing: new Map(), unasked: 0 }, nowMs, starts),
    [policy],
    names,
    { paths: undefined, kinds: undefined },
  )[0]

test('Nodes are added up; the same flows are the same epoch, flows installed anew or another Node another', () => {
  const starts = createEpochs(10)
  const first = figures([on('n1', whole), on('n2', whole)], 1_000_000, starts)
  assert.deepEqual([first?.packet_count, first?.byte_count, first?.session_count], ['42', '4802', '20'])
  assert.deepEqual(
    first?.rules?.map(({ rule_id, packet_count }) => [rule_id, packet_count]),
    [
      ['7', '24'],
      ['8', '18'],
    ],
  )
  assert.equal(first?.since?.creation_timestamp, '1970-01-01T00:15:38.000Z')
  assert.deepEqual(figures([on('n2', whole), on('n1', whole)], 1_000_900, starts)?.since, first?.since)
  assert.notEqual(figures([on('n1', whole)], 1_000_900, starts)?.since?.uid, first?.since?.uid)
  const anew = { In: countsOfTable([ALLOW[0]?.replace('0x102', '0x202') ?? '', DENY]), Out: TABLES.Out }
  const restarted = policyCount([action(1, 2), action(5, 1)], [rule('7-in', 0), rule('8', 1)], anew)
  assert.notEqual(
    figures([on('n1', restarted), on('n2', whole)], 1_000_900, starts)?.since?.uid,
    first?.since?.uid,
  )
})

test('what no agent exports is said, never 0', () => {
  const problem = (held: readonly HeldPolicy[]) => {
    const { problem: said, packet_count } = figures(held) ?? {}
    return [said?.code, packet_count]
  }
  assert.deepEqual(problem([]), ['NO_AGENT_HOLDS', undefined])
  assert.deepEqual(problem([on('n1', { rules: [], all: [] })]), ['NOT_EXPORTED', undefined])
  assert.deepEqual(problem([on('n1', undefined)]), ['TOO_MANY_POLICIES', undefined])
  const mixed = figures([on('n1', { rules: undefined, all: whole.all }), on('n2', { rules: [], all: [] })])
  assert.equal(mixed?.packet_count, '21')
  assert.deepEqual(mixed?.missing_nodes, ['n2'])
  assert.deepEqual(
    mixed?.rules?.map(({ rule_id, packet_count, problem: said }) => [rule_id, packet_count, said?.code]),
    [
      ['7', undefined, 'RULE_NOT_EXPORTED'],
      ['8', undefined, 'RULE_NOT_EXPORTED'],
    ],
  )
  const passing = { ...whole, rules: whole.rules?.filter(({ name }) => name === '8') }
  assert.deepEqual(
    figures([on('n1', passing)])?.rules?.map(({ packet_count }) => packet_count),
    [undefined, '9'],
  )
})

test('an agent’s totals are read from its metrics; labels and nonsense are passed over', () => {
  const text = [
    '# TYPE antrea_agent_networkpolicy_count gauge',
    'antrea_agent_networkpolicy_count 12',
    'antrea_agent_denied_connection_count 1.8446744073709552e+19',
    'antrea_agent_ingress_networkpolicy_rule_count 3e+06',
    'antrea_agent_egress_networkpolicy_rule_count NaN',
    'antrea_agent_ovs_flow_count{table_id="1"} 4',
    'process_start_time_seconds 1.7675e+09',
    '<html>',
  ].join('\n')
  assert.deepEqual(totalsOf('n1', text), {
    node: 'n1',
    networkpolicy_count: '12',
    ingress_rule_count: '3000000',
    started_at: 1_767_500_000_000,
  })
})
