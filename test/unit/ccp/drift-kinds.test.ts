/** Whatever somebody else does to an object of ours is put back by one write, or told where it is not ours any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsPerson, retry } from '../../../src/errors.ts'
import type { ClusterNetworkPolicy, PolicyRule } from '../../../src/kube/index.ts'
import { RESOURCES } from '../../../src/kube/index.ts'
import { DRIFT_AT_ONCE, DRIFT_CALM_MS, DRIFT_SPACING_MS } from '../../../src/limits.ts'
import { driftWorld } from './drifting.ts'
import { GROUPS, group, policy, rule, tag, tcp, uuid } from './objects.ts'

const CNPS = RESOURCES.clusterNetworkPolicies.plural
const CGS = RESOURCES.clusterGroups.plural
const NSX = [
  group('web', 50, [tag('dis:k8s:app|web')]),
  policy(
    'a',
    0,
    [
      rule(1, { source_groups: [`${GROUPS}/web`], services: [], service_entries: [tcp('80')] }),
      rule(2, { action: 'DROP' }),
    ],
    { scope: [`${GROUPS}/web`] },
  ),
  policy('b', 1, [rule(1)]),
]
const [A, B, WEB] = [uuid(0), uuid(1), uuid(50)]

async function settled(settings: Parameters<typeof driftWorld>[1] = {}) {
  const w = driftWorld(NSX, settings)
  await w.go()
  const child = [...w.stores.clusterGroups.keys()].find((name) => name.startsWith(`${WEB}-`)) ?? ''
  assert.notEqual(child, '')
  w.writes.length = 0
  return { ...w, child }
}
type World = Awaited<ReturnType<typeof settled>>

const policyOf = (w: World, name = A): ClusterNetworkPolicy => {
  const there = w.stores.clusterNetworkPolicies.get(name)
  assert.ok(there)
  return there
}
const rules = (w: World, change: (rule: PolicyRule, at: number) => PolicyRule): PolicyRule[] =>
  (policyOf(w).spec.ingress ?? []).map(change)
const without = (key: keyof PolicyRule) => (one: PolicyRule) => {
  const { [key]: _gone, ...rest } = one
  return rest as PolicyRule
}
const mine = { name: 'mine', action: 'Allow', enableLogging: false } as const

/** What is done, and the one write that puts it back. */
const KINDS: Readonly<Record<string, readonly [(w: World) => void, (w: World) => string]>> = {
  'a rule is widened to all peers': [(w) => w.edit(A, { ingress: rules(w, without('from')) }), () => CNPS],
  'a rule is widened to all ports': [(w) => w.edit(A, { ingress: rules(w, without('ports')) }), () => CNPS],
  'a peer is added': [
    (w) =>
      w.edit(A, {
        ingress: rules(w, (one, at) =>
          at > 0 ? one : { ...one, from: [...(one.from ?? []), { ipBlock: { cidr: '10.0.0.0/8' } }] },
        ),
      }),
    () => CNPS,
  ],
  'a drop becomes an allow': [
    (w) => w.edit(A, { ingress: rules(w, (one) => ({ ...one, action: 'Allow' })) }),
    () => CNPS,
  ],
  'rules change places': [
    (w) => w.edit(A, { ingress: [...(policyOf(w).spec.ingress ?? [])].reverse() }),
    () => CNPS,
  ],
  'all rules go': [(w) => w.edit(A, { ingress: [] }), () => CNPS],
  'an egress list comes where there was none': [(w) => w.edit(A, { egress: [mine] }), () => CNPS],
  'an ingress rule is put in front': [
    (w) => w.edit(A, { ingress: [mine, ...(policyOf(w).spec.ingress ?? [])] }),
    () => CNPS,
  ],
  'it applies to more': [
    (w) => {
      const more = { podSelector: { matchLabels: { app: 'x' } } }
      const { appliedTo } = policyOf(w).spec
      if (appliedTo === undefined)
        w.edit(A, {
          ingress: rules(w, (one) => ({ ...one, appliedTo: [...(one.appliedTo ?? []), more] })),
        })
      else w.edit(A, { appliedTo: [...appliedTo, more] })
    },
    () => CNPS,
  ],
  'it applies to others': [
    (w) =>
      w.edit(A, {
        ...(policyOf(w).spec.appliedTo === undefined ? {} : { appliedTo: [] }),
        ingress: rules(w, (one) => ({
          ...one,
          appliedTo: [{ podSelector: { matchLabels: { app: 'nobody' } } }],
        })),
      }),
    () => CNPS,
  ],
  'logging is switched on': [
    (w) => w.edit(A, { ingress: rules(w, (one) => ({ ...one, enableLogging: true })) }),
    () => CNPS,
  ],
  'its tier is another one': [(w) => w.edit(A, { tier: 'baseline' }), () => CNPS],
  'its priority is another one': [(w) => w.edit(A, { priority: 9_999 }), () => CNPS],
  'the policy is deleted': [(w) => w.remove(CNPS, A), () => CNPS],
  'the selector of a group changes': [
    (w) => w.editGroup(w.child, { podSelector: { matchLabels: { app: 'db' } } }),
    (w) => `${CGS} ${w.child}`,
  ],
  'the selector of a group gains a term': [
    (w) => {
      const { spec } = w.stores.clusterGroups.get(w.child)!
      w.editGroup(w.child, { ...spec, namespaceSelector: { matchLabels: { team: 'x' } } })
    },
    (w) => `${CGS} ${w.child}`,
  ],
  'a group becomes addresses': [
    (w) => w.editGroup(w.child, { ipBlocks: [{ cidr: '0.0.0.0/0' }] }),
    (w) => `${CGS} ${w.child}`,
  ],
  'a group takes a foreign group in': [
    (w) => w.editGroup(WEB, { childGroups: [w.child, 'everything'] }),
    () => `${CGS} ${WEB}`,
  ],
  'a group loses its members': [(w) => w.editGroup(WEB, { childGroups: [] }), () => `${CGS} ${WEB}`],
  'a part of a group is deleted': [(w) => w.remove(CGS, w.child), (w) => `${CGS} ${w.child}`],
  'a group is deleted': [(w) => w.remove(CGS, WEB), () => `${CGS} ${WEB}`],
}

