/** The rules of planning, one by one: order, ownership, guard, holding, repair. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOTATIONS } from '../../../src/ccp/ownership.ts'
import { objectRef, type Plan, type Step } from '../../../src/ccp/plan/index.ts'
import type { ClusterNetworkPolicy } from '../../../src/kube/antrea.ts'
import { ModelCluster, type Pod } from './model.ts'
import { conjunction, GROUPS, group, ips, POLICIES, policy, rule, tag, translate, uuid } from './objects.ts'

const path = (id: string) => `${GROUPS}/${id}`
const name = (step: Step) => ('object' in step ? step.object : step.base).metadata.name
const kinds = ({ steps }: Plan) => steps.map((step) => `${step.kind} ${name(step)}`)
const WEB = group('web', 1, [tag('app|web')])
const allow = (id: string, n: number, more: Record<string, unknown> = {}) =>
  policy(id, n, [rule(1, { source_groups: [path('web')] })], more)

/** At rest in the state that these objects describe. */
function atRest(...objects: Parameters<typeof translate>): ModelCluster {
  const cluster = new ModelCluster()
  cluster.converge(translate(...objects))
  return cluster
}

test('children, then parents, then the policy when all of them are computed', () => {
  const wanted = translate(WEB, allow('p', 10))
  const cluster = new ModelCluster()
  const first = cluster.plan(wanted)
  assert.deepEqual(
    first.steps.map(({ stage }) => stage),
    ['tiers', 'children', 'parents'],
  )
  for (const step of first.steps) cluster.write(step)
  const parent = cluster.groups.get(uuid(1))!
  cluster.groups.set(uuid(1), { ...parent, status: {} })
  const waiting = cluster.plan(wanted)
  assert.deepEqual([waiting.steps.length, waiting.awaiting], [0, [uuid(1)]])
  cluster.putGroup(parent)
  assert.deepEqual(kinds(cluster.plan(wanted)), [`create-policy ${uuid(10)}`])
})

test('a cold start writes policies in their order of precedence', () => {
  const wanted = translate(
    policy('late', 1, [rule(1)], { category: 'Application' }),
    policy('mid', 2, [rule(1)], { category: 'Emergency', sequence_number: 9 }),
    policy('early', 3, [rule(1)], { category: 'Emergency', sequence_number: 1 }),
  )
  const created = kinds(new ModelCluster().plan(wanted)).filter((kind) => kind.startsWith('create-policy'))
  assert.deepEqual(
    created,
    [3, 2, 1].map((n) => `create-policy ${uuid(n)}`),
  )
})

test('deletes go against the order of precedence, so that an allow never outlives the deny above it', () => {
  const pods: Pod[] = [{ name: 'a', namespace: 'n', labels: {}, ip: '10.0.0.1' }]
  const bottom = policy('bottom', 3, [rule(1, { action: 'DROP' })], { sequence_number: 9 })
  const cluster = atRest(
    policy('deny', 1, [rule(1, { action: 'DROP' })], { sequence_number: 1 }),
    policy('allow', 2, [rule(1)], { sequence_number: 2 }),
    bottom,
  )
  cluster.converge(translate(bottom), () => assert.ok(!cluster.allowed(pods).has('ingress a a')))
  assert.deepEqual([...cluster.policies.keys()], [uuid(3)])
})

test('an existing group changes in one write, after its new children; the old ones go later', () => {
  const cluster = atRest(WEB, allow('p', 10))
  const [old] = cluster.groups.get(uuid(1))?.spec.childGroups ?? []
  const wanted = translate(group('web', 1, [tag('app|shop')]), allow('p', 10))
  const first = cluster.plan(wanted)
  assert.deepEqual(
    first.steps.map(({ kind, stage }) => `${stage} ${kind}`),
    ['children create-group'],
  )
  for (const step of first.steps) cluster.write(step)
  const second = cluster.plan(wanted)
  assert.deepEqual(kinds(second), [`replace-group ${uuid(1)}`])
  for (const step of second.steps) cluster.write(step)
  const third = cluster.plan(wanted, { nowMs: 1_000 })
  assert.deepEqual([third.steps, third.unused, third.againMs], [[], [old], 30_000])
  const unusedSince = new Map([[old!, 1_000]])
  assert.deepEqual(cluster.plan(wanted, { nowMs: 30_999, unusedSince }).steps, [])
  assert.deepEqual(kinds(cluster.plan(wanted, { nowMs: 31_000, unusedSince })), [`delete-group ${old}`])
})

