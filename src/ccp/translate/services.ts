/** Services and service entries as Antrea's ports and protocols. */
import type { PolicyPort, PolicyProtocol } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { Family } from './addresses.ts'
import { type RuleBody, readBody, ServiceBody, type ServiceEntryBody } from './body.ts'
import type { Code } from './codes/index.ts'
import { problem, quote, type Where } from './findings.ts'
import type { Lookup } from './lookup.ts'
import { crossed, onePort, type PortRange, parsePorts, plainPort } from './ports.ts'

const PORTS_MAX = 256
const NESTING_MAX = 8

const UNSUPPORTED: ReadonlyMap<string, Code> = new Map([
  ['IGMPTypeServiceEntry', 'IGMP'],
  ['ALGTypeServiceEntry', 'ALG'],
  ['EtherTypeServiceEntry', 'ETHERTYPE'],
])

/** IP protocols that Antrea has a name for (IANA protocol numbers). */
const PROTOCOL_NAMES: ReadonlyMap<number, NonNullable<PolicyPort['protocol']>> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
])
/** ICMP by NSX's name, and by IP protocol number: each belongs to one IP family. */
const ICMP_FAMILIES: ReadonlyMap<string | number, Family> = new Map<string | number, Family>([
  ['ICMPv4', 4],
  ['ICMPv6', 6],
  [1, 4],
  [58, 6],
])

/** What of a rule's services goes where: Antrea's ICMP numbers count for both families, so each family stands apart. */
export interface ServiceParts {
  /** TCP, UDP and SCTP; undefined: none of them. */
  readonly ports: readonly PolicyPort[] | undefined
  readonly icmp: Readonly<Partial<Record<Family, readonly PolicyProtocol[]>>>
}

/** `everything`: every service. */
export type RuleServices = ServiceParts | 'everything'

const read = new WeakMap<object, ReturnType<typeof readBody<ServiceBody>>>()

/** Each body once: many rules name the same service. */
function readService(body: Readonly<Record<string, unknown>>): ReturnType<typeof readBody<ServiceBody>> {
  const known = read.get(body)
  if (known !== undefined) return known
  const result = readBody(ServiceBody, body)
  read.set(body, result)
  return result
}

/** Collects the services of one rule. */
class Collected {
  private readonly ports = new Map<string, PolicyPort>()
  private readonly icmp: Record<Family, Map<string, PolicyProtocol> | undefined> = {
    4: undefined,
    6: undefined,
  }
  readonly problems: Problem[] = []
  readonly lookup: Lookup
  readonly where: Where

  constructor(lookup: Lookup, where: Where) {
    this.lookup = lookup
    this.where = where
  }

  add(port: PolicyPort): void {
    const { protocol, port: first, endPort, sourcePort, sourceEndPort } = port
    const numbers = `${first ?? null},${endPort ?? null},${sourcePort ?? null},${sourceEndPort ?? null}`
    this.ports.set(`["${protocol}",${numbers}]`, port)
  }

  entry(entry: ServiceEntryBody, from: string, trail: readonly string[]) {
    const type = entry.resource_type ?? ''
    if (type === 'L4PortSetServiceEntry') return this.l4(entry, from)
    if (type === 'NestedServiceServiceEntry') return this.service(entry.nested_service_path ?? '', trail)
    if (type === 'ICMPTypeServiceEntry') return this.icmpType(entry, from)
    if (type === 'IPProtocolServiceEntry') return this.ipProtocol(entry.protocol_number ?? -1, from)
    this.report(UNSUPPORTED.get(type) ?? 'SERVICE_UNKNOWN', `${from} has an entry of type ${quote(type)}`)
  }

  ipProtocol(number: number, from: string) {
    const protocol = PROTOCOL_NAMES.get(number)
    if (protocol !== undefined) return this.add({ protocol })
    const family = ICMP_FAMILIES.get(number)
    if (family !== undefined) return this.addIcmp(family, {})
    this.report(number === 2 ? 'IGMP' : 'IP_PROTOCOL', `${from}: IP protocol ${quote(number)}`)
  }