for (const [what, [change, written]] of Object.entries(KINDS))
  test(`${what}: put back by one write, and no more`, async () => {
    const w = await settled()
    const before = structuredClone(w.specs())
    change(w)
    assert.notDeepEqual(w.specs(), before, 'nothing was changed')
    await w.go()
    assert.deepEqual(sorted(w.specs()), sorted(before))
    assert.equal(w.writes.length, 1, w.writes.join(', '))
    assert.ok(w.writes[0]?.includes(written(w)), w.writes[0])
    assert.equal((await w.go()).steps.length, 0)
    assert.equal(w.fight(), undefined)
  })

/** A deleted object comes back at the end of its store. */
const sorted = ({ policies, groups }: ReturnType<World['specs']>) => [
  policies.map((spec) => JSON.stringify(spec)).sort(),
  groups.map((spec) => JSON.stringify(spec)).sort(),
]

test('all of it at once is put back as well, each object once the plan has narrowed', async () => {
  const w = await settled()
  const before = structuredClone(w.specs())
  w.edit(A, { ingress: [mine], egress: [mine] })
  w.edit(B, { priority: 9_999 })
  w.editGroup(w.child, { podSelector: { matchLabels: { app: 'db' } } })
  w.editGroup(WEB, { childGroups: ['everything'] })
  await w.go()
  assert.deepEqual(sorted(w.specs()), sorted(before))
})

const META: Readonly<
  Record<string, readonly [(object: ClusterNetworkPolicy) => ClusterNetworkPolicy, string]>
> = {
  'its label': [meta('labels', {}), 'NAME_CONFLICT'],
  'the id of the cluster': [meta('annotations', {}), 'LOOKS_LIKE_OURS'],
}

