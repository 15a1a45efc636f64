/** What the stores keep: all that the inventory, the health and the ownership of objects are decided from. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { projectionOf, RESOURCES, type ResourceName } from '../../../src/kube/index.ts'
import type { KubeObject } from '../../../src/kube/types.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

const metadata: KubeObject['metadata'] = {
  name: 'web',
  namespace: 'demo',
  uid: 'u1',
  resourceVersion: '7',
  generation: 3,
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { app: 'web' },
  annotations: { [LAST_APPLIED]: '{}', 'antrea-nsx-adapter/cluster-id': 'c1' },
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u2' }],
  managedFields: [
    {
      manager: 'antrea-nsx-adapter',
      operation: 'Update',
      time: '2026-01-01T00:00:00Z',
      ...{ fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } },
    },
  ],
}

const project = (name: ResourceName, more: object) =>
  projectionOf(name)({
    apiVersion: 'v1',
    kind: RESOURCES[name].kind,
    metadata,
    ...more,
  }) as KubeObject & Record<string, unknown>

test('a pod: labels, node, addresses, phase and why; no templates, no times', () => {
  const condition = { type: 'Ready', status: 'False', reason: 'R', message: 'm' }
  const pod = project('pods', {
    spec: { nodeName: 'n1', hostNetwork: true, containers: [{ image: 'big' }] },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
      conditions: [{ ...condition, lastProbeTime: null, lastTransitionTime: 'now' }],
      message: 'why',
      reason: 'Evicted',
      containerStatuses: [],
    },
  })
  assert.deepEqual(pod.spec, { nodeName: 'n1', hostNetwork: true })
  assert.deepEqual(pod.status, {
    phase: 'Running',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
    conditions: [condition],
    message: 'why',
    reason: 'Evicted',
  })
  assert.deepEqual(Object.keys(pod.metadata).sort(), [
    'labels',
    'name',
    'namespace',
    'resourceVersion',
    'uid',
  ])
})

test('a node: addresses, conditions, versions, CIDRs and the provider; no images, no heartbeats', () => {
  const node = project('nodes', {
    spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'], providerID: 'vsphere://x', taints: [] },
    status: {
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'now' }],
      nodeInfo: { kubeletVersion: 'v1.36.3', osImage: 'Debian' },
      images: [{ names: ['big'] }],
    },
  })
  assert.deepEqual(node.spec, {
    podCIDR: '10.1.0.0/24',
    podCIDRs: ['10.1.0.0/24'],
    providerID: 'vsphere://x',
  })
  assert.deepEqual(node.status, {
    addresses: [{ type: 'InternalIP', address: '192.0.2.1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: { kubeletVersion: 'v1.36.3', osImage: 'Debian' },
  })
})

test('what is written keeps every annotation; what is only read loses kubectl’s copy', () => {
  for (const name of ['clusterNetworkPolicies', 'clusterGroups', 'tiers'] as const)
    assert.deepEqual(project(name, {}).metadata.annotations, metadata.annotations)
  for (const name of ['services', 'networkPolicies', 'ingresses', 'namespaces', 'nodes'] as const)
    assert.deepEqual(project(name, {}).metadata.annotations, { 'antrea-nsx-adapter/cluster-id': 'c1' })
})

test('of managed fields stays who and when', () => {
  for (const name of ['clusterGroups', 'antreaAgentInfos', 'leases'] as const)
    assert.deepEqual(project(name, {}).metadata.managedFields, [
      { manager: 'antrea-nsx-adapter', operation: 'Update', time: '2026-01-01T00:00:00Z' },
    ])
})

test('fields beside spec and status stay: endpoints of a slice, conditions of an agent', () => {
  const endpoints = [{ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'web', uid: 'u1' } }]
  assert.deepEqual(project('endpointSlices', { endpoints, ports: [] })['endpoints'], endpoints)
  const agentConditions = [{ type: 'AgentHealthy', status: 'True', lastHeartbeatTime: 'now' }]
  assert.deepEqual(project('antreaAgentInfos', { agentConditions })['agentConditions'], agentConditions)
})

test('whatever an object holds, projecting it neither throws nor changes it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(RESOURCES) as ResourceName[])),
      fc.object({
        key: fc.constantFrom('metadata', 'spec', 'status', 'managedFields', 'annotations', 'conditions'),
      }),
      (name, object) => {
        const given = { ...object, metadata: { name: 'x', ...(object['metadata'] as object) } }
        const before = structuredClone(given)
        projectionOf(name)(given as unknown as KubeObject)
        assert.deepEqual(given, before)
      },
    ),
  )
})
