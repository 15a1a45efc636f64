/**
 * A third judge: what agents do with the internal objects that antrea-controller computes (controlplane.antrea.io/v1beta2),
 * and nothing else. It knows neither NSX's bodies nor Antrea's policies; Antrea's own networkpolicyevaluation does not see
 * groups and is no judge.
 */
import { BlockList, isIPv6 } from 'node:net'
import type { Direction, Flow, Verdict } from '../../oracle/types.ts'
import type { AnyJson, Api } from './api.ts'

export const CONTROLPLANE = '/apis/controlplane.antrea.io/v1beta2'

export interface Computed {
  readonly policies: readonly AnyJson[]
  readonly addressGroups: ReadonlyMap<string, AnyJson>
  readonly appliedToGroups: ReadonlyMap<string, AnyJson>
}

export async function readComputed(api: Api): Promise<Computed> {
  const [policies, addressGroups, appliedToGroups] = await Promise.all(
    ['networkpolicies', 'addressgroups', 'appliedtogroups'].map(
      async (list): Promise<AnyJson[]> => (await api.get(`${CONTROLPLANE}/${list}`)).items ?? [],
    ),
  )
  const byName = (items: readonly AnyJson[] = []) =>
    new Map(items.map((item) => [item.metadata.name as string, item]))
  return {
    policies: (policies ?? []).filter(({ sourceRef }) => sourceRef.type === 'AntreaClusterNetworkPolicy'),
    addressGroups: byName(addressGroups),
    appliedToGroups: byName(appliedToGroups),
  }
}

const VERDICTS: Readonly<Record<string, Verdict>> = { Allow: 'allow', Drop: 'drop', Reject: 'reject' }

/** Decides at the vNIC of the Pod at that end; what is not understood is thrown. */
export function computedJudge(computed: Computed): (flow: Flow, direction: Direction) => Verdict {
  const ordered = [...computed.policies].sort(
    (a, b) => a.tierPriority - b.tierPriority || a.priority - b.priority,
  )
  const lists = { ingress: rulesOf(ordered, 'In'), egress: rulesOf(ordered, 'Out') }
  return (flow, direction) => {
    const own = direction === 'ingress' ? flow.destination : flow.source
    const other = direction === 'ingress' ? flow.source : flow.destination
    if (own.pod === undefined || own.pod.hostNetwork) return 'unmatched'
    const { namespace, name } = own.pod
    for (const { rule, policy } of lists[direction]) {
      const groups: string[] = rule.appliedToGroups ?? policy.appliedToGroups ?? []
      if (!groups.some((group) => holdsPod(computed.appliedToGroups.get(group), namespace, name))) continue
      const peer = direction === 'ingress' ? rule.from : rule.to
      if (!isPeer(peer, other.address, flow, computed.addressGroups)) continue
      if (!isService(rule.services ?? [], flow)) continue
      const verdict = VERDICTS[rule.action]
      if (verdict === undefined) throw new Error(`the action ${rule.action} is not understood`)
      return verdict
    }
    return 'unmatched'
  }
}

const rulesOf = (policies: readonly AnyJson[], direction: 'In' | 'Out') =>
  policies.flatMap((policy) =>
    (policy.rules ?? [])
      .filter((rule: AnyJson) => rule.direction === direction)
      .sort((a: AnyJson, b: AnyJson) => (a.priority ?? 0) - (b.priority ?? 0))
      .map((rule: AnyJson) => ({ rule, policy })),
  )

const holdsPod = (group: AnyJson, namespace: string, name: string): boolean =>
  (group?.groupMembers ?? []).some(({ pod }: AnyJson) => pod?.namespace === namespace && pod?.name === name)

function isPeer(peer: AnyJson, ip: string, flow: Flow, groups: ReadonlyMap<string, AnyJson>): boolean {
  for (const field of Object.keys(peer ?? {}))
    if (!['addressGroups', 'ipBlocks', 'fqdns'].includes(field)) throw new Error(`a peer has ${field}`)
  const { addressGroups = [], ipBlocks = [], fqdns = [] } = peer ?? {}
  const member = addressGroups.some((name: string) =>
    (groups.get(name)?.groupMembers ?? []).some(({ ips = [] }: AnyJson) =>
      ips.some((each: string) => sameAddress(address(each), ip)),
    ),
  )
  return (
    member ||
    ipBlocks.some(
      ({ cidr, except = [] }: AnyJson) =>
        within(cidr, ip) && !except.some((each: AnyJson) => within(each, ip)),
    ) ||
    fqdns.some((pattern: string) => isNamed(pattern, flow.name))
  )
}

const isNamed = (pattern: string, name: string | undefined): boolean =>
  name !== undefined &&
  new RegExp(`^${pattern.toLowerCase().replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(
    name.toLowerCase(),
  )

const family = (ip: string) => (isIPv6(ip) ? 'ipv6' : 'ipv4')

function within({ ip, prefixLength = 0 }: AnyJson, text: string): boolean {
  const network = address(ip)
  if (family(network) !== family(text)) return false
  const list = new BlockList()
  list.addSubnet(network, prefixLength, family(network))
  return list.check(text, family(text))
}

function sameAddress(a: string, b: string): boolean {
  if (family(a) !== family(b)) return false
  const list = new BlockList()
  list.addAddress(a, family(a))
  return list.check(b, family(b))
}

const isService = (services: readonly AnyJson[], flow: Flow): boolean =>
  services.length === 0 || services.some((service) => matches(service, flow))

function matches(service: AnyJson, flow: Flow): boolean {
  const { protocol = 'TCP', port, endPort, srcPort, srcEndPort, icmpType, icmpCode } = service
  if (protocol !== flow.protocol) return false
  if (flow.icmp !== undefined)
    return (icmpType ?? flow.icmp.type) === flow.icmp.type && (icmpCode ?? flow.icmp.code) === flow.icmp.code
  if (typeof port === 'string') throw new Error('a named port')
  return (
    (port === undefined || (flow.port >= port && flow.port <= (endPort ?? port))) &&
    (srcPort === undefined || (flow.sourcePort >= srcPort && flow.sourcePort <= (srcEndPort ?? srcPort)))
  )
}

/** Base64 of 4 or 16 bytes; IPv4 comes mapped into IPv6. */
export function address(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const isMapped =
    bytes.length === 16 && bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'))
  if (isMapped || bytes.length === 4) return [...bytes.subarray(-4)].join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
