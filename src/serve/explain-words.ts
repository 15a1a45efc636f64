/** NSX's and Antrea's rules, groups and services in words. Bodies come from outside and may have any shape. Pure. */
import { objectKey } from '../ccp/translate/index.ts'
import type { AppliedTo, LabelSelector, PolicyPeer, PolicyRule } from '../kube/index.ts'

type Fields = Readonly<Record<string, unknown>>
type Objects = ReadonlyMap<string, { readonly body: Fields | undefined }>

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : []
export const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : ''

const ITEMS_SHOWN = 8

/** A few of them, and how many more. */
export function some(items: readonly string[], joined = ', '): string {
  if (items.length <= ITEMS_SHOWN) return items.join(joined)
  return `${items.slice(0, ITEMS_SHOWN).join(joined)} and ${items.length - ITEMS_SHOWN} more`
}

/** `Web servers (/infra/…/web)`; addresses as they are; ANY in words. */
function member(objects: Objects, kind: string, path: string): string {
  const name = textOf(objects.get(objectKey(kind, path))?.body?.['display_name'])
  if (name === '' || name === path) return path
  return path.endsWith(`/${name}`) ? `${name} (${path})` : `“${name}” (${path})`
}

function side(objects: Objects, value: unknown, isExcluded: unknown): string {
  const items = listOf(value).map(textOf)
  if (items.length === 0 || (items.length === 1 && items[0] === 'ANY')) return 'anything'
  const words = some(items.map((path) => member(objects, 'Group', path)))
  return isExcluded === true ? `anything but ${words}` : words
}

const DIRECTIONS: Readonly<Record<string, string>> = { IN: 'into Pods only', OUT: 'out of Pods only' }

/** One NSX rule. */
export function nsxRuleWords(objects: Objects, rule: Fields): string {
  const services = [
    ...listOf(rule['services'])
      .map(textOf)
      .filter((path) => path !== 'ANY' && path !== ''),
  ].map((path) => {
    const entries = serviceWords(objects.get(objectKey('Service', path))?.body)
    return `${member(objects, 'Service', path)}${entries === '' ? '' : ` [${entries}]`}`
  })
  const entries = listOf(rule['service_entries']).map((one) => entryWords(fieldsOf(one)))
  const profiles = listOf(rule['profiles'])
    .map(textOf)
    .filter((path) => path !== 'ANY' && path !== '')
  const scope = listOf(rule['scope'])
    .map(textOf)
    .filter((path) => path !== 'ANY' && path !== '')
  const family = textOf(rule['ip_protocol'])
  return [
    `${textOf(rule['action']) || 'no action'} from ${side(objects, rule['source_groups'], rule['sources_excluded'])} to ${side(objects, rule['destination_groups'], rule['destinations_excluded'])}`,
    services.length + entries.length === 0 ? 'any service' : some([...services, ...entries]),
    ...(profiles.length === 0
      ? []
      : [`context ${some(profiles.map((path) => member(objects, 'ContextProfile', path)))}`]),
    ...(scope.length === 0
      ? []
      : [`applied to ${some(scope.map((path) => member(objects, 'Group', path)))}`]),
    ...(DIRECTIONS[textOf(rule['direction'])] === undefined
      ? []
      : [DIRECTIONS[textOf(rule['direction'])] as string]),
    ...(family === '' || family === 'IPV4_IPV6' ? [] : [family]),
    ...(rule['logged'] === true ? ['logged'] : []),
  ].join(', ')
}

export const scopeWords = (objects: Objects, value: unknown): string => side(objects, value, false)

/** The entries of an NSX service. */
export const serviceWords = (body: Fields | undefined): string =>
  some(listOf(body?.['service_entries']).map((one) => entryWords(fieldsOf(one))))

function entryWords(entry: Fields): string {
  const type = textOf(entry['resource_type'])
  if (type === 'L4PortSetServiceEntry') {
    const from = listOf(entry['source_ports']).map(textOf)
    const to = listOf(entry['destination_ports']).map(textOf)
    return `${textOf(entry['l4_protocol'])} ${to.length === 0 ? 'any port' : some(to, ',')}${from.length === 0 ? '' : ` from ${some(from, ',')}`}`
  }
  if (type === 'ICMPTypeServiceEntry') {
    const [kind, code] = [entry['icmp_type'], entry['icmp_code']].map(textOf)
    return `${textOf(entry['protocol'])}${kind === '' ? '' : ` type ${kind}`}${code === '' ? '' : ` code ${code}`}`
  }
  if (type === 'IPProtocolServiceEntry') return `IP protocol ${textOf(entry['protocol_number'])}`
  if (type === 'NestedServiceServiceEntry') return `service ${textOf(entry['nested_service_path'])}`
  return type.replace(/ServiceEntry$/, '') || 'something'
}

