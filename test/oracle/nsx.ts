/**
 * The NSX judge: what NSX's distributed firewall decides about a flow, straight from NSX's bodies. Categories in their
 * order, policies by sequence_number, rules by sequence_number then rule_id, first match wins, judged at the vNIC of
 * the Pods in the scope: IN where the Pod is the destination, OUT where it is the source.
 *
 * It knows nothing of Antrea and shares no code with the translation. What it has no meaning for it refuses
 * (`Unmodelled`), so that a translation which accepts that is found out.
 */
import { createHash } from 'node:crypto'
import {
  asList,
  type Body,
  type GroupRevision,
  inAddresses,
  inGroup,
  type Matches,
  Unmodelled,
} from './nsx-members.ts'
import type { Cluster, Direction, Flow, Verdict } from './types.ts'

/** One policy in force, with the groups and services of the time it speaks of. */
export interface PolicyInForce {
  readonly body: Body
  readonly groups: ReadonlyMap<string, GroupRevision>
  readonly services: ReadonlyMap<string, Body>
  readonly profiles: ReadonlyMap<string, Body>
}

interface Rule {
  readonly verdict: Verdict
  readonly directions: readonly Direction[]
  readonly isApplied: Matches
  readonly isSource: Matches
  readonly isDestination: Matches
  readonly isService: (flow: Flow) => boolean
  readonly isNamed: (flow: Flow) => boolean
  readonly family: 4 | 6 | undefined
}

/** A policy without a category comes after all that have one. */
const CATEGORIES = ['Emergency', 'Infrastructure', 'Environment', 'Application', '']
const VERDICTS: Readonly<Record<string, Verdict>> = { ALLOW: 'allow', DROP: 'drop', REJECT: 'reject' }
const everybody: Matches = () => true

const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
const isAny = (item: unknown): boolean => typeof item === 'string' && item.toLowerCase() === 'any'

/** Decides a flow at the vNIC on the side that the direction names. */
export type Judge = (flow: Flow, direction: Direction) => Verdict

/** Reads policies; throws `Unmodelled` where one has no meaning here. */
export function nsxJudge(policies: readonly PolicyInForce[], cluster: Cluster): Judge {
  const rules = inOrder(policies).flatMap((policy) => rulesOf(policy, cluster))
  return (flow, direction) => {
    const own = direction === 'ingress' ? flow.destination : flow.source
    if (own.pod === undefined) throw new Error('there is no vNIC at this end')
    if (own.pod.hostNetwork) return 'unmatched'
    const found = rules.find(
      (rule) =>
        rule.directions.includes(direction) &&
        (rule.family === undefined || rule.family === flow.family) &&
        rule.isApplied(own) &&
        rule.isService(flow) &&
        rule.isNamed(flow) &&
        rule.isSource(flow.source) &&
        rule.isDestination(flow.destination),
    )
    return found?.verdict ?? 'unmatched'
  }
}

const PLACES = 2 ** 21

/** By category, then number; equal numbers by the first 21 bits of SHA-256(unique_id), taken ones moving up. */
function inOrder(policies: readonly PolicyInForce[]): PolicyInForce[] {
  const id = ({ body }: PolicyInForce) => String(body['unique_id']).toLowerCase()
  const live = policies.filter(({ body }) => body['marked_for_delete'] !== true)
  const taken = new Map<string, Set<number>>()
  const placed = live
    .sort((a, b) => (id(a) < id(b) ? -1 : 1))
    .map((policy) => {
      const category = CATEGORIES.indexOf(String(policy.body['category'] ?? ''))
      if (category < 0) throw new Unmodelled(`category ${policy.body['category']}`)
      const sequence = number(policy.body['sequence_number'])
      const key = `${category}/${sequence}`
      const others = taken.get(key) ?? new Set<number>()
      let place = createHash('sha256').update(id(policy)).digest().readUIntBE(0, 3) >> 3
      for (; others.has(place); place = (place + 1) % PLACES);
      taken.set(key, others.add(place))
      return { policy, category, sequence, place }
    })
  placed.sort((a, b) => a.category - b.category || a.sequence - b.sequence || a.place - b.place)
  return placed.map(({ policy }) => policy)
}

