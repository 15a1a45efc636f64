/** Field validation as NSX does it: spellings and limits of vcf-nsx 9.1.1 (Policy models). Unknown fields are kept as they came. */
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

export interface Schema {
  safeParse(value: unknown): { success: true } | { success: false; error: z.ZodError }
}

const text = (max: number) => z.string().max(max)
const flag = z.boolean().optional()
const tag = z.looseObject({ scope: text(128).optional(), tag: text(256).optional() })

const COMMON = {
  display_name: text(255).optional(),
  description: text(1_024).optional(),
  tags: z.array(tag).max(30).optional(),
  resource_type: z.string().optional(),
}

const isAny = (value: string) => value.toUpperCase() === 'ANY'

const soleAny = (values: readonly string[]) => values.length === 1 || !values.some(isAny)

export function isAddress(value: string): boolean {
  const [first = '', second, ...rest] = value.split('-').map((part) => part.trim())
  if (rest.length > 0) return false
  if (second !== undefined)
    return (
      ipaddr.isValid(first) &&
      ipaddr.isValid(second) &&
      ipaddr.parse(first).kind() === ipaddr.parse(second).kind()
    )
  return ipaddr.isValidCIDR(first) || (ipaddr.isValid(first) && (first.includes(':') || dotted(first)))
}

/** ipaddr.js also reads "10" and "10.1"; NSX does not. */
const dotted = (value: string) => value.split('.').length === 4

const anyOr = (check: (value: string) => boolean, what: string) =>
  z
    .array(z.string().refine((value) => isAny(value) || check(value), { error: `must be ANY or ${what}` }))
    .refine(soleAny, { error: 'ANY must be the only element' })
    .optional()

const isPath = (value: string) => value.startsWith('/')
const groupsOrAddresses = anyOr((value) => isPath(value) || isAddress(value), 'a path or an IP address')
const pathsOrAny = anyOr(isPath, 'a path')

export const PLAIN: Schema = z.looseObject(COMMON)
export const DOMAIN: Schema = PLAIN

const PORT = /^\d{1,5}(-\d{1,5})?$/
const isPorts = (value: string) => {
  if (!PORT.test(value)) return false
  const [low = 0, high = low] = value.split('-').map(Number)
  return low <= high && high <= 65_535
}
/** At most 15 values; a range counts as two. */
const ports = z
  .array(z.string().refine(isPorts, { error: 'must be a port or a range of ports' }))
  .refine((values) => values.reduce((sum, value) => sum + (value.includes('-') ? 2 : 1), 0) <= 15, {
    error: 'must hold at most 15 ports, a range counting as two',
  })
const octet = z.number().int().min(0).max(255)

const entryOf = <T extends string, S extends z.ZodRawShape>(literal: T, shape: S) =>
  z.looseObject({ ...COMMON, resource_type: z.literal(literal), ...shape })

const Entry = z.discriminatedUnion('resource_type', [
  entryOf('L4PortSetServiceEntry', {
    l4_protocol: z.enum(['TCP', 'UDP']),
    source_ports: ports.optional(),
    destination_ports: ports.optional(),
  }),
  entryOf('ICMPTypeServiceEntry', {
    protocol: z.enum(['ICMPv4', 'ICMPv6']),
    icmp_type: octet.optional(),
    icmp_code: octet.optional(),
  }),
  entryOf('IPProtocolServiceEntry', { protocol_number: octet }),
  entryOf('IGMPTypeServiceEntry', {}),
  entryOf('ALGTypeServiceEntry', {
    alg: z.enum([
      'ORACLE_TNS',
      'FTP',
      'SUN_RPC_TCP',
      'SUN_RPC_UDP',
      'MS_RPC_TCP',
      'MS_RPC_UDP',
      'NBNS_BROADCAST',
      'NBDG_BROADCAST',
      'TFTP',
    ]),
    destination_ports: ports.max(1).optional(),
    source_ports: ports.optional(),
  }),
  entryOf('EtherTypeServiceEntry', { ether_type: z.number().int().min(0).max(65_535) }),
  entryOf('NestedServiceServiceEntry', { nested_service_path: z.string().startsWith('/') }),
])

export const ENTRY: Schema = Entry

export const SERVICE: Schema = z.looseObject({
  ...COMMON,
  service_type: z.enum(['ETHER', 'NON_ETHER']).optional(),
  service_entries: z.array(z.unknown()).optional(),
})

