/** Traceflows with agents: what is seen on the way follows from the Pods, Services and policies in force. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStandInAgents, type StandInAgents } from '../../../src/sandbox/antrea/index.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { createGiven, type Fields, Names, put, type Thing } from './objects.ts'

const CRD = '/apis/crd.antrea.io/v1beta1'

const GIVEN = {
  nodes: [
    { name: 'n1', ips: ['192.0.2.1'], podCIDRs: ['10.1.0.0/24'] },
    { name: 'n2', ips: ['192.0.2.2', '2001:db8:f::2'] },
  ],
  namespaces: [
    { name: 'red', labels: { team: 'a' } },
    { name: 'blue', labels: { team: 'b' } },
  ],
  pods: [
    { ns: 'red', name: 'web', labels: { app: 'web' }, node: 'n1', ips: ['10.1.0.11', '2001:db8::11'] },
    { ns: 'red', name: 'near', labels: { app: 'near' }, node: 'n1', ips: ['10.1.0.12'] },
    {
      ns: 'red',
      name: 'db',
      labels: { app: 'db' },
      node: 'n2',
      ips: ['10.1.1.1', '2001:db8::1'],
      ports: [{ name: 'sql', containerPort: 5432 }],
    },
    { ns: 'blue', name: 'api', labels: { app: 'api' }, node: 'n2', ips: ['10.1.1.2'] },
    { ns: 'blue', name: 'host', labels: { app: 'host' }, node: 'n2', ips: ['192.0.2.2'], hostNetwork: true },
    { ns: 'blue', name: 'bare', labels: {}, node: 'n2' },
  ],
  services: [
    {
      ns: 'red',
      name: 'sql',
      spec: {
        clusterIP: '10.96.0.5',
        selector: { app: 'db' },
        ports: [{ name: 'sql', port: 80, targetPort: 5432 }],
      },
    },
    { ns: 'red', name: 'nobody', spec: { clusterIP: '10.96.0.6', ports: [{ port: 80 }] } },
  ],
}

const SLICE: Thing = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'sql-1',
    namespace: 'red',
    labels: { 'kubernetes.io/service-name': 'sql' },
  },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['10.1.1.9'], conditions: { ready: false } },
    {
      addresses: ['10.1.1.1'],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: 'red', name: 'db' },
    },
  ],
  ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }],
}

const selected = (app: string) => ({ podSelector: { matchLabels: { app } } })

const acnp = (name: string, spec: Fields): Thing => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'ClusterNetworkPolicy',
  metadata: { name },
  spec: { priority: 5, ...spec },
})

const kubePolicy = (name: string, spec: Fields): Thing => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'red' },
  spec,
})

const DB = { namespace: 'red', pod: 'db' }
const TCP = (dstPort: number) => ({ packet: { transportHeader: { tcp: { dstPort } } } })

interface Status {
  readonly phase?: string
  readonly reason?: string
  readonly results?: readonly { node: string; role: string; observations: Fields[] }[]
}

interface Played {
  readonly cluster: TestCluster
  readonly agents: StandInAgents
  /** Runs a Traceflow from red/web to its end. */
  trace(destination: Fields, more?: Fields): Promise<Status>
}

async function within(policies: readonly Thing[], play: (played: Played) => Promise<void>): Promise<void> {
  const cluster = await startCluster()
  const agents = createStandInAgents(cluster.deps)
  const must = async (thing: Thing) => {
    const made = await put(cluster.call, thing)
    assert.ok(made.code < 300, JSON.stringify(made.body))
  }
  try {
    await createGiven(cluster, new Names(), GIVEN as unknown as Parameters<typeof createGiven>[2])
    await must(SLICE)
    for (const policy of policies) await must(policy)
    await letGo(cluster.clock, agents.start())
    await cluster.rest(500)
    let count = 0
    await play({
      cluster,
      agents,
      async trace(destination, more = {}) {
        count += 1
        const name = `t${count}`
        await must({
          apiVersion: 'crd.antrea.io/v1beta1',
          kind: 'Traceflow',
          metadata: { name },
          spec: { source: { namespace: 'red', pod: 'web' }, destination, ...more },
        })
        await cluster.rest(4_000)
        const { body } = await cluster.call('GET', `${CRD}/traceflows/${name}`)
        return (body as { status: Status }).status
      },
    })
  } finally {
    await agents.stop()
    await cluster.stop()
  }
}

/** What was seen, short: node, then component, table and action of each. */
const seenIn = ({ phase, results = [] }: Status): unknown => [
  phase,
  ...results.map(({ node, role, observations }) => [
    node,
    role,
    ...observations.map(({ component, componentInfo, action, networkPolicy, networkPolicyRule }) =>
      [component, componentInfo, action, networkPolicy, networkPolicyRule].filter(Boolean).join(' '),
    ),
  ]),
]

