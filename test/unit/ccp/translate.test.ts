/** The translation table (docs/translation.md), row by row. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DesiredObject } from '../../../src/ccp/translate/index.ts'
import { groupsOf } from '../../../src/ccp/translate/index.ts'
import type { PolicyRule } from '../../../src/kube/antrea.ts'
import {
  both,
  conjunction,
  GROUPS,
  group,
  ips,
  namespace,
  nested,
  policy,
  rule,
  service,
  tag,
  tcp,
  translate,
  uuid,
} from './objects.ts'

const WEB = group('web', 1, [tag('dis:k8s:app|web')])
const DB = group('db', 2, [tag('app|db')])
const NET = group('net', 3, [ips('10.0.0.0/24', '2001:db8::/64')])
const path = (id: string) => `${GROUPS}/${id}`

/** The only policy's rules. */
function rulesOf(ruleBody: Record<string, unknown>, ...more: DesiredObject[]) {
  const result = translate(policy('p', 10, [ruleBody]), WEB, DB, NET, ...more)
  assert.deepEqual(result.held, [])
  const spec = result.policies[0]?.spec
  return {
    ingress: spec?.ingress ?? [],
    egress: spec?.egress ?? [],
    notices: result.policies[0]?.notices ?? [],
  }
}

const childSpecs = (object: DesiredObject, ...more: DesiredObject[]) => {
  const name = String(object.body?.['unique_id'])
  const found = translate(object, ...more).groups.get(name)
  return found === undefined ? undefined : [...found.children.values()]
}

const everyPod = [{ podSelector: {} }]

test('a policy is one object with the name, tier and order that NSX gave it', () => {
  const { policies, tiers } = translate(
    policy('p', 10, [rule(1)], { category: 'Emergency', unique_id: uuid(10).toUpperCase() }),
  )
  const [first] = policies
  assert.equal(first?.name, uuid(10))
  assert.equal(first?.spec.tier, 'nsx-category-emergency')
  assert.deepEqual(tiers, [{ name: 'nsx-category-emergency', priority: 1 }])
  assert.deepEqual(first?.spec.ingress, [
    { name: '1', action: 'Allow', appliedTo: everyPod, enableLogging: false },
  ])
  assert.deepEqual(first?.spec.egress, [])
})

test('actions, directions and names', () => {
  for (const [action, wanted] of [
    ['ALLOW', 'Allow'],
    ['DROP', 'Drop'],
    ['REJECT', 'Reject'],
  ] as const)
    assert.equal(rulesOf(rule(1, { action })).ingress[0]?.action, wanted)
  const out = rulesOf(rule(1, { direction: 'OUT' }))
  assert.deepEqual([out.ingress.length, out.egress[0]?.name], [0, '1'])
  const inOut = rulesOf(rule(1, { direction: 'IN_OUT' }))
  assert.deepEqual([inOut.ingress[0]?.name, inOut.egress[0]?.name], ['1-in', '1-out'])
  const byDefault = rulesOf(rule(1, { direction: undefined }))
  assert.deepEqual([byDefault.ingress.length, byDefault.egress.length], [1, 1])
})

test('a rule without a rule_id has a name of its own', () => {
  const { ingress } = rulesOf(rule(1, { rule_id: undefined }))
  assert.match(ingress[0]?.name ?? '', /^[0-9a-f]{12}$/)
})

test('rules stand by sequence number, then rule_id, whatever their place in the array; disabled ones are left out', () => {
  const rules = [
    rule(5, { sequence_number: 2 }),
    rule(4, { sequence_number: 2 }),
    rule(9, { sequence_number: 1 }),
    rule(3, { sequence_number: 0, disabled: true }),
  ]
  const { policies } = translate(policy('p', 10, rules))
  assert.deepEqual(
    policies[0]?.spec.ingress.map(({ name }) => name),
    ['9', '4', '5'],
  )
})