function rulesOf(policy: PolicyInForce, cluster: Cluster): Rule[] {
  const { body } = policy
  const refuse = (what: string) => {
    throw new Unmodelled(`policy ${body['id']}: ${what}`)
  }
  if (body['stateful'] === false) refuse('stateless')
  if ((body['scheduler_path'] ?? '') !== '') refuse('a schedule')
  for (const field of ['connectivity_strategy', 'connectivity_preference'])
    if ((body[field] ?? 'NONE') !== 'NONE') refuse(field)
  if (asList(body['application_connectivity_strategy']).length > 0) refuse('an application strategy')
  const sequence = body['sequence_number'] ?? 0
  if (!Number.isInteger(sequence) || number(sequence) < 0) refuse('sequence_number')
  const own = asList(body['scope'])
  const scope = own.length === 0 || (own.length === 1 && isAny(own[0])) ? undefined : own
  const order = (a: Body, b: Body) =>
    number(a['sequence_number']) - number(b['sequence_number']) || number(a['rule_id']) - number(b['rule_id'])
  const all = (asList(body['rules']) as Body[]).filter((rule) => rule['marked_for_delete'] !== true)
  const enabled = all.filter((rule) => rule['disabled'] !== true)
  const ids = enabled.flatMap((rule) => (rule['rule_id'] == null ? [] : [rule['rule_id']]))
  if (new Set(ids).size < ids.length) refuse('a rule_id is there twice')
  return enabled.sort(order).map((rule) => ruleOf(rule, scope, policy, cluster))
}

function ruleOf(
  rule: Body,
  policyScope: readonly unknown[] | undefined,
  policy: PolicyInForce,
  cluster: Cluster,
): Rule {
  const refuse = (what: string): never => {
    throw new Unmodelled(`rule ${rule['id']}: ${what}`)
  }
  const verdict = VERDICTS[String(rule['action'])] ?? refuse(`action ${rule['action']}`)
  const direction = rule['direction'] ?? 'IN_OUT'
  const directions: Direction[] = []
  if (direction === 'IN' || direction === 'IN_OUT') directions.push('ingress')
  if (direction === 'OUT' || direction === 'IN_OUT') directions.push('egress')
  if (directions.length === 0) refuse(`direction ${direction}`)
  const protocol = rule['ip_protocol'] ?? 'IPV4_IPV6'
  if (!['IPV4', 'IPV6', 'IPV4_IPV6'].includes(String(protocol))) refuse(`ip_protocol ${protocol}`)
  if (!Number.isInteger(rule['sequence_number'] ?? 0) || number(rule['sequence_number']) < 0)
    refuse('sequence_number')
  const members = (list: unknown) => membersOf(list, policy, cluster)
  const side = (list: unknown, isExcluded: unknown): Matches => {
    const matches = members(list)
    if (isExcluded !== true) return matches
    if (matches === everybody) refuse('everybody is excluded')
    return (endpoint) => !matches(endpoint)
  }
  const ruleScope = asList(rule['scope']).length === 0 ? undefined : rule['scope']
  return {
    verdict,
    directions,
    isApplied: members(policyScope ?? ruleScope),
    isSource: side(rule['source_groups'], rule['sources_excluded']),
    isDestination: side(rule['destination_groups'], rule['destinations_excluded']),
    isService: servicesOf(rule, policy),
    isNamed: namesOf(rule, policy, directions),
    family: protocol === 'IPV4' ? 4 : protocol === 'IPV6' ? 6 : undefined,
  }
}

function membersOf(list: unknown, policy: PolicyInForce, cluster: Cluster): Matches {
  if (list === undefined || list === null) return everybody
  const items = asList(list)
  if (items.length === 0) throw new Unmodelled('an empty list')
  if (items.some(isAny)) {
    if (items.length > 1) throw new Unmodelled('ANY beside others')
    return everybody
  }
  const each = items.map((item) => {
    const text = String(item)
    if (!text.startsWith('/')) return inAddresses(text)
    const group = policy.groups.get(text)
    if (group === undefined || !text.startsWith('/infra/')) throw new Unmodelled(`group ${text}`)
    return inGroup(text, group, cluster)
  })
  return (endpoint) => each.some((matches) => matches(endpoint))
}