const SENT = 'SpoofGuard Forwarded'
const RECEIVED = 'Forwarding Classification Received'
const DELIVERED = 'Forwarding Output Delivered'
const FORWARDED = 'Forwarding Output Forwarded'

test('without policies a packet arrives: on the same Node, on another, and outside', () =>
  within([], async ({ trace }) => {
    assert.deepEqual(seenIn(await trace({ namespace: 'red', pod: 'near' })), [
      'Succeeded',
      ['n1', 'sender', SENT, DELIVERED],
    ])
    const far = await trace(DB)
    assert.deepEqual(seenIn(far), [
      'Succeeded',
      ['n1', 'sender', SENT, FORWARDED],
      ['n2', 'receiver', RECEIVED, DELIVERED],
    ])
    assert.equal(far.results?.[0]?.observations.at(-1)?.['tunnelDstIP'], '192.0.2.2')
    assert.equal(far.results?.[1]?.observations.at(-1)?.['pod'], 'red/db')
    const six = await trace({ ip: '2001:db8::1' })
    assert.equal(six.results?.[0]?.observations.at(-1)?.['tunnelDstIP'], '2001:db8:f::2')
    for (const ip of ['198.51.100.7', '192.0.2.2'])
      assert.deepEqual(seenIn(await trace({ ip })), [
        'Succeeded',
        ['n1', 'sender', SENT, 'Forwarding Output ForwardedOutOfNetwork'],
      ])
    assert.deepEqual(seenIn(await trace({ ip: '10.1.0.1' })), [
      'Succeeded',
      ['n1', 'sender', SENT, DELIVERED],
    ])
  }))

test('tiers, priorities and the order of rules decide, and what drops a packet is named', () =>
  within(
    [
      acnp('late', {
        tier: 'application',
        appliedTo: [selected('db')],
        ingress: [{ name: 'all', action: 'Allow' }],
      }),
      acnp('early', {
        tier: 'securityops',
        priority: 7,
        appliedTo: [selected('db')],
        ingress: [
          {
            name: 'sql',
            action: 'Allow',
            from: [selected('web')],
            ports: [{ protocol: 'TCP', port: 'sql' }],
          },
          { name: 'rest', action: 'Drop', from: [{ namespaceSelector: {} }] },
        ],
      }),
      acnp('later', {
        tier: 'securityops',
        priority: 8,
        appliedTo: [selected('db')],
        ingress: [{ name: 'none', action: 'Reject' }],
      }),
      acnp('out', {
        tier: 'platform',
        appliedTo: [selected('web')],
        egress: [
          {
            name: 'no-net',
            action: 'Reject',
            to: [{ ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.128/25'] } }],
          },
          { name: 'no-high', action: 'Drop', ports: [{ protocol: 'TCP', port: 8000, endPort: 8010 }] },
        ],
      }),
    ],
    async ({ trace }) => {
      assert.deepEqual(seenIn(await trace(DB)), [
        'Succeeded',
        ['n1', 'sender', SENT, FORWARDED],
        [
          'n2',
          'receiver',
          RECEIVED,
          'NetworkPolicy IngressMetric Dropped AntreaClusterNetworkPolicy:early rest',
        ],
      ])
      assert.deepEqual(seenIn(await trace(DB, TCP(5432))), [
        'Succeeded',
        ['n1', 'sender', SENT, FORWARDED],
        [
          'n2',
          'receiver',
          RECEIVED,
          'NetworkPolicy IngressRule Forwarded AntreaClusterNetworkPolicy:early sql',
          DELIVERED,
        ],
      ])
      assert.deepEqual(seenIn(await trace(DB, TCP(8010))), [
        'Succeeded',
        ['n1', 'sender', SENT, 'NetworkPolicy EgressMetric Dropped AntreaClusterNetworkPolicy:out no-high'],
      ])
      assert.deepEqual(seenIn(await trace({ ip: '198.51.100.7' })), [
        'Succeeded',
        ['n1', 'sender', SENT, 'NetworkPolicy EgressMetric Rejected AntreaClusterNetworkPolicy:out no-net'],
      ])
      assert.deepEqual(seenIn(await trace({ ip: '198.51.100.200' })), [
        'Succeeded',
        ['n1', 'sender', SENT, 'Forwarding Output ForwardedOutOfNetwork'],
      ])
    },
  ))

test('Kubernetes policies isolate, Pass leads to them, and the baseline comes last', () =>
  within(
    [
      acnp('pass', {
        tier: 'emergency',
        appliedTo: [selected('db')],
        ingress: [{ name: 'on', action: 'Pass' }],
      }),
      acnp('never', { appliedTo: [selected('db')], ingress: [{ name: 'drop', action: 'Drop' }] }),
      acnp('base', {
        tier: 'baseline',
        appliedTo: [selected('db'), selected('near'), selected('api')],
        ingress: [{ name: 'no', action: 'Drop' }],
      }),
      kubePolicy('db', {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] }],
      }),
      kubePolicy('alone', { podSelector: { matchLabels: { app: 'near' } }, policyTypes: ['Ingress'] }),
    ],
    async ({ trace }) => {
      const last = async (destination: Fields, more?: Fields) =>
        ((seenIn(await trace(destination, more)) as unknown[]).at(-1) as string[]).slice(-2)
      assert.deepEqual(await last(DB, TCP(5432)), [
        'NetworkPolicy IngressRule Forwarded K8sNetworkPolicy:red/db',
        DELIVERED,
      ])
      const isolated = 'NetworkPolicy IngressDefaultRule Dropped'
      assert.deepEqual(await last(DB, TCP(80)), [RECEIVED, isolated])
      assert.deepEqual(await last({ namespace: 'red', pod: 'near' }), [SENT, isolated])
      assert.deepEqual(await last({ namespace: 'blue', pod: 'api' }), [
        RECEIVED,
        'NetworkPolicy IngressMetric Dropped AntreaClusterNetworkPolicy:base no',
      ])
    },
  ))