  addIcmp(family: Family, icmp: PolicyProtocol['icmp']) {
    this.icmp[family] ??= new Map()
    this.icmp[family].set(JSON.stringify([icmp.icmpType, icmp.icmpCode]), { icmp })
  }

  icmpType({ protocol, icmp_type: type, icmp_code: code }: ServiceEntryBody, from: string) {
    const family = typeof protocol === 'string' ? ICMP_FAMILIES.get(protocol) : undefined
    const isByte = (value: number | null | undefined) =>
      value === undefined || value === null || (Number.isInteger(value) && value >= 0 && value <= 255)
    const hasCodeAlone = (type ?? null) === null && (code ?? null) !== null
    if (family === undefined || !isByte(type) || !isByte(code) || hasCodeAlone)
      return this.report(
        'ICMP_INVALID',
        `${from}: ${quote(protocol)} type ${quote(type)} code ${quote(code)}`,
      )
    this.addIcmp(family, {
      ...(typeof code === 'number' ? { icmpCode: code } : {}),
      ...(typeof type === 'number' ? { icmpType: type } : {}),
    })
  }

  l4(entry: ServiceEntryBody, from: string) {
    const protocol = entry.l4_protocol
    if (protocol !== 'TCP' && protocol !== 'UDP')
      return this.report('SERVICE_UNKNOWN', `${from}: layer 4 protocol ${quote(protocol)}`)
    const to = this.ranges(entry.destination_ports, from)
    const source = this.ranges(entry.source_ports, from)
    if (to === undefined || source === undefined) return
    for (const port of crossed(protocol, to, source)) {
      if (this.ports.size > PORTS_MAX) return
      this.add(port)
    }
  }

  ranges(texts: readonly string[] | null | undefined, from: string): PortRange[] | undefined {
    const found = (texts ?? []).map((text) => {
      const range = parsePorts(text)
      if (range === undefined) this.report('PORT_INVALID', `${from}: port ${quote(text)}`)
      return range
    })
    const ranges = found.filter((range) => range !== undefined)
    return ranges.length === found.length ? ranges : undefined
  }

  service(path: string, trail: readonly string[]) {
    if (trail.includes(path) || trail.length > NESTING_MAX)
      return this.report('SERVICE_CYCLE', `${path} leads back to itself`)
    const found = this.lookup('Service', path)
    if (found === undefined) return this.report('SERVICE_MISSING', `${path} is not there`)
    if (found.body === undefined) return this.report('OBJECT_TOO_LARGE', `${path} came without its body`)
    const read = readService(found.body)
    if (!('body' in read)) return this.report('BODY_MALFORMED', `${path}: ${read.field}: ${read.message}`)
    const entries = read.body.service_entries ?? []
    if (entries.length === 0) this.report('SERVICE_EMPTY', `${path} has no entries`)
    for (const entry of entries) this.entry(entry, path, [...trail, path])
  }

  report(code: Code, detail: string): void {
    this.problems.push(problem(code, detail, this.where))
  }

