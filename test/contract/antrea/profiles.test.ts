/** Older Antreas: what came later is not there, and is pruned where it is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStandInAgents, type ProfileName } from '../../../src/sandbox/antrea/index.ts'
import { letGo, startCluster, type TestCluster } from './cluster.ts'
import { createGiven, type Fields, Names, type Thing } from './objects.ts'

const CRD = '/apis/crd.antrea.io'
const CONTROLPLANE = '/apis/controlplane.antrea.io/v1beta2'

const GIVEN = {
  nodes: [{ name: 'n1' }],
  namespaces: [{ name: 'red' }],
  pods: [{ ns: 'red', name: 'web', labels: { app: 'web' }, node: 'n1', ips: ['10.1.0.1'] }],
}

async function within(profile: ProfileName, play: (cluster: TestCluster) => Promise<void>): Promise<void> {
  const cluster = await startCluster(1, profile)
  const agents = createStandInAgents(cluster.deps, { profile })
  try {
    await createGiven(cluster, new Names(), GIVEN)
    await letGo(cluster.clock, agents.start())
    await cluster.rest(3_000)
    await play(cluster)
  } finally {
    await agents.stop()
    await cluster.stop()
  }
}

const codeOf = async (cluster: TestCluster, path: string) => (await cluster.call('GET', path)).code
const post = (cluster: TestCluster, path: string, kind: string, spec: Fields, version = 'v1beta1') =>
  cluster.call('POST', `${CRD}/${version}/${path}`, {
    apiVersion: `crd.antrea.io/${version}`,
    kind,
    metadata: { name: 'x' },
    spec,
  })

const block = { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }
const policy = {
  priority: 5,
  appliedTo: [{ podSelector: {} }],
  ingress: [{ name: 'r', action: 'Allow', from: [{ ipBlock: block }] }],
}

test('v2.1 prunes exceptions, so that a rule is broader than it was written', () =>
  within('v2.1', async (cluster) => {
    const made = await post(cluster, 'clusternetworkpolicies', 'ClusterNetworkPolicy', policy)
    assert.equal(made.code, 201)
    const { spec } = made.body as { spec: typeof policy }
    assert.deepEqual(spec.ingress[0]?.from, [{ ipBlock: { cidr: '10.0.0.0/8' } }])
    await cluster.rest()
    const { items } = (await cluster.call('GET', `${CONTROLPLANE}/networkpolicies`)).body as {
      items: { rules: { from: { ipBlocks: Fields[] } }[] }[]
    }
    assert.deepEqual(Object.keys(items[0]?.rules[0]?.from.ipBlocks[0] ?? {}), ['cidr'])
    const strict = await post(
      cluster,
      'clusternetworkpolicies?fieldValidation=Strict',
      'ClusterNetworkPolicy',
      policy,
    )
    assert.match(JSON.stringify(strict.body), /unknown field .*ipBlock\.except/)
    const group = await post(cluster, 'clustergroups', 'ClusterGroup', {
      nodeSelector: { matchLabels: { a: 'b' } },
      ipBlocks: [block],
    })
    assert.deepEqual((group.body as Thing)['spec'], { ipBlocks: [{ cidr: '10.0.0.0/8' }] })
  }))

test('v2.1 lacks the later kinds, fields and checks, and says its version', () =>
  within('v2.1', async (cluster) => {
    for (const kind of ['packetcaptures', 'flowexporterdestinations', 'antreanodeconfigs'])
      assert.equal(await codeOf(cluster, `${CRD}/v1alpha1/${kind}`), 404, kind)
    for (const kind of ['nodelatencymonitors', 'bgppolicies', 'supportbundlecollections'])
      assert.equal(await codeOf(cluster, `${CRD}/v1alpha1/${kind}`), 200, kind)
    const agent = (await cluster.call('GET', `${CRD}/v1beta1/antreaagentinfos/n1`)).body as Fields
    assert.equal(agent['version'], 'v2.1.0')
    assert.equal(agent['networkInfo'], undefined)
    const controller = await cluster.call('GET', `${CRD}/v1beta1/antreacontrollerinfos/antrea-controller`)
    assert.equal((controller.body as Fields)['version'], 'v2.1.0')
    const self = await post(cluster, 'clustergroups', 'ClusterGroup', { childGroups: ['x'] })
    assert.equal(self.code, 201, 'a group may name itself')
    const collection = await post(
      cluster,
      'supportbundlecollections',
      'SupportBundleCollection',
      {
        nodes: {},
        fileServer: { url: 'sftp://192.0.2.1:22/', hostPublicKey: 'AAAA' },
        authentication: { authType: 'APIKey', authSecret: { name: 'a', namespace: 'b' } },
      },
      'v1alpha1',
    )
    const { spec } = collection.body as { spec: Fields }
    assert.deepEqual(spec['fileServer'], { url: 'sftp://192.0.2.1:22/' })
    assert.equal(await codeOf(cluster, '/apis/stats.antrea.io/v1alpha1/nodelatencystats'), 200)
  }))

test('v1.13 checks no Traceflow, evaluates nothing, measures no latency, and has IPPools of v1alpha2', () =>
  within('v1.13', async (cluster) => {
    for (const kind of ['nodelatencymonitors', 'bgppolicies', 'packetcaptures'])
      assert.equal(await codeOf(cluster, `${CRD}/v1alpha1/${kind}`), 404, kind)
    const trace = await post(cluster, 'traceflows', 'Traceflow', {
      source: { namespace: 'red', pod: 'nope' },
      destination: { ip: '192.0.2.1' },
    })
    assert.equal(trace.code, 201)
    const evaluation = await cluster.call('POST', `${CONTROLPLANE}/networkpolicyevaluation`, {
      apiVersion: 'controlplane.antrea.io/v1beta2',
      kind: 'NetworkPolicyEvaluation',
      request: {},
    })
    assert.equal(evaluation.code, 404)
    const { resources } = (await cluster.call('GET', CONTROLPLANE)).body as { resources: { name: string }[] }
    assert.ok(!resources.some(({ name }) => name === 'networkpolicyevaluation'))
    assert.equal(await codeOf(cluster, '/apis/stats.antrea.io/v1alpha1/nodelatencystats'), 404)
    const range = { cidr: '203.0.113.0/28', gateway: '203.0.113.1', prefixLength: 24 }
    const pool = await post(cluster, 'ippools', 'IPPool', { ipVersion: 4, ipRanges: [range] }, 'v1alpha2')
    assert.equal(pool.code, 201)
    await cluster.rest(300)
    const { body } = await cluster.call('GET', `${CRD}/v1alpha2/ippools/x`)
    assert.deepEqual((body as Thing).status, { usage: { total: 14, used: 0 } })
    assert.equal(await codeOf(cluster, `${CRD}/v1beta1/ippools`), 404)
    const overlapping = await post(
      cluster,
      'ippools',
      'IPPool',
      { ipVersion: 4, ipRanges: [range, range] },
      'v1alpha2',
    )
    assert.match(JSON.stringify(overlapping.body), /ippoolvalidator\.antrea\.io.*overlaps/)
  }))

test('the newest one keeps all of it', () =>
  within('v2.7', async (cluster) => {
    const made = await post(cluster, 'clusternetworkpolicies', 'ClusterNetworkPolicy', policy)
    assert.deepEqual((made.body as { spec: typeof policy }).spec.ingress[0]?.from, [{ ipBlock: block }])
    assert.equal(
      (await post(cluster, 'clustergroups', 'ClusterGroup', { childGroups: ['x'] })).code,
      400,
      'a group may not name itself',
    )
  }))
