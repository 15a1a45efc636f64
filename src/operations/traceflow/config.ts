/**
 * NSX's AntreaTraceflowConfig (vcf-nsx 9.1.1, Policy models) as a trace. What it says and cannot be done is refused in
 * words: nothing of it is dropped in silence.
 */
import ipaddr from 'ipaddr.js'
import { needsPerson } from '../../errors.ts'
import type { Fields } from '../types.ts'
import type { PodRef, TraceEnd, TracePacket } from './trace.ts'

export interface FoundPod extends PodRef {
  readonly ips: readonly string[]
}

/** Finds what NSX names by external id: the uid of the Kubernetes object. */
export interface TraceLookup {
  pod(uid: string, signal: AbortSignal): Promise<FoundPod | undefined>
  service(uid: string, signal: AbortSignal): Promise<{ namespace: string; service: string } | undefined>
  /** The uid of a Node by its name. */
  nodeUid(name: string, signal: AbortSignal): Promise<string | undefined>
}

export interface TraceConfig {
  readonly sourceId: string
  /** Undefined: the packet has a destination address. */
  readonly destinationId: string | undefined
  readonly sourceIp: string | undefined
  readonly destinationIp: string | undefined
  readonly packet: TracePacket
}

const SYN = 2

const invalid = (what: string) => needsPerson('REQUEST_INVALID', `traceflow: ${what}`)

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Throws needs-person REQUEST_INVALID. */
export function readTraceConfig(body: unknown, clusterId: string): TraceConfig {
  if (!isFields(body)) throw invalid('the body must be an AntreaTraceflowConfig')
  const cluster = textOf(body, 'container_cluster_id')
  if (cluster !== undefined && cluster !== clusterId)
    throw invalid(`container_cluster_id is another cluster's; this one is ${clusterId}`)
  const sourceId = textOf(body, 'source_external_id')
  if (sourceId === undefined) throw invalid('source_external_id must be the external_id of a Pod')
  const data = body['packet'] ?? {}
  if (!isFields(data)) throw invalid('packet must be an object')
  const { packet, sourceIp, destinationIp } = packetOf(data)
  const destinationId = textOf(body, 'destination_external_id')
  if (destinationId === undefined && destinationIp === undefined)
    throw invalid('destination_external_id, or a destination address in the packet, must be there')
  return {
    sourceId,
    destinationId: destinationIp === undefined ? destinationId : undefined,
    sourceIp,
    destinationIp,
    packet,
  }
}

interface ReadPacket {
  readonly packet: TracePacket
  readonly sourceIp: string | undefined
  readonly destinationIp: string | undefined
}

function packetOf(data: Fields): ReadPacket {
  if (data['resourceType'] === 'BINARY_PACKET_DATA' || data['payload'] !== undefined)
    throw invalid('Antrea makes the packet itself from its fields; leave BINARY_PACKET_DATA and payload out')
  const transportType = data['transportType'] ?? 'UNICAST'
  if (transportType !== 'UNICAST') throw invalid('transportType must be UNICAST; Antrea traces no other')
  const v4 = headerOf(data, 'ipHeader')
  const v6 = headerOf(data, 'ipv6Header')
  if (v4 !== undefined && v6 !== undefined)
    throw invalid('either ipHeader or ipv6Header may be there, not both')
  const header = v6 ?? v4
  const sourceIp = addressOf(header, 'srcIp', v6 === undefined ? 4 : 6)
  const destinationIp = addressOf(header, 'dstIp', v6 === undefined ? 4 : 6)
  const protocol = numberOf(header, v6 === undefined ? 'protocol' : 'nextHeader', 255)
  const hopLimit = numberOf(header, v6 === undefined ? 'ttl' : 'hopLimit', 255)
  const ipFlags = v6 === undefined ? numberOf(header, 'flags', 7) : undefined
  return {
    sourceIp,
    destinationIp,
    packet: {
      ...(header === undefined ? {} : { family: v6 === undefined ? (4 as const) : (6 as const) }),
      ...(protocol === undefined ? {} : { protocol }),
      // NSX writes 0 where nothing was said; with it the packet would die on its first hop.
      ...(hopLimit === undefined || hopLimit === 0 ? {} : { hopLimit }),
      ...(ipFlags === undefined || ipFlags === 0 ? {} : { ipFlags }),
      ...transportOf(headerOf(data, 'transportHeader')),
    },
  }
}

