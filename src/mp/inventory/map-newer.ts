/** Gateways, Egresses and IP pools: types that came with NSX 4.2, without network_status and network_errors. Pure. */
import type { KubeObject } from '../../kube/types.ts'
import { type Cuts, cutText, HOST_NAME_CHARS_MAX, specText } from './map-text.ts'

interface GatewayAddress {
  readonly type?: string
  readonly value?: string
}

interface GatewayShape {
  readonly spec?: {
    readonly addresses?: readonly GatewayAddress[]
    readonly listeners?: readonly {
      readonly name?: string
      readonly hostname?: string
      readonly port?: number
      readonly protocol?: string
    }[]
  }
  readonly status?: { readonly addresses?: readonly GatewayAddress[] }
}

/** Gateway API's AddressType and NSX's; one of a vendor's own has no name in NSX and is told in the spec alone. */
const ADDRESS_TYPES: Readonly<Record<string, string>> = {
  IPAddress: 'IP_ADDRESS',
  Hostname: 'HOST_NAME',
  NamedAddress: 'NAMED_ADDRESS',
}
const LISTENER_PROTOCOLS: ReadonlySet<string> = new Set(['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP'])

/** The addresses it has; before it has any, those it asks for. */
export function mapGateway(object: KubeObject, cuts: Cuts) {
  const { spec, status } = object as GatewayShape
  const given = status?.addresses ?? []
  const addresses = given.length > 0 ? given : (spec?.addresses ?? [])
  return {
    spec: specText(object.spec),
    addresses: addresses.flatMap(({ type = 'IPAddress', value }) => {
      const known = ADDRESS_TYPES[type]
      if (known === undefined || value === undefined || value === '') return []
      return [{ type: known, address: cutText(value, HOST_NAME_CHARS_MAX, cuts) }]
    }),
    listeners: (spec?.listeners ?? []).map(({ name, hostname, port, protocol = '' }) => ({
      ...(name === undefined ? {} : { name: cutText(name, HOST_NAME_CHARS_MAX, cuts) }),
      ...(hostname === undefined ? {} : { hostname: cutText(hostname, HOST_NAME_CHARS_MAX, cuts) }),
      ...(port === undefined ? {} : { port }),
      ...(LISTENER_PROTOCOLS.has(protocol) ? { protocol } : {}),
    })),
  }
}

interface EgressShape {
  readonly spec?: { readonly egressIP?: string }
  readonly status?: { readonly egressIP?: string }
}

/** The address it uses; before it uses one, the one it asks for. */
export function mapEgress(object: KubeObject) {
  const { spec, status } = object as EgressShape
  const ip = status?.egressIP || spec?.egressIP
  return { ...(ip ? { egress_ip: ip } : {}), spec: specText(object.spec) }
}

interface PoolShape {
  readonly spec?: {
    readonly ipRanges?: readonly { readonly cidr?: string; readonly start?: string; readonly end?: string }[]
    readonly subnetInfo?: {
      readonly gateway?: string
      readonly prefixLength?: number
      readonly vlan?: number
    }
  }
}

/** Of an ExternalIPPool or an IPPool. Antrea takes ranges of one address family only, so the first range says which. */
export function mapIpPool(object: KubeObject) {
  const { ipRanges = [], subnetInfo } = (object as PoolShape).spec ?? {}
  const first = ipRanges[0]?.cidr ?? ipRanges[0]?.start
  return {
    spec: specText(object.spec),
    ...(first === undefined ? {} : { ip_version: first.includes(':') ? '6' : '4' }),
    ip_ranges: ipRanges.map(({ cidr, start, end }) => ({
      ...(cidr === undefined || cidr === '' ? { start, end } : { cidr }),
      ...(subnetInfo?.gateway ? { gateway: subnetInfo.gateway } : {}),
      ...(subnetInfo?.prefixLength === undefined ? {} : { prefix_length: subnetInfo.prefixLength }),
      ...(subnetInfo?.vlan === undefined ? {} : { vlan: subnetInfo.vlan }),
    })),
  }
}