  /** What was found, in a fixed order; never an empty list, which would mean everything. */
  parts(): ServiceParts {
    const sorted = <T>(map: Map<string, T>) =>
      map.size < 2 ? [...map.values()] : [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
    const count = this.ports.size + (this.icmp[4]?.size ?? 0) + (this.icmp[6]?.size ?? 0)
    if (count > PORTS_MAX)
      this.report('RULE_TOO_LARGE', `over ${PORTS_MAX} ports, which is all that one rule may have`)
    return {
      ports: this.ports.size === 0 ? undefined : sorted(this.ports),
      icmp: {
        ...(this.icmp[4] === undefined ? {} : { 4: sorted(this.icmp[4]) }),
        ...(this.icmp[6] === undefined ? {} : { 6: sorted(this.icmp[6]) }),
      },
    }
  }
}

export const isAny = (text: string): boolean => text.length === 3 && text.toUpperCase() === 'ANY'

export interface FoundServices {
  readonly services: RuleServices
  readonly problems: readonly Problem[]
}

const NO_ENTRIES: readonly ServiceEntryBody[] = []
const NO_PROBLEMS: readonly Problem[] = []
const EVERYTHING: FoundServices = { services: 'everything', problems: NO_PROBLEMS }
const NO_ICMP: ServiceParts['icmp'] = {}

/** The services of a rule. With an ERROR among the problems they must not be used: they may be none. */
export function ruleServices(rule: RuleBody, lookup: Lookup, where: Where): FoundServices {
  const entries = rule.service_entries ?? NO_ENTRIES
  const services = rule.services ?? undefined
  const isOnlyAny = services?.length === 1 && isAny(services[0]!)
  if (entries.length === 0 && (services === undefined || isOnlyAny)) return EVERYTHING
  const here = { ...where, field: 'services' }
  if (services === undefined || isOnlyAny) {
    const ports = entries.length === 1 ? singlePort(entries[0]!) : undefined
    const problems = isOnlyAny ? [anyWithEntries(here)] : NO_PROBLEMS
    if (ports !== undefined) return { services: { ports, icmp: NO_ICMP }, problems }
  }
  const body =
    services?.length === 1 && entries.length === 0 ? lookup('Service', services[0]!)?.body : undefined
  const known = body === undefined ? undefined : wholes.get(body)
  if (known !== undefined) return known
  const found = collectServices(services, entries, lookup, here)
  if (body !== undefined && found.problems.length === 0 && isItself(body)) wholes.set(body, found)
  return found
}

/** What a rule gets that names this service and nothing else: very many name the same few. */
const wholes = new WeakMap<object, FoundServices>()

/** It stands on no other service. */
function isItself(body: Readonly<Record<string, unknown>>): boolean {
  const service = readService(body)
  const entries = 'body' in service ? (service.body.service_entries ?? []) : []
  return entries.every(({ resource_type: type }) => type !== 'NestedServiceServiceEntry')
}

const anyWithEntries = (where: Where): Problem =>
  problem('ANY_WITH_ENTRIES', 'services is ANY; the rule is limited to its service_entries', where)

/** An entry of one destination port, as most are: the list that holds it alone. */
function singlePort(entry: ServiceEntryBody): readonly PolicyPort[] | undefined {
  const { resource_type: type, l4_protocol: protocol, destination_ports: to, source_ports: from } = entry
  if (type !== 'L4PortSetServiceEntry' || (protocol !== 'TCP' && protocol !== 'UDP')) return undefined
  if (to?.length !== 1 || (from ?? NO_ENTRIES).length > 0) return undefined
  const port = plainPort(to[0]!)
  return port === undefined ? undefined : onePort(protocol, port)
}

function collectServices(
  services: readonly string[] | undefined,
  entries: readonly ServiceEntryBody[],
  lookup: Lookup,
  where: Where,
): FoundServices {
  const collected = new Collected(lookup, where)
  if (services?.length === 0 && entries.length === 0)
    collected.report('EMPTY_LIST', 'services is there and empty')
  const hasAny = (services ?? []).some(isAny)
  if (hasAny && services?.length !== 1) collected.report('ANY_NOT_ALONE', `services ${quote(services)}`)
  if (hasAny && entries.length > 0) collected.problems.push(anyWithEntries(where))
  if (!hasAny) for (const path of services ?? []) collected.service(path, [])
  for (const entry of entries) collected.entry(entry, 'service_entries', [])
  const isEverything = entries.length === 0 && (services === undefined || hasAny)
  const parts = collected.parts()
  return { services: isEverything ? 'everything' : parts, problems: collected.problems }
}
