/** Realization of the policies that NSX did not make, through a real kube-apiserver, as NSX shows it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AnyJson } from './harness/api.ts'
import { rule } from './harness/nsx.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { always, eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const CRD = '/apis/crd.antrea.io/v1beta1'
const KUBE = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies'
const AGENTS = `${CRD}/antreaagentinfos`
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack({ heartbeatMs: 2_000 })
    const { fleet } = stack
    await fleet.namespace('shop')
    await pod('web-1', 'web', 'n1', '10.10.1.1')
    await pod('web-2', 'web', 'n2', '10.10.2.1')
    await (await stack.adapter.run('only')).ready('leading')
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const pod = (name: string, app: string, node: string, ip: string) =>
  stack.fleet.pod({ namespace: 'shop', name, labels: { app }, node, ip })

const kubePolicy = (name: string, app: string): Promise<AnyJson> =>
  stack.plane.api.post(KUBE, {
    metadata: { name },
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'] },
  })

const nativePolicy = (name: string): Promise<AnyJson> =>
  stack.plane.api.post(`${CRD}/clusternetworkpolicies`, {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec: {
      tier: 'securityops',
      priority: 5,
      appliedTo: [{ podSelector: { matchLabels: { app: 'web' } } }],
      ingress: [{ name: 'r', action: 'Drop', from: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }],
    },
  })

/** What an administrator reads of a policy's inventory object. */
async function shown(name: string) {
  const found = (await stack.nsx.inventory('container-network-policies')).filter(
    ({ display_name }) => display_name === name,
  )
  assert.equal(found.length, 1, `${name} is in the inventory once`)
  const { network_status, network_errors, realization } = found[0]
  const nodes = realization?.nodes
  return {
    state: realization?.state,
    evidence: realization?.evidence,
    nodes: nodes === undefined ? undefined : `${nodes.current} of ${nodes.desired}`,
    status: network_status,
    errors: network_errors.map(({ error_message }: AnyJson) => error_message).join(),
  }
}

const GOOD = { state: 'SUCCESS', status: 'HEALTHY', errors: '' }
const becomes = (name: string, wanted: object, withinMs = 30_000) =>
  eventually(
    `NSX shows ${name} as ${JSON.stringify(wanted)}`,
    async () => {
      assert.deepEqual(await shown(name), wanted)
      return true
    },
    { withinMs },
  )

test(
  'a Kubernetes NetworkPolicy: SUCCESS when computed and on the agents of its nodes',
  options,
  async () => {
    await kubePolicy('deny-web', 'web')
    await kubePolicy('deny-nobody', 'nobody')
    await becomes('deny-web', { ...GOOD, evidence: 'agents', nodes: '2 of 2' })
    await becomes('deny-nobody', { ...GOOD, evidence: 'no-pods', nodes: '0 of 0' })
  },
)

test('native policies by their status; a failure with what the agent says', options, async () => {
  await nativePolicy('native')
  await stack.plane.api.post(`${CRD}/namespaces/shop/networkpolicies`, {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'NetworkPolicy',
    metadata: { name: 'native-of-shop' },
    spec: {
      tier: 'securityops',
      priority: 6,
      appliedTo: [{ podSelector: { matchLabels: { app: 'web' } } }],
      ingress: [{ name: 'r', action: 'Drop', from: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }],
    },
  })
  await becomes('native-of-shop', { ...GOOD, evidence: 'nodes', nodes: '2 of 2' })
  await becomes('native', { ...GOOD, evidence: 'nodes', nodes: '2 of 2' })
  stack.antrea.agents.setFailing('n1', 'no space left in the flow table')
  await eventually('NSX shows the failure', async () => {
    const { state, status, errors } = await shown('native')
    assert.deepEqual([state, status], ['ERROR', 'UNHEALTHY'])
    assert.match(errors, /no space left in the flow table/)
    return true
  })
  stack.antrea.agents.setFailing('n1', undefined)
  await becomes('native', { ...GOOD, evidence: 'nodes', nodes: '2 of 2' })
})

