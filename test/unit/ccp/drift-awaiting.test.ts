/** While groups wait to be computed, or may not be written at all, everything that needs none of them goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsPerson } from '../../../src/errors.ts'
import { RESOURCES } from '../../../src/kube/index.ts'
import { KUBE_REFUSED_RETRY_MS } from '../../../src/limits.ts'
import { driftWorld } from './drifting.ts'
import { GROUPS, group, policy, rule, tag, uuid } from './objects.ts'

const CNPS = RESOURCES.clusterNetworkPolicies.plural
const CGS = RESOURCES.clusterGroups.plural
const [A, B, C, WEB, LATE] = [uuid(0), uuid(1), uuid(2), uuid(50), uuid(51)]
const path = (id: string) => `${GROUPS}/${id}`

const WEB_GROUP = group('web', 50, [tag('dis:k8s:app|web')])
const LATE_GROUP = group('late', 51, [tag('dis:k8s:app|late')])
const policyA = (...scope: string[]) =>
  policy('a', 0, [rule(1, { source_groups: [path('web')] }), rule(2, { action: 'DROP' })], { scope })
const POLICY_B = policy('b', 1, [rule(1)], { scope: [path('web')] })
const POLICY_C = policy('c', 2, [rule(1)], { scope: [path('late')] })
const BEFORE = [WEB_GROUP, policyA(path('web')), POLICY_B]
const mine = { name: 'mine', action: 'Allow', enableLogging: false } as const

/** Two policies in force; then a third comes whose group nobody computes. */
async function waiting() {
  const state = { isLate: true }
  const w = driftWorld(BEFORE, { isLate: (name) => state.isLate && name.startsWith(LATE) })
  await w.go()
  w.want([...BEFORE, LATE_GROUP, POLICY_C])
  const { awaiting } = await w.go()
  assert.deepEqual(awaiting, [LATE])
  w.writes.length = 0
  const specOf = (name: string) => w.stores.clusterNetworkPolicies.get(name)?.spec
  const computed = () => {
    state.isLate = false
    for (const stored of [...w.stores.clusterGroups.values()])
      if (stored.metadata.name.startsWith(LATE)) w.put(CGS, stored, 'antrea-nsx-adapter')
  }
  return { ...w, specOf, computed }
}

test('a policy that somebody changes while a group is awaited is put back at once', async () => {
  const w = await waiting()
  const wanted = w.specOf(A)
  w.edit(A, { ingress: [mine], priority: 9 })
  const { awaiting } = await w.go()
  assert.deepEqual(w.specOf(A), wanted)
  assert.deepEqual([awaiting, w.writes], [[LATE], [`PUT ${CNPS} ${A}`]])
  w.computed()
  await w.go()
  assert.ok(w.specOf(C), 'and the new policy comes once its group is computed')
})

test('a policy that somebody deletes while a group is awaited is there again at once', async () => {
  const w = await waiting()
  const wanted = w.specOf(B)
  w.remove(CNPS, B)
  await w.go()
  assert.deepEqual(w.specOf(B), wanted)
  assert.deepEqual(w.writes, [`POST ${CNPS} ${B}`])
})

test('a group that somebody changes while another is awaited is put back at once', async () => {
  const w = await waiting()
  const wanted = w.stores.clusterGroups.get(WEB)?.spec
  w.editGroup(WEB, { childGroups: [LATE] })
  const { awaiting } = await w.go()
  assert.deepEqual(w.stores.clusterGroups.get(WEB)?.spec, wanted)
  assert.deepEqual([awaiting, w.writes], [[LATE], [`PUT ${CGS} ${WEB}`]])
})

test('of several at once, what they allow too much goes at once', async () => {
  const w = await waiting()
  for (const name of [A, B]) w.edit(name, { ingress: [mine, ...(w.specOf(name)?.ingress ?? [])] })
  await w.go()
  for (const name of [A, B]) assert.ok(!w.specOf(name)?.ingress.some(({ name: rule }) => rule === 'mine'))
  w.computed()
  await w.go()
  assert.deepEqual(
    w.specOf(A)?.ingress.map(({ name }) => name),
    ['1', '2'],
  )
})

test('what NSX changes as well waits: nothing but what was in force comes back before the groups are there', async () => {
  const other = policy('b', 1, [rule(1, { action: 'REJECT' })], { scope: [path('web')] })
  const w = await waiting()
  w.want([WEB_GROUP, LATE_GROUP, policyA(path('web')), other, POLICY_C])
  w.edit(B, { ingress: [mine] })
  const { awaiting } = await w.go()
  assert.deepEqual([awaiting, w.writes], [[LATE], []])
  w.computed()
  await w.go()
  assert.equal(w.specOf(B)?.ingress[0]?.action, 'Reject')
})

test('a policy whose own group is awaited waits with it', async () => {
  const state = { isLate: false }
  const w = driftWorld([...BEFORE, LATE_GROUP, POLICY_C], {
    isLate: (name) => state.isLate && name.startsWith(LATE),
  })
  await w.go()
  w.writes.length = 0
  state.isLate = true
  w.edit(C, { ingress: [mine] })
  for (const { metadata } of [...w.stores.clusterGroups.values()])
    if (metadata.name.startsWith(LATE)) w.remove(CGS, metadata.name)
  const { awaiting } = await w.go()
  assert.deepEqual(awaiting, [LATE])
  assert.ok(!w.writes.some((write) => write.includes(CNPS)), 'its group is made, and not named yet')
})

test('a policy whose own group is gone as well waits for that', async () => {
  const w = await waiting()
  w.edit(A, { ingress: [mine] })
  w.remove(CGS, WEB)
  await w.go()
  assert.deepEqual(
    w.specOf(A)?.ingress.map(({ name }) => name),
    ['1', '2'],
  )
  assert.ok(w.writes.indexOf(`POST ${CGS} ${WEB}`) < w.writes.indexOf(`PUT ${CNPS} ${A}`))
})

test('where ClusterGroups may not be written, policies that need no new one are; it is tried again in time', async () => {
  const state = { mayWrite: true, tries: 0 }
  const w = driftWorld(BEFORE, {
    onWrite: (plural) => {
      if (plural !== CGS || state.mayWrite) return undefined
      state.tries += 1
      return needsPerson('KUBE_FORBIDDEN', 'cannot create clustergroups')
    },
  })
  await w.go()
  state.mayWrite = false
  const other = policy('b', 1, [rule(1, { action: 'REJECT' })], { scope: [path('web')] })
  w.want([WEB_GROUP, LATE_GROUP, policyA(path('web')), other, POLICY_C])
  const last = await w.go()
  const policies = w.stores.clusterNetworkPolicies
  assert.equal(policies.get(B)?.spec.ingress[0]?.action, 'Reject', 'what needs no group is written')
  assert.equal(policies.get(C), undefined)
  const [held] = [...last.held.values()].flat()
  assert.deepEqual(
    [held?.code, /cannot create clustergroups/.test(held?.message ?? '')],
    ['WRITE_FORBIDDEN', true],
  )
  assert.ok((last.againMs ?? Number.POSITIVE_INFINITY) <= KUBE_REFUSED_RETRY_MS)
  const { tries } = state
  await w.go()
  assert.equal(state.tries, tries, 'and not again before')
  state.mayWrite = true
  await w.clock.advance(KUBE_REFUSED_RETRY_MS)
  await w.go()
  assert.ok(policies.get(C), 'once the right is there')
})
