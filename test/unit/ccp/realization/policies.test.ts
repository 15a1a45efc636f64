/** What NSX is told of its own policies, state by state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePolicies, type PoliciesInput, settle } from '../../../../src/ccp/realization/index.ts'
import type {
  ClusterGroup,
  ClusterNetworkPolicy,
  ClusterNetworkPolicyStatus,
} from '../../../../src/kube/antrea.ts'
import { ModelCluster } from '../model.ts'
import { GROUPS, group, POLICIES, policy, rule, tag, translate, uuid } from '../objects.ts'

const WEB = group('web', 1, [tag('app|web')])
const WANTED = translate(WEB, policy('p', 10, [rule(1, { source_groups: [`${GROUPS}/web`] })]))
const cluster = new ModelCluster()
cluster.converge(WANTED)
const STORED = cluster.policies.get(uuid(10))!
const GROUP = cluster.groups.get(uuid(1))!
const HASH = WANTED.policies[0]!.hash

const withStatus = (status: ClusterNetworkPolicyStatus | undefined): ClusterNetworkPolicy => {
  const { status: _old, ...rest } = STORED
  return status === undefined ? rest : { ...rest, status: { observedGeneration: 1, ...status } }
}

function told(stored: ClusterNetworkPolicy | undefined, more: Partial<PoliciesInput> = {}, sinceMs = 90_000) {
  const [verdict] = judgePolicies({
    translation: WANTED,
    held: new Map(),
    isClusterKnown: true,
    storedPolicy: () => stored,
    storedGroup: () => GROUP,
    pending: undefined,
    nowMs: 100_000,
    groupWrittenMs: new Map(),
    sinceMs: () => sinceMs,
    missing: () => ['n7'],
    ...more,
  })
  const { item, againAtMs } = settle(undefined, verdict!, 100_000)
  return {
    ...item,
    codes: item.problems.map(({ code }) => code),
    againMs: againAtMs === undefined ? undefined : againAtMs - 100_000,
  }
}

const REALIZED: ClusterNetworkPolicyStatus = {
  phase: 'Realized',
  currentNodesRealized: 2,
  desiredNodesRealized: 2,
}

test('SUCCESS: the generation is current, and all nodes that should have said so', () => {
  const item = told(withStatus(REALIZED))
  assert.deepEqual(
    [item.state, item.nodes, item.evidence, item.hash, item.applied_hash],
    ['SUCCESS', { current: 2, desired: 2 }, 'nodes', HASH, HASH],
  )
  assert.equal(told(withStatus({ ...REALIZED, observedGeneration: 0 })).state, 'IN_PROGRESS')
  assert.equal(
    told(withStatus({ ...REALIZED, currentNodesRealized: 1, phase: 'Realizing' })).state,
    'IN_PROGRESS',
  )
  assert.equal(told(withStatus({ ...REALIZED, currentNodesRealized: 1 })).state, 'IN_PROGRESS')
  assert.equal(told(withStatus(undefined)).state, 'IN_PROGRESS')
  assert.equal(told(withStatus({ ...REALIZED, phase: 'Pending' })).state, 'IN_PROGRESS')
})

test('zero nodes are believed after a settle interval', () => {
  const none = withStatus({ phase: 'Realized' })
  const early = told(none, {}, 99_000)
  assert.deepEqual([early.state, early.againMs], ['IN_PROGRESS', 500])
  const late = told(none, {}, 98_500)
  assert.deepEqual(
    [late.state, late.evidence, late.nodes],
    ['SUCCESS', 'no-pods', { current: 0, desired: 0 }],
  )
})

test('a group that was just written, or is not computed, is waited for', () => {
  const groupWrittenMs = new Map([[uuid(1), 99_500]])
  const just = told(withStatus(REALIZED), { groupWrittenMs })
  assert.deepEqual([just.state, just.againMs], ['IN_PROGRESS', 1_000])
  const bare: ClusterGroup = { ...GROUP, status: {} }
  assert.equal(told(withStatus(REALIZED), { storedGroup: () => bare }).state, 'IN_PROGRESS')
})

test('a node that stays silent for a minute is an ERROR that says how many, and whose agent is out of reach', () => {
  const partial = withStatus({ ...REALIZED, phase: 'Realizing', currentNodesRealized: 1 })
  const early = told(partial, {}, 99_000)
  assert.deepEqual([early.state, early.codes, early.againMs], ['IN_PROGRESS', [], 59_000])
  const long = told(partial, {}, 40_000)
  assert.deepEqual(
    [long.state, long.codes, long.nodes],
    ['ERROR', ['REALIZE_TIMEOUT'], { current: 1, desired: 2 }],
  )
  assert.match(long.problems[0]!.message, /1 of 2 nodes have not reported it; .* n7/)
  const old = told(withStatus({ ...REALIZED, observedGeneration: 0 }), {}, 40_000)
  assert.deepEqual([old.state, old.codes], ['ERROR', ['REALIZE_TIMEOUT']])
})

test('failures of nodes are ERROR with their words', () => {
  const failed = told(withStatus({ ...REALIZED, phase: 'Failed' }))
  assert.deepEqual([failed.state, failed.codes], ['ERROR', ['REALIZATION_FAILED']])
  const condition = {
    type: 'RealizationFailure',
    status: 'True',
    reason: 'OnNode',
    message: '"node1":"no table"',
  }
  const item = told(withStatus({ ...REALIZED, conditions: [condition] }))
  assert.equal(item.state, 'ERROR')
  assert.match(item.problems?.[0]?.message ?? '', /OnNode: "node1":"no table"/)
})

test('what is not written yet is IN_PROGRESS, with the reason when there is one', () => {
  assert.equal(told(undefined).state, 'IN_PROGRESS')
  const item = told(undefined, { pending: 'KUBE_WEBHOOK_UNAVAILABLE: down' })
  assert.deepEqual(item.codes, ['WRITE_PENDING'])
  const other = withStatus(REALIZED)
  const old = { ...other, spec: { ...other.spec, priority: 5 } }
  assert.equal(told(old).state, 'IN_PROGRESS')
})

test('held policies are ERROR with every reason and the hash in force', () => {
  const held = translate(policy('p', 10, [rule(1, { sources_excluded: true, profiles: ['/x'] })]))
  const item = told(STORED, { translation: held })
  assert.deepEqual([item.state, item.codes], ['ERROR', ['NEGATION_OF_ANY', 'CONTEXT_PROFILE']])
  assert.equal(item.applied_hash, HASH)
  assert.notEqual(item.hash, HASH)
  const conflict = { code: 'NAME_CONFLICT', severity: 'ERROR' as const, message: 'taken' }
  const byCluster = told(undefined, { held: new Map([[`${POLICIES}/p`, [conflict]]]) })
  assert.deepEqual(
    [byCluster.state, byCluster.codes, byCluster.applied_hash],
    ['ERROR', ['NAME_CONFLICT'], undefined],
  )
})

test('a policy without rules is realized when nothing of it is left', () => {
  const translation = translate(policy('p', 10, []))
  assert.equal(told(STORED, { translation }).state, 'IN_PROGRESS')
  const item = told(undefined, { translation })
  assert.deepEqual([item.state, item.codes], ['SUCCESS', ['EMPTY_POLICY']])
})

test('nothing is claimed while the cluster cannot be seen', () => {
  assert.equal(told(withStatus(REALIZED), { isClusterKnown: false }).state, 'UNKNOWN')
})
