/** A policy's way down and its realization's way up, through a real kube-apiserver. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { RefusedError } from './harness/api.ts'
import { inWords } from './harness/audit.ts'
import { enforced, sentTo } from './harness/enforced.ts'
import { addresses, nested, or, podTag, podTagIn, policyPath, rule } from './harness/nsx.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { always, eventually } from './harness/wait.ts'

const options = { skip, timeout: 120_000 }
const CRD = '/apis/crd.antrea.io/v1beta1'
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    const { fleet, nsx } = stack
    await fleet.namespace('shop')
    await fleet.namespace('other')
    for (const [namespace, name, app, node, ip] of [
      ['shop', 'web-1', 'web', 'n1', '10.10.1.1'],
      ['shop', 'web-2', 'web', 'n2', '10.10.2.1'],
      ['shop', 'db-1', 'db', 'n3', '10.10.3.1'],
      ['shop', 'batch-1', 'batch', 'n1', '10.10.1.2'],
      ['other', 'web-1', 'web', 'n3', '10.10.3.2'],
    ] as const)
      await fleet.pod({ namespace, name, labels: { app }, node, ip })
    await nsx.putGroup('web', [podTagIn('shop', 'app', 'web')])
    await nsx.putGroup('db', [podTag('app', 'db')])
    await nsx.putGroup('batch', [podTag('app', 'batch')])
    await nsx.putGroup('callers', [nested('batch')])
    await nsx.putGroup('office', [addresses('198.51.100.0/24', '203.0.113.7')])
    const adapter = await stack.adapter.run('only')
    await adapter.ready('leading')
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

test('Antrea answers: a wrong policy is denied by its webhook', options, async () => {
  await assert.rejects(
    stack.plane.api.post(`${CRD}/clusternetworkpolicies`, {
      apiVersion: 'crd.antrea.io/v1beta1',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'wrong' },
      spec: { priority: 1, tier: 'no-such', appliedTo: [{ podSelector: {} }] },
    }),
    (error) =>
      error instanceof RefusedError &&
      error.answer.status === 400 &&
      /admission webhook "acnpvalidator\.antrea\.io" denied the request: .*no-such/.test(
        error.answer.body.message,
      ),
  )
})

test(
  'a policy passes admission and is computed with its rules, priority, span and members',
  options,
  async () => {
    const { nsx, plane } = stack
    const policy = await nsx.putPolicy('protect-db', {
      category: 'Application',
      sequence_number: 10,
      scope: ['/infra/domains/default/groups/db'],
      rules: [
        rule({
          id: 'web',
          action: 'ALLOW',
          sequence: 10,
          direction: 'IN',
          peers: ['web'],
          tcpPorts: ['5432'],
        }),
        rule({ id: 'off', action: 'ALLOW', sequence: 15, direction: 'IN', peers: [], disabled: true }),
        rule({
          id: 'admin',
          action: 'ALLOW',
          sequence: 20,
          direction: 'IN',
          peers: ['callers', 'office'],
          tcpPorts: ['22', '8000-8010'],
        }),
        rule({ id: 'rest', action: 'DROP', sequence: 30, direction: 'IN', peers: [] }),
        rule({ id: 'out', action: 'REJECT', sequence: 40, direction: 'OUT', peers: ['web'] }),
      ],
    })
    const ruleId = (id: string) => String(policy.rules!.find((one) => one.id === id)!.rule_id)
    const name = policy.unique_id!.toLowerCase()
    const wanted = {
      name,
      tierPriority: 4,
      appliedTo: ['shop/db-1'],
      nodes: ['n3'],
      ingress: [
        {
          name: ruleId('web'),
          action: 'Allow',
          pods: ['shop/web-1', 'shop/web-2'],
          blocks: [],
          ports: ['TCP 5432'],
        },
        {
          name: ruleId('admin'),
          action: 'Allow',
          pods: ['shop/batch-1'],
          blocks: ['198.51.100.0/24', '203.0.113.7/32'],
          ports: ['TCP 22', 'TCP 8000-8010'],
        },
        { name: ruleId('rest'), action: 'Drop', pods: [], blocks: ['0.0.0.0/0', '::/0'], ports: [] },
      ],
      egress: [
        { name: ruleId('out'), action: 'Reject', pods: ['shop/web-1', 'shop/web-2'], blocks: [], ports: [] },
      ],
    }
    await eventually('the policy is computed', async () => {
      assert.deepEqual(await enforced(plane.api, (one) => one === name), [wanted])
      return true
    })

    // semantics: 1 + sequence_number·2⁻¹⁸ + h·2⁻³⁹, h the first 21 bits of the SHA-256 of the unique id.
    const h = createHash('sha256').update(policy.unique_id!).digest().readUIntBE(0, 3) >>> 3
    const stored = await plane.api.get(`${CRD}/clusternetworkpolicies/${name}`)
    assert.equal(stored.spec.priority, 1 + 10 * 2 ** -18 + h * 2 ** -39)
    assert.equal(stored.spec.tier, 'nsx-category-application')

    assert.deepEqual(await sentTo(plane.api, 'n3'), [name])
    assert.deepEqual(await sentTo(plane.api, 'n1'), [])
  },
)

test('members follow pods without a write of the adapter, and groups', options, async () => {
  const { fleet, nsx } = stack
  await stack.settled()
  const writes = stack.countWrites()
  await fleet.pod({ namespace: 'shop', name: 'web-3', labels: { app: 'web' }, node: 'n1', ip: '10.10.1.9' })
  await fleet.relabel('shop', 'web-1', { app: 'batch' })
  await stack.settled()
  assert.deepEqual(inWords(writes.kube()), [])

  await nsx.putGroup('db', [podTagIn('shop', 'app', 'db')])
  await nsx.putGroup('office', [addresses('198.51.100.0/25')])
  await nsx.putGroup('callers', [nested('batch'), or, podTag('app', 'web')])
  await stack.settled()
})

test('order in NSX is order in Antrea', options, async () => {
  const { nsx } = stack
  const drop = [rule({ id: 'r', action: 'DROP', sequence: 1, direction: 'IN', peers: ['office'] })]
  await nsx.putPolicy('second', { category: 'Environment', sequence_number: 20, scope: ['ANY'], rules: drop })
  await nsx.putPolicy('first', { category: 'Environment', sequence_number: 5, scope: ['ANY'], rules: drop })
  await nsx.putPolicy('emergency', {
    category: 'Emergency',
    sequence_number: 900,
    scope: ['ANY'],
    rules: drop,
  })
  await stack.settled()
  await nsx.putPolicy('first', { category: 'Environment', sequence_number: 30, scope: ['ANY'], rules: drop })
  await stack.settled()
  for (const id of ['first', 'second', 'emergency']) await nsx.deletePolicy(id)
  await stack.settled()
})

/** What NSX shows of a policy: its state and on how many nodes it is realized. */
async function assertShown(id: string, status: string, nodes: string): Promise<true> {
  const seen = await stack.nsx.realization(policyPath(id))
  assert.deepEqual({ status: seen.status, nodes: seen.nodes }, { status, nodes }, seen.answers)
  return true
}