export const RULE: Schema = z.looseObject({
  ...COMMON,
  action: z.enum(['ALLOW', 'DROP', 'REJECT', 'JUMP_TO_APPLICATION']).optional(),
  direction: z.enum(['IN', 'OUT', 'IN_OUT']).optional(),
  ip_protocol: z.enum(['IPV4', 'IPV6', 'IPV4_IPV6']).optional(),
  source_groups: groupsOrAddresses,
  destination_groups: groupsOrAddresses,
  sources_excluded: flag,
  destinations_excluded: flag,
  services: pathsOrAny,
  service_entries: z.array(Entry).optional(),
  profiles: pathsOrAny,
  scope: pathsOrAny,
  logged: flag,
  disabled: flag,
  tag: z.string().optional(),
  notes: text(2_048).optional(),
  sequence_number: z.number().int().min(0).optional(),
})

export const POLICY: Schema = z.looseObject({
  ...COMMON,
  category: z
    .enum([
      '',
      'Ethernet',
      'Emergency',
      'Infrastructure',
      'Environment',
      'Application',
      'ThreatRules',
      'EmergencyThreatRules',
    ])
    .optional(),
  sequence_number: z.number().int().min(0).max(999_999).optional(),
  scope: pathsOrAny,
  stateful: flag,
  tcp_strict: flag,
  logging_enabled: flag,
  locked: flag,
  comments: z.string().optional(),
  connectivity_preference: z
    .enum(['ALLOWLIST', 'DENYLIST', 'ALLOWLIST_ENABLE_LOGGING', 'DENYLIST_ENABLE_LOGGING', 'NONE'])
    .optional(),
  connectivity_strategy: z
    .enum(['WHITELIST', 'BLACKLIST', 'WHITELIST_ENABLE_LOGGING', 'BLACKLIST_ENABLE_LOGGING', 'NONE'])
    .optional(),
  scheduler_path: z.string().optional(),
  rules: z.array(z.unknown()).optional(),
})

export const SPAN: Schema = z.looseObject({
  ...COMMON,
  container_cluster_type: z.literal('ANTREA').optional(),
  container_cluster_path: z.string().startsWith('/'),
})

export const CLUSTER_CONTROL_PLANE: Schema = z.looseObject({
  ...COMMON,
  certificate: text(65_536).optional(),
  node_id: z.string().min(1).max(255).optional(),
  vhc_path: z.string().optional(),
  node_type: z.enum(['ANTREA_NODE', 'BM_NODE']).optional(),
})

export const CONTEXT_PROFILE: Schema = z.looseObject({
  ...COMMON,
  attributes: z
    .array(
      z.looseObject({
        key: z.enum(['APP_ID', 'DOMAIN_NAME', 'URL_CATEGORY', 'URL_REPUTATION', 'CUSTOM_URL']),
        value: z.array(z.string()).min(1),
      }),
    )
    .optional(),
})

const MEMBER_TYPES = [
  'IPSet',
  'VirtualMachine',
  'LogicalPort',
  'LogicalSwitch',
  'Segment',
  'SegmentPort',
  'Pod',
  'Service',
  'Namespace',
  'TransportNode',
  'Group',
  'DVPG',
  'DVPort',
  'IPAddress',
  'VpcSubnet',
  'VpcSubnetPort',
  'KubernetesCluster',
  'KubernetesNamespace',
  'KubernetesNode',
  'KubernetesService',
  'KubernetesIngress',
  'KubernetesGateway',
  'AntreaEgress',
  'AntreaIPPool',
  'BareMetalServer',
  'BareMetalServerInterface',
] as const

const Condition = z.looseObject({
  resource_type: z.literal('Condition'),
  member_type: z.enum(MEMBER_TYPES),
  key: z.enum([
    'ALL',
    'Tag',
    'Name',
    'OSName',
    'OSVersion',
    'ComputerName',
    'NodeType',
    'GroupType',
    'IPAddress',
    'PodCidr',
    'ManagementInterface',
  ]),
  operator: z
    .enum(['EQUALS', 'CONTAINS', 'STARTSWITH', 'ENDSWITH', 'NOTEQUALS', 'NOTIN', 'IN', 'MATCHES'])
    .optional(),
  scope_operator: z.enum(['EQUALS', 'NOTEQUALS']).optional(),
  value: z.string().min(1).optional(),
})
const conjunction = (operators: readonly ['AND'] | readonly ['OR', 'AND']) =>
  z.looseObject({ resource_type: z.literal('ConjunctionOperator'), conjunction_operator: z.enum(operators) })