test('a Pod on another node is no flap: SUCCESS all the while, then with that node', options, async () => {
  const names = ['deny-web', 'native'] as const
  const looking = always(async () => {
    for (const name of names) assert.equal((await shown(name)).state, 'SUCCESS')
  }, 5_000)
  await Promise.all([looking, pod('web-3', 'web', 'n3', '10.10.3.1')])
  await becomes('deny-web', { ...GOOD, evidence: 'agents', nodes: '3 of 3' })
  await becomes('native', { ...GOOD, evidence: 'nodes', nodes: '3 of 3' })
})

test(
  'nobody but the agents counts as one: the adapter watches nothing that antrea-controller computes',
  options,
  async () => {
    const { plane, nsx } = stack
    await nsx.putPolicy('p', {
      category: 'Application',
      sequence_number: 1,
      scope: ['ANY'],
      rules: [rule({ id: 'r', action: 'DROP', sequence: 1, direction: 'IN', peers: ['203.0.113.7'] })],
    })
    await eventually('NSX shows SUCCESS', async () => {
      const { status, answers } = await nsx.realization('/infra/domains/default/security-policies/p')
      assert.equal(status, 'SUCCESS', answers)
      return true
    })
    const { items } = await plane.api.get('/apis/system.antrea.io/v1beta1/controllerinfos')
    assert.equal(items[0].connectedAgentNum, 3)
  },
)

test('an agent without its controller: not SUCCESS any more, until it is back', options, async () => {
  const { antrea, plane } = stack
  antrea.agents.setSilent('n2', true)
  const { agentConditions } = await plane.api.get(`${AGENTS}/n2`)
  await plane.api.patch(`${AGENTS}/n2`, {
    agentConditions: agentConditions.map((one: AnyJson) =>
      one.type === 'ControllerConnectionUp' ? { ...one, status: 'False' } : one,
    ),
  })
  await eventually('NSX does not show SUCCESS', async () => {
    const { state, evidence, nodes, status } = await shown('deny-web')
    assert.deepEqual([state, evidence, nodes, status], ['IN_PROGRESS', 'controller', '2 of 3', undefined])
    return true
  })
  antrea.agents.setSilent('n2', false)
  await becomes('deny-web', { ...GOOD, evidence: 'agents', nodes: '3 of 3' })
})

test(
  'what happens while NSX takes no reports is shown after it, in the same session and in a new one',
  options,
  async () => {
    const { nsx, plane } = stack
    const heal = nsx.manager.faults.add({ path: /\/ccp\/v1\/clusters\/[^/]+\/status$/, status: 503 })
    await kubePolicy('late', 'web')
    await plane.api.delete(`${KUBE}/deny-nobody`)
    await plane.api.patch(`${KUBE}/deny-web`, { spec: { podSelector: { matchLabels: { app: 'db' } } } })
    heal()
    await becomes('late', { ...GOOD, evidence: 'agents', nodes: '3 of 3' })
    await becomes('deny-web', { ...GOOD, evidence: 'no-pods', nodes: '0 of 0' })

    nsx.manager.renewSource()
    await plane.api.patch(`${KUBE}/deny-web`, { spec: { podSelector: { matchLabels: { app: 'web' } } } })
    await plane.api.delete(`${KUBE}/late`)
    await becomes('deny-web', { ...GOOD, evidence: 'agents', nodes: '3 of 3' })
    await becomes('native', { ...GOOD, evidence: 'nodes', nodes: '3 of 3' })
    await eventually('what was deleted is gone', async () => {
      const left = (await nsx.inventory('container-network-policies')).map(({ display_name }) => display_name)
      assert.deepEqual(
        left.filter((name) => ['late', 'deny-nobody'].includes(name)),
        [],
      )
      return true
    })
  },
)
