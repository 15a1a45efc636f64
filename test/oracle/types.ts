/**
 * The words both judges speak: a cluster, flows in it and verdicts. The judges themselves (nsx.ts and antrea.ts) share
 * nothing else: neither with each other nor with the translation.
 */

export type Verdict = 'allow' | 'drop' | 'reject' | 'unmatched'

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface Pod {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** One of each family at most; none before it runs. */
  readonly addresses: readonly string[]
  readonly hostNetwork: boolean
  readonly phase: 'Pending' | 'Running' | 'Succeeded'
}

/** Its Pods are those of its Namespace that carry all these labels; with none it has none of its own. */
export interface Service {
  readonly name: string
  readonly namespace: string
  readonly selector: Readonly<Record<string, string>>
}

export interface Cluster {
  /** Of the Pods. */
  readonly families: readonly (4 | 6)[]
  readonly namespaces: readonly Namespace[]
  readonly pods: readonly Pod[]
  readonly services: readonly Service[]
}

/** One end of a flow: an address, and the Pod that has it, if any has. */
export interface Endpoint {
  readonly address: string
  readonly pod: Pod | undefined
}

export type Protocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP'

/** The first packet of a connection, as it is on the wire at the Pod (after any translation of Service addresses). */
export interface Flow {
  readonly source: Endpoint
  readonly destination: Endpoint
  readonly family: 4 | 6
  readonly protocol: Protocol
  /** 0 for ICMP. */
  readonly sourcePort: number
  readonly port: number
  /** Of ICMP: ICMPv4 or ICMPv6, as the family is. */
  readonly icmp?: { readonly type: number; readonly code: number }
  /** The name that the source asked the destination's address for. */
  readonly name?: string
}

/** At whose vNIC: the destination's (`ingress`) or the source's (`egress`). */
export type Direction = 'ingress' | 'egress'

export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress']

export const show = ({ source, destination, protocol, sourcePort, port, icmp, name }: Flow): string => {
  const end = ({ address, pod }: Endpoint) =>
    pod === undefined ? address : `${pod.namespace}/${pod.name} ${address} ${JSON.stringify(pod.labels)}`
  const about = icmp === undefined ? `${sourcePort} -> ${port}` : `type ${icmp.type} code ${icmp.code}`
  return `${end(source)} -> ${end(destination)} (${name ?? 'no name'}) ${protocol} ${about}`
}