const WORDS_DEPTH_MAX = 4

/** An NSX group's expression. */
export function expressionWords(body: Fields | undefined): string {
  const words = listOf(body?.['expression']).map((one) => partWords(fieldsOf(one), 0))
  return words.length === 0 ? 'nothing: it has no expression' : words.join(' ')
}

function partWords(part: Fields, depth: number): string {
  const type = textOf(part['resource_type'])
  if (type === 'ConjunctionOperator') return textOf(part['conjunction_operator'])
  if (type === 'NestedExpression' && depth < WORDS_DEPTH_MAX)
    return `(${listOf(part['expressions'])
      .map((one) => partWords(fieldsOf(one), depth + 1))
      .join(' ')})`
  if (type === 'Condition') {
    const scope = textOf(part['scope_operator'])
    return [part['member_type'], part['key'], part['operator'], part['value']]
      .map(textOf)
      .concat(scope === '' ? [] : [`(scope ${scope})`])
      .filter((word) => word !== '')
      .join(' ')
  }
  if (type === 'IPAddressExpression') {
    const addresses = listOf(part['ip_addresses']).map(textOf)
    return `addresses ${some(addresses)}`
  }
  if (type === 'PathExpression') return `the members ${some(listOf(part['paths']).map(textOf))}`
  return type || 'something'
}

/** What names of ClusterGroups stand for: the NSX path where there is one. */
export type GroupName = (name: string) => string

/** One of Antrea's rules. */
export function antreaRuleWords(
  direction: 'ingress' | 'egress',
  rule: PolicyRule,
  nameOf: GroupName,
): string {
  const peers = direction === 'ingress' ? rule.from : rule.to
  const what = [...(rule.ports ?? []).map(portWords), ...(rule.protocols ?? []).map(protocolWords)]
  return [
    `${rule.action} ${direction} ${direction === 'ingress' ? 'from' : 'to'} ${peers === undefined ? 'anything' : some(peers.map((peer) => peerWords(peer, nameOf)))}`,
    what.length === 0 ? 'all traffic' : some(what),
    ...(rule.appliedTo === undefined
      ? []
      : [
          `of ${rule.appliedTo.length === 0 ? 'nothing' : some(rule.appliedTo.map((one) => peerWords(one, nameOf)))}`,
        ]),
    ...(rule.enableLogging === true ? ['logged'] : []),
  ].join(', ')
}

const portWords = (port: NonNullable<PolicyRule['ports']>[number]): string =>
  `${port.protocol ?? 'TCP'} ${port.port ?? 'any port'}${port.endPort === undefined ? '' : `-${port.endPort}`}${
    port.sourcePort === undefined
      ? ''
      : ` from ${port.sourcePort}${port.sourceEndPort === undefined ? '' : `-${port.sourceEndPort}`}`
  }`

const protocolWords = ({ icmp }: NonNullable<PolicyRule['protocols']>[number]): string =>
  `ICMP${icmp?.icmpType === undefined ? '' : ` type ${icmp.icmpType}`}${icmp?.icmpCode === undefined ? '' : ` code ${icmp.icmpCode}`}`

export function peerWords(peer: PolicyPeer & AppliedTo, nameOf: GroupName): string {
  if (peer.group !== undefined) return nameOf(peer.group)
  if (peer.fqdn !== undefined) return peer.fqdn
  if (peer.ipBlock !== undefined)
    return `${peer.ipBlock.cidr}${peer.ipBlock.except === undefined ? '' : ` but ${some(peer.ipBlock.except)}`}`
  return selectorsWords(peer)
}

/** What a podSelector and a namespaceSelector say together. */
export function selectorsWords(spec: {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
}): string {
  const pods = spec.podSelector === undefined ? 'all Pods' : `Pods with ${selectorWords(spec.podSelector)}`
  if (spec.namespaceSelector === undefined) return pods
  return `${pods} in namespaces with ${selectorWords(spec.namespaceSelector)}`
}

function selectorWords({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const words = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) =>
      operator === 'Exists'
        ? key
        : operator === 'DoesNotExist'
          ? `no ${key}`
          : `${key} ${operator === 'In' ? 'in' : 'not in'} (${some(values)})`,
    ),
  ]
  return words.length === 0 ? 'any labels' : some(words, ' and ')
}
