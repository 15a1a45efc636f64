/** Everything that is refused: each code, that it holds the whole policy, and that every code is reached. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CODES, type Code, type DesiredObject, UNKNOWN_CLUSTER } from '../../../src/ccp/translate/index.ts'
import {
  both,
  conjunction,
  cut,
  factsOf,
  GROUPS,
  group,
  ips,
  machines,
  namespace,
  nested,
  object,
  POLICIES,
  policy,
  rule,
  service,
  tag,
  tcp,
  translate,
  translateWith,
} from './objects.ts'

const path = (id: string) => `${GROUPS}/${id}`
const WEB = group('web', 1, [tag('app|web')])
const NET = group('net', 3, [ips('10.0.0.0/24')])
const reached = new Set<string>()

const named = (value: string, more: Record<string, unknown> = {}) =>
  tag(value, { member_type: 'Service', key: 'Name', ...more })

/** The policy is held for this reason, and nothing of it is written. */
const held = (code: Code, ...objects: DesiredObject[]): void => heldWith(code, {}, ...objects)

function heldWith(code: Code, settings: { domains?: boolean }, ...objects: DesiredObject[]): void {
  const result = translateWith({ settings }, ...objects)
  const codes = result.held.flatMap(({ problems }) => problems.map((found) => found.code))
  assert.ok(codes.includes(code), `${code} expected, got ${codes.join() || 'nothing'}`)
  assert.deepEqual(result.policies, [])
  reached.add(code)
}

const inRule = (code: Code, more: Record<string, unknown>, ...objects: DesiredObject[]) =>
  held(code, policy('p', 10, [rule(1, more), rule(2)]), WEB, NET, ...objects)
const inPolicy = (code: Code, more: Record<string, unknown>) => held(code, policy('p', 10, [rule(1)], more))
const inGroup = (code: Code, expression: Record<string, unknown>[], more: Record<string, unknown> = {}) =>
  inRule(code, { source_groups: [path('g')] }, group('g', 5, expression, more))
const inService = (code: Code, ...entries: Record<string, unknown>[]) =>
  inRule(code, { services: ['/infra/services/s'] }, service('s', ...entries))

test('policies', () => {
  inPolicy('CATEGORY_ETHERNET', { category: 'Ethernet' })
  inPolicy('CATEGORY_UNKNOWN', { category: 'ThreatRules' })
  inPolicy('CATEGORY_UNKNOWN', { category: 'application' })
  inPolicy('SEQUENCE_NUMBER', { sequence_number: -1 })
  inPolicy('SEQUENCE_NUMBER', { sequence_number: 1.5 })
  inPolicy('SEQUENCE_NUMBER', { sequence_number: 4_999 * 2 ** 18 })
  inPolicy('STATELESS', { stateful: false })
  inPolicy('SCHEDULE', { scheduler_path: '/infra/firewall-schedulers/night' })
  inPolicy('CONNECTIVITY_STRATEGY', { connectivity_preference: 'ALLOWLIST' })
  inPolicy('CONNECTIVITY_STRATEGY', { application_connectivity_strategy: [{}] })
  inPolicy('NO_UNIQUE_ID', { unique_id: 'web-policy' })
  inPolicy('NO_UNIQUE_ID', { unique_id: undefined })
  inPolicy('BODY_MALFORMED', { rules: 'none' })
  inPolicy('BODY_MALFORMED', { rules: [rule(1), rule(2, { services: 'HTTP' })] })
  inPolicy('BODY_MALFORMED', { scope: [7] })
  held('DUPLICATE_ID', policy('p', 10, [rule(1)]), policy('q', 10, [rule(1)]))
  held('OBJECT_TOO_LARGE', object('SecurityPolicy', `${POLICIES}/p`, undefined))
  held('PROJECT_SCOPE', object('SecurityPolicy', '/orgs/default/x', policy('p', 10, [rule(1)]).body))
  held('GLOBAL_OBJECT', object('SecurityPolicy', '/global-infra/x', policy('p', 10, [rule(1)]).body))
})

