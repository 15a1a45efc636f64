/** Group members made of Pods, Nodes and Services. */
import { gatewayOf, parseAddress, wireAddress } from '../addresses.ts'
import type { KubeNode, NamespacedName, Pod } from '../model.ts'
import type { Member, WirePort } from './wire.ts'

/** A Pod that can be a member at all: it has a Node and a network of its own, and has not finished. */
export const isWorkload = (pod: Pod): boolean =>
  pod.spec?.nodeName !== undefined &&
  pod.spec.nodeName !== '' &&
  pod.spec.hostNetwork !== true &&
  pod.status?.phase !== 'Succeeded' &&
  pod.status?.phase !== 'Failed'

const podIps = (pod: Pod): string[] => {
  const { podIPs = [], podIP } = pod.status ?? {}
  const texts = podIPs.length > 0 ? podIPs.map(({ ip }) => ip ?? '') : [podIP ?? '']
  return texts.flatMap((text) => {
    const address = parseAddress(text)
    return address === undefined ? [] : [wireAddress(address)]
  })
}

const podPorts = (pod: Pod): WirePort[] =>
  (pod.spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports
      .filter(({ name }) => name !== undefined && name !== '')
      .map(({ name = '', containerPort, protocol = 'TCP' }) => ({ port: containerPort, name, protocol })),
  )

/** As a member of applied-to groups: known by its name. */
export function podMember(pod: Pod): Member {
  const { name, namespace = '' } = pod.metadata
  const ports = podPorts(pod)
  const wire = { pod: { name, namespace }, ...(ports.length === 0 ? {} : { ports }) }
  return { key: JSON.stringify(wire), node: pod.spec?.nodeName ?? '', wire }
}

/** As a member of address groups; undefined without an address. */
export function podAddressMember(pod: Pod): Member | undefined {
  const ips = podIps(pod)
  if (ips.length === 0) return undefined
  const { node, wire } = podMember(pod)
  const addressed = {
    pod: wire.pod ?? { name: '', namespace: '' },
    ips,
    ...(wire.ports === undefined ? {} : { ports: wire.ports }),
  }
  return { key: JSON.stringify(addressed), node, wire: addressed }
}

export const nodeMember = (node: KubeNode): Member => {
  const { name } = node.metadata
  return { key: `node/${name}`, node: name, wire: { node: { name } } }
}

/** A Node's own addresses and the gateways of its pod CIDRs. */
export function nodeAddressMember(node: KubeNode): Member {
  const { name } = node.metadata
  const own = (node.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
    .flatMap(({ address }) => parseAddress(address) ?? [])
  const cidrs = node.spec?.podCIDRs ?? (node.spec?.podCIDR === undefined ? [] : [node.spec.podCIDR])
  const ips = [...own, ...cidrs.flatMap((cidr) => gatewayOf(cidr) ?? [])].map(wireAddress)
  const wire = { node: { name }, ...(ips.length === 0 ? {} : { ips }) }
  return { key: JSON.stringify(wire), node: name, wire }
}

/** A Service is a member once for each Node. */
export const serviceMember = (service: NamespacedName, node: string): Member => ({
  key: `service/${service.namespace}/${service.name}/${node}`,
  node,
  wire: { service: { name: service.name ?? '', namespace: service.namespace ?? '' } },
})
