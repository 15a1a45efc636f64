/** The mapping table of docs/inventory.md, row by row, and NSX's limits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { KubeObject } from '../../../src/kube/index.ts'
import { type MapContext, type MappedResource, mapObject } from '../../../src/mp/inventory/index.ts'
import { cutText, labelScope, labelTags } from '../../../src/mp/inventory/map-text.ts'
import { node, pod, service, slice } from './cluster.ts'

type Loose = Partial<Omit<KubeObject, 'metadata'>> & { metadata: object }

const object = (part: Loose): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  ...part,
  metadata: { name: 'x', namespace: 'shop', uid: 'uid-x', ...part.metadata },
})

const lookup = (uids: Record<string, string>) => ({
  get: (key: string) => (uids[key] === undefined ? undefined : object({ metadata: { uid: uids[key] } })),
})

function mapped(resource: MappedResource, part: Loose, over: Partial<MapContext> = {}) {
  const result = mapObject(resource, object(part), {
    clusterId: 'c1',
    namespaces: lookup({ shop: 'uid-shop' }),
    nodes: lookup({ n1: 'uid-n1' }),
    services: lookup({ 'shop/web': 'uid-web', 'shop/api': 'uid-api' }),
    pods: lookup({}),
    slicesOf: () => [],
    servicesOf: () => [],
    agentStatus: () => undefined,
    newerFields: true,
    ...over,
  })
  return result
}

const objectOf = (...args: Parameters<typeof mapped>) => {
  const result = mapped(...args)
  assert.ok(result !== 'waiting')
  return result.object
}

test('a Node', () => {
  const part = {
    ...node('n1'),
    status: {
      ...node('n1').status,
      addresses: [
        { type: 'Hostname', address: 'n1' },
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'ExternalIP', address: '203.0.113.1' },
      ],
    },
  }
  assert.deepEqual(objectOf('nodes', part, { agentStatus: () => 'UNHEALTHY' }), {
    resource_type: 'ContainerClusterNode',
    external_id: 'uid-x',
    container_cluster_id: 'c1',
    display_name: 'n1',
    tags: [],
    network_status: 'HEALTHY',
    network_errors: [],
    ip_addresses: ['10.0.0.1', '203.0.113.1'],
    external_ip_addresses: ['203.0.113.1'],
    pod_cidrs: ['10.1.0.0/24'],
    origin_properties: [
      { key: 'kubelet_version', value: 'v1.34.0' },
      { key: 'os_image', value: 'Linux' },
    ],
    provider_id: '4200-n1',
    cni_agent_status: 'UNHEALTHY',
  })
})

test('a Node that is not ready says why, each reason once, and nothing that is as it should be', () => {
  const conditions = [
    { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting' },
    {
      type: 'MemoryPressure',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting',
    },
    { type: 'DiskPressure', status: 'False', reason: 'Fine', message: 'kubelet has no disk pressure' },
    { type: 'PIDPressure', status: 'True', reason: 'TooMany', message: 'too many processes' },
  ]
  const found = objectOf('nodes', { metadata: {}, status: { conditions } })
  assert.equal(found.network_status, 'UNHEALTHY')
  assert.deepEqual(found.network_errors, [
    { error_code: 'NodeStatusUnknown', error_message: 'Kubelet stopped posting' },
    { error_code: 'TooMany', error_message: 'too many processes' },
  ])
})

test("a Node's agent that nothing can be said of is not stated, so NSX keeps what it has", () => {
  assert.ok(!('cni_agent_status' in objectOf('nodes', node('n1'))))
})

test('a Namespace', () => {
  assert.deepEqual(objectOf('namespaces', { metadata: { labels: { team: 'red' } } }), {
    resource_type: 'ContainerProject',
    external_id: 'uid-x',
    container_cluster_id: 'c1',
    display_name: 'x',
    tags: [{ scope: 'dis:k8s:team', tag: 'red' }],
    network_status: 'HEALTHY',
    network_errors: [],
  })
})

test('a Pod', () => {
  const part = {
    ...pod('web-1'),
    status: { phase: 'Running', podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00::5' }] },
  }
  assert.deepEqual(objectOf('pods', part, { servicesOf: () => ['shop/web', 'shop/gone', 'shop/api'] }), {
    resource_type: 'ContainerApplicationInstance',
    external_id: 'uid-x',
    container_cluster_id: 'c1',
    display_name: 'web-1',
    tags: [{ scope: 'dis:k8s:app', tag: 'web' }],
    network_status: 'HEALTHY',
    network_errors: [],
    status: 'UP',
    container_project_id: 'uid-shop',
    cluster_node_id: 'uid-n1',
    container_application_ids: ['uid-api', 'uid-web'],
    origin_properties: [{ key: 'ip', value: '10.1.0.5,fd00::5' }],
  })
})

test("a Pod's phase is its status", () => {
  const rows = [
    ['Running', 'UP', 'HEALTHY'],
    ['Succeeded', 'DOWN', 'HEALTHY'],
    ['Pending', 'DOWN', 'UNHEALTHY'],
    ['Failed', 'DOWN', 'UNHEALTHY'],
    ['Unknown', 'UNKNOWN', 'UNHEALTHY'],
  ] as const
  for (const [phase, status, network] of rows) {
    const found = objectOf('pods', { metadata: {}, status: { phase } })
    assert.deepEqual([found['status'], found.network_status], [status, network], phase)
  }
})

test('a Pod that does not run tells its own message and what is not true', () => {
  const status = {
    phase: 'Pending',
    message: 'evicted',
    reason: 'Evicted',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
      { type: 'Initialized', status: 'True', message: 'never shown' },
      { type: 'Ready', status: 'False', message: '0/3 nodes' },
      { type: 'Odd', status: 'False' },
    ],
  }
  assert.deepEqual(objectOf('pods', { metadata: {}, status }).network_errors, [
    { error_code: 'Evicted', error_message: 'evicted' },
    { error_code: 'Unschedulable', error_message: '0/3 nodes' },
  ])
})

test('a Pod on no node has none; one on a node or in a namespace not seen yet waits', () => {
  assert.ok(!('cluster_node_id' in objectOf('pods', { metadata: {}, spec: {} })))
  assert.equal(mapped('pods', { metadata: {}, spec: { nodeName: 'n9' } }), 'waiting')
  for (const resource of ['pods', 'services', 'ingresses', 'networkPolicies'] as const)
    assert.equal(mapped(resource, { metadata: { namespace: 'unseen' } }), 'waiting', resource)
})

test('a Service', () => {
  const part = {
    ...service('web'),
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7', 'fd00::7'],
      ports: [
        { name: 'http', port: 80, targetPort: 'a-very-long-port-name', nodePort: 30_080 },
        { port: 53, protocol: 'UDP', targetPort: 5353 },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.9', ports: [{ port: 80, protocol: 'TCP' }] }] } },
  }
  const result = mapped('services', part, { slicesOf: () => [object(slice('web', ['web-1']))] })
  assert.ok(result !== 'waiting')
  assert.equal(result.cuts, 1)
  assert.deepEqual(result.object, {
    resource_type: 'ContainerApplication',
    external_id: 'uid-x',
    container_cluster_id: 'c1',
    display_name: 'web',
    tags: [],
    network_status: 'HEALTHY',
    network_errors: [],
    container_project_id: 'uid-shop',
    status: 'UP',
    origin_properties: [
      { key: 'type', value: 'LoadBalancer' },
      { key: 'ip', value: '10.96.0.7' },
    ],
    type: 'LOAD_BALANCER',
    cluster_ips: ['10.96.0.7', 'fd00::7'],
    service_ports: [
      { name: 'http', protocol: 'TCP', port: 80, target_port: 'a-very-long-por', node_port: 30_080 },
      { protocol: 'UDP', port: 53, target_port: '5353' },
    ],
    load_balancer_ingress: [{ ip: '203.0.113.9', ports: [{ port: 80, protocol: 'TCP' }] }],
    node_port_local_endpoints: [],
  })
})

test('a Service shows the ports that NodePortLocal opened for its own Pods and ports, and no nonsense', () => {
  const open = (text: string) =>
    ({ metadata: { uid: 'Pod-shop/web-1', annotations: { 'nodeportlocal.antrea.io': text } } }) as never
  const endpoints = (text: string, ports: readonly object[] = [{ port: 8_080, protocol: 'TCP' }]) => {
    const result = mapped('services', service('web'), {
      slicesOf: () => [object({ ...slice('web', ['web-1']), ports } as never)],
      pods: { get: (key) => (key === 'shop/web-1' ? object(open(text)) : undefined) },
    })
    assert.ok(result !== 'waiting')
    return result.object['node_port_local_endpoints']
  }
  const entry = { podPort: 8_080, nodeIP: '192.0.2.1', nodePort: 61_002, protocol: 'tcp', ipFamily: 'IPv4' }
  const text = JSON.stringify([entry, { ...entry, podPort: 9_090, nodePort: 61_003 }])
  assert.deepEqual(endpoints(text), [{ node_ip: '192.0.2.1', node_port: 61_002, protocol: 'TCP' }])
  assert.deepEqual(endpoints(text, [{ port: 8_080, protocol: 'UDP' }]), [])
  for (const odd of [
    '',
    '7',
    '{}',
    '[null,7]',
    '<html>',
    JSON.stringify([
      { ...entry, nodeIP: 'x' },
      { ...entry, nodePort: 70_000 },
    ]),
  ])
    assert.deepEqual(endpoints(odd), [], odd)
})

test("a Service's status comes from its endpoints", () => {
  const endpoints = (part: object) => [object({ metadata: {}, ...{ endpoints: [part] } })]
  const podRef = { kind: 'Pod', name: 'p', namespace: 'shop' }
  const rows: [string, KubeObject[], string, object?][] = [
    ['no slice', [], 'DOWN'],
    [
      'a ready pod',
      endpoints({ addresses: ['10.1.0.1'], conditions: { ready: true }, targetRef: podRef }),
      'UP',
    ],
    ['ready is not stated', endpoints({ addresses: ['10.1.0.1'], targetRef: podRef }), 'UP'],
    [
      'not ready',
      endpoints({ addresses: ['10.1.0.1'], conditions: { ready: false }, targetRef: podRef }),
      'UNKNOWN',
    ],
    ['no pod behind it', endpoints({ addresses: ['192.0.2.1'], conditions: { ready: true } }), 'UNKNOWN'],
    ['an external name', [], 'UNKNOWN', { type: 'ExternalName', externalName: 'db.example' }],
  ]
  for (const [name, slices, status, spec = {}] of rows)
    assert.equal(
      objectOf('services', { metadata: {}, spec }, { slicesOf: () => slices })['status'],
      status,
      name,
    )
})

test('a headless Service has no address', () => {
  const found = objectOf('services', { metadata: {}, spec: { clusterIP: 'None', clusterIPs: ['None'] } })
  assert.deepEqual(found['cluster_ips'], [])
  assert.deepEqual(found.origin_properties, [{ key: 'type', value: 'ClusterIP' }])
})

test('an Ingress', () => {
  const spec = {
    defaultBackend: { service: { name: 'web', port: { number: 80 } } },
    rules: [
      {
        http: {
          paths: [{ backend: { service: { name: 'api' } } }, { backend: { service: { name: 'web' } } }],
        },
      },
      {
        http: {
          paths: [{ backend: { resource: { kind: 'Bucket' } } }, { backend: { service: { name: 'gone' } } }],
        },
      },
      {},
    ],
  }
  const status = { loadBalancer: { ingress: [{ hostname: 'lb.example' }] } }
  const { spec: text, ...rest } = objectOf('ingresses', { metadata: {}, spec, status })
  assert.deepEqual(parse(String(text)), spec)
  assert.deepEqual(rest, {
    resource_type: 'ContainerIngressPolicy',
    external_id: 'uid-x',
    container_cluster_id: 'c1',
    display_name: 'x',
    tags: [],
    network_status: 'HEALTHY',
    network_errors: [],
    container_project_id: 'uid-shop',
    container_application_ids: ['uid-api', 'uid-web'],
    load_balance_ingress: [{ hostname: 'lb.example' }],
  })
})

test('a Kubernetes NetworkPolicy', () => {
  const spec = { policyTypes: ['Ingress'], podSelector: { matchLabels: { app: 'web' } } }
  const found = objectOf('networkPolicies', { metadata: {}, spec })
  assert.equal(found.resource_type, 'ContainerNetworkPolicy')
  assert.equal(found['policy_type'], 'NETWORK_POLICY')
  assert.equal(found.container_project_id, 'uid-shop')
  assert.equal(found.network_status, 'HEALTHY')
  assert.equal(found['spec'], 'podSelector:\n  matchLabels:\n    app: web\npolicyTypes:\n  - Ingress\n')
})

test('a ClusterNetworkPolicy has no project; it is unhealthy when it failed as it now stands', () => {
  const failed = {
    phase: 'Failed',
    observedGeneration: 2,
    conditions: [
      { type: 'RealizationFailure', status: 'True', reason: 'NodeFailure', message: 'n2: no such group' },
      { type: 'Realizable', status: 'True', message: 'fine' },
    ],
  }
  const at = (generation: number) =>
    objectOf('clusterNetworkPolicies', {
      metadata: { namespace: undefined, generation },
      spec: { priority: 5 },
      status: failed,
    })
  assert.equal(at(2)['policy_type'], 'ACNP')
  assert.ok(!('container_project_id' in at(2)))
  assert.equal(at(2).network_status, 'UNHEALTHY')
  assert.deepEqual(at(2).network_errors, [{ error_code: 'NodeFailure', error_message: 'n2: no such group' }])
  assert.equal(at(3).network_status, 'HEALTHY')
  assert.deepEqual(at(3).network_errors, [])
})

test('a manager before 4.2 is not sent the newer fields', () => {
  const newer = [
    'type',
    'cluster_ips',
    'service_ports',
    'load_balancer_ingress',
    'load_balance_ingress',
    'pod_cidrs',
    'external_ip_addresses',
  ]
  for (const resource of ['nodes', 'services', 'ingresses'] as const) {
    const found = objectOf(resource, { metadata: {}, spec: {} }, { newerFields: false })
    assert.deepEqual(
      Object.keys(found).filter((field) => newer.includes(field)),
      [],
      resource,
    )
  }
})

test('an object without a uid waits', () => {
  assert.equal(mapped('namespaces', { metadata: { uid: undefined } }), 'waiting')
})

test('labels become tags within 30 an object, 128 and 256 characters; what is cut is counted', () => {
  const labels = Object.fromEntries(
    Array.from({ length: 35 }, (_, at) => [`k${String(at).padStart(2, '0')}`, 'v']),
  )
  const cuts = { count: 0 }
  const tags = labelTags(labels, cuts)
  assert.equal(tags.length, 30)
  assert.equal(cuts.count, 5)
  assert.deepEqual(tags[29], { scope: 'dis:k8s:k29', tag: 'v' })
  const long = { count: 0 }
  const [tag] = labelTags({ [`example.com/${'k'.repeat(200)}`]: 'v'.repeat(300) }, long)
  assert.equal(tag?.scope?.length, 128)
  assert.match(tag?.scope ?? '', /^dis:k8s:example\.com\/k+-[0-9a-f]{8}$/)
  assert.equal(tag?.tag?.length, 256)
  assert.equal(long.count, 2)
  const exact = { count: 0 }
  assert.equal(labelScope('k'.repeat(120), exact).length, 128)
  assert.equal(exact.count, 0)
})

test('long keys that differ only at the end stay apart', () => {
  const key = 'k'.repeat(130)
  assert.notEqual(labelScope(`${key}a`, { count: 0 }), labelScope(`${key}b`, { count: 0 }))
})

test('a cut text fits and is well-formed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 10 }), (text, max) => {
      const cuts = { count: 0 }
      const cut = cutText(text, max, cuts)
      assert.ok(cut.length <= max && cut.isWellFormed() && text.startsWith(cut))
      assert.equal(cuts.count, text.length > max ? 1 : 0)
    }),
  )
})
