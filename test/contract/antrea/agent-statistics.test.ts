/** Statistics without antrea-controller's: the agents' own API and metrics, well, slow, wrong, silent and forbidden. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AgentClient, createAgentClient } from '../../../src/kube/agents/index.ts'
import type { AntreaAgentInfo, ClusterNetworkPolicy } from '../../../src/kube/index.ts'
import { readStatistics, type Statistics } from '../../../src/operations/index.ts'
import { createStandInAgents, type StandInAgents } from '../../../src/sandbox/antrea/index.ts'
import type { Handler, HttpClient } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { createGiven, Names, put, type Thing } from './objects.ts'

const GIVEN = {
  nodes: [{ name: 'n1' }, { name: 'n2' }],
  namespaces: [{ name: 'red', labels: {} }],
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
    appliedTo: [{ podSelector: {} }],
    ingress: [
      { name: '1', action: 'Allow' },
      { name: '2', action: 'Drop' },
    ],
    egress: [
      { name: '3', action: 'Pass' },
      { name: '4', action: 'Reject' },
    ],
  },
}
const PATH = '/infra/domains/default/security-policies/p'
const names = {
  policyPath: ({ metadata }: ClusterNetworkPolicy) => (metadata.name === 'p' ? PATH : undefined),
  rulePath: (path: string, id: string) => `${path}/rules/${id}`,
}

interface Played {
  readonly cluster: TestCluster
  readonly agents: StandInAgents
  /** What a Node's agent answers in place of its own. */
  readonly instead: Map<string, Handler>
  readonly asked: string[]
  readonly uid: string
  read(more?: {
    paths?: ReadonlySet<string>
    stats?: 404 | 503 | 'off' | 'on'
    mayAsk?: boolean
  }): Promise<Statistics>
}

async function play(run: (played: Played) => Promise<void>): Promise<void> {
  const cluster = await startCluster()
  const handlers = new Map<string, Handler>()
  const instead = new Map<string, Handler>()
  const asked: string[] = []
  const agents = createStandInAgents(cluster.deps, {
    agentAccess: async () => true,
    serveAgent: async (node, handler) => {
      handlers.set(node, handler)
      return { port: 20_000, caPem: 'CA', close: async () => void handlers.delete(node) }
    },
  })
  try {
    await createGiven(cluster, new Names(), GIVEN)
    await letGo(cluster.clock, agents.start())
    const uid = String(((await put(cluster.call, POLICY)).body as Thing).metadata['uid'])
    await cluster.rest(3_000)
    const connect = (node: string): HttpClient => {
      const link = connectInProcess(
        async (request) => {
          asked.push(`${node} ${request.path}?${request.query}`)
          const handler = instead.get(node) ?? handlers.get(node)
          if (handler === undefined) throw new Error('nobody listens')
          return handler(request)
        },
        {
          origin: `https://${node}`,
          peer: { address: '127.0.0.1', commonName: '', organizations: [], verified: false },
          clock: cluster.clock,
        },
      )
      const { client } = link
      return {
        ...client,
        request: (request) =>
          client.request({ ...request, headers: { ...request.headers, authorization: 'Bearer t' } }),
      }
    }
    const client: AgentClient = createAgentClient({
      placeOf: async (node) => ({ origin: node, caPem: 'CA' }),
      clock: cluster.clock,
      connect: ({ origin }) => connect(origin),
    })
    const items = async <T>(path: string) =>
      ((await cluster.call('GET', path)).body as { items: readonly T[] }).items
    const policies = await items<ClusterNetworkPolicy>('/apis/crd.antrea.io/v1beta1/clusternetworkpolicies')
    const infos = await items<AntreaAgentInfo>('/apis/crd.antrea.io/v1beta1/antreaagentinfos')
    await run({
      cluster,
      agents,
      instead,
      asked,
      uid,
      read({ paths, stats = 404, mayAsk = true } = {}) {
        const http = {
          origin: 'https://k8s',
          request: async () => ({
            status: typeof stats === 'number' ? stats : 200,
            headers: {},
            body: (async function* () {
              yield Buffer.from(typeof stats === 'number' ? '{"kind":"Status"}' : '{"items":[]}')
            })(),
          }),
        } as unknown as HttpClient
        const deps = {
          http,
          clock: cluster.clock,
          names,
          policies: async () => policies,
          agents: async () => infos,
          ...(mayAsk ? { askAgents: client } : {}),
        }
        return letGo(
          cluster.clock,
          readStatistics(deps, { paths, kinds: undefined }, new AbortController().signal),
        )
      },
    })
  } finally {
    await agents.stop()
    await cluster.stop()
  }
}

const counted = (uid: string) => ({ kind: 'ClusterNetworkPolicy', uid }) as const
const numbers = ({ figures }: Statistics) =>
  figures
    .filter(({ path }) => path === PATH)
    .flatMap(({ rules = [] }) =>
      rules.map(({ rule_id, packet_count, byte_count, session_count, problem }) =>
        [rule_id, packet_count, byte_count, session_count, problem?.code].filter((one) => one !== undefined),
      ),
    )