test('source, destination and scope', () => {
  const applied = (rules: readonly PolicyRule[]) => rules[0]?.appliedTo
  // G → ANY, IN
  const fromGroup = rulesOf(rule(1, { source_groups: [path('web')], scope: [path('db')] }))
  assert.deepEqual(fromGroup.ingress[0]?.from, [{ group: uuid(1) }])
  assert.deepEqual(applied(fromGroup.ingress), [{ group: uuid(2) }])
  // ANY → G, OUT
  const toGroup = rulesOf(rule(1, { direction: 'OUT', destination_groups: [path('net')] }))
  assert.deepEqual(toGroup.egress[0]?.to, [{ group: uuid(3) }])
  assert.deepEqual(applied(toGroup.egress), everyPod)
  // ANY → ANY
  const any = rulesOf(rule(1, { direction: 'IN_OUT' }))
  assert.equal(any.ingress[0]?.from, undefined)
  assert.equal(any.egress[0]?.to, undefined)
  // G1 → G2 in both directions, applied everywhere: each end is enforced at its own Pods
  const between = rulesOf(
    rule(1, { direction: 'IN_OUT', source_groups: [path('web')], destination_groups: [path('db')] }),
  )
  assert.deepEqual(applied(between.ingress), [{ group: uuid(2) }])
  assert.deepEqual(between.ingress[0]?.from, [{ group: uuid(1) }])
  assert.deepEqual(applied(between.egress), [{ group: uuid(1) }])
  assert.deepEqual(between.egress[0]?.to, [{ group: uuid(2) }])
  // IN with a destination: only its Pods that are also in the scope
  const same = rulesOf(rule(1, { destination_groups: [path('db')], scope: [path('db'), path('web')] }))
  assert.deepEqual(applied(same.ingress), [{ group: uuid(2) }])
  const crossed = rulesOf(rule(1, { destination_groups: [path('db')], scope: [path('web')] }))
  assert.deepEqual(applied(crossed.ingress), [
    {
      podSelector: {
        matchExpressions: [
          { key: 'app', operator: 'In', values: ['db'] },
          { key: 'app', operator: 'In', values: ['web'] },
        ],
      },
    },
  ])
})

test("the policy's scope wins over the rules'", () => {
  const result = translate(
    policy('p', 10, [rule(1, { scope: [path('web')] }), rule(2)], { scope: [path('db')] }),
    WEB,
    DB,
  )
  const [first] = result.policies
  assert.deepEqual(
    first?.spec.ingress.map(({ appliedTo }) => appliedTo),
    [[{ group: uuid(2) }], [{ group: uuid(2) }]],
  )
  assert.deepEqual(
    first?.notices.map(({ code }) => code),
    ['RULE_SCOPE_IGNORED'],
  )
  assert.deepEqual(first?.groups, [uuid(2)])
})

test('addresses stand in the rule itself', () => {
  const { ingress } = rulesOf(
    rule(1, { source_groups: ['10.1.2.3', '10.0.0.4-10.0.0.7', path('web'), '::1'] }),
  )
  assert.deepEqual(ingress[0]?.from, [
    { group: uuid(1) },
    { ipBlock: { cidr: '10.0.0.4/30' } },
    { ipBlock: { cidr: '10.1.2.3/32' } },
    { ipBlock: { cidr: '::1/128' } },
  ])
})

test('services', () => {
  const ports = (more: Record<string, unknown>, ...objects: DesiredObject[]) =>
    rulesOf(rule(1, more), ...objects).ingress[0]?.ports
  const inner = service('inner', tcp('443'))
  const outer = service('outer', tcp('80', '8000-9000'), {
    resource_type: 'NestedServiceServiceEntry',
    nested_service_path: '/infra/services/inner',
  })
  assert.equal(ports({}), undefined)
  assert.deepEqual(ports({ services: ['/infra/services/outer'] }, inner, outer), [
    { protocol: 'TCP', port: 443 },
    { protocol: 'TCP', port: 80 },
    { protocol: 'TCP', port: 8000, endPort: 9000 },
  ])
  assert.deepEqual(ports({ services: undefined, service_entries: [{ ...tcp('53'), l4_protocol: 'UDP' }] }), [
    { protocol: 'UDP', port: 53 },
  ])
  assert.deepEqual(ports({ services: undefined, service_entries: [tcp()] }), [{ protocol: 'TCP' }])
  const protocol = { resource_type: 'IPProtocolServiceEntry', protocol_number: 132 }
  assert.deepEqual(ports({ services: undefined, service_entries: [protocol] }), [{ protocol: 'SCTP' }])
  const anyWithEntries = rulesOf(rule(1, { services: ['any'], service_entries: [tcp('22')] }))
  assert.deepEqual(anyWithEntries.ingress[0]?.ports, [{ protocol: 'TCP', port: 22 }])
  assert.deepEqual(
    anyWithEntries.notices.map(({ code }) => code),
    ['ANY_WITH_ENTRIES'],
  )
})

