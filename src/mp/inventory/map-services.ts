/** Services and Ingresses: what of them NSX shows beside what every type has. Pure. */
import ipaddr from 'ipaddr.js'
import type { KubeObject } from '../../kube/types.ts'
import type { MapContext } from './map-context.ts'
import { type Cuts, cutText, properties, specText, TARGET_PORT_CHARS_MAX } from './map-text.ts'

/** EndpointSlices name their Service by this label (discovery/v1). */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** What an antrea-agent opened for a Pod (antrea-io/antrea pkg/agent/nodeportlocal/types). */
const NODE_PORT_LOCAL = 'nodeportlocal.antrea.io'

interface ServiceShape {
  readonly spec?: {
    readonly type?: string
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
    readonly ports?: readonly ServicePort[]
  }
  readonly status?: LoadBalancerShape
}

interface ServicePort {
  readonly name?: string
  readonly protocol?: string
  readonly port?: number
  readonly targetPort?: number | string
  readonly nodePort?: number
}

interface LoadBalancerShape {
  readonly loadBalancer?: {
    readonly ingress?: readonly {
      readonly ip?: string
      readonly hostname?: string
      readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[]
    }[]
  }
}

interface SliceShape {
  readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[]
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: {
      readonly kind?: string
      readonly namespace?: string
      readonly name?: string
      readonly uid?: string
    }
  }[]
}

/** A Pod behind a Service, as a slice names it. */
export interface SlicePod {
  readonly key: string
  readonly uid: string | undefined
}

/** The Service's key; undefined for a slice without an owner. */
export function serviceOfSlice({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL]
  return name === undefined ? undefined : `${metadata.namespace}/${name}`
}

/** The Pods among a slice's endpoints, ready or not. */
export function podsOfSlice(slice: KubeObject): SlicePod[] {
  return ((slice as SliceShape).endpoints ?? []).flatMap(({ targetRef }) =>
    targetRef?.kind === 'Pod' && targetRef.name !== undefined
      ? [{ key: `${targetRef.namespace ?? slice.metadata.namespace}/${targetRef.name}`, uid: targetRef.uid }]
      : [],
  )
}

const TYPES: Readonly<Record<string, string>> = {
  ClusterIP: 'CLUSTER_IP',
  NodePort: 'NODE_PORT',
  LoadBalancer: 'LOAD_BALANCER',
  ExternalName: 'EXTERNAL_NAME',
}

/** UP with a ready Pod behind it; UNKNOWN when nothing can be said of its addresses; DOWN with none. */
function serviceStatus(type: string, slices: Iterable<KubeObject>): 'UP' | 'UNKNOWN' | 'DOWN' {
  // There is never an endpoint behind an ExternalName: DOWN would be a false alarm.
  let status: 'UNKNOWN' | 'DOWN' = type === 'ExternalName' ? 'UNKNOWN' : 'DOWN'
  for (const slice of slices) {
    for (const { addresses, conditions, targetRef } of (slice as SliceShape).endpoints ?? []) {
      // An unset `ready` is true (discovery/v1 EndpointConditions).
      if (targetRef?.kind === 'Pod' && conditions?.ready !== false) return 'UP'
      if ((addresses ?? []).length > 0) status = 'UNKNOWN'
    }
  }
  return status
}

const isAddress = (ip: string | undefined): ip is string => ip !== undefined && ip !== '' && ip !== 'None'

const loadBalancer = ({ loadBalancer: balancer }: LoadBalancerShape = {}) =>
  (balancer?.ingress ?? []).map(({ ip, hostname, ports }) => ({
    ...(ip === undefined ? {} : { ip }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(ports === undefined ? {} : { ports: ports.map(({ port, protocol }) => ({ port, protocol })) }),
  }))

const servicePort = ({ name, protocol, port, targetPort, nodePort }: ServicePort, cuts: Cuts) => ({
  ...(name === undefined || name === '' ? {} : { name }),
  protocol: protocol ?? 'TCP',
  port,
  ...(targetPort === undefined
    ? {}
    : { target_port: cutText(String(targetPort), TARGET_PORT_CHARS_MAX, cuts) }),
  ...(nodePort === undefined || nodePort === 0 ? {} : { node_port: nodePort }),
})

/** What an agent says of the ports it opened for this Pod; '' for none. */
export const openPortsText = (pod: KubeObject | undefined): string =>
  pod?.metadata.annotations?.[NODE_PORT_LOCAL] ?? ''

interface OpenPort {
  readonly podPort?: unknown
  readonly nodeIP?: unknown
  readonly nodePort?: unknown
  readonly protocol?: unknown
}

const isPort = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536

/** ipaddr.js alone would also take `10` and `0x7f.1`. */
const isAddressText = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text))