function meta(key: 'labels' | 'annotations', value: Record<string, string>) {
  return (object: ClusterNetworkPolicy) => ({ ...object, metadata: { ...object.metadata, [key]: value } })
}

for (const [what, [change, code]] of Object.entries(META))
  test(`${what} is taken off: it is not ours any more, is told (${code}), and is kept again when it is back`, async () => {
    const w = await settled()
    const mineBefore = policyOf(w)
    w.put(CNPS, change(mineBefore))
    w.edit(A, { priority: 9_999 })
    await w.go()
    assert.deepEqual(w.writes, [])
    assert.ok(w.warning(code as 'NAME_CONFLICT'), `no ${code}`)
    w.put(CNPS, { ...mineBefore, spec: policyOf(w).spec })
    await w.go()
    assert.deepEqual(policyOf(w).spec, mineBefore.spec)
    assert.equal(w.writes.length, 1)
    assert.equal(w.warning(code as 'NAME_CONFLICT'), undefined)
  })

test('words of ours that change and words of others that come cost no write, and outlive one', async () => {
  const w = await settled()
  const { metadata, ...rest } = policyOf(w)
  const labels = { ...metadata.labels, team: 'x' }
  const annotations = { ...metadata.annotations, 'antrea-nsx-adapter/display-name': 'other', note: 'y' }
  w.put(CNPS, { ...rest, metadata: { ...metadata, labels, annotations } } as ClusterNetworkPolicy)
  await w.go()
  assert.deepEqual(w.writes, [])
  w.edit(A, { priority: 9_999 })
  await w.go()
  const now = policyOf(w).metadata
  assert.deepEqual([now.labels?.['team'], now.annotations?.['note']], ['x', 'y'])
  assert.equal(now.annotations?.['antrea-nsx-adapter/display-name'], 'a')
})

test('its spec-hash is taken off: what is right stays, what is then changed is put back', async () => {
  const w = await settled()
  const { metadata, ...rest } = policyOf(w)
  const { 'antrea-nsx-adapter/spec-hash': _hash, ...annotations } = metadata.annotations ?? {}
  w.put(CNPS, { ...rest, metadata: { ...metadata, annotations } } as ClusterNetworkPolicy)
  await w.go()
  assert.deepEqual(w.writes, [])
  w.edit(A, { egress: [mine] })
  await w.go()
  assert.deepEqual(policyOf(w).spec, rest.spec)
})

test('a fight over one group: at most one write in 5 s, named, and everything else is put back at once', async () => {
  const w = await settled()
  const wanted = w.stores.clusterGroups.get(w.child)?.spec
  const kept = policyOf(w, B).spec
  for (let passedMs = 0; passedMs < 30_000; passedMs += 250) {
    w.editGroup(w.child, { podSelector: { matchLabels: { app: 'db' } } })
    if (passedMs % 5_000 === 0) w.edit(B, { priority: 5_000 + passedMs })
    await w.go()
    assert.deepEqual(policyOf(w, B).spec, kept)
    await w.clock.advance(250)
  }
  const ofGroup = w.writes.filter((write) => write.includes(w.child)).length
  assert.ok(ofGroup >= DRIFT_AT_ONCE && ofGroup <= DRIFT_AT_ONCE + 30_000 / DRIFT_SPACING_MS, `${ofGroup}`)
  assert.match(w.fight() ?? '', new RegExp(`group ${w.child} is changed again and again by "kubectl-edit"`))
  const { againMs = 0 } = await w.go()
  await w.clock.advance(againMs)
  await w.go()
  assert.deepEqual(w.stores.clusterGroups.get(w.child)?.spec, wanted)
  await w.clock.advance(DRIFT_CALM_MS)
  await w.go()
  assert.equal(w.fight(), undefined)
})

test('a group that is deleted again and again is a fight as well', async () => {
  const w = await settled()
  for (let time = 0; time < 3; time += 1) {
    w.remove(CGS, w.child)
    await w.go()
    assert.ok(w.stores.clusterGroups.get(w.child))
  }
  assert.match(w.fight() ?? '', /somebody who deletes it/)
})