test('logging and its label', () => {
  assert.equal(rulesOf(rule(1, { logged: true })).ingress[0]?.enableLogging, true)
  const { policies } = translate(policy('p', 10, [rule(1)], { logging_enabled: true }))
  assert.equal(policies[0]?.spec.ingress[0]?.enableLogging, true)
  assert.equal(rulesOf(rule(1, { tag: 'front-door' })).ingress[0]?.logLabel, 'front-door')
  const changed = rulesOf(rule(1, { tag: ` ${'x y'.repeat(40)}` }))
  assert.match(changed.ingress[0]?.logLabel ?? '', /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/)
  assert.deepEqual(
    changed.notices.map(({ code }) => code),
    ['LOG_LABEL_CHANGED'],
  )
})

test('one IP family', () => {
  assert.deepEqual(rulesOf(rule(1, { ip_protocol: 'IPV4' })).ingress[0]?.from, [
    { ipBlock: { cidr: '0.0.0.0/0' } },
  ])
  assert.deepEqual(
    rulesOf(rule(1, { ip_protocol: 'IPV6', source_groups: ['10.0.0.1', '::2'] })).ingress[0]?.from,
    [{ ipBlock: { cidr: '::2/128' } }],
  )
  const only4 = group('only4', 7, [ips('10.0.0.1')])
  assert.deepEqual(
    rulesOf(rule(1, { ip_protocol: 'IPV4', source_groups: [path('only4')] }), only4).ingress[0]?.from,
    [{ group: uuid(7) }],
  )
  const result = translate(policy('p', 10, [rule(1, { ip_protocol: 'IPV6', source_groups: ['10.0.0.1'] })]))
  assert.deepEqual(
    result.empty.flatMap(({ notices }) => notices.map(({ code }) => code)),
    ['VACUOUS_FAMILY', 'EMPTY_POLICY'],
  )
})

test('a policy without enabled rules has no object', () => {
  const result = translate(policy('p', 10, [rule(1, { disabled: true })]))
  assert.deepEqual([result.policies.length, result.held.length], [0, 0])
  assert.deepEqual(
    result.empty.map(({ name, notices }) => [name, notices[0]?.code]),
    [[uuid(10), 'EMPTY_POLICY']],
  )
  assert.deepEqual(translate(policy('p', 10, [rule(1)], { marked_for_delete: true })).policies, [])
})

test('group criteria', () => {
  const pod = (...matchExpressions: object[]) => ({ podSelector: { matchExpressions } })
  const app = (operator: string, ...values: string[]) => ({
    key: 'app',
    operator,
    ...(values.length ? { values } : {}),
  })
  const spec = (...expression: Record<string, unknown>[]) => childSpecs(group('g', 5, expression))
  assert.deepEqual(spec(tag('dis:k8s:app|web')), [pod(app('In', 'web'))])
  assert.deepEqual(spec(tag('app|web', { operator: 'NOTEQUALS' })), [pod(app('NotIn', 'web'))])
  assert.deepEqual(spec(tag('app|')), [pod(app('Exists'))])
  assert.deepEqual(spec(tag('app|', { operator: 'NOTEQUALS' })), [pod(app('DoesNotExist'))])
  const shop = { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] }
  assert.deepEqual(spec(namespace('shop')), [{ namespaceSelector: { matchExpressions: [shop] } }])
  assert.deepEqual(spec(tag('dis:k8s:env|prod', { member_type: 'Namespace' })), [
    { namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod'] }] } },
  ])
  const wanted = [{ ...pod(app('In', 'web')), namespaceSelector: { matchExpressions: [shop] } }]
  assert.deepEqual(spec(both(tag('app|web'), namespace('shop'))), wanted)
  assert.deepEqual(spec(tag('app|web'), conjunction('AND'), namespace('shop')), wanted)
  assert.equal(spec(tag('app|web'), conjunction('OR'), namespace('shop'))?.length, 2)
  const nothing = spec()?.[0]?.podSelector?.matchExpressions?.map(({ operator }) => operator)
  assert.deepEqual(nothing, ['Exists', 'DoesNotExist'])
})