test('rules', () => {
  inRule('ACTION_UNKNOWN', { action: 'PASS' })
  inRule('ACTION_UNKNOWN', { action: undefined })
  inRule('ACTION_UNKNOWN', { action: 'constructor' })
  inRule('JUMP', { action: 'JUMP_TO_APPLICATION' })
  inRule('DIRECTION_UNKNOWN', { direction: 'BOTH' })
  inRule('CONTEXT_PROFILE', { profiles: ['/infra/context-profiles/DNS'] })
  inRule('CONTEXT_PROFILE', { profiles: ['/infra/context-profiles/DNS', '/infra/context-profiles/SSL'] })
  inRule('L7_PROFILE', { profiles: ['/infra/l7-access-profiles/web'] })
  inRule('ANY_NOT_ALONE', { profiles: ['ANY', '/infra/context-profiles/DNS'] })
  inRule('FAMILY_UNKNOWN', { ip_protocol: 'IPV5' })
  inRule('FAMILY_UNKNOWN', { ip_protocol: '__proto__' })
  inRule('FAMILY_SELECTOR', { ip_protocol: 'IPV4', source_groups: [path('web')] })
  inRule('DIRECTION_FORM', { direction: 'IN_OUT', source_groups: [path('net')] })
  inRule('INTERSECTION', { destination_groups: [path('net')], source_groups: [path('web')] })
  inRule('INTERSECTION', { destination_groups: ['10.0.0.1'] })
  inRule('SCOPE_IP', { scope: [path('net')] })
  inRule('SCOPE_FORM', { scope: ['10.0.0.1'] })
  inRule('ANY_NOT_ALONE', { source_groups: ['ANY', path('web')] })
  inRule('ANY_NOT_ALONE', { services: ['ANY', '/infra/services/s'] })
  inRule('EMPTY_LIST', { source_groups: [] })
  inRule('EMPTY_LIST', { services: [] })
  inRule('ADDRESS_INVALID', { source_groups: ['10.0.0.300'] })
  for (const mapped of ['::ffff:10.0.0.1', '::FFFF:0:0/96', '::fffe:ffff:ffff-::ffff:0:0'])
    inRule('ADDRESS_INVALID', { source_groups: [mapped] })
  inRule('MULTICAST', { source_groups: ['224.0.0.1'] })
  inRule('SEQUENCE_NUMBER', { sequence_number: -5 })
  inRule('DUPLICATE_RULE_ID', { rule_id: 2 })
  inRule('RULE_TOO_LARGE', {
    source_groups: Array.from({ length: 1_001 }, (_, n) => `10.0.${n >> 8}.${n & 255}`),
  })
  const ports = Array.from({ length: 300 }, (_, n) => String(n + 1))
  inRule('RULE_TOO_LARGE', { services: undefined, service_entries: [tcp(...ports)] })
  held('SCOPE_IP', policy('p', 10, [rule(1)], { scope: [path('net')] }), NET)
})