test('many deletes at once wait for a second snapshot; a few do not', () => {
  const many = Array.from({ length: 10 }, (_, n) => policy(`p${n}`, n, [rule(1)]))
  const cluster = atRest(...many)
  const three = cluster.plan(translate(...many.slice(3)))
  assert.deepEqual([three.deletes.kind, three.steps.length], ['free', 3])
  const four = cluster.plan(translate(...many.slice(4)))
  assert.deepEqual([four.deletes.kind, four.steps.length], ['guarded', 0])
  assert.ok(four.warnings.some(({ code }) => code === 'CCP_DELETE_GUARD'))
  const confirmed = new Set([0, 1, 2, 3].map(uuid))
  assert.equal(cluster.plan(translate(...many.slice(4)), { confirmed }).steps.length, 4)
  const all = atRest(many[0]!, many[1]!).plan(translate())
  assert.deepEqual([all.deletes.kind, all.steps.length], ['guarded', 0])
  assert.equal(atRest(many[0]!).plan(translate()).steps.length, 1)
})

test('what another policy store made is deleted only when a person agrees; everything else goes on', () => {
  const cluster = atRest(policy('a', 1, [rule(1)]), policy('b', 2, [rule(1)]), policy('c', 3, [rule(1)]))
  const wanted = translate(policy('b', 2, [rule(2)]), policy('c', 3, [rule(1)]))
  const waiting = cluster.plan(wanted, {}, 'source-2')
  assert.deepEqual(kinds(waiting), [`replace-policy ${uuid(2)}`])
  assert.equal(waiting.deletes.kind, 'approval')
  for (const step of waiting.steps) cluster.write(step)
  const agreed = cluster.plan(wanted, { approvedSource: 'source-2' }, 'source-2')
  assert.deepEqual(kinds(agreed), [`delete-policy ${uuid(1)}`])
})

const edited = (
  cluster: ModelCluster,
  n: number,
  change: (policy: ClusterNetworkPolicy) => ClusterNetworkPolicy,
) => cluster.policies.set(uuid(n), change(cluster.policies.get(uuid(n))!))

test('only what is ours in all three ways is touched', () => {
  const wanted = translate(policy('keep', 2, [rule(1)]))
  const ways: [string, (policy: ClusterNetworkPolicy) => ClusterNetworkPolicy, string | undefined][] = [
    ['no label', (one) => ({ ...one, metadata: { ...one.metadata, labels: {} } }), undefined],
    [
      'no cluster id',
      (one) => ({ ...one, metadata: { ...one.metadata, annotations: {} } }),
      'LOOKS_LIKE_OURS',
    ],
    [
      'another manager',
      (one) => ({ ...one, metadata: { ...one.metadata, managedFields: [] } }),
      'LOOKS_LIKE_OURS',
    ],
    [
      'another cluster',
      (one) => ({
        ...one,
        metadata: {
          ...one.metadata,
          annotations: { ...one.metadata.annotations, [ANNOTATIONS.clusterId]: 'x' },
        },
      }),
      'FOREIGN_CLUSTER_ID',
    ],
  ]
  for (const [about, change, warning] of ways) {
    const cluster = atRest(policy('gone', 1, [rule(1)]), policy('keep', 2, [rule(1)]))
    edited(cluster, 1, change)
    const next = cluster.plan(wanted)
    assert.deepEqual(next.steps, [], about)
    assert.equal(next.warnings[0]?.code, warning, about)
    // … and a policy that needs the name is held.
    const conflict = cluster.plan(translate(policy('gone', 1, [rule(2)]), policy('keep', 2, [rule(1)])))
    assert.deepEqual(conflict.steps, [], about)
    assert.equal(conflict.held.get(`${POLICIES}/gone`)?.[0]?.code, 'NAME_CONFLICT', about)
  }
})

test('ours edited by hand is put back, a status or a foreign label is not a change', () => {
  const cluster = atRest(policy('p', 1, [rule(1)]))
  const wanted = translate(policy('p', 1, [rule(1)]))
  edited(cluster, 1, (one) => ({
    ...one,
    metadata: { ...one.metadata, labels: { ...one.metadata.labels, team: 'a' } },
    status: { phase: 'Realizing' },
  }))
  assert.deepEqual(cluster.plan(wanted).steps, [])
  edited(cluster, 1, (one) => ({ ...one, spec: { ...one.spec, egress: [{ action: 'Drop', name: 'mine' }] } }))
  const [step] = cluster.plan(wanted).steps
  assert.equal(step?.kind, 'replace-policy')
  if (step?.kind !== 'replace-policy') return
  assert.deepEqual(step.object.spec, wanted.policies[0]?.spec)
  assert.equal(step.object.metadata.labels?.['team'], 'a')
  assert.equal(step.object.metadata.resourceVersion, cluster.policies.get(uuid(1))?.metadata.resourceVersion)
})

test('an unchanged spec is not written for a new display name', () => {
  const cluster = atRest(policy('p', 1, [rule(1)]))
  assert.deepEqual(cluster.plan(translate(policy('p', 1, [rule(1)], { display_name: 'other' }))).steps, [])
})