/** An odd number of elements: operands, with operators between them. */
const alternates = (parts: readonly { resource_type: string }[]) =>
  parts.length === 0 ||
  (parts.length % 2 === 1 &&
    parts.every((part, index) => (part.resource_type === 'ConjunctionOperator') === (index % 2 === 1)))
const ALTERNATES = { error: 'must hold operands with a ConjunctionOperator between each two' }
const CRITERIA = ['Condition', 'NestedExpression']
const criteriaMax = (max: number) => (parts: readonly { resource_type: string }[]) =>
  parts.filter((part) => CRITERIA.includes(part.resource_type)).length <= max

const NestedExpression = z.looseObject({
  resource_type: z.literal('NestedExpression'),
  expressions: z
    .array(z.discriminatedUnion('resource_type', [Condition, conjunction(['AND'])]))
    .min(1)
    .refine(alternates, ALTERNATES)
    // The product's limit for criteria of mixed member types.
    .refine(criteriaMax(15), { error: 'must hold at most 15 conditions' }),
})

const addresses = z.array(z.string().refine(isAddress, { error: 'must be an IP address, CIDR or range' }))
const expressionOf = <T extends string, S extends z.ZodRawShape>(literal: T, shape: S) =>
  z.looseObject({ resource_type: z.literal(literal), ...shape })

const Expression = z.discriminatedUnion('resource_type', [
  Condition,
  conjunction(['OR', 'AND']),
  NestedExpression,
  expressionOf('IPAddressExpression', { ip_addresses: addresses.min(1) }),
  expressionOf('MACAddressExpression', { mac_addresses: z.array(z.string()).min(1).max(4_000) }),
  expressionOf('PathExpression', { paths: z.array(z.string().startsWith('/')).min(1) }),
  expressionOf('ExternalIDExpression', {
    member_type: z
      .enum([
        'VirtualMachine',
        'VirtualNetworkInterface',
        'CloudNativeServiceInstance',
        'BareMetalServer',
        'BareMetalServerInterface',
      ])
      .optional(),
    external_ids: z.array(z.string()).min(1),
  }),
  expressionOf('IdentityGroupExpression', { identity_groups: z.array(z.looseObject({})) }),
  expressionOf('GeoLocationExpression', {
    country_code: z.string().optional(),
    member_group_paths: z.array(z.string()).optional(),
  }),
])

export const GROUP: Schema = z.looseObject({
  ...COMMON,
  group_type: z
    .array(z.enum(['IPAddress', 'ANTREA', 'BareMetalServer']))
    .max(1)
    .optional(),
  expression: z
    .array(Expression)
    .refine(alternates, ALTERNATES)
    .refine(criteriaMax(5), { error: 'must hold at most 5 criteria' })
    .optional(),
  extended_expression: z
    .array(z.looseObject({ resource_type: z.string() }))
    .max(1)
    .optional(),
})

/** The first complaint as NSX words it: which property and why. */
export function complaint(error: z.ZodError): string {
  const [issue] = error.issues
  const property = issue?.path.map(String).join('.') || 'body'
  return `Field level validation errors: {property ${property}: ${issue?.message ?? 'invalid'}}`
}

const header = z.looseObject({}).optional()

/** AntreaTraceflowConfig; what the packet's headers say is judged where the packet is made. */
export const TRACEFLOW: Schema = z.looseObject({
  ...COMMON,
  container_cluster_id: text(255).min(1),
  source_external_id: text(255).min(1),
  destination_external_id: text(255).optional(),
  is_transient: flag,
  packet: z
    .looseObject({
      resourceType: z.enum(['FIELDS_PACKET_DATA', 'BINARY_PACKET_DATA']).optional(),
      transportType: z.enum(['UNICAST', 'MULTICAST', 'BROADCAST', 'UNKNOWN']).optional(),
      frameSize: z.int().min(0).optional(),
      ipHeader: header,
      ipv6Header: header,
      transportHeader: header,
    })
    .optional(),
})
