/**
 * A fixed corpus: one small cluster and some 240 policies, at least one for each row of docs/translation.md, listed so that
 * it can be pushed through a manager as a user would. Bodies are without what NSX assigns (unique_id, rule_id).
 */
import type { Body, Machine } from './nsx-members.ts'
import type { Cluster, Pod } from './types.ts'

const GROUPS = '/infra/domains/default/groups'
const SERVICES = '/infra/services'
export const groupAt = (id: string): string => `${GROUPS}/${id}`
export const serviceAt = (id: string): string => `${SERVICES}/${id}`

// ---- the cluster

const pod = (
  name: string,
  namespace: string,
  labels: Pod['labels'],
  spot: number,
  more: Partial<Pod> = {},
): Pod => ({
  name,
  namespace,
  labels,
  addresses: [`10.10.0.${spot}`, `fd00:10::${spot.toString(16)}`],
  hostNetwork: false,
  phase: 'Running',
  ...more,
})

export const CLUSTER: Cluster = {
  families: [4, 6],
  namespaces: [
    { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop', env: 'prod' } },
    { name: 'bank', labels: { 'kubernetes.io/metadata.name': 'bank', env: 'test', team: 'red' } },
  ],
  pods: [
    pod('web-1', 'shop', { app: 'web', tier: 'front' }, 1),
    pod('web-2', 'shop', { app: 'web', tier: 'back' }, 2),
    pod('web-3', 'bank', { app: 'web' }, 3),
    pod('db-1', 'shop', { app: 'db', tier: 'back' }, 4),
    pod('db-2', 'bank', { app: 'db', tier: 'front' }, 5),
    pod('bare', 'bank', {}, 6),
    pod('case', 'shop', { app: 'Web' }, 7),
    pod('four', 'shop', { app: 'web' }, 8, { addresses: ['10.10.0.8'] }),
    pod('on-host', 'shop', { app: 'web' }, 0, { addresses: ['10.20.0.1'], hostNetwork: true }),
    pod('finished', 'shop', { app: 'web' }, 0, { addresses: ['10.10.0.90'], phase: 'Succeeded' }),
    pod('starting', 'bank', { app: 'web' }, 0, { addresses: [], phase: 'Pending' }),
  ],
  services: [{ name: 'front', namespace: 'shop', selector: { app: 'web' } }],
}

export const MACHINES: readonly Machine[] = [
  {
    id: 'vm-1',
    name: 'vm-1',
    tags: [{ scope: 'os', tag: 'linux' }],
    addresses: ['198.51.100.11', '2001:db8:5::b'],
  },
  { id: 'vm-2', name: 'vm-2', tags: [{ scope: 'os', tag: 'windows' }], addresses: ['198.51.100.12'] },
]

// ---- groups

const condition = (member_type: string, key: string, operator: string, value: string): Body => ({
  resource_type: 'Condition',
  member_type,
  key,
  operator,
  value,
})
const tag = (value: string, operator = 'EQUALS') => condition('Pod', 'Tag', operator, value)
const inNamespace = (name: string) => condition('Namespace', 'Name', 'EQUALS', name)
const ips = (...ip_addresses: readonly string[]): Body => ({
  resource_type: 'IPAddressExpression',
  ip_addresses,
})
const paths = (...ids: readonly string[]): Body => ({
  resource_type: 'PathExpression',
  paths: ids.map(groupAt),
})
const conjunction = (conjunction_operator: string): Body => ({
  resource_type: 'ConjunctionOperator',
  conjunction_operator,
})
const joined = (operator: string, ...all: readonly Body[]): Body[] =>
  all.flatMap((one, at) => (at === 0 ? [one] : [conjunction(operator), one]))
const nested = (...all: readonly Body[]): Body => ({
  resource_type: 'NestedExpression',
  expressions: joined('AND', ...all),
})

/** Groups of Pods alone: they can be applied to. */
const POD_GROUPS: Readonly<Record<string, readonly Body[]>> = {
  'tag-equals': [tag('dis:k8s:app|web')],
  'tag-not-equals': [tag('dis:k8s:app|web', 'NOTEQUALS')],
  'tag-exists': [tag('dis:k8s:tier|')],
  'tag-exists-not': [tag('dis:k8s:tier|', 'NOTEQUALS')],
  'tag-plain-scope': [tag('app|db')],
  'tag-case': [tag('dis:k8s:app|Web')],
  'namespace-name': [inNamespace('shop')],
  'namespace-tag': [condition('Namespace', 'Tag', 'EQUALS', 'dis:k8s:env|prod')],
  'namespace-tag-not': [condition('Namespace', 'Tag', 'NOTEQUALS', 'dis:k8s:team|red')],
  'pod-and-namespace': [nested(inNamespace('shop'), tag('dis:k8s:app|web'))],
  'two-tags': [nested(tag('dis:k8s:app|web'), tag('dis:k8s:tier|front'))],
  'or-of-tags': joined('OR', tag('dis:k8s:app|db'), tag('dis:k8s:tier|front')),
  'of-groups': [paths('tag-case', 'two-tags')],
}

/** What can only be a peer, or is a service's Pods. */
const OTHER_GROUPS: Readonly<Record<string, readonly Body[]>> = {
  'behind-service': [nested(condition('Service', 'Name', 'EQUALS', 'front'), inNamespace('shop'))],
  addresses: [ips('198.51.100.0/24', '203.0.113.7')],
  range: [ips('203.0.113.5-203.0.113.22')],
  'addresses-6': [ips('2001:db8:5::/48', 'fd00:10::3')],
  'addresses-of-pods': [ips('10.10.0.2-10.10.0.4')],
  'pods-and-addresses': joined('OR', tag('dis:k8s:app|db'), ips('203.0.113.0/28')),
  empty: [],
}

/** Virtual machines: not of type ANTREA. */
const GENERIC_GROUPS: Readonly<Record<string, readonly Body[]>> = {
  machines: [condition('VirtualMachine', 'Tag', 'EQUALS', 'os|linux')],
}

export interface CorpusGroup {
  readonly id: string
  readonly isAntrea: boolean
  readonly expression: readonly Body[]
}

const listOf = (from: Readonly<Record<string, readonly Body[]>>, isAntrea: boolean): CorpusGroup[] =>
  Object.entries(from).map(([id, expression]) => ({ id, isAntrea, expression }))

/** In an order in which each names only what is there already. */
export const CORPUS_GROUPS: readonly CorpusGroup[] = [
  ...listOf(POD_GROUPS, true),
  ...listOf(OTHER_GROUPS, true),
  ...listOf(GENERIC_GROUPS, false),
]

// ---- services

const l4 = (
  l4_protocol: string,
  destination_ports: readonly string[],
  source_ports: readonly string[] = [],
): Body => ({
  resource_type: 'L4PortSetServiceEntry',
  l4_protocol,
  destination_ports,
  source_ports,
})
const ipProtocol = (protocol_number: number): Body => ({
  resource_type: 'IPProtocolServiceEntry',
  protocol_number,
})
const icmp = (protocol: string, more: Body = {}): Body => ({
  resource_type: 'ICMPTypeServiceEntry',
  protocol,
  ...more,
})

export const CORPUS_SERVICES: Readonly<Record<string, readonly Body[]>> = {
  http: [l4('TCP', ['80', '8080-8090'])],
  both: [l4('TCP', ['53']), l4('UDP', ['53'])],
  within: [
    { resource_type: 'NestedServiceServiceEntry', nested_service_path: serviceAt('http') },
    l4('UDP', ['443']),
  ],
}

/** Those that Antrea can say whatever the peer is. */
const ENTRIES: Readonly<Record<string, readonly Body[]>> = {
  port: [l4('TCP', ['80'])],
  ports: [l4('TCP', ['80', '443', '8000-8010'])],
  'all-tcp': [l4('TCP', [])],
  udp: [l4('UDP', ['53'])],
  'source-port': [l4('TCP', ['80'], ['1024'])],
  'source-range': [l4('UDP', ['53', '123'], ['1000-1023'])],
  tcp: [ipProtocol(6)],
  'udp-protocol': [ipProtocol(17)],
  sctp: [ipProtocol(132)],
}

// ---- policies

export interface CorpusPolicy {
  readonly id: string
  readonly body: Body
  /** The codes one of which it is refused with; undefined: it is taken. */
  readonly refused?: RegExp
  /** It is taken, and nothing of it is to be enforced. */
  readonly isEmpty?: boolean
}

const rule = (more: Body, at = 1): Body => ({
  id: `r${at}`,
  display_name: `r${at}`,
  resource_type: 'Rule',
  action: 'DROP',
  sequence_number: at,
  direction: 'IN',
  source_groups: ['ANY'],
  destination_groups: ['ANY'],
  scope: ['ANY'],
  profiles: ['ANY'],
  services: ['ANY'],
  ...more,
})

let number = 0
/** Each has a number of its own, unless it says one. */
const policy = (id: string, rules: readonly Body[], more: Body = {}, refused?: RegExp): CorpusPolicy => {
  number += 1
  const body = { category: 'Application', sequence_number: number, scope: ['ANY'], rules, ...more }
  return { id, body, ...(refused === undefined ? {} : { refused }) }
}

const SIDES: Readonly<Record<string, readonly string[]>> = {
  any: ['ANY'],
  pods: [groupAt('tag-equals')],
  namespace: [groupAt('namespace-name')],
  addresses: [groupAt('addresses')],
}

const NEAR_REFUSED = /DIRECTION_FORM|INTERSECTION/

const ofGroups = (): CorpusPolicy[] => [
  ...CORPUS_GROUPS.flatMap(({ id }) => [
    policy(`from-${id}`, [rule({ source_groups: [groupAt(id)] })]),
    policy(`to-${id}`, [rule({ direction: 'OUT', destination_groups: [groupAt(id)] })]),
  ]),
  ...Object.keys(POD_GROUPS).flatMap((id) => [
    policy(`on-${id}`, [rule({ direction: 'IN_OUT' })], { scope: [groupAt(id)] }),
    policy(`rule-on-${id}`, [rule({ scope: [groupAt(id)], source_groups: [groupAt('addresses')] })]),
  ]),
  policy('on-behind-service', [rule({})], { scope: [groupAt('behind-service')] }),
  policy('on-addresses', [rule({})], { scope: [groupAt('addresses')] }, /SCOPE_IP/),
]

const ofSides = (): CorpusPolicy[] =>
  Object.entries(SIDES).flatMap(([from, source_groups]) =>
    Object.entries(SIDES).flatMap(([to, destination_groups]) =>
      ['IN', 'OUT', 'IN_OUT'].flatMap((direction) =>
        [undefined, 'or-of-tags'].map((scope) => {
          const isRefused =
            (to === 'addresses' && direction !== 'OUT') || (from === 'addresses' && direction !== 'IN')
          return policy(
            `${direction.toLowerCase()}-${from}-${to}${scope === undefined ? '' : '-scoped'}`,
            [rule({ action: 'ALLOW', direction, source_groups, destination_groups })],
            scope === undefined ? {} : { scope: [groupAt(scope)] },
            isRefused ? NEAR_REFUSED : undefined,
          )
        }),
      ),
    ),
  )

const entries = (service_entries: readonly Body[], more: Body = {}): Body =>
  rule({ services: [], service_entries, ...more })

const ofServices = (): CorpusPolicy[] => [
  ...Object.entries(ENTRIES).flatMap(([id, list]) => [
    policy(`service-${id}`, [entries(list, { source_groups: [groupAt('tag-plain-scope')] })]),
    policy(`service-${id}-out`, [entries(list, { direction: 'OUT', action: 'REJECT' })]),
  ]),
  ...Object.keys(CORPUS_SERVICES).flatMap((id) => [
    policy(`service-${id}`, [rule({ services: [serviceAt(id)] })]),
    policy(`service-${id}-out`, [
      rule({ direction: 'OUT', services: [serviceAt(id)], destination_groups: [groupAt('addresses')] }),
    ]),
  ]),
  policy('services-and-entries', [
    rule({ services: [serviceAt('http')], service_entries: [l4('UDP', ['53'])] }),
  ]),
  policy('entries-beside-any', [rule({ services: ['ANY'], service_entries: [l4('UDP', ['53'])] })]),
  policy('icmp-from-addresses', [
    entries([icmp('ICMPv4', { icmp_type: 8, icmp_code: 0 })], { source_groups: [groupAt('addresses')] }),
  ]),
  policy('icmp-6-to-addresses', [
    entries([icmp('ICMPv6', { icmp_type: 128 })], {
      direction: 'OUT',
      destination_groups: [groupAt('addresses-6')],
    }),
  ]),
  policy('icmp-any', [entries([icmp('ICMPv4'), l4('TCP', ['22'])])]),
  policy('icmp-protocol', [entries([ipProtocol(58)], { direction: 'OUT' })]),
  policy(
    'icmp-from-pods',
    [entries([icmp('ICMPv4')], { source_groups: [groupAt('tag-equals')] })],
    {},
    /ICMP_FAMILY/,
  ),
  policy('igmp', [entries([{ resource_type: 'IGMPTypeServiceEntry' }])], {}, /IGMP/),
  policy(
    'ftp',
    [entries([{ resource_type: 'ALGTypeServiceEntry', alg: 'FTP', destination_ports: ['21'] }])],
    {},
    /ALG/,
  ),
  policy('gre', [entries([ipProtocol(47)])], {}, /IP_PROTOCOL/),
  policy(
    'ethertype',
    [entries([{ resource_type: 'EtherTypeServiceEntry', ether_type: 2048 }])],
    {},
    /ETHERTYPE/,
  ),
]

const ofRules = (): CorpusPolicy[] => [
  ...['ALLOW', 'DROP', 'REJECT'].map((action) =>
    policy(`action-${action.toLowerCase()}`, [
      rule({ action, source_groups: [groupAt('tag-plain-scope'), '203.0.113.9', '2001:db8:7::/64'] }),
    ]),
  ),
  policy('logged', [rule({ logged: true, tag: 'some tag!', source_groups: ['203.0.113.9'] })]),
  policy('logging-enabled', [rule({ source_groups: ['203.0.113.9'] })], { logging_enabled: true }),
  policy('disabled', [rule({ disabled: true }), rule({ source_groups: ['203.0.113.9'] }, 2)]),
  policy('one-address', [rule({ source_groups: ['203.0.113.9'] })]),
  policy('raw-range', [rule({ direction: 'OUT', destination_groups: ['203.0.113.5-203.0.113.22'] })]),
  policy('raw-6', [rule({ source_groups: ['2001:db8:5::b', 'fd00:10::/112'] })]),
  ...['IPV4', 'IPV6'].flatMap((ip_protocol) => [
    policy(`any-${ip_protocol}`, [rule({ ip_protocol })]),
    policy(`raw-${ip_protocol}`, [
      rule({ ip_protocol, source_groups: ['203.0.113.0/28', '2001:db8:5::/64'] }),
    ]),
    policy(`out-${ip_protocol}`, [rule({ ip_protocol, direction: 'OUT', action: 'ALLOW' })]),
  ]),
  policy('not-from', [rule({ sources_excluded: true, source_groups: [groupAt('addresses')] })]),
  policy('not-from-raw', [
    rule({ sources_excluded: true, source_groups: ['10.10.0.0/30', 'fd00:10::/125'] }),
  ]),
  policy('not-to', [
    rule({
      direction: 'OUT',
      destinations_excluded: true,
      destination_groups: [groupAt('range'), '198.51.100.11'],
    }),
  ]),
  policy('not-these-pods', [
    rule({ direction: 'OUT', sources_excluded: true, source_groups: [groupAt('two-tags')] }),
  ]),
  policy(
    'not-from-pods',
    [rule({ sources_excluded: true, source_groups: [groupAt('tag-equals')] })],
    {},
    /NEGATION/,
  ),
  policy('jump', [rule({ action: 'JUMP_TO_APPLICATION' })], { category: 'Environment' }, /JUMP/),
  policy('own-scope-ignored', [rule({ scope: [groupAt('tag-plain-scope')] })], {
    scope: [groupAt('tag-equals')],
  }),
]

const CATEGORIES = ['Emergency', 'Infrastructure', 'Environment', 'Application']

/** Several rules that overlap, several policies at one number, in each category. */
const ofOrder = (): CorpusPolicy[] =>
  CATEGORIES.flatMap((category, at) =>
    [0, 7, 7, 999_999].map((sequence_number, index) => {
      const peer = ['tag-equals', 'tag-exists', 'namespace-name', 'addresses'][(at + index) % 4] ?? ''
      const ports = [`${80 + index}`, `${8080 + at}`]
      return policy(
        `order-${category.toLowerCase()}-${index}`,
        [
          rule(
            { action: 'ALLOW', sequence_number: 20, services: [], service_entries: [l4('TCP', ports)] },
            1,
          ),
          rule({ action: 'DROP', sequence_number: 10, source_groups: [groupAt(peer)] }, 2),
          rule(
            { action: 'REJECT', sequence_number: 10, direction: 'IN_OUT', services: [serviceAt('both')] },
            3,
          ),
        ],
        { category, sequence_number, scope: [groupAt(index % 2 === 0 ? 'tag-equals' : 'or-of-tags')] },
      )
    }),
  )

const ofPolicies = (): CorpusPolicy[] => [
  policy('no-category', [rule({ source_groups: [groupAt('tag-exists')] })], { category: '' }),
  policy('stateless', [rule({})], { stateful: false }, /STATELESS/),
  policy('scheduled', [rule({})], { scheduler_path: '/infra/firewall-schedulers/night' }, /SCHEDULE/),
  policy(
    'strategy',
    [rule({})],
    { connectivity_preference: 'DENYLIST', scope: [groupAt('tag-equals')] },
    /CONNECTIVITY/,
  ),
  policy('ethernet', [rule({})], { category: 'Ethernet', stateful: false }, /CATEGORY_ETHERNET/),
]

export const CORPUS: readonly CorpusPolicy[] = [
  { ...policy('nothing-enabled', [rule({ disabled: true })]), isEmpty: true },
  ...ofGroups(),
  ...ofSides(),
  ...ofServices(),
  ...ofRules(),
  ...ofOrder(),
  ...ofPolicies(),
]

/** Where flows are looked at: at both ends of what the corpus names. */
export const EDGES = {
  addresses: new Set([
    '198.51.100.0',
    '198.51.100.11',
    '198.51.100.255',
    '198.51.101.0',
    '203.0.113.4',
    '203.0.113.5',
    '203.0.113.7',
    '203.0.113.9',
    '203.0.113.15',
    '203.0.113.16',
    '203.0.113.22',
    '203.0.113.23',
    '2001:db8:5::b',
    '2001:db8:6::1',
    '2001:db8:7::1',
    '10.10.0.90',
    '10.20.0.1',
  ]),
  ports: new Set([
    22, 53, 79, 80, 81, 82, 83, 123, 443, 999, 1000, 1023, 1024, 8000, 8010, 8011, 8080, 8083, 8090,
  ]),
  names: new Set<string>(),
  icmp: new Set([0, 8, 128]),
}
