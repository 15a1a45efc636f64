/** Groups and sides of the translation table: Services, members outside the cluster, exclusions, empty halves, steps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import { createTranslator, type DesiredObject, specFieldsOf } from '../../../src/ccp/translate/index.ts'
import {
  both,
  conjunction,
  factsOf,
  GROUPS,
  group,
  ips,
  machines,
  namespace,
  nested,
  policy,
  rule,
  setOf,
  tag,
  translate,
  translateWith,
  uuid,
} from './objects.ts'

const WEB = group('web', 1, [tag('dis:k8s:app|web')])
const NET = group('net', 3, [ips('10.0.0.0/25', '10.0.0.128/25', '2001:db8::/64')])
const NOBODY = group('nobody', 4, [])
const path = (id: string) => `${GROUPS}/${id}`
const named = (value: string) => tag(value, { member_type: 'Service', key: 'Name' })

function rulesOf(more: Record<string, unknown>, ...others: DesiredObject[]) {
  const result = translate(policy('p', 10, [rule(1, more)]), WEB, NET, NOBODY, ...others)
  assert.deepEqual(result.held, [])
  const spec = result.policies[0]?.spec
  const notices = [...(result.policies[0]?.notices ?? []), ...(result.empty[0]?.notices ?? [])]
  return { ingress: spec?.ingress ?? [], egress: spec?.egress ?? [], codes: notices.map(({ code }) => code) }
}
const childrenOf = (n: number, ...objects: DesiredObject[]) => [
  ...(translate(...objects)
    .groups.get(uuid(n))
    ?.children.values() ?? []),
]

test('a Service as member is the Pods behind it', () => {
  const svc = group('svc', 8, [both(named('front'), namespace('shop'))])
  assert.deepEqual(childrenOf(8, svc), [{ serviceReference: { name: 'front', namespace: 'shop' } }])
  const turned = group('svc', 8, [namespace('shop'), conjunction('AND'), named('front')])
  assert.deepEqual(childrenOf(8, turned), childrenOf(8, svc))
  // It can be applied to, and be a peer.
  const { ingress } = rulesOf({ scope: [path('svc')], source_groups: [path('svc')] }, svc)
  assert.deepEqual([ingress[0]?.appliedTo, ingress[0]?.from], [[{ group: uuid(8) }], [{ group: uuid(8) }]])
})

test('members outside the cluster are the addresses that the manager tells, beside what else the group has', () => {
  assert.deepEqual(childrenOf(7, ...machines('10.1.1.1', '2001:db8::1')), [
    { ipBlocks: [{ cidr: '10.1.1.1/32' }, { cidr: '2001:db8::1/128' }] },
  ])
  const mixed = [
    group('mixed', 9, [
      tag('app|web'),
      conjunction('OR'),
      nested(path('vms')),
      conjunction('OR'),
      ips('192.0.2.1'),
    ]),
    ...machines('10.1.1.1'),
  ]
  const specs = childrenOf(9, ...mixed)
  assert.equal(specs.length, 2)
  assert.deepEqual(specs.find(({ ipBlocks }) => ipBlocks)?.ipBlocks, [
    { cidr: '10.1.1.1/32' },
    { cidr: '192.0.2.1/32' },
  ])
  // Nobody just now is nobody, not everybody.
  const nobody = childrenOf(7, ...machines())
  assert.equal(nobody[0]?.podSelector?.matchExpressions?.length, 2)
  const { ingress } = rulesOf({ source_groups: [path('vms')] }, ...machines())
  assert.deepEqual(ingress[0]?.from, [{ group: uuid(7) }])
})

test('members are followed: a new address replaces one shard, and what is held goes on when they come', () => {
  const body = policy('p', 10, [rule(1, { source_groups: [path('vms')] })])
  const translator = createTranslator(DEFAULT_TIERS)
  const of = (...objects: DesiredObject[]) => translator(setOf(body, ...objects))
  const many = Array.from({ length: 3_000 }, (_, n) => `10.${n % 200}.${n >> 8}.1`)
  const [vms] = machines()
  assert.equal(of(vms).held[0]?.problems[0]?.code, 'GROUP_MEMBERS_MISSING')
  const before = of(...machines(...many))
  const again = of(...machines(...many))
  const after = of(...machines(...many, '192.0.2.1'))
  const names = (one: typeof before) => [...(one.groups.get(uuid(7))?.children.keys() ?? [])]
  assert.equal(before.policies.length, 1)
  assert.deepEqual(names(again), names(before))
  assert.equal(names(after).filter((name) => !names(before).includes(name)).length, 1)
  assert.equal(after.policies[0]?.specHash, before.policies[0]?.specHash)
  // The result is that of a translation from scratch.
  assert.deepEqual(names(after), [
    ...(translate(body, ...machines(...many, '192.0.2.1'))
      .groups.get(uuid(7))
      ?.children.keys() ?? []),
  ])
})

test('excluded at the far end: every address of both families but those', () => {
  const excluded = (groups: string[], more: Record<string, unknown> = {}, ...others: DesiredObject[]) =>
    rulesOf({ source_groups: groups, sources_excluded: true, ...more }, ...others)
  assert.deepEqual(excluded([path('net'), '10.0.0.7', '10.0.1.0-10.0.1.2']).ingress[0]?.from, [
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/24', '10.0.1.0/31', '10.0.1.2/32'] } },
    { ipBlock: { cidr: '::/0', except: ['2001:db8::/64'] } },
  ])
  assert.deepEqual(excluded(['10.0.0.0/8']).ingress[0]?.from, [
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } },
    { ipBlock: { cidr: '::/0' } },
  ])
  assert.deepEqual(excluded(['0.0.0.0/1', '128.0.0.0/1']).ingress[0]?.from, [{ ipBlock: { cidr: '::/0' } }])
  assert.deepEqual(excluded(['10.0.0.0/8'], { ip_protocol: 'IPV4' }).ingress[0]?.from, [
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } },
  ])
  assert.deepEqual(excluded(['0.0.0.0/0', '::/0']).codes, ['VACUOUS_FAMILY', 'EMPTY_POLICY'])
  assert.deepEqual(excluded([path('vms')], {}, ...machines('10.1.1.1')).ingress[0]?.from, [
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.1.1.1/32'] } },
    { ipBlock: { cidr: '::/0' } },
  ])
  const out = rulesOf({ direction: 'OUT', destination_groups: ['10.0.0.1'], destinations_excluded: true })
  assert.equal(out.egress[0]?.to?.length, 2)
})

test('excluded at the near end: the Pods that none of the criteria hold for', () => {
  const app = group('app', 5, [both(tag('app|web'), tag('tier|front')), conjunction('OR'), namespace('shop')])
  const { egress } = rulesOf({ direction: 'OUT', source_groups: [path('app')], sources_excluded: true }, app)
  const notShop = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['shop'] }],
  }
  const pods = (key: string, value: string) => ({
    matchExpressions: [{ key, operator: 'NotIn', values: [value] }],
  })
  assert.deepEqual(egress[0]?.appliedTo, [
    { podSelector: pods('app', 'web'), namespaceSelector: notShop },
    { podSelector: pods('tier', 'front'), namespaceSelector: notShop },
  ])
  // But nobody is everybody.
  const all = rulesOf({ direction: 'OUT', source_groups: [path('nobody')], sources_excluded: true })
  assert.deepEqual(all.egress[0]?.appliedTo, [{ podSelector: {} }])
})

test('a half that no Pod can be on is left out', () => {
  const found = rulesOf({ direction: 'IN_OUT', destination_groups: [path('nobody')] })
  assert.deepEqual([found.ingress.length, found.egress.length], [0, 1])
  assert.ok(found.codes.includes('VACUOUS_SIDE'))
})

test('of a group with both families, a rule of one has the addresses of that one', () => {
  const { ingress } = rulesOf({ ip_protocol: 'IPV6', source_groups: [path('net')] })
  assert.deepEqual(ingress[0]?.from, [{ ipBlock: { cidr: '2001:db8::/64' } }])
})

test('a policy without a category stands behind all of Application, and ties are told', () => {
  const late = policy('late', 1, [rule(1)], { category: '', sequence_number: 0 })
  const last = policy('last', 2, [rule(1, { action: 'DROP' })], { sequence_number: 999_999 })
  const { policies } = translate(late, last)
  assert.deepEqual(
    policies.map(({ name }) => name),
    [uuid(2), uuid(1)],
  )
  assert.deepEqual(
    policies[1]?.notices.map(({ code }) => code),
    ['CATEGORY_EMPTY'],
  )
  const tied = (...actions: string[]) =>
    translate(...actions.map((action, n) => policy(`t${n}`, n, [rule(1, { action })]))).policies.map(
      ({ notices }) => notices.map(({ code }) => code).join(),
    )
  assert.deepEqual(tied('ALLOW', 'DROP'), ['ORDER_TIE', 'ORDER_TIE'])
  assert.deepEqual(tied('ALLOW', 'ALLOW'), ['', ''])
  assert.deepEqual(tied('DROP', 'REJECT'), ['', ''])
})

test('in steps or at once, and given up half-way, the result is the same', () => {
  const set = setOf(
    ...Array.from({ length: 40 }, (_, n) =>
      policy(`p${n}`, 100 + n, [rule(1, { source_groups: [path('web'), path('vms')] })]),
    ),
    WEB,
    NET,
    ...machines('10.1.1.1'),
  )
  const translator = createTranslator(DEFAULT_TIERS)
  for (const stop of [1, 5, 30, 60]) {
    const steps = translator.steps(set)
    for (let at = 0; at < stop; at += 1) steps.next()
    steps.return(undefined as never)
  }
  assert.deepEqual(translator(set), createTranslator(DEFAULT_TIERS)(set))
})

test('other facts of the cluster make another translation, and the former ones the former', () => {
  const translator = createTranslator(DEFAULT_TIERS)
  const set = setOf(policy('p', 10, [rule(1, { source_groups: ['10.0.0.1'], sources_excluded: true })]))
  const [now, old] = [factsOf('v2.7'), factsOf('v1.13')]
  assert.deepEqual(
    [translator(set, now).held.length, translator(set, old).held.length, translator(set, now).held.length],
    [0, 1, 0],
  )
  assert.equal(translateWith({ facts: old }, policy('p', 10, [rule(1)])).held.length, 0)
})

test('schemas are read for what they are', () => {
  const crd = (schema: unknown, served = true) => ({
    spec: { versions: [{ name: 'v1beta1', served, schema: { openAPIV3Schema: schema } }] },
  })
  const spec = (properties: unknown) => crd({ properties: { spec: { type: 'object', properties } } })
  assert.equal(specFieldsOf(spec({ a: { type: 'string' } }), 'v1alpha1'), undefined)
  assert.equal(specFieldsOf(crd({ properties: { spec: {} } }, false), 'v1beta1'), undefined)
  for (const nonsense of [undefined, null, 7, {}, { spec: { versions: 'x' } }, crd(undefined)])
    assert.equal(specFieldsOf(nonsense, 'v1beta1'), undefined)
  const tree = specFieldsOf(
    spec({
      list: { type: 'array', items: { type: 'object', properties: { a: {} } } },
      free: { additionalProperties: { type: 'string' } },
    }),
    'v1beta1',
  )
  assert.ok(tree instanceof Map)
  assert.deepEqual([tree.get('list') instanceof Map, tree.get('free')], [true, 'any'])
})
