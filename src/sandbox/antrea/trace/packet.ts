/** The packet a Traceflow sends: where it goes, and what it carries. Pure. */
import type { Random } from '../../../world/index.ts'
import { parseAddress } from '../addresses.ts'
import type { Traceflow } from '../lives/index.ts'
import type { EndpointSlice, Pod, Service, ServicePort } from '../model.ts'

export interface PodName {
  readonly namespace: string
  readonly name: string
}

export interface Packet {
  /** `TCP`, `UDP`, `SCTP`, `ICMP`; a number for another protocol. */
  readonly protocol: string
  readonly sourceIp: string
  readonly destinationIp: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly icmpType?: number
  readonly icmpCode?: number
  /** The Service it was sent to. */
  readonly service?: PodName
}

/** What is known of the cluster beside the policies. */
export interface Surroundings {
  readonly pods: ReadonlyMap<string, Pod>
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

export interface Aim {
  readonly packet: Packet
  /** Set when a Service's address was exchanged for an endpoint's. */
  readonly translated?: { readonly ip: string; readonly pod?: PodName }
  /** The Service it was sent to has nobody behind it. */
  readonly isRefused?: true
}

/** Why there is no packet; the agent writes it into the status. */
export class NoPacket extends Error {}

export const addressesOf = ({ status }: Pod): string[] => {
  const all = (status?.podIPs ?? []).map(({ ip }) => ip ?? '')
  return (all.length > 0 ? all : [status?.podIP ?? '']).filter((ip) => ip !== '')
}

const NUMBERS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMP', 132: 'SCTP' }

type Fields = Readonly<Record<string, unknown>>
const fieldsIn = (value: unknown, ...path: readonly string[]): Fields | undefined => {
  let at = value
  for (const key of path) at = typeof at === 'object' && at !== null ? (at as Fields)[key] : undefined
  return typeof at === 'object' && at !== null ? (at as Fields) : undefined
}
const numberIn = (fields: Fields | undefined, key: string): number | undefined => {
  const value = fields?.[key]
  return typeof value === 'number' ? value : undefined
}

type Headers = Pick<Packet, 'protocol' | 'sourcePort' | 'destinationPort' | 'icmpType' | 'icmpCode'>

/** Headers as they are asked for; undefined when nothing is. */
function headersOf(packet: unknown, family: 'ipv4' | 'ipv6'): Headers | undefined {
  const transport = fieldsIn(packet, 'transportHeader')
  for (const [key, protocol] of [
    ['tcp', 'TCP'],
    ['udp', 'UDP'],
  ] as const) {
    const header = fieldsIn(transport, key)
    if (header === undefined) continue
    const [sourcePort, destinationPort] = [numberIn(header, 'srcPort'), numberIn(header, 'dstPort')]
    return {
      protocol,
      ...(sourcePort === undefined ? {} : { sourcePort }),
      ...(destinationPort === undefined ? {} : { destinationPort }),
    }
  }
  const number =
    numberIn(fieldsIn(packet, 'ipHeader'), 'protocol') ??
    numberIn(fieldsIn(packet, 'ipv6Header'), 'nextHeader')
  if (fieldsIn(transport, 'icmp') === undefined && number === undefined) return undefined
  const protocol = number === undefined ? 'ICMP' : (NUMBERS[number] ?? String(number))
  return protocol === 'ICMP' ? echo(family) : { protocol }
}

/** An echo request. */
const echo = (family: 'ipv4' | 'ipv6'): Headers => ({
  protocol: 'ICMP',
  icmpType: family === 'ipv4' ? 8 : 128,
  icmpCode: 0,
})

const familyOf = (ip: string): 'ipv4' | 'ipv6' | undefined => parseAddress(ip)?.kind()

/** Where the packet of this Traceflow goes. Throws NoPacket. */
export function aimOf(traceflow: Traceflow, around: Surroundings, random: Random): Aim {
  const { source = {}, destination = {}, packet } = traceflow.spec ?? {}
  const own = around.pods.get(`${source.namespace}/${source.pod}`)
  const sourceIps = own === undefined ? [] : addressesOf(own)
  const target = targetOf(destination, around)
  const wanted = familyOf(target.ip)
  const sourceIp = sourceIps.find((ip) => familyOf(ip) === wanted)
  if (wanted === undefined || sourceIp === undefined)
    throw new NoPacket(
      `source Pod ${source.namespace}/${source.pod} has no address of the destination's family`,
    )
  const first = target.service?.spec?.ports?.[0]
  const headers =
    headersOf(packet, wanted) ??
    (first === undefined ? echo(wanted) : { protocol: first.protocol ?? 'TCP', destinationPort: first.port })
  const plain: Packet = { ...headers, sourceIp, destinationIp: target.ip }
  return target.service === undefined ? { packet: plain } : balance(plain, target.service, around, random)
}

interface Target {
  readonly ip: string
  readonly service?: Service
}

function targetOf(
  destination: NonNullable<NonNullable<Traceflow['spec']>['destination']>,
  { pods, services }: Surroundings,
): Target {
  const { namespace = '', pod = '', service = '', ip = '' } = destination
  if (pod !== '') {
    const [address] = addressesOf(pods.get(`${namespace}/${pod}`) ?? ({} as Pod))
    if (address !== undefined) return { ip: address }
    throw new NoPacket(`destination Pod ${namespace}/${pod} is not there or has no address`)
  }
  if (service !== '') {
    const found = services.find(
      ({ metadata }) => metadata.name === service && metadata.namespace === namespace,
    )
    const address = found?.spec?.clusterIP ?? ''
    if (found !== undefined && familyOf(address) !== undefined) return { ip: address, service: found }
    throw new NoPacket(`destination Service ${namespace}/${service} is not there or has no cluster IP`)
  }
  if (ip === '') throw new NoPacket('destination is not specified')
  const found = services.find(({ spec }) => [spec?.clusterIP, ...(spec?.clusterIPs ?? [])].includes(ip))
  return { ip, ...(found === undefined ? {} : { service: found }) }
}

/** A port the Service does not have is not translated. */
function balance(packet: Packet, service: Service, { slices }: Surroundings, random: Random): Aim {
  const { name, namespace = '' } = service.metadata
  const port = service.spec?.ports?.find(
    (one) => one.port === packet.destinationPort && (one.protocol ?? 'TCP') === packet.protocol,
  )
  if (port === undefined) return { packet }
  const aimed: Packet = { ...packet, service: { namespace, name } }
  const endpoints = endpointsOf(service, port, slices)
  const chosen = endpoints[Math.floor(random.next() * endpoints.length)]
  if (chosen === undefined) return { packet: aimed, isRefused: true }
  return {
    packet: { ...aimed, destinationIp: chosen.ip, destinationPort: chosen.port },
    translated: { ip: chosen.ip, ...(chosen.pod === undefined ? {} : { pod: chosen.pod }) },
  }
}

interface Endpoint {
  readonly ip: string
  readonly port: number
  readonly pod?: PodName
}

/** Ready endpoints in all slices of a Service (label kubernetes.io/service-name). */
function endpointsOf(service: Service, port: ServicePort, slices: readonly EndpointSlice[]): Endpoint[] {
  const mine = slices.filter(
    ({ metadata }) =>
      metadata.namespace === service.metadata.namespace &&
      metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
  )
  return mine.flatMap(({ endpoints = [], ports = [] }) => {
    const target = ports.find(
      (one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )?.port
    if (target === undefined) return []
    return endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses = [], targetRef }) =>
        addresses.slice(0, 1).map((ip) => ({
          ip,
          port: target,
          ...(targetRef?.kind === 'Pod'
            ? { pod: { namespace: targetRef.namespace ?? '', name: targetRef.name ?? '' } }
            : {}),
        })),
      )
  })
}