test('a Service is translated to a ready endpoint before policies look, and toServices sees where it was sent', () =>
  within(
    [
      acnp('p', {
        appliedTo: [selected('web')],
        egress: [
          { name: 'svc', action: 'Allow', toServices: [{ name: 'sql', namespace: 'red' }] },
          { name: 'db', action: 'Drop', to: [selected('db')] },
        ],
      }),
    ],
    async ({ trace }) => {
      const status = await trace({ namespace: 'red', service: 'sql' })
      assert.deepEqual(seenIn(status), [
        'Succeeded',
        [
          'n1',
          'sender',
          SENT,
          'LB Forwarded',
          'NetworkPolicy EgressRule Forwarded AntreaClusterNetworkPolicy:p svc',
          FORWARDED,
        ],
        ['n2', 'receiver', RECEIVED, DELIVERED],
      ])
      const [, balanced] = status.results?.[0]?.observations ?? []
      assert.deepEqual([balanced?.['translatedDstIP'], balanced?.['pod']], ['10.1.1.1', 'red/db'])
      assert.equal((await trace({ ip: '10.96.0.5' }, TCP(80))).results?.length, 2, 'by its address as well')
      assert.deepEqual(seenIn(await trace(DB)), [
        'Succeeded',
        ['n1', 'sender', SENT, 'NetworkPolicy EgressMetric Dropped AntreaClusterNetworkPolicy:p db'],
      ])
      assert.deepEqual(seenIn(await trace({ namespace: 'red', service: 'nobody' })), [
        'Succeeded',
        ['n1', 'sender', SENT, 'LB EndpointDNAT Rejected'],
      ])
    },
  ))

test('an agent that cannot make the packet fails the Traceflow in words', () =>
  within([], async ({ trace }) => {
    for (const destination of [
      { namespace: 'red', pod: 'nope' },
      { namespace: 'blue', pod: 'bare' },
      { namespace: 'red', service: 'nope' },
      {},
    ]) {
      const { phase, reason = '' } = await trace(destination)
      assert.equal(phase, 'Failed')
      assert.match(reason, /^Node: n1, error: .*destination/)
    }
  }))

test('a silent sender lets it time out, a silent receiver is not seen, and live traffic there is none', () =>
  within([], async ({ cluster, agents, trace }) => {
    agents.setSilent('n2', true)
    const half = await trace(DB, { timeout: 300 })
    assert.deepEqual(seenIn(half), ['Running', ['n1', 'sender', SENT, FORWARDED]])
    agents.setSilent('n1', true)
    assert.equal((await trace(DB, { timeout: 300 })).results, undefined)
    const live = await trace(DB, { liveTraffic: true, timeout: 5 })
    assert.equal(live.phase, 'Running')
    agents.setSilent('n1', false)
    agents.setSilent('n2', false)
    await cluster.rest(15_000)
    const { items } = (await cluster.call('GET', `${CRD}/traceflows`)).body as { items: { status: Status }[] }
    assert.deepEqual(
      items.map(({ status }) => status.phase),
      ['Running', 'Succeeded', 'Failed'],
    )
  }))