test('a tier is used whoever made it, and never changed', () => {
  const wanted = translate(policy('p', 1, [rule(1)]))
  const tier = (tierName: string, priority: number) => ({
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'Tier',
    metadata: { name: tierName },
    spec: { priority },
  })
  const cluster = new ModelCluster()
  cluster.tiers.set('t', tier('nsx-category-application', 4))
  assert.deepEqual(kinds(cluster.plan(wanted)), [`create-policy ${uuid(1)}`])
  for (const rival of [tier('nsx-category-application', 5), tier('other', 4)]) {
    cluster.tiers.set('t', rival)
    const next = cluster.plan(wanted)
    assert.deepEqual(next.steps, [])
    assert.equal(next.held.get(`${POLICIES}/p`)?.[0]?.code, 'TIER_CONFLICT')
  }
})

const untranslatable = (n: number) => policy('p', n, [rule(1, { sources_excluded: true })])

test('a held policy stays as it was, with the groups it names; new content of these still comes', () => {
  const db = group('db', 2, [tag('app|db')])
  const cluster = atRest(WEB, db, allow('p', 10), policy('q', 11, [rule(1, { source_groups: [path('db')] })]))
  const held = translate(untranslatable(10))
  const next = cluster.plan(held, { confirmed: new Set([uuid(11)]) })
  assert.ok(!kinds(next).some((kind) => kind.includes(uuid(1)) || kind.includes(uuid(10))))
  assert.ok(kinds(next).includes(`delete-group ${uuid(2)}`))
  assert.ok(next.warnings.some(({ code }) => code === 'HELD_POLICIES'))
  const moved = translate(untranslatable(10), group('web', 1, [tag('app|x')]))
  assert.ok(
    kinds(cluster.plan(moved, { confirmed: new Set([uuid(11)]) })).some((kind) => /^create-group/.test(kind)),
  )
  // Deleted in NSX, it goes although it was held.
  assert.ok(
    kinds(cluster.plan(translate(), { confirmed: new Set([10, 11].map(uuid)) })).includes(
      `delete-policy ${uuid(10)}`,
    ),
  )
})

test('a held policy whose id cannot be read is found by its path', () => {
  const cluster = atRest(policy('p', 10, [rule(1)]))
  assert.deepEqual(cluster.plan(translate(policy('p', 10, [], { unique_id: 5 }))).steps, [])
})

test('a held policy edited by hand is put back from memory, and is for a person without one', () => {
  const cluster = atRest(policy('p', 10, [rule(1)]))
  const good = cluster.policies.get(uuid(10))!
  edited(cluster, 10, (one) => ({ ...one, spec: { ...one.spec, ingress: [] } }))
  const held = translate(untranslatable(10))
  const lost = cluster.plan(held)
  assert.deepEqual(lost.steps, [])
  assert.equal(lost.held.get(`${POLICIES}/p`)?.[0]?.code, 'HELD_DRIFT')
  const [step] = cluster.plan(held, { remembered: new Map([[uuid(10), good]]) }).steps
  assert.ok(step?.kind === 'replace-policy')
  assert.deepEqual(step.object.spec, good.spec)
})

test('what the API server refused is not sent again as it is', () => {
  const wanted = translate(policy('p', 10, [rule(1)]))
  const refusal = { specHash: wanted.policies[0]!.specHash, code: 'WRITE_REFUSED' as const, message: 'no' }
  const refused = new Map([[objectRef('policy', uuid(10)), refusal]])
  const cluster = new ModelCluster()
  const next = cluster.plan(wanted, { refused })
  assert.equal(next.held.get(`${POLICIES}/p`)?.[0]?.code, 'WRITE_REFUSED')
  assert.ok(!kinds(next).some((kind) => kind.startsWith('create-policy')))
  assert.ok(
    kinds(cluster.plan(translate(policy('p', 10, [rule(2)])), { refused })).includes(
      `create-policy ${uuid(10)}`,
    ),
  )
})

test('under a new name, the old object goes when the new one is realized', () => {
  const cluster = atRest(policy('p', 10, [rule(1)]), policy('q', 12, [rule(1)]))
  const wanted = translate(policy('p', 11, [rule(1)]), policy('q', 12, [rule(1)]))
  for (const step of cluster.plan(wanted).steps) cluster.write(step)
  edited(cluster, 11, (one) => ({ ...one, status: { ...one.status, currentNodesRealized: 0 } }))
  const waiting = cluster.plan(wanted)
  assert.deepEqual([waiting.steps, waiting.againMs], [[], 1_000])
  edited(cluster, 11, (one) => ({ ...one, status: { ...one.status, currentNodesRealized: 1 } }))
  assert.deepEqual(kinds(cluster.plan(wanted)), [`delete-policy ${uuid(10)}`])
})

test('one address more is one child more and one write of the parent', () => {
  const net = (...list: string[]) => group('web', 1, [ips(...list), conjunction('OR'), tag('a|b')])
  const cluster = atRest(net('10.0.0.1'), allow('p', 10))
  const written: string[] = []
  cluster.converge(
    translate(net('10.0.0.1', '10.0.0.2'), allow('p', 10)),
    (step) => void written.push(step.kind),
  )
  assert.deepEqual(written, ['create-group', 'replace-group', 'delete-group'])
})