test('absent, unreachable or switched off: the agents’ flows are read, of all Nodes, with source and reason', () =>
  play(async ({ agents, read, uid }) => {
    agents.addTraffic('n1', counted(uid), '1', { packets: 10, bytes: 900, sessions: 2 })
    agents.addTraffic('n2', counted(uid), '1', { packets: 1, bytes: 60, sessions: 1 })
    agents.addTraffic('n2', counted(uid), '2', { packets: 3, bytes: 180, sessions: 3 })
    for (const [stats, code] of [
      [404, 'STATISTICS_ABSENT'],
      [503, 'KUBE_SERVER_ERROR'],
      ['off', 'STATISTICS_OFF'],
    ] as const) {
      const told = await read({ stats })
      assert.deepEqual([told.source, told.because?.code, told.missingNodes], ['antrea-agents', code, []])
      assert.deepEqual(numbers(told), [
        ['1', '11', '960', '3'],
        ['2', '3', '180', '3'],
        ['3', 'RULE_NOT_EXPORTED'],
        ['4', '0', '0', '0'],
      ])
      assert.deepEqual(
        told.agents.map(({ node, networkpolicy_count }) => [node, networkpolicy_count]),
        [
          ['n1', '1'],
          ['n2', '1'],
        ],
      )
    }
  }))

test('an agent that starts anew counts from 0, and says so by another epoch', () =>
  play(async ({ cluster, agents, read, uid }) => {
    agents.addTraffic('n1', counted(uid), '2', { packets: 5, bytes: 300, sessions: 5 })
    const before = await read()
    await cluster.rest(5_000)
    const later = await read()
    assert.equal(later.figures[0]?.since?.uid, before.figures[0]?.since?.uid)
    agents.setSilent('n1', true)
    await cluster.rest(1_000)
    agents.setSilent('n1', false)
    await cluster.rest(5_000)
    const after = await read()
    assert.equal(after.figures[0]?.packet_count, '0')
    assert.notEqual(after.figures[0]?.since?.uid, before.figures[0]?.since?.uid)
  }))

test('an agent that is slow, wrong, never answers or lets nobody in is a missing node; the others count', () =>
  play(async ({ cluster, agents, instead, read, uid }) => {
    agents.addTraffic('n1', counted(uid), '2', { packets: 5, bytes: 300, sessions: 5 })
    const answers =
      (status: number, body: string): Handler =>
      async () => ({ status, headers: {}, body })
    const cases: readonly (readonly [string, Handler])[] = [
      ['500', answers(500, 'OVS flow dumping failed')],
      ['403', answers(403, '{"kind":"Status","message":"forbidden"}')],
      ['HTML', answers(200, '<html>proxy</html>')],
      ['cut off', answers(200, '[{"flow":"table=')],
      ['never', () => new Promise(() => {})],
      [
        'slow',
        async () => {
          await new Promise<void>((resolve) => void cluster.clock.setTimeout(resolve, 5_000))
          return { status: 200, headers: {}, body: '[]' }
        },
      ],
    ]
    for (const [what, handler] of cases) {
      instead.set('n2', handler)
      const startedMs = cluster.clock.monotonicMs()
      const told = await read()
      // A slow one that answers well is none that is missing.
      if (what === 'slow') assert.deepEqual(told.nodeProblems, [])
      else {
        assert.deepEqual(told.missingNodes, ['n2'], what)
        assert.deepEqual([told.nodeProblems[0]?.node, typeof told.nodeProblems[0]?.code], ['n2', 'string'])
      }
      assert.equal(told.figures[0]?.packet_count, '5', what)
      assert.ok(cluster.clock.monotonicMs() - startedMs <= 31_000, what)
    }
    // Lists of nonsense are no counters.
    instead.set('n2', answers(200, '[null,7,{"flow":7},{"flow":"conj_id=1"}]'))
    assert.equal((await read()).figures[0]?.packet_count, '5')
    instead.set('n1', answers(500, 'x'))
    instead.set('n2', answers(500, 'x'))
    await assert.rejects(read(), {
      code: 'STATISTICS_ABSENT',
      message: /No agent told its own counters either; n1/,
    })
    await assert.rejects(read({ mayAsk: false }), { code: 'STATISTICS_ABSENT', message: /agents\.tokenFile/ })
  }))

test('only what is wanted is asked for', () =>
  play(async ({ asked, read }) => {
    const policiesAsked = () => asked.filter((path) => path.includes('networkpolicy=')).length
    await read({ paths: new Set(['/infra/other']) })
    assert.equal(policiesAsked(), 0)
    await read({ paths: new Set([`${PATH}/rules/1`]) })
    assert.equal(policiesAsked(), 2)
  }))
