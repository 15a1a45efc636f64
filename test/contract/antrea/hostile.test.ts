/** Whatever an object holds: the webhooks answer, and computing goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, parseBlock } from '../../../src/sandbox/antrea/addresses.ts'
import { MutatorCrash, review, WEBHOOKS } from '../../../src/sandbox/antrea/admission/index.ts'
import { createEngine, lookupOf } from '../../../src/sandbox/antrea/compute/index.ts'
import type { AntreaGroup, AntreaPolicy } from '../../../src/sandbox/antrea/model.ts'
import type { AdmissionRequest } from '../../../src/sandbox/apiserver/index.ts'
import { createSeededRandom } from '../../fakes/clock.ts'
import { startCluster } from './cluster.ts'

const KINDS: Readonly<Record<string, string>> = {
  clusternetworkpolicies: 'ClusterNetworkPolicy',
  networkpolicies: 'NetworkPolicy',
  tiers: 'Tier',
  clustergroups: 'ClusterGroup',
  groups: 'Group',
  traceflows: 'Traceflow',
  egresses: 'Egress',
  externalippools: 'ExternalIPPool',
  ippools: 'IPPool',
  supportbundlecollections: 'SupportBundleCollection',
}

const words = fc.constantFrom(
  ...[
    'Allow',
    'Pass',
    'web',
    'a b',
    '',
    '10.0.0.0/8',
    '::/0',
    '224.0.0.1',
    '10.1.0.0/16',
    'Self',
    'x/y/z',
    'TCP',
    '*',
  ],
)
const leaf = fc.oneof(
  words,
  fc.integer({ min: -5, max: 70_000 }),
  fc.boolean(),
  fc.constant(null),
  fc.double(),
)
const keys = fc.constantFrom(
  ...[
    'spec',
    'tier',
    'priority',
    'appliedTo',
    'ingress',
    'egress',
    'from',
    'to',
    'ports',
    'protocols',
    'icmp',
    'igmp',
  ],
  ...[
    'groupAddress',
    'igmpType',
    'port',
    'endPort',
    'sourcePort',
    'sourceEndPort',
    'protocol',
    'action',
    'name',
  ],
  ...[
    'group',
    'podSelector',
    'namespaceSelector',
    'nodeSelector',
    'matchLabels',
    'matchExpressions',
    'values',
    'key',
  ],
  ...[
    'operator',
    'ipBlock',
    'ipBlocks',
    'cidr',
    'except',
    'namespaces',
    'match',
    'sameLabels',
    'serviceAccount',
  ],
  ...[
    'service',
    'serviceReference',
    'namespace',
    'childGroups',
    'toServices',
    'fqdn',
    'l7Protocols',
    'logLabel',
  ],
  ...['source', 'destination', 'pod', 'liveTraffic', 'ipRanges', 'start', 'end', 'subnetInfo', 'gateway'],
  ...['prefixLength', 'egressIP', 'egressIPs', 'externalIPPool', 'bandwidth', 'rate', 'burst', 'status'],
  ...['fileServer', 'hostPublicKey', 'authentication', 'authSecret', 'conditions', 'type', 'ipAddresses'],
  ...['metadata', 'nodes', 'nodeName', 'completed', 'error', 'request', 'since', 'multicast', 'pods'],
  ...['antreaClusterNetworkPolicies', 'networkPolicy', 'uid', 'trafficStats', 'ruleTrafficStats', 'packets'],
  ...['peerNodeLatencyStats', 'targetIPLatencyStats', 'generation'],
  '__proto__',
)
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
  ),
}))
const spec = fc.dictionary(keys, anything, { maxKeys: 8 })

const engineOf = (onUnreadable: (error: unknown) => void) =>
  createEngine(
    { dirty() {}, policySettled() {}, groupSettled() {}, unreadable: onUnreadable },
    createSeededRandom(1),
  )

test('webhooks answer every object, or break off where the real one does', () => {
  const { world } = engineOf(() => {})
  const lookup = {
    ...lookupOf(world, new Map(), new Map()),
    pods: world.pods,
    pools: new Map(),
    refusesSelfChild: true,
    mayRead: async () => true,
  }
  const operations = fc.constantFrom('CREATE', 'UPDATE', 'DELETE')
  return fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...WEBHOOKS),
      operations,
      anything,
      anything,
      async (hook, operation, now, before) => {
        const request = {
          uid: 'u',
          kind: { group: 'crd.antrea.io', version: 'v1beta1', kind: KINDS[hook.resource] },
          name: 'x',
          namespace: 'y',
          operation,
          userInfo: { username: 'me', groups: [] },
          object: typeof now === 'object' ? now : { spec: now },
          oldObject: typeof before === 'object' ? before : { spec: before },
        } as unknown as AdmissionRequest
        try {
          const answer = await review(hook, request, lookup)
          assert.equal(typeof answer.allowed, 'boolean')
          assert.ok(answer.allowed || (answer.status?.message ?? '') !== '', 'a refusal says why')
        } catch (error) {
          assert.ok(error instanceof MutatorCrash && hook.mutating, String(error))
        }
      },
    ),
    { numRuns: 3_000, seed: 7 },
  )
})

test('a policy or group of any form does not stop the others from being computed', () => {
  const metadata = (name: string) => ({ name, uid: name, resourceVersion: '1', generation: 1 })
  const good = {
    metadata: metadata('good'),
    spec: { priority: 5, appliedTo: [{ podSelector: {} }], ingress: [{ name: 'r', action: 'Drop' }] },
  } as AntreaPolicy
  fc.assert(
    fc.property(spec, spec, (policy, group) => {
      const engine = engineOf(() => {})
      engine.groupChanged('g', { metadata: metadata('g'), spec: group } as AntreaGroup, undefined)
      engine.policyChanged({ metadata: metadata('bad'), spec: policy } as AntreaPolicy, undefined)
      engine.policyChanged(good, undefined)
      engine.settle()
      assert.equal(engine.policies.get('good')?.object.rules?.length, 1)
      engine.policyChanged(undefined, good)
      engine.settle()
      assert.equal(engine.policies.get('good'), undefined)
    }),
    { numRuns: 2_000, seed: 7 },
  )
})

test('addresses are read as Go reads them', () => {
  for (const good of ['10.0.0.0/8', '::/0', '2001:db8::1/128', '::ffff:10.0.0.0/104', '0.0.0.0/0'])
    assert.ok(parseBlock(good), good)
  for (const bad of [
    '10.0.0.0',
    '10.0.0.0/33',
    '010.0.0.0/8',
    '10.0.0/8',
    '10.0.0.0/08',
    'fe80::1%eth0/64',
    '::/129',
    '/8',
    '10.0.0.0/',
  ])
    assert.equal(parseBlock(bad), undefined, bad)
  for (const bad of ['', 'x', '1.2.3', '1.2.3.4.5', '256.1.1.1', '0x1.2.3.4', '1::2::3'])
    assert.equal(parseAddress(bad), undefined, bad)
})

const INTAKES = [
  ['controlplane.antrea.io/v1beta2', 'networkpolicies/x/status', 'NetworkPolicyStatus'],
  ['controlplane.antrea.io/v1beta2', 'supportbundlecollections/x/status', 'SupportBundleCollectionStatus'],
  ['controlplane.antrea.io/v1beta2', 'nodestatssummaries', 'NodeStatsSummary'],
  ['controlplane.antrea.io/v1beta2', 'networkpolicyevaluation', 'NetworkPolicyEvaluation'],
  ['stats.antrea.io/v1alpha1', 'nodelatencystats', 'NodeLatencyStats'],
  ['system.antrea.io/v1beta1', 'supportbundles', 'SupportBundle'],
] as const

test('whatever is reported, it is answered, and the controller goes on', async () => {
  const cluster = await startCluster()
  try {
    const named = fc.constantFrom<object>(
      {},
      { metadata: { name: 'x' } },
      { metadata: { name: 'controller' } },
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...INTAKES), spec, named, async ([group, path, kind], body, name) => {
        const sent = { ...body, ...name, apiVersion: group, kind }
        const { code } = await cluster.call('POST', `/apis/${group}/${path}`, sent)
        // Evaluation without a request breaks the connection, as the real one does.
        assert.ok([201, 400, 403, 500, 503].includes(code), String(code))
      }),
      { numRuns: 400, seed: 7 },
    )
    for (const path of ['nodelatencystats', 'multicastgroups', 'antreaclusternetworkpolicystats'])
      for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io'])
        assert.equal(
          (await cluster.call('GET', `/apis/stats.antrea.io/v1alpha1/${path}`, undefined, { accept })).code,
          200,
        )
  } finally {
    await cluster.stop()
  }
})
