/** Policies that only stay while others change: held, not yet to be deleted, or waiting for a successor. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOTATIONS } from '../../../src/ccp/ownership.ts'
import type { Translation } from '../../../src/ccp/translate/index.ts'
import { ModelCluster, type Pod } from './model.ts'
import { GROUPS, group, policy, rule, tag, translate, uuid } from './objects.ts'

const PODS: readonly Pod[] = ['a', 'b', 'c'].map((name, n) => ({
  name,
  namespace: 'shop',
  labels: { app: name },
  ip: `10.0.0.${n + 1}`,
}))
const path = (id: string) => `${GROUPS}/${id}`
const members = (id: string, n: number, ...names: string[]) =>
  group(
    id,
    n,
    names.flatMap((name, at) => {
      const condition = tag(`app|${name}`)
      const or = { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }
      return at === 0 ? [condition] : [or, condition]
    }),
  )
const DENY = policy('deny', 90, [rule(1, { action: 'DROP' })], { sequence_number: 90 })
const CONFIRMED = { confirmed: new Set([uuid(10), uuid(11), uuid(90)]) }

/** From `cluster`'s state to the next: what is allowed at any moment was allowed before or is at the end. */
function neverWider(cluster: ModelCluster, to: Translation): void {
  const before = cluster.allowed(PODS)
  const moments: [string, Set<string>][] = []
  cluster.converge(
    to,
    (step) => moments.push([`${step.stage} ${step.kind}`, cluster.allowed(PODS)]),
    CONFIRMED,
  )
  const after = cluster.allowed(PODS)
  for (const [step, allowed] of moments)
    for (const flow of allowed) assert.ok(before.has(flow) || after.has(flow), `${flow} after ${step}`)
}

/** From `from`'s members to `to`'s. */
const ALLOW = rule(1, { source_groups: [path('from')], scope: [path('to')] })

test('two groups that change under an allow of a held policy', () => {
  const cluster = new ModelCluster()
  const soundAllow = policy('allow', 10, [ALLOW])
  cluster.converge(translate(members('from', 1, 'a'), members('to', 2, 'b'), soundAllow, DENY))
  const whole = cluster.policies.get(uuid(10))?.spec
  const held = policy('allow', 10, [ALLOW, rule(2, { action: 'JUMP_TO_APPLICATION' })])
  // Neither before nor after may b reach a; while one group is old and the other new, it could.
  neverWider(cluster, translate(members('from', 1, 'b'), members('to', 2, 'c'), held, DENY))
  assert.ok(cluster.allowed(PODS).has('ingress b c'), 'a held policy follows its groups')
  neverWider(cluster, translate(members('from', 1, 'c'), members('to', 2, 'a'), held, DENY))
  const stored = cluster.policies.get(uuid(10))!
  assert.deepEqual(stored.spec, whole, 'and is what it was')
  assert.equal(stored.metadata.annotations?.[ANNOTATIONS.wholeSpec], undefined)
})

test('a policy that breaks while it is narrowed goes back to what it was', () => {
  const objects = (n: number, ...rules: Parameters<typeof policy>[2]) => [
    members('from', 1, ...(n === 0 ? ['a'] : ['b'])),
    members('to', 2, 'b'),
    policy('allow', 10, rules),
    policy('other', 11, [rule(1, { action: 'DROP', source_groups: [path('from')] })], {
      sequence_number: 20 + n,
    }),
    DENY,
  ]
  const cluster = new ModelCluster()
  cluster.converge(translate(...objects(0, ALLOW)))
  const whole = cluster.policies.get(uuid(10))!
  const next = translate(...objects(1, { ...ALLOW, scope: ['ANY'] }))
  for (let round = 0; round < 9 && cluster.policies.get(uuid(10))?.spec === whole.spec; round += 1)
    for (const step of cluster.plan(next, CONFIRMED).steps)
      if (cluster.policies.get(uuid(10))?.spec === whole.spec) cluster.write(step)
  const narrowed = cluster.policies.get(uuid(10))!
  assert.equal(narrowed.spec.ingress.length, 0, 'its allow is taken away first')
  assert.deepEqual(JSON.parse(narrowed.metadata.annotations?.[ANNOTATIONS.wholeSpec] ?? ''), whole.spec)
  neverWider(cluster, translate(...objects(1, { ...ALLOW, action: 'JUMP_TO_APPLICATION' })))
  const kept = cluster.policies.get(uuid(10))!
  assert.deepEqual(kept.spec, whole.spec)
  assert.deepEqual(kept.metadata.annotations, whole.metadata.annotations)
})

test('a whole spec that cannot be read is not gone back to', () => {
  for (const text of [
    '{',
    '[]',
    'null',
    '{"tier":1}',
    '{"tier":"t","priority":1,"ingress":[1],"egress":[]}',
  ]) {
    const cluster = new ModelCluster()
    cluster.converge(translate(policy('allow', 10, [rule(1)])))
    const stored = cluster.policies.get(uuid(10))!
    const annotations = { ...stored.metadata.annotations, [ANNOTATIONS.wholeSpec]: text }
    cluster.putPolicy({ ...stored, metadata: { ...stored.metadata, annotations } })
    cluster.converge(translate(policy('allow', 10, [rule(1, { action: 'JUMP_TO_APPLICATION' })])))
    assert.deepEqual(cluster.policies.get(uuid(10))?.spec, stored.spec, text)
  }
})

test('what waits for its successor allows nothing that a change beside it would have to deny', () => {
  const cluster = new ModelCluster()
  const allow = (n: number) => policy('allow', n, [ALLOW], { sequence_number: 20 })
  const guard = policy('guard', 11, [rule(1, { action: 'DROP', source_groups: [path('from')] })], {
    sequence_number: 5,
  })
  const groups = [members('from', 1, 'a'), members('to', 2, 'b')]
  cluster.converge(translate(...groups, allow(10), guard, DENY))
  // Renamed, and no Pod of the old `from` may reach anything; the guard above it goes.
  const renamed = policy('allow', 12, [rule(1, { source_groups: [path('from')], scope: [path('from')] })], {
    sequence_number: 20,
  })
  neverWider(cluster, translate(...groups, renamed, DENY))
  assert.deepEqual([...cluster.policies.keys()].sort(), [uuid(12), uuid(90)].sort())
})
