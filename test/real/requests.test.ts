/** What NSX's users ask of a cluster, through a real kube-apiserver: statistics of a policy, and a traceflow. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { groupPath, policyPath, rule } from './harness/nsx.ts'
import { openShop } from './harness/shop.ts'
import { CLUSTER, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const POLICY_API = '/policy/api/v1'
const CCP = `/infra/sites/default/enforcement-points/default/cluster-control-planes/${CLUSTER.name}`
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    const { nsx } = stack
    await openShop(stack, { web: 'web', db: 'db' })
    await nsx.putPolicy('protect-db', {
      category: 'Application',
      sequence_number: 10,
      scope: [groupPath('db')],
      rules: [rule({ id: 'web', action: 'DROP', sequence: 10, direction: 'IN', peers: ['web'] })],
    })
    const adapter = await stack.adapter.run('only')
    await adapter.ready('leading')
    await stack.settled()
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

test(
  'statistics of a policy and its rule are what agents reported, since the epoch of the counters',
  options,
  async () => {
    const { nsx, plane } = stack
    const { unique_id: name = '', rules = [] } = await nsx.policy('protect-db')
    const crd = `/apis/crd.antrea.io/v1beta1/clusternetworkpolicies/${name}`
    const { metadata, spec } = await plane.api.get(crd)
    await plane.api.post('/apis/controlplane.antrea.io/v1beta2/nodestatssummaries', {
      apiVersion: 'controlplane.antrea.io/v1beta2',
      kind: 'NodeStatsSummary',
      metadata: { name: 'n2' },
      antreaClusterNetworkPolicies: [
        {
          networkPolicy: { uid: metadata.uid },
          ruleTrafficStats: [
            { name: spec.ingress[0].name, trafficStats: { packets: 5, bytes: 300, sessions: 2 } },
          ],
        },
      ],
    })
    const path = `${POLICY_API}${policyPath('protect-db')}`
    const query = `?container_cluster_path=${encodeURIComponent(CCP)}`
    const shown = await eventually(
      'the statistics are there',
      async () => {
        const answer = await nsx.api.get(`${path}/statistics${query}`)
        assert.equal(answer.results[0]?.statistics.results[0]?.packet_count, 5)
        return answer
      },
      { withinMs: 40_000, everyMs: 1_000 },
    )
    const [only] = shown.results[0].statistics.results
    assert.deepEqual(
      [only.rule, only.internal_rule_id, only.byte_count, only.session_count, only.hit_count],
      [`${policyPath('protect-db')}/rules/web`, String(rules[0]?.rule_id), 300, 2, 2],
    )
    assert.equal(shown.antrea.since.uid, metadata.uid)
    const one = await nsx.api.get(`${path}/rules/web/statistics${query}`)
    assert.equal(one.results[0].statistics.packet_count, 5)
  },
)

test(
  'a traceflow names the policy and the rule that dropped the packet, and leaves nothing',
  options,
  async () => {
    const { nsx, plane } = stack
    const uid = async (name: string) =>
      (await plane.api.get(`/api/v1/namespaces/shop/pods/${name}`)).metadata.uid
    await nsx.api.put(`${POLICY_API}/infra/antrea/traceflows/t`, {
      container_cluster_id: CLUSTER.id,
      source_external_id: await uid('web'),
      destination_external_id: await uid('db'),
      packet: { transportHeader: { tcpHeader: { dstPort: 5432, tcpFlags: 2 } } },
    })
    const path = `${POLICY_API}/infra/antrea/traceflows/t`
    await eventually(
      'the traceflow has ended',
      async () => ((await nsx.api.get(`${path}/status`)).phase === 'SUCCEEDED' ? true : undefined),
      { withinMs: 60_000, everyMs: 500 },
    )
    const { results } = await nsx.api.get(`${path}/observations`)
    const dropped = results.at(-1)
    assert.deepEqual(
      [
        dropped.observation_type,
        dropped.component_type,
        dropped.antrea.policy_path,
        dropped.antrea.rule_path,
      ],
      [
        'AntreaTraceflowObservationDropped',
        'ANTREA_DFW',
        policyPath('protect-db'),
        `${policyPath('protect-db')}/rules/web`,
      ],
    )
    const node = await plane.api.get('/api/v1/nodes/n2')
    assert.equal(dropped.container_node_id, node.metadata.uid)
    await eventually('its Traceflow is gone', async () => {
      const { items } = await plane.api.get('/apis/crd.antrea.io/v1beta1/traceflows')
      return items.length === 0 ? true : undefined
    })
  },
)

test(
  'a support bundle of antrea-controller comes through the aggregated API to the manager with the sum Antrea told',
  options,
  async () => {
    const { nsx, plane } = stack
    const base = `/mp/v1/clusters/${CLUSTER.id}/operations`
    const { id } = await nsx.api.post(base, {
      kind: 'support-bundle',
      body: { components: ['controller', 'cluster'] },
      timeout_ms: 100_000,
    })
    const sums = new Set<string>()
    const seen = await eventually(
      'the bundle is there',
      async () => {
        const there = await plane.api.get('/apis/system.antrea.io/v1beta1/supportbundles/controller')
        if (there.sum !== undefined) sums.add(there.sum)
        const shown = await nsx.api.get(`${base}/${id}`)
        return shown.state === 'DONE' || shown.state === 'FAILED' ? shown : undefined
      },
      { withinMs: 90_000, everyMs: 20 },
    )
    const { components } = seen.events.at(-1)
    const [controller, cluster] = components
    assert.deepEqual([controller.state, cluster.state], ['done', 'done'], JSON.stringify(components))
    assert.ok(sums.has(controller.sha256), 'it is what Antrea had')
    const content = new Map<string, { complete: boolean; sha256: string }>(
      seen.content.map((one: { name: string }) => [one.name, one]),
    )
    assert.deepEqual(
      [content.get('controller.tar.gz')?.complete, content.get('controller.tar.gz')?.sha256],
      [true, controller.sha256],
    )
    await eventually('nothing is left at antrea-controller', async () => {
      const { status } = await plane.api.get('/apis/system.antrea.io/v1beta1/supportbundles/controller')
      return status === 'None' ? true : undefined
    })
  },
)
