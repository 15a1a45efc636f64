/** Statistics: Antrea's counters joined to NSX's rules, and what nobody counts said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AntreaAgentInfo, ClusterNetworkPolicy } from '../../../src/kube/index.ts'
import { readStatistics } from '../../../src/operations/index.ts'
import { figuresOf, type StatsObject } from '../../../src/operations/statistics/figures.ts'
import { silentNodes } from '../../../src/operations/statistics/nodes.ts'
import { inWords, wantedOf } from '../../../src/operations/statistics/request.ts'
import type { HttpClient } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const PATH = '/infra/domains/default/security-policies/web'
const ALL = { paths: undefined, kinds: undefined }

const names = {
  policyPath: (policy: ClusterNetworkPolicy) => policy.metadata.annotations?.['path'],
  rulePath: (path: string, id: string) => `${path}/rules/r${id}`,
}

const policy = (name: string, rules: readonly string[], path: string | undefined = PATH) =>
  ({
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'ClusterNetworkPolicy',
    metadata: { name, uid: `uid-${name}`, ...(path === '' ? {} : { annotations: { path } }) },
    spec: {
      tier: 't',
      priority: 1,
      ingress: rules.map((rule) => ({ name: rule, action: 'Drop' })),
      egress: [],
    },
  }) as unknown as ClusterNetworkPolicy

const stats = (name: string, rules: Record<string, object>, more: object = {}): StatsObject => ({
  metadata: { name, uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z' },
  ruleTrafficStats: Object.entries(rules).map(([rule, trafficStats]) => ({ name: rule, trafficStats })),
  ...more,
})

const read = (cluster: readonly StatsObject[], more = {}) => ({
  antreaClusterNetworkPolicies: cluster,
  antreaNetworkPolicies: [],
  networkPolicies: [],
  ...more,
})

test('a rule is the sum over its present names; names of earlier translations do not count', () => {
  const [figures] = figuresOf(
    read([
      stats('a', {
        '1-in': { packets: 2, bytes: 20, sessions: 1 },
        '1-out': { packets: 3 },
        '9-in': { packets: 100, bytes: 1_000 },
      }),
    ]),
    [policy('a', ['1-in', '1-out', '2'])],
    names,
    ALL,
  )
  assert.deepEqual(figures, {
    path: PATH,
    kind: 'SecurityPolicy',
    name: 'a',
    since: { uid: 'uid-a', creation_timestamp: '2026-01-01T00:00:00Z' },
    packet_count: '5',
    byte_count: '20',
    session_count: '1',
    rules: [
      { rule_id: '1', path: `${PATH}/rules/r1`, packet_count: '5', byte_count: '20', session_count: '1' },
      { rule_id: '2', path: `${PATH}/rules/r2`, packet_count: '0', byte_count: '0', session_count: '0' },
    ],
  })
})

test('what is not counted has a reason and no zero: no counters yet, an earlier object’s, a path that is not there', () => {
  const absent = figuresOf(read([]), [policy('a', ['1'])], names, ALL)
  const earlier = figuresOf(
    read([stats('a', { 1: { packets: 7 } }, { metadata: { name: 'a', uid: 'another' } })]),
    [policy('a', ['1'])],
    names,
    ALL,
  )
  const asked = figuresOf(read([]), [], names, { paths: new Set(['/infra/none']), kinds: undefined })
  for (const [figures, code] of [
    [absent, 'NOT_COUNTED_YET'],
    [earlier, 'NOT_COUNTED_YET'],
    [asked, 'NOT_IN_CLUSTER'],
  ] as const) {
    assert.equal(figures.length, 1)
    assert.equal(figures[0]?.problem?.code, code)
    assert.equal(figures[0]?.packet_count, undefined)
  }
})

test('a second object of a policy on its way is not counted twice, and is nobody else’s', () => {
  const figures = figuresOf(
    read([stats('a-t', { 1: { packets: 9 } }), stats('a', { 1: { packets: 4 } }), stats('b', {})]),
    [policy('a-t', ['1']), policy('a', ['1']), policy('b', [], '')],
    names,
    ALL,
  )
  assert.deepEqual(
    figures.map(({ path, packet_count }) => [path, packet_count]),
    [
      [PATH, '4'],
      ['k8s:AntreaClusterNetworkPolicy/uid-b', '0'],
    ],
  )
})

test('one rule can be asked for by its path', () => {
  const figures = figuresOf(
    read([stats('a', { 1: { packets: 1 }, 2: { packets: 2 } })]),
    [policy('a', ['1', '2'])],
    names,
    { paths: new Set([`${PATH}/rules/r2`]), kinds: undefined },
  )
  assert.deepEqual(
    figures[0]?.rules?.map(({ rule_id, packet_count }) => [rule_id, packet_count]),
    [['2', '2']],
  )
})

const serving = (answers: Readonly<Record<string, string | number>>): HttpClient =>
  ({
    origin: 'https://k8s',
    request: async ({ path }: { path: string }) => {
      const answer = answers[path.split('/').at(-1) ?? ''] ?? '{"items":[]}'
      return {
        status: typeof answer === 'number' ? answer : 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from(typeof answer === 'number' ? '{"kind":"Status"}' : answer)
        })(),
      }
    },
  }) as unknown as HttpClient

const reading = (http: HttpClient, policies = [policy('a', ['1'])]) =>
  readStatistics(
    {
      http,
      clock: createFakeClock(),
      names,
      policies: async () => policies,
      agents: async () => [],
    },
    ALL,
    new AbortController().signal,
  )

test('counters beyond 2^53 keep every digit', async () => {
  const text = `{"items":[{"metadata":{"name":"a","uid":"uid-a"},"ruleTrafficStats":[{"name":"1","trafficStats":{"packets":9007199254740993,"bytes":18446744073709551615}}]}]}`
  const { figures } = await reading(serving({ antreaclusternetworkpolicystats: text }))
  assert.equal(figures[0]?.packet_count, '9007199254740993')
  assert.equal(figures[0]?.byte_count, '18446744073709551615')
})

test('an API that is absent, one that counts nothing, and nonsense are said, not shown as 0', async () => {
  await assert.rejects(reading(serving({ antreaclusternetworkpolicystats: 404 })), {
    code: 'STATISTICS_ABSENT',
  })
  await assert.rejects(reading(serving({})), { code: 'STATISTICS_OFF' })
  await assert.rejects(reading(serving({ antreaclusternetworkpolicystats: '<html>' })), {
    code: 'KUBE_MALFORMED',
    kind: 'retry',
  })
  for (const odd of ['null', '7', '{"items":[null,7,{"metadata":7}]}', '{"items":{}}'])
    await reading(serving({ antreaclusternetworkpolicystats: odd })).catch(({ code }: { code: string }) =>
      assert.equal(code, 'STATISTICS_OFF', odd),
    )
})

test('nodes whose agent is silent are named', () => {
  const agent = (name: string, lastHeartbeatTime?: string) =>
    ({
      metadata: { name },
      agentConditions: lastHeartbeatTime === undefined ? [] : [{ type: 'AgentHealthy', lastHeartbeatTime }],
    }) as unknown as AntreaAgentInfo
  const now = Date.parse('2026-01-01T00:10:00Z')
  const agents = [agent('never'), agent('old', '2026-01-01T00:06:00Z'), agent('well', '2026-01-01T00:09:00Z')]
  assert.deepEqual(silentNodes(agents, now), ['never', 'old'])
})

test('a request that cannot be understood is refused; a long answer is cut into words', () => {
  for (const body of [7, [], { paths: 'x' }, { paths: [1] }, { kinds: ['Pod'] }])
    assert.throws(() => wantedOf(body), { code: 'REQUEST_INVALID' }, JSON.stringify(body))
  assert.deepEqual(wantedOf(undefined), ALL)
  const many = Array.from({ length: 1_200 }, () => figuresOf(read([]), [policy('a', ['1'])], names, ALL)[0]!)
  const words = [...inWords(many)]
  assert.deepEqual(
    words.map((word) => word.length),
    [500, 500, 200],
  )
})