test(
  'NSX shows SUCCESS with its nodes when all agents have reported, IN_PROGRESS while one is silent',
  options,
  async () => {
    const { antrea, nsx, plane } = stack
    await eventually('NSX shows SUCCESS', () => assertShown('protect-db', 'SUCCESS', '1 of 1'))

    antrea.agents.setSilent('n2', true)
    const policy = await nsx.putPolicy('protect-web', {
      category: 'Application',
      sequence_number: 20,
      scope: ['/infra/domains/default/groups/web'],
      rules: [rule({ id: 'none', action: 'DROP', sequence: 1, direction: 'IN', peers: ['office'] })],
    })
    const path = `${CRD}/clusternetworkpolicies/${policy.unique_id!.toLowerCase()}`
    await eventually('all agents but one have reported', async () => {
      const { status } = await plane.api.get(path)
      assert.deepEqual([status?.currentNodesRealized, status?.desiredNodesRealized], [1, 2])
      return true
    })
    await eventually('NSX shows IN_PROGRESS', () => assertShown('protect-web', 'IN_PROGRESS', '1 of 2'))
    await always(async () => void (await assertShown('protect-web', 'IN_PROGRESS', '1 of 2')), 4_000)

    antrea.agents.setSilent('n2', false)
    await eventually('NSX shows SUCCESS', () => assertShown('protect-web', 'SUCCESS', '2 of 2'))

    antrea.agents.setFailing('n1', 'no space left in the flow table')
    await nsx.putPolicy('protect-web', { ...(await nsx.policy('protect-web')), sequence_number: 21 })
    await eventually('NSX shows ERROR with what the agent said', async () => {
      const { status, answers } = await nsx.realization(policyPath('protect-web'))
      assert.equal(status, 'ERROR', answers)
      assert.match(answers, /no space left in the flow table/)
      return true
    })
    antrea.agents.setFailing('n1', undefined)
    await nsx.putPolicy('protect-web', { ...(await nsx.policy('protect-web')), sequence_number: 22 })
    await eventually('NSX shows SUCCESS', () => assertShown('protect-web', 'SUCCESS', '2 of 2'))
  },
)
