/** What the agents on a packet's way see of it (pkg/agent/controller/traceflow/packetin.go). Pure. */
import { gatewayOf, parseAddress } from '../addresses.ts'
import type { WirePolicy } from '../compute/index.ts'
import type { Observation } from '../lives/index.ts'
import type { KubeNode, Pod } from '../model.ts'
import { decide, type PolicyView, type Verdict } from './decide.ts'
import { type Aim, addressesOf, type Packet, type PodName } from './packet.ts'

export interface Way {
  readonly sender: readonly Observation[]
  /** The other Node, when the packet reaches it. */
  readonly receiver?: { readonly node: string; readonly observations: readonly Observation[] }
}

export interface WayWorld {
  readonly pods: ReadonlyMap<string, Pod>
  readonly nodes: ReadonlyMap<string, KubeNode>
  readonly view: PolicyView
}

/** From the source Pod, which is on `node`. */
export function wayOf(aim: Aim, source: PodName, node: string, world: WayWorld): Way {
  const { packet, translated } = aim
  const sender: Observation[] = [{ component: 'SpoofGuard', action: 'Forwarded' }]
  if (aim.isRefused === true)
    return { sender: [...sender, { component: 'LB', componentInfo: 'EndpointDNAT', action: 'Rejected' }] }
  if (translated !== undefined)
    sender.push({
      component: 'LB',
      action: 'Forwarded',
      ...(translated.pod === undefined ? {} : { pod: `${translated.pod.namespace}/${translated.pod.name}` }),
      translatedDstIP: translated.ip,
    })
  const out = seen(decide(world.view, 'Out', source, packet), 'Egress')
  sender.push(...out.observations)
  if (out.isOver) return { sender }
  const destination = podAt(packet, world.pods)
  if (destination === undefined) return { sender: [...sender, leaves(packet, node, world)] }
  const arrival = arrivalOf(destination, packet, world)
  const there = destination.spec?.nodeName ?? ''
  if (there === node) return { sender: [...sender, ...arrival] }
  const tunnelDstIP = nodeAddress(world.nodes.get(there), packet)
  return {
    sender: [
      ...sender,
      {
        component: 'Forwarding',
        componentInfo: 'Output',
        action: 'Forwarded',
        ...(tunnelDstIP === undefined ? {} : { tunnelDstIP }),
      },
    ],
    receiver: {
      node: there,
      observations: [
        { component: 'Forwarding', componentInfo: 'Classification', action: 'Received' },
        ...arrival,
      ],
    },
  }
}

function arrivalOf(destination: Pod, packet: Packet, { view }: WayWorld): Observation[] {
  const { namespace = '', name } = destination.metadata
  const { observations, isOver } = seen(decide(view, 'In', { namespace, name }, packet), 'Ingress')
  return isOver
    ? observations
    : [
        ...observations,
        {
          component: 'Forwarding',
          componentInfo: 'Output',
          action: 'Delivered',
          pod: `${namespace}/${name}`,
        },
      ]
}

const nameOf = ({ sourceRef: { type, namespace, name } }: WirePolicy): string =>
  `${type}:${namespace === undefined ? '' : `${namespace}/`}${name}`

/** Drops show in the metric table, the isolation of Kubernetes' policies in the default one. */
function seen(
  verdict: Verdict,
  table: 'Ingress' | 'Egress',
): { observations: Observation[]; isOver: boolean } {
  const component = 'NetworkPolicy'
  if (verdict.kind === 'open') return { observations: [], isOver: false }
  if (verdict.kind === 'isolated')
    return {
      observations: [{ component, componentInfo: `${table}DefaultRule`, action: 'Dropped' }],
      isOver: true,
    }
  const { kind, policy, rule } = verdict
  const who = {
    networkPolicy: nameOf(policy),
    ...(rule.name === undefined ? {} : { networkPolicyRule: rule.name }),
  }
  if (kind === 'allowed')
    return {
      observations: [{ component, componentInfo: `${table}Rule`, action: 'Forwarded', ...who }],
      isOver: false,
    }
  const action = kind === 'dropped' ? 'Dropped' : 'Rejected'
  return { observations: [{ component, componentInfo: `${table}Metric`, action, ...who }], isOver: true }
}

const sameAddress = (a: string, b: string): boolean =>
  parseAddress(a)?.toNormalizedString() === parseAddress(b)?.toNormalizedString()

/** A Pod with a network of its own; the others have their Node's addresses. */
function podAt({ destinationIp }: Packet, pods: ReadonlyMap<string, Pod>): Pod | undefined {
  for (const pod of pods.values()) {
    const { hostNetwork, nodeName = '' } = pod.spec ?? {}
    const phase = pod.status?.phase
    if (hostNetwork === true || nodeName === '' || phase === 'Succeeded' || phase === 'Failed') continue
    if (addressesOf(pod).some((ip) => sameAddress(ip, destinationIp))) return pod
  }
  return undefined
}

/** The Node's own gateway is delivered to; everything else leaves by it. */
function leaves({ destinationIp }: Packet, node: string, { nodes }: WayWorld): Observation {
  const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } = nodes.get(node)?.spec ?? {}
  const isGateway = podCIDRs.some((cidr) => {
    const gateway = gatewayOf(cidr)
    return gateway !== undefined && sameAddress(gateway.toString(), destinationIp)
  })
  return {
    component: 'Forwarding',
    componentInfo: 'Output',
    action: isGateway ? 'Delivered' : 'ForwardedOutOfNetwork',
  }
}

/** The address that a tunnel to the Node has, of the packet's family where there is one. */
function nodeAddress(node: KubeNode | undefined, { destinationIp }: Packet): string | undefined {
  const internal = (node?.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address)
  const family = parseAddress(destinationIp)?.kind()
  return internal.find((address) => parseAddress(address)?.kind() === family) ?? internal[0]
}