test('negation', () => {
  for (const side of ['source', 'destination']) {
    inRule('NEGATION_OF_ANY', { [`${side}s_excluded`]: true })
    inRule('NEGATION_OF_ANY', { [`${side}s_excluded`]: true, [`${side}_groups`]: undefined })
  }
  const but = (groups: string[]) => ({ sources_excluded: true, source_groups: groups })
  const SERVICE = group('svc', 8, [both(named('s'), namespace('n'))])
  // At the far end: all but some Pods.
  inRule('NEGATION', but([path('web')]))
  inRule('NEGATION', but([path('net'), path('web')]))
  inRule('NEGATION', but([path('svc')]), SERVICE)
  // At the near end: all but some addresses, or but the Pods of a Service.
  inRule('NEGATION', { ...but([path('net')]), direction: 'OUT' })
  inRule('NEGATION', { ...but(['10.0.0.1']), direction: 'OUT' })
  inRule('NEGATION', { ...but([path('svc')]), direction: 'OUT' }, SERVICE)
  inRule('NEGATION', { ...but([path('vms')]), direction: 'OUT' }, ...machines('10.1.1.1'))
  const wide = Array.from({ length: 7 }, (_, at) => [tag(`a${at}|x`), tag(`b${at}|x`)])
  const expression = wide.flatMap((pair, at) => [...(at === 0 ? [] : [conjunction('OR')]), both(...pair)])
  inRule('NEGATION', { ...but([path('wide')]), direction: 'OUT' }, group('wide', 8, expression))
  const addresses = Array.from({ length: 1_001 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
  inRule('RULE_TOO_LARGE', but([path('large')]), group('large', 8, [ips(...addresses)]))
})

test('domain names', () => {
  const profile = (...attributes: Record<string, unknown>[]) =>
    object('ContextProfile', '/infra/context-profiles/names', { id: 'names', attributes })
  const names = (...value: string[]) => ({ key: 'DOMAIN_NAME', value })
  const out = { direction: 'OUT', profiles: ['/infra/context-profiles/names'] }
  inRule('FQDN_DISABLED', out, profile(names('example.com')))
  const refused = (code: Code, more: Record<string, unknown>, ...objects: DesiredObject[]) =>
    heldWith(code, { domains: true }, policy('p', 10, [rule(1, { ...out, ...more })]), NET, ...objects)
  refused('PROFILE_MISSING', {})
  refused('FQDN_FORM', { direction: 'IN' }, profile(names('example.com')))
  refused('FQDN_FORM', { direction: 'IN_OUT' }, profile(names('example.com')))
  refused('FQDN_FORM', { destination_groups: [path('net')] }, profile(names('example.com')))
  refused('FQDN_FORM', { ip_protocol: 'IPV4' }, profile(names('example.com')))
  for (const name of [
    'example',
    '*',
    '*.com.*',
    'a b.com',
    '*example.com',
    'example.com/x',
    `${'a.'.repeat(9)}`,
  ])
    refused('FQDN_INVALID', {}, profile(names('ok.example.com', name)))
  refused('FQDN_INVALID', {}, profile(names()))
  refused('CONTEXT_PROFILE', {}, profile({ key: 'APP_ID', value: ['SSL'] }))
  refused('CONTEXT_PROFILE', {}, profile(names('example.com'), { key: 'APP_ID', value: ['SSL'] }))
  refused('CONTEXT_PROFILE', {}, profile())
  refused('BODY_MALFORMED', {}, profile({ key: 7 }))
  refused('OBJECT_TOO_LARGE', {}, object('ContextProfile', '/infra/context-profiles/names', undefined))
})

test('a field that the CRDs of the cluster do not have', () => {
  const but = (groups: string[]) => ({ sources_excluded: true, source_groups: groups })
  const old = factsOf('v2.1')
  const result = translateWith({ facts: old }, policy('p', 10, [rule(1, but(['10.0.0.1']))]))
  const [found] = result.held[0]?.problems ?? []
  assert.equal(found?.code, 'ANTREA_LACKS_FIELD')
  assert.match(
    found?.message ?? '',
    /ClusterNetworkPolicy has no spec\.ingress\[\]\.from\[\]\.ipBlock\.except$/,
  )
  reached.add('ANTREA_LACKS_FIELD')
  // Each of these by a schema that someone cut.
  const icmp = {
    services: undefined,
    service_entries: [{ resource_type: 'ICMPTypeServiceEntry', protocol: 'ICMPv4' }],
  }
  const source = { services: undefined, service_entries: [{ ...tcp('80'), source_ports: ['90'] }] }
  for (const [field, more] of [
    ['protocols', icmp],
    ['sourcePort', source],
    ['logLabel', { tag: 'x' }],
  ] as const) {
    const facts = { ...UNKNOWN_CLUSTER, features: { policy: cut(field), group: undefined } }
    const { held: refused } = translateWith({ facts }, policy('p', 10, [rule(1, more)]))
    assert.match(refused[0]?.problems[0]?.message ?? '', new RegExp(`\\.${field}$`))
  }
  const facts = { ...UNKNOWN_CLUSTER, features: { policy: undefined, group: new Map() } }
  const groups = translateWith({ facts }, policy('p', 10, [rule(1, { source_groups: [path('web')] })]), WEB)
  assert.match(groups.held[0]?.problems[0]?.message ?? '', /ClusterGroup has no spec\.podSelector$/)
  assert.equal(groups.groups.size, 0)
})

test('a disabled rule that cannot be translated holds nothing', () => {
  const result = translate(
    policy('p', 10, [rule(1, { action: 'JUMP_TO_APPLICATION', disabled: true }), rule(2)]),
  )
  assert.equal(result.policies.length, 1)
})

test('too many combinations of scope and group', () => {
  const many = (id: string, n: number, label: string) =>
    group(
      id,
      n,
      Array.from({ length: 9 }, (_, at) =>
        (at === 0 ? [] : [conjunction('OR')]).concat(tag(`${label}|v${at}`)),
      ).flat(),
    )
  inRule(
    'INTERSECTION',
    { destination_groups: [path('a')], scope: [path('b')] },
    many('a', 21, 'x'),
    many('b', 22, 'y'),
  )
})

test('groups', () => {
  inRule('GROUP_MISSING', { source_groups: [path('nobody')] })
  inRule('PROJECT_SCOPE', { source_groups: ['/orgs/default/projects/p/infra/domains/default/groups/g'] })
  inRule('GLOBAL_OBJECT', { source_groups: ['/global-infra/domains/default/groups/g'] })
  inRule('OBJECT_TOO_LARGE', { source_groups: [path('big')] }, object('Group', path('big'), undefined))
  inGroup('GLOBAL_OBJECT', [tag('a|b')], { reference: true })
  inGroup('NO_UNIQUE_ID', [tag('a|b')], { unique_id: 'x' })
  inGroup('GROUP_MISSING', [nested(path('nobody'))])
  inGroup('GROUP_CYCLE', [nested(path('g'))])
  inGroup('BODY_MALFORMED', [], { expression: {} })
  inGroup('EXPRESSION_MALFORMED', [tag('a|b'), tag('a|c')])
  inGroup('EXPRESSION_MALFORMED', [tag('a|b'), conjunction('XOR'), tag('a|c')])
  inGroup('EXPRESSION_MALFORMED', [both(tag('a|b')), conjunction('OR')])
  inGroup('CONDITION_EMPTY', [tag('')])
  inGroup('MEMBER_UNSUPPORTED', [tag('a|b', { member_type: 'Robot' })])
  inGroup('MEMBER_UNSUPPORTED', [tag('a|b')], { extended_expression: [{}] })
  for (const outside of [
    tag('a|b', { member_type: 'VirtualMachine' }),
    both(tag('a|b', { member_type: 'Segment' }), tag('c|d', { member_type: 'SegmentPort' })),
    tag('n', { member_type: 'KubernetesNode', key: 'Name' }),
    nested('/infra/segments/s'),
    { resource_type: 'ExternalIDExpression', member_type: 'VirtualMachine', external_ids: ['a'] },
    { resource_type: 'MACAddressExpression', mac_addresses: ['00:50:56:00:00:01'] },
  ])
    inGroup('GROUP_MEMBERS_MISSING', [outside])
  inGroup('MEMBERS_MIXED', [both(tag('a|b', { member_type: 'VirtualMachine' }), tag('a|b'))])
  inGroup('MEMBERS_MIXED', [tag('a|b'), conjunction('AND'), { resource_type: 'ExternalIDExpression' }])
  for (const literal of ['IdentityGroupExpression', 'GeoLocationExpression', 'SomethingNew'])
    inGroup('MEMBER_UNSUPPORTED', [{ resource_type: literal }])
  const vms = [nested(path('vms'))]
  const members = (body: Record<string, unknown> | undefined) => object('GroupMembers', path('vms'), body)
  const sourced = policy('p', 10, [rule(1, { source_groups: [path('g')] })])
  held('BODY_MALFORMED', sourced, group('g', 5, vms), machines()[0]!, members({ ip_addresses: 'all' }))
  held('OBJECT_TOO_LARGE', sourced, group('g', 5, vms), machines()[0]!, members(undefined))
  held('ADDRESS_INVALID', sourced, group('g', 5, vms), ...machines('10.0.0.1', 'fe80::1%eth0'))
  inRule('SCOPE_IP', { scope: [path('vms')] }, ...machines())
  inRule('INTERSECTION', { destination_groups: [path('vms')] }, ...machines())
  inGroup('SERVICE_NO_NAMESPACE', [named('s')])
  inGroup('SERVICE_WITH_POD', [both(named('s'), namespace('n'), tag('a|b'))])
  inGroup('SERVICE_MEMBER', [both(named('s', { operator: 'STARTSWITH' }), namespace('n'))])
  inGroup('SERVICE_MEMBER', [both(named('s'), named('t'), namespace('n'))])
  inGroup('SERVICE_MEMBER', [both(named('s'), tag('a|b', { member_type: 'Namespace' }))])
  inGroup('CONDITION_EMPTY', [both(named(''), namespace('n'))])
  inGroup('LABEL_INVALID', [both(named('S'), namespace('n'))])
  const svc = group('svc', 8, [both(named('s'), namespace('n'))])
  inRule('INTERSECTION', { destination_groups: [path('svc')], scope: [path('web')] }, svc)
  inGroup('POD_NAME', [tag('web-0', { key: 'Name' })])
  inGroup('OPERATOR', [tag('a|b', { operator: 'CONTAINS' })])
  inGroup('OPERATOR', [namespace('n', { operator: 'STARTSWITH' })])
  inGroup('SCOPE_NOTEQUALS', [tag('a|b', { scope_operator: 'NOTEQUALS' })])
  inGroup('TAG_WITHOUT_SCOPE', [tag('prod')])
  inGroup('TAG_WITHOUT_SCOPE', [tag('|prod')])
  inGroup('LABEL_INVALID', [tag('a b|c')])
  inGroup('LABEL_INVALID', [tag('a|c/d')])
  inGroup('LABEL_INVALID', [namespace('Not A Name')])
  inGroup('LABEL_UNRESOLVED', [tag(`dis:k8s:${'p'.repeat(60)}.${'q'.repeat(60)}/name|v`)])
  inGroup('AND_IP', [ips('10.0.0.1'), conjunction('AND'), tag('a|b')])
  inGroup('AND_GROUP', [nested(path('web')), conjunction('AND'), tag('a|b')])
  inGroup('ADDRESS_INVALID', [ips('10.0.0.9-10.0.0.1')])
  inGroup('ADDRESS_INVALID', [ips('0x7f.1')])
  inGroup('MULTICAST', [ips('ff02::1')])
  const ip_addresses = Array.from({ length: 200_001 }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
  inGroup('GROUP_TOO_LARGE', [{ resource_type: 'IPAddressExpression', ip_addresses }])
})

test('a nested cycle ends, however long', () => {
  const ring = ['a', 'b', 'c'].map((id, n, all) => group(id, 30 + n, [nested(path(all[(n + 1) % 3]!))]))
  inRule('GROUP_CYCLE', { source_groups: [path('a')] }, ...ring)
})

test('services', () => {
  inRule('SERVICE_MISSING', { services: ['/infra/services/nobody'] })
  inService('SERVICE_EMPTY')
  inService('SERVICE_CYCLE', {
    resource_type: 'NestedServiceServiceEntry',
    nested_service_path: '/infra/services/s',
  })
  inService('PORT_INVALID', tcp('0'))
  inService('PORT_INVALID', tcp('90-80'))
  inService('PORT_INVALID', tcp('http'))
  inService('PORT_INVALID', { ...tcp('80'), source_ports: ['0-9'] })
  inService('RULE_TOO_LARGE', {
    ...tcp(...Array.from({ length: 15 }, (_, n) => String(n + 1))),
    source_ports: ['1-65534'],
  })
  const icmp = (more: Record<string, unknown>) => ({ resource_type: 'ICMPTypeServiceEntry', ...more })
  inService('ICMP_INVALID', icmp({ protocol: 'ICMP' }))
  inService('ICMP_INVALID', icmp({}))
  inService('ICMP_INVALID', icmp({ protocol: 'ICMPv4', icmp_type: 256 }))
  inService('ICMP_INVALID', icmp({ protocol: 'ICMPv6', icmp_type: 1.5 }))
  inService('ICMP_INVALID', icmp({ protocol: 'ICMPv4', icmp_type: 3, icmp_code: -1 }))
  inService('ICMP_INVALID', icmp({ protocol: 'ICMPv4', icmp_code: 0 }))
  for (const protocol of ['ICMPv4', 'ICMPv6']) {
    const entries = { services: undefined, service_entries: [icmp({ protocol })] }
    inRule('ICMP_FAMILY', { ...entries, source_groups: [path('web')] })
    inRule('ICMP_FAMILY', { ...entries, direction: 'OUT', destination_groups: [path('web')] })
  }
  inService('IGMP', { resource_type: 'IPProtocolServiceEntry', protocol_number: 2 })
  inService('IGMP', { resource_type: 'IGMPTypeServiceEntry' })
  inService('IP_PROTOCOL', { resource_type: 'IPProtocolServiceEntry', protocol_number: 47 })
  inService('ALG', tcp('21'), { resource_type: 'ALGTypeServiceEntry', alg: 'FTP' })
  inService('ETHERTYPE', { resource_type: 'EtherTypeServiceEntry', ether_type: 2048 })
  inService('SERVICE_UNKNOWN', { resource_type: 'constructor' })
})

test('more rules than agents have priorities hold the last policies only', () => {
  const rules = Array.from({ length: 26_000 }, (_, n) => rule(n + 1))
  const result = translate(
    policy('late', 1, rules, { sequence_number: 20 }),
    policy('early', 2, rules, { sequence_number: 10 }),
  )
  assert.deepEqual(
    [result.policies.map(({ path: one }) => one), result.held.map(({ path: one }) => one)],
    [[`${POLICIES}/early`], [`${POLICIES}/late`]],
  )
  assert.equal(result.held[0]?.problems[0]?.code, 'PRIORITY_CAPACITY')
  reached.add('PRIORITY_CAPACITY')
})

/** Raised by the plan, by writing or by realization: their own tests reach them. */
const ELSEWHERE = [
  'NAME_CONFLICT',
  'TIER_CONFLICT',
  'HELD_DRIFT',
  'WRITE_REFUSED',
  'WRITE_FORBIDDEN',
  'FIELD_PRUNED',
  'REALIZATION_FAILED',
  'REALIZE_TIMEOUT',
]

after(() => {
  const refusals = Object.entries(CODES).flatMap(([code, { severity }]) =>
    severity === 'ERROR' ? [code] : [],
  )
  assert.deepEqual(
    refusals.filter((code) => !reached.has(code) && !ELSEWHERE.includes(code)),
    [],
  )
})
