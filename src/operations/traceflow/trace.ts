/** A trace as everybody who asks for one means it, and Antrea's Traceflow for it (crd.antrea.io/v1beta1). Pure. */
import type { KubeObject } from '../../kube/types.ts'
import type { Fields } from '../types.ts'

export interface PodRef {
  readonly namespace: string
  readonly pod: string
}

export type TraceEnd =
  | PodRef
  | { readonly namespace: string; readonly service: string }
  | { readonly ip: string }

export interface TracePacket {
  readonly family?: 4 | 6
  /** IP protocol number, where no transport header says it. */
  readonly protocol?: number
  readonly hopLimit?: number
  /** Flags of the IPv4 header. */
  readonly ipFlags?: number
  readonly tcp?: { readonly srcPort?: number; readonly dstPort?: number; readonly flags?: number }
  readonly udp?: { readonly srcPort?: number; readonly dstPort?: number }
  readonly icmp?: { readonly id?: number; readonly sequence?: number }
}

export interface Trace {
  /** An address only with live traffic, which may leave it out too. */
  readonly source?: TraceEnd
  readonly destination?: TraceEnd
  readonly packet: TracePacket
  /** Traces the next real packet that fits, instead of sending one. */
  readonly live?: boolean
  readonly droppedOnly?: boolean
  readonly timeoutS: number
}

export interface TraceResult {
  readonly node?: string
  readonly role?: string
  /** Seconds since 1970. */
  readonly timestamp?: number
  readonly observations?: readonly Fields[]
}

export interface Traceflow extends KubeObject {
  readonly spec: Fields
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly results?: readonly TraceResult[]
    readonly capturedPacket?: Fields
  }
}

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMP_V6 = 58

/** Antrea's spec: what is not said is left to Antrea. */
export function traceflowSpec({ source, destination, packet, live, droppedOnly, timeoutS }: Trace): Fields {
  return {
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    packet: packetSpec(packet),
    ...(live === true ? { liveTraffic: true, ...(droppedOnly === true ? { droppedOnly } : {}) } : {}),
    timeout: timeoutS,
  }
}

function packetSpec(packet: TracePacket): Fields {
  const { family, hopLimit, ipFlags, tcp, udp, icmp } = packet
  const protocol = protocolOf(packet)
  const header =
    family === 6
      ? {
          // Antrea takes the packet for IPv6 by this header's being there (pkg/agent/controller/traceflow).
          ipv6Header: {
            ...(protocol === undefined ? {} : { nextHeader: protocol }),
            ...(hopLimit === undefined ? {} : { hopLimit }),
          },
        }
      : {
          ipHeader: {
            ...(protocol === undefined ? {} : { protocol }),
            ...(hopLimit === undefined ? {} : { ttl: hopLimit }),
            ...(ipFlags === undefined ? {} : { flags: ipFlags }),
          },
        }
  const transport =
    tcp !== undefined ? { tcp } : udp !== undefined ? { udp } : icmp === undefined ? {} : { icmp }
  return {
    ...(family !== 6 && Object.keys(header.ipHeader ?? {}).length === 0 ? {} : header),
    ...(Object.keys(transport).length === 0 ? {} : { transportHeader: transport }),
  }
}

function protocolOf({ family, protocol, tcp, udp, icmp }: TracePacket): number | undefined {
  if (tcp !== undefined) return TCP
  if (udp !== undefined) return UDP
  if (icmp !== undefined || protocol === ICMP || protocol === ICMP_V6) return family === 6 ? ICMP_V6 : ICMP
  return protocol
}
