/** Services and service entries as Antrea's ports. */
import type { PolicyPort } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { type RuleBody, readBody, ServiceBody, type ServiceEntryBody } from './body.ts'
import { problem, quote, type Where } from './findings.ts'
import type { Lookup } from './lookup.ts'

const PORTS_MAX = 256
const NESTING_MAX = 8

const UNSUPPORTED = {
  ICMPTypeServiceEntry: 'ICMP',
  IGMPTypeServiceEntry: 'IGMP',
  ALGTypeServiceEntry: 'ALG',
  EtherTypeServiceEntry: 'ETHERTYPE',
} as const

/** IP protocols that Antrea has a name for (IANA protocol numbers). */
const PROTOCOL_NAMES: Readonly<Record<number, PolicyPort['protocol']>> = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' }

/** Collects the ports of one rule. */
class Ports {
  readonly ports = new Map<string, PolicyPort>()
  readonly problems: Problem[] = []
  readonly lookup: Lookup
  readonly where: Where

  constructor(lookup: Lookup, where: Where) {
    this.lookup = lookup
    this.where = where
  }

  add(port: PolicyPort): void {
    this.ports.set(JSON.stringify([port.protocol, port.port, port.endPort]), port)
  }

  entry(entry: ServiceEntryBody, from: string, trail: readonly string[]) {
    const type = entry.resource_type ?? ''
    if (type === 'L4PortSetServiceEntry') return this.l4(entry, from)
    if (type === 'NestedServiceServiceEntry') return this.service(entry.nested_service_path ?? '', trail)
    if (type === 'IPProtocolServiceEntry') {
      const protocol = PROTOCOL_NAMES[entry.protocol_number ?? -1]
      if (protocol !== undefined) return this.add({ protocol })
      return this.report('IP_PROTOCOL', `${from}: IP protocol ${quote(entry.protocol_number)}`)
    }
    const code = Object.hasOwn(UNSUPPORTED, type) ? UNSUPPORTED[type as keyof typeof UNSUPPORTED] : undefined
    this.report(code ?? 'SERVICE_UNKNOWN', `${from} has an entry of type ${quote(type)}`)
  }

  l4(entry: ServiceEntryBody, from: string) {
    const protocol = entry.l4_protocol
    if (protocol !== 'TCP' && protocol !== 'UDP')
      return this.report('SERVICE_UNKNOWN', `${from}: layer 4 protocol ${quote(protocol)}`)
    if ((entry.source_ports ?? []).length > 0)
      return this.report('SOURCE_PORT', `${from} names source ports ${quote(entry.source_ports)}`)
    const wanted = entry.destination_ports ?? []
    if (wanted.length === 0) this.add({ protocol })
    for (const text of wanted) {
      const range = parsePorts(text)
      if (range === undefined) this.report('PORT_INVALID', `${from}: port ${quote(text)}`)
      else this.add({ protocol, ...range })
    }
  }

  service(path: string, trail: readonly string[]) {
    if (trail.includes(path) || trail.length > NESTING_MAX)
      return this.report('SERVICE_CYCLE', `${path} leads back to itself`)
    const found = this.lookup('Service', path)
    if (found === undefined) return this.report('SERVICE_MISSING', `${path} is not there`)
    if (found.body === undefined) return this.report('OBJECT_TOO_LARGE', `${path} came without its body`)
    const read = readBody(ServiceBody, found.body)
    if (!('body' in read)) return this.report('BODY_MALFORMED', `${path}: ${read.field}: ${read.message}`)
    const entries = read.body.service_entries ?? []
    if (entries.length === 0) this.report('SERVICE_EMPTY', `${path} has no entries`)
    for (const entry of entries) this.entry(entry, path, [...trail, path])
  }

  report(code: Parameters<typeof problem>[0], detail: string): void {
    this.problems.push(problem(code, detail, this.where))
  }
}

/** `80` or `8000-9000`; undefined: neither. */
function parsePorts(text: string): { port: number; endPort?: number } | undefined {
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(text)
  const first = Number(match?.[1])
  const last = match?.[2] === undefined ? first : Number(match[2])
  if (match === null || first < 1 || last > 65_535 || first > last) return undefined
  return first === last ? { port: first } : { port: first, endPort: last }
}

export const isAny = (text: string): boolean => text.toUpperCase() === 'ANY'

/**
 * The ports of a rule in a fixed order; undefined: every service. Never an empty list, which would mean everything.
 */
export function rulePorts(
  rule: RuleBody,
  lookup: Lookup,
  where: Where,
): { ports: readonly PolicyPort[] | undefined; problems: readonly Problem[] } {
  const entries = rule.service_entries ?? []
  const services = rule.services
  const collected = new Ports(lookup, { ...where, field: 'services' })
  if (services?.length === 0 && entries.length === 0)
    collected.report('EMPTY_LIST', 'services is there and empty')
  const hasAny = (services ?? []).some(isAny)
  if (hasAny && services?.length !== 1) collected.report('ANY_NOT_ALONE', `services ${quote(services)}`)
  if (hasAny && entries.length > 0)
    collected.report('ANY_WITH_ENTRIES', 'services is ANY; the rule is limited to its service_entries')
  if (!hasAny) for (const path of services ?? []) collected.service(path, [])
  for (const entry of entries) collected.entry(entry, 'service_entries', [])
  const isEverything = entries.length === 0 && (services === undefined || services === null || hasAny)
  const ports = [...collected.ports].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, port]) => port)
  if (ports.length > PORTS_MAX)
    collected.report('RULE_TOO_LARGE', `${ports.length} ports, at most ${PORTS_MAX} are written`)
  return { ports: isEverything ? undefined : ports, problems: collected.problems }
}