test('nested groups are flattened, reached twice or not', () => {
  const outer = group('outer', 6, [nested(path('web'), path('net')), conjunction('OR'), nested(path('web'))])
  const specs = childSpecs(outer, WEB, NET) ?? []
  assert.deepEqual(specs.map((spec) => Object.keys(spec)[0]).sort(), ['ipBlocks', 'podSelector'])
  const { groups } = translate(outer, WEB, NET)
  for (const name of groups.get(uuid(6))?.children.keys() ?? [])
    assert.match(name, new RegExp(`^${uuid(6)}-[0-9a-f]{10}$`))
})

test('ranges become the fewest CIDRs, host bits go', () => {
  const cidrs = (...text: string[]) =>
    childSpecs(group('g', 5, [ips(...text)]))?.flatMap(
      ({ ipBlocks }) => ipBlocks?.map(({ cidr }) => cidr) ?? [],
    )
  assert.deepEqual(cidrs('10.0.0.1-10.0.0.6'), ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32'])
  assert.deepEqual(cidrs('0.0.0.0-255.255.255.255'), ['0.0.0.0/0'])
  assert.deepEqual(cidrs('10.1.2.3/16'), ['10.1.0.0/16'])
  assert.deepEqual(cidrs('2001:DB8:0::1/64', '::ffff-::1:0'), ['2001:db8::/64', '::1:0/128', '::ffff/128'])
})

test('addresses are cut into shards, and one more changes one of them', () => {
  const addresses = Array.from({ length: 3_000 }, (_, n) => `10.${n % 200}.${Math.floor(n / 200)}.1`)
  const names = (list: string[]) =>
    new Set(
      translate(group('g', 5, [ips(...list)]))
        .groups.get(uuid(5))
        ?.children.keys() ?? [],
    )
  const [before, after] = [names(addresses), names([...addresses, '192.0.2.1'])]
  assert.equal(before.size, after.size)
  assert.ok(before.size >= 4)
  assert.equal([...after].filter((name) => !before.has(name)).length, 1)
})

test('priorities keep the order, are exact and never shared', () => {
  const at = (sequence_number: number, n: number) =>
    translate(policy('p', n, [rule(1)], { sequence_number })).policies[0]?.spec.priority ?? 0
  assert.ok(at(0, 1) >= 1 && at(0, 1) < at(1, 1) && at(1, 2) < at(2, 1))
  assert.ok(at(999_999, 1) < 10_000)
  const many = Array.from({ length: 300 }, (_, n) => policy(`p${n}`, n, [rule(1)]))
  const { policies } = translate(...many)
  assert.equal(new Set(policies.map(({ spec }) => spec.priority)).size, 300)
  // An insertion moves nobody.
  const alone = translate(many[7]!).policies[0]?.spec.priority
  assert.equal(policies.find(({ name }) => name === uuid(7))?.spec.priority, alone)
  assert.deepEqual(
    policies.map(({ spec }) => spec.priority),
    policies.map(({ spec }) => spec.priority).sort((a, b) => a - b),
  )
})

test('groups of rules are found wherever they stand', () => {
  const rules: PolicyRule[] = [
    { action: 'Allow', from: [{ group: 'b' }], to: [{ group: 'a' }], appliedTo: [{ group: 'c' }] },
    { action: 'Drop', appliedTo: [{ group: 'c' }] },
  ]
  assert.deepEqual(groupsOf(rules), ['a', 'b', 'c'])
})