/** Entries beside ANY are taken alone; neither stated is every service. */
function servicesOf(rule: Body, policy: PolicyInForce): (flow: Flow) => boolean {
  const own = asList(rule['service_entries']) as Body[]
  const listed = rule['services']
  if (asList(listed).some(isAny) && asList(listed).length > 1) throw new Unmodelled('ANY beside services')
  const isAll = listed === undefined || listed === null || asList(listed).some(isAny)
  if (isAll && own.length === 0) return () => true
  const paths = isAll ? [] : asList(listed).map(String)
  if (paths.length + own.length === 0) throw new Unmodelled('no services')
  const entries = [
    ...own.flatMap((entry) => entryMatches(entry, policy, [])),
    ...paths.flatMap((path) => serviceMatches(path, policy, [])),
  ]
  return (flow) => entries.some((matches) => matches(flow))
}

type MatchesFlow = (flow: Flow) => boolean

/** A profile of domain names: the name by which the destination was asked for is one of them, or below `*.` one. */
function namesOf(rule: Body, policy: PolicyInForce, directions: readonly Direction[]): MatchesFlow {
  const paths = asList(rule['profiles']).filter((path) => !isAny(path))
  if (paths.length === 0) return () => true
  const attributes = asList(policy.profiles.get(String(paths[0]))?.['attributes']) as Body[]
  const [attribute] = attributes
  if (paths.length > 1 || attributes.length !== 1 || attribute?.['key'] !== 'DOMAIN_NAME')
    throw new Unmodelled(`profiles ${paths}`)
  if (directions.includes('ingress')) throw new Unmodelled('names of sources')
  const names = asList(attribute['value']).map((name) => String(name).toLowerCase())
  return ({ name }) =>
    name !== undefined &&
    names.some((one) => (one.startsWith('*.') ? name.endsWith(one.slice(1)) : name === one))
}

function serviceMatches(path: string, policy: PolicyInForce, trail: readonly string[]): MatchesFlow[] {
  const entries = asList(policy.services.get(path)?.['service_entries']) as Body[]
  if (entries.length === 0 || trail.includes(path)) throw new Unmodelled(`service ${path}`)
  return entries.flatMap((entry) => entryMatches(entry, policy, [...trail, path]))
}

/** IANA protocol numbers of the flows that are judged. */
const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' }

function entryMatches(entry: Body, policy: PolicyInForce, trail: readonly string[]): MatchesFlow[] {
  switch (entry['resource_type']) {
    case 'NestedServiceServiceEntry':
      return serviceMatches(String(entry['nested_service_path']), policy, trail)
    case 'ICMPTypeServiceEntry': {
      const family = entry['protocol'] === 'ICMPv4' ? 4 : entry['protocol'] === 'ICMPv6' ? 6 : undefined
      const [type, code] = [entry['icmp_type'] ?? undefined, entry['icmp_code'] ?? undefined]
      if (family === undefined || (type === undefined && code !== undefined)) throw new Unmodelled('ICMP')
      return [
        (flow) =>
          flow.icmp !== undefined &&
          flow.family === family &&
          (type === undefined || flow.icmp.type === type) &&
          (code === undefined || flow.icmp.code === code),
      ]
    }
    case 'IPProtocolServiceEntry': {
      const ofFamily = { 1: 4, 58: 6 }[number(entry['protocol_number'])]
      if (ofFamily !== undefined) return [({ icmp, family }) => icmp !== undefined && family === ofFamily]
      const name = PROTOCOLS[number(entry['protocol_number'])]
      if (name === undefined) throw new Unmodelled(`IP protocol ${entry['protocol_number']}`)
      return [({ protocol }) => protocol === name]
    }
    case 'L4PortSetServiceEntry': {
      const name = entry['l4_protocol']
      if (name !== 'TCP' && name !== 'UDP') throw new Unmodelled(`layer 4 protocol ${name}`)
      const [to, from] = [portsOf(entry['destination_ports']), portsOf(entry['source_ports'])]
      return [({ protocol, port, sourcePort }) => protocol === name && to(port) && from(sourcePort)]
    }
    default:
      throw new Unmodelled(`service entry ${entry['resource_type']}`)
  }
}

function portsOf(list: unknown): (port: number) => boolean {
  const ranges = asList(list).map((text) => {
    const [first = Number.NaN, last = first, more] = String(text).split('-').map(Number)
    const isPort = (value: number) => Number.isInteger(value) && value >= 1 && value <= 65_535
    if (!isPort(first) || !isPort(last) || first > last || more !== undefined)
      throw new Unmodelled(`port ${text}`)
    return { first, last }
  })
  return ranges.length === 0
    ? () => true
    : (port) => ranges.some(({ first, last }) => port >= first && port <= last)
}