function transportOf(transport: Fields | undefined): Pick<TracePacket, 'tcp' | 'udp' | 'icmp'> {
  const tcp = headerOf(transport, 'tcpHeader')
  const udp = headerOf(transport, 'udpHeader')
  const icmp = headerOf(transport, 'icmpEchoRequestHeader')
  if ([tcp, udp, icmp].filter((header) => header !== undefined).length > 1)
    throw invalid('transportHeader may hold one header only')
  const ports = (header: Fields) => ({
    ...some('srcPort', portOf(header, 'srcPort')),
    ...some('dstPort', portOf(header, 'dstPort')),
  })
  if (udp !== undefined) return { udp: ports(udp) }
  if (icmp !== undefined)
    return {
      icmp: {
        ...some('id', numberOf(icmp, 'id', 65_535)),
        ...some('sequence', numberOf(icmp, 'sequence', 65_535)),
      },
    }
  if (tcp === undefined) return {}
  const flags = numberOf(tcp, 'tcpFlags', 255)
  if (flags !== undefined && (flags & SYN) === 0) throw invalid('tcpFlags must have the SYN bit (2)')
  return { tcp: { ...ports(tcp), ...some('flags', flags) } }
}

const some = <K extends string>(key: K, value: number | undefined): { readonly [key in K]?: number } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: number })

function headerOf(data: Fields | undefined, field: string): Fields | undefined {
  const value = data?.[field]
  if (value === undefined || value === null) return undefined
  if (!isFields(value)) throw invalid(`${field} must be an object`)
  return value
}

function textOf(data: Fields, field: string): string | undefined {
  const value = data[field]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > 255) throw invalid(`${field} must be a text`)
  return value
}

function numberOf(data: Fields | undefined, field: string, most: number): number | undefined {
  const value = data?.[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
    throw invalid(`${field} must be a whole number from 0 to ${most}`)
  return value
}

/** NSX writes 0 where no port was said; Antrea has none below 1. */
const portOf = (data: Fields, field: string): number | undefined => numberOf(data, field, 65_535) || undefined

function addressOf(data: Fields | undefined, field: string, family: 4 | 6): string | undefined {
  const value = data === undefined ? undefined : textOf(data, field)
  if (value === undefined) return undefined
  if (familyOf(value) !== family) throw invalid(`${field} must be an IPv${family} address`)
  return value
}

/** 4 or 6; undefined when it is no address. */
export function familyOf(text: string): 4 | 6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return 4
  return text.includes(':') && ipaddr.IPv6.isValid(text) ? 6 : undefined
}

export interface Ends {
  readonly source: PodRef
  readonly destination: TraceEnd
}

/** Rejects with needs-person TRACEFLOW_NOT_FOUND for an external id that nothing in the cluster has. */
export async function findEnds(
  { sourceId, destinationId, sourceIp, destinationIp }: TraceConfig,
  lookup: TraceLookup,
  signal: AbortSignal,
): Promise<Ends> {
  const found = await lookup.pod(sourceId, signal)
  if (found === undefined) throw notFound('source_external_id', sourceId, 'Pod')
  const { ips, ...source } = found
  if (sourceIp !== undefined && !ips.some((ip) => sameAddress(ip, sourceIp)))
    throw invalid(`srcIp ${sourceIp} is no address of ${source.namespace}/${source.pod}; leave it out`)
  if (destinationIp !== undefined) return { source, destination: { ip: destinationIp } }
  const id = destinationId ?? ''
  const pod = await lookup.pod(id, signal)
  if (pod !== undefined) return { source, destination: { namespace: pod.namespace, pod: pod.pod } }
  const service = await lookup.service(id, signal)
  if (service === undefined) throw notFound('destination_external_id', id, 'Pod or Service')
  return { source, destination: service }
}

const sameAddress = (a: string, b: string): boolean =>
  familyOf(a) !== undefined && ipaddr.parse(a).toNormalizedString() === ipaddr.parse(b).toNormalizedString()

const notFound = (field: string, id: string, what: string) =>
  needsPerson(
    'TRACEFLOW_NOT_FOUND',
    `${field} ${id} is no ${what} of this cluster; choose one that the inventory shows now`,
  )