test('a policy that is held as it was is put back at the same rate', async () => {
  const w = await settled()
  const wanted = policyOf(w).spec
  w.want([...NSX.slice(0, 1), policy('a', 0, [rule(1, { source_groups: [`${GROUPS}/missing`] })]), NSX[2]!])
  await w.go()
  assert.ok(w.warning('HELD_POLICIES'))
  for (let passedMs = 0; passedMs < 30_000; passedMs += 250) {
    w.edit(A, { egress: [mine] })
    await w.go()
    await w.clock.advance(250)
  }
  const { length } = w.writes
  assert.ok(length >= DRIFT_AT_ONCE && length <= DRIFT_AT_ONCE + 30_000 / DRIFT_SPACING_MS, `${length}`)
  assert.ok(w.fight())
  const { againMs = 600_000 } = await w.go()
  await w.clock.advance(againMs)
  await w.go()
  assert.deepEqual(policyOf(w).spec, wanted)
})

test('two objects fought over at once have a rate each', async () => {
  const w = await settled()
  for (let time = 0; time < 20; time += 1) {
    w.edit(A, { priority: 9_000 + time })
    w.edit(B, { priority: 9_000 + time })
    await w.go()
  }
  for (const name of [A, B]) {
    // Two that change at once are first narrowed where they could let more through in between.
    const puts = w.writes.filter((write) => write.endsWith(name)).length
    assert.ok(puts >= DRIFT_AT_ONCE && puts <= 2 * DRIFT_AT_ONCE, `${puts} of ${name}`)
  }
  assert.match(w.fight() ?? '', new RegExp(`${A}.*${B}`))
})

test('what is changed while another is being written is put back by the next plan', async () => {
  let during: (() => void) | undefined
  const w = await settled({
    onWrite: () => {
      const now = during
      during = undefined
      now?.()
      return undefined
    },
  })
  const before = structuredClone(w.specs())
  during = () => w.edit(B, { egress: [mine] })
  w.edit(A, { egress: [mine] })
  await w.go()
  assert.deepEqual(w.specs(), before)
})

test('a write that meets a newer edit is no repair; the next one is, and only that counts', async () => {
  const state = { refuse: 0 }
  const w = await settled({
    onWrite: () => (state.refuse-- > 0 ? retry('KUBE_CONFLICT', 'somebody changed it') : undefined),
  })
  const { spec } = policyOf(w)
  for (let time = 0; time < 2; time += 1) {
    state.refuse = 12
    w.edit(A, { egress: [mine] })
    const next = await w.enforcer.plan()
    const outcome = await w.enforcer.apply(next, new AbortController().signal)
    assert.equal(outcome.kind, 'failed')
    assert.equal(w.writes.length, time)
    state.refuse = 0
    await w.go()
    assert.deepEqual(policyOf(w).spec, spec)
  }
  assert.equal(w.fight(), undefined)
})

test('one policy that the API server refuses keeps no other from being put back', async () => {
  const state = { refused: '' }
  const w = await settled({
    onWrite: (_, { metadata }) =>
      metadata.name === state.refused ? refusedFor('it says no to this one') : undefined,
  })
  state.refused = A
  const wanted = policyOf(w, B).spec
  w.edit(A, { egress: [mine] })
  await w.go()
  assert.notDeepEqual(policyOf(w).spec.egress, [])
  w.edit(B, { egress: [mine] })
  await w.go()
  assert.deepEqual(policyOf(w, B).spec, wanted)
})

test('an instance that stands down forgets a fight, and puts nothing back that it did not see itself', async () => {
  const w = await settled()
  for (let time = 0; time < 3; time += 1) {
    w.edit(A, { priority: 9_000 + time })
    await w.go()
  }
  assert.ok(w.fight())
  w.enforcer.standDown()
  assert.equal(w.fight(), undefined)
  w.remove(CNPS, A)
  await w.go()
  assert.equal(w.fight(), undefined)
  assert.ok(policyOf(w))
})

const refusedFor = (why: string) => needsPerson('KUBE_ADMISSION_DENIED', why)