/** The annotation's entries (NPLAnnotation); whoever may write Pods may have written something else. */
function openPortsOf(pod: KubeObject | undefined): readonly OpenPort[] {
  const text = openPortsText(pod)
  if (text === '') return []
  try {
    const ports: unknown = JSON.parse(text)
    return Array.isArray(ports) ? ports.filter((port) => typeof port === 'object' && port !== null) : []
  } catch {
    return []
  }
}

/** Where Antrea's NodePortLocal opened the Service's own ports on its Pods' Nodes, each once, in order. */
function nodePortLocalEndpoints(slices: Iterable<KubeObject>, { pods }: MapContext) {
  const found = new Map<string, object>()
  for (const slice of slices) {
    const served = new Set(
      ((slice as SliceShape).ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`),
    )
    for (const { key, uid } of podsOfSlice(slice)) {
      const pod = pods.get(key)
      if (uid !== undefined && pod?.metadata.uid !== uid) continue
      for (const { podPort, nodeIP, nodePort, protocol } of openPortsOf(pod)) {
        const name = typeof protocol === 'string' ? protocol.toUpperCase() : 'TCP'
        if (!served.has(`${podPort}/${name}`) || !isPort(nodePort)) continue
        if (typeof nodeIP !== 'string' || !isAddressText(nodeIP)) continue
        found.set(`${nodeIP} ${nodePort} ${name}`, { node_ip: nodeIP, node_port: nodePort, protocol: name })
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint)
}

export function mapService(object: KubeObject, context: MapContext, cuts: Cuts) {
  const { spec, status } = object as ServiceShape
  const type = spec?.type ?? 'ClusterIP'
  const key = `${object.metadata.namespace}/${object.metadata.name}`
  const ips = (spec?.clusterIPs ?? [spec?.clusterIP]).filter(isAddress)
  return {
    status: serviceStatus(type, context.slicesOf(key)),
    origin_properties: properties(
      { type, ip: isAddress(spec?.clusterIP) ? spec?.clusterIP : undefined },
      cuts,
    ),
    ...(context.newerFields
      ? {
          ...(TYPES[type] === undefined ? {} : { type: TYPES[type] }),
          cluster_ips: ips,
          service_ports: (spec?.ports ?? []).map((port) => servicePort(port, cuts)),
          load_balancer_ingress: loadBalancer(status),
          node_port_local_endpoints: nodePortLocalEndpoints(context.slicesOf(key), context),
        }
      : {}),
  }
}

interface Backend {
  readonly service?: { readonly name?: string }
}

interface IngressShape {
  readonly spec?: {
    readonly defaultBackend?: Backend
    readonly rules?: readonly {
      readonly http?: { readonly paths?: readonly { readonly backend?: Backend }[] }
    }[]
  }
  readonly status?: LoadBalancerShape
}

/** Names of the Services an Ingress sends to, each once. */
export function backendsOf(ingress: KubeObject): string[] {
  const { spec } = ingress as IngressShape
  const backends = [
    spec?.defaultBackend,
    ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend)),
  ]
  return [...new Set(backends.flatMap((backend) => backend?.service?.name ?? []))]
}

export function mapIngress(object: KubeObject, context: MapContext) {
  const ids = backendsOf(object)
    .map((name) => context.services.get(`${object.metadata.namespace}/${name}`)?.metadata.uid)
    .filter((id) => id !== undefined)
  return {
    spec: specText(object.spec),
    container_application_ids: ids.sort(),
    ...(context.newerFields ? { load_balance_ingress: loadBalancer((object as IngressShape).status) } : {}),
  }
}
