/**
 * Which rule decides on a packet, at one of its ends: the policies as agents get them, in the order of Antrea's pipeline.
 * Tiers before Kubernetes' policies, these with their isolation, then the baseline. Pure.
 */
import { contains, masked, parseAddress, wireAddress } from '../addresses.ts'
import type { WireBlock, WireMember, WirePeer, WirePolicy, WireRule, WireService } from '../compute/index.ts'
import type { Packet, PodName } from './packet.ts'

/** Policies and groups, as the controlplane API has them. */
export interface PolicyView {
  readonly policies: readonly WirePolicy[]
  readonly appliedToGroups: ReadonlyMap<string, readonly WireMember[]>
  readonly addressGroups: ReadonlyMap<string, readonly WireMember[]>
}

export type Verdict =
  /** No policy has anything to say. */
  | { readonly kind: 'open' }
  /** Isolated by a Kubernetes policy, and allowed by none. */
  | { readonly kind: 'isolated' }
  | {
      readonly kind: 'allowed' | 'dropped' | 'rejected'
      readonly policy: WirePolicy
      readonly rule: WireRule
    }

const BASELINE_PRIORITY = 253
const DEFAULT_TIER_PRIORITY = 250

interface Placed {
  readonly policy: WirePolicy
  readonly rule: WireRule
  /** The Pod as a member of what the rule is applied to. */
  readonly member: WireMember
}

/** `In`: at the Pod that receives; `Out`: at the one that sends. */
export function decide(view: PolicyView, direction: 'In' | 'Out', subject: PodName, packet: Packet): Verdict {
  const placed = view.policies.flatMap((policy) => placedRules(view, policy, direction, subject))
  const isKube = ({ policy }: Placed) => policy.sourceRef.type === 'K8sNetworkPolicy'
  const native = placed.filter((one) => !isKube(one)).sort(byOrder)
  const isBaseline = ({ policy }: Placed) => tierOf(policy) >= BASELINE_PRIORITY
  const matches = (one: Placed) => matchesRule(view, one, packet)
  const first = native.find((one) => !isBaseline(one) && matches(one))
  if (first !== undefined && first.rule.action !== 'Pass') return verdictOf(first)
  const kube = placed.filter(isKube)
  const allowing = kube.find((one) => one.rule.action !== undefined && matches(one))
  if (allowing !== undefined) return verdictOf(allowing)
  if (kube.length > 0) return { kind: 'isolated' }
  const last = native.find((one) => isBaseline(one) && matches(one))
  return last === undefined ? { kind: 'open' } : verdictOf(last)
}

function verdictOf({ policy, rule }: Placed): Verdict {
  const kind = rule.action === 'Drop' ? 'dropped' : rule.action === 'Reject' ? 'rejected' : 'allowed'
  return { kind, policy, rule }
}

const tierOf = ({ tierPriority = DEFAULT_TIER_PRIORITY }: WirePolicy): number => tierPriority

const byOrder = (a: Placed, b: Placed): number =>
  tierOf(a.policy) - tierOf(b.policy) ||
  (a.policy.priority ?? 0) - (b.policy.priority ?? 0) ||
  (a.rule.priority ?? 0) - (b.rule.priority ?? 0)

/** The rules of a policy that apply to this Pod. */
function placedRules(
  view: PolicyView,
  policy: WirePolicy,
  direction: 'In' | 'Out',
  subject: PodName,
): Placed[] {
  return (policy.rules ?? []).flatMap((rule) => {
    if (rule.direction !== direction) return []
    const groups = rule.appliedToGroups ?? policy.appliedToGroups ?? []
    for (const name of groups) {
      const member = view.appliedToGroups
        .get(name)
        ?.find(({ pod }) => pod?.name === subject.name && pod.namespace === subject.namespace)
      if (member !== undefined) return [{ policy, rule, member }]
    }
    return []
  })
}

function matchesRule(view: PolicyView, { rule, member }: Placed, packet: Packet): boolean {
  const isIn = rule.direction === 'In'
  const peer = isIn ? rule.from : rule.to
  const ip = isIn ? packet.sourceIp : packet.destinationIp
  const found = membersWith(view, peer, ip)
  if (found.length === 0 && !isInBlocks(peer, ip) && !isToService(peer, packet)) return false
  const services = rule.services ?? []
  if (services.length === 0) return true
  // A port's name is looked up at the end that listens.
  const listeners = isIn ? [member] : found
  return services.some((service) => matchesService(service, packet, listeners))
}

function membersWith(view: PolicyView, { addressGroups = [] }: WirePeer, ip: string): WireMember[] {
  const address = parseAddress(ip)
  if (address === undefined) return []
  const wire = wireAddress(address)
  return addressGroups.flatMap((name) =>
    (view.addressGroups.get(name) ?? []).filter(({ ips }) => ips?.includes(wire)),
  )
}

function isInBlocks({ ipBlocks = [] }: WirePeer, ip: string): boolean {
  return ipBlocks.some(({ cidr, except = [] }) => isIn(cidr, ip) && !except.some((hole) => isIn(hole, ip)))
}

/** `net` is 16 bytes, base64; IPv4 is mapped, with a prefix of its own 32 bits. */
function isIn(net: WireBlock['cidr'], ip: string): boolean {
  const address = parseAddress(ip)
  const bytes = [...Buffer.from(net.ip, 'base64')]
  if (address === undefined || (bytes.length !== 16 && bytes.length !== 4)) return false
  const base = parseAddress(textOfBytes(bytes))
  return base !== undefined && contains(masked({ address: base, bits: net.prefixLength ?? 0 }), address)
}

function textOfBytes(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  if (isMapped) return bytes.slice(12).join('.')
  const words = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  )
  return words.join(':')
}

const isToService = ({ toServices = [] }: WirePeer, { service }: Packet): boolean =>
  service !== undefined &&
  (toServices as readonly Partial<PodName>[]).some(
    ({ name, namespace }) => name === service.name && namespace === service.namespace,
  )

function matchesService(service: WireService, packet: Packet, listeners: readonly WireMember[]): boolean {
  if (service.protocol !== packet.protocol) return false
  if (service.protocol === 'ICMP')
    return isAnyOr(service.icmpType, packet.icmpType) && isAnyOr(service.icmpCode, packet.icmpCode)
  return (
    isBetween(service.srcPort, service.srcEndPort, packet.sourcePort) &&
    matchesPort(service, packet, listeners)
  )
}

const isAnyOr = (wanted: number | undefined, actual: number | undefined): boolean =>
  wanted === undefined || wanted === actual

const isBetween = (first: number | undefined, last: number | undefined, port: number | undefined): boolean =>
  first === undefined || (port !== undefined && port >= first && port <= (last ?? first))

function matchesPort(
  { port, endPort, protocol }: WireService,
  { destinationPort }: Packet,
  listeners: readonly WireMember[],
): boolean {
  if (typeof port !== 'string') return isBetween(port, endPort, destinationPort)
  return listeners.some(({ ports }) =>
    ports?.some((one) => one.name === port && one.protocol === protocol && one.port === destinationPort),
  )
}
