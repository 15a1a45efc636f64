/**
 * The Antrea judge: what Antrea's agents decide about a flow, straight from ClusterNetworkPolicies, ClusterGroups and
 * Tiers as they are stored. Tiers by priority, policies by priority, rules by their place in their direction's list;
 * first match wins; a Pod that rules select is not isolated by that. It knows nothing of NSX and shares no code with
 * the translation nor with the Antrea stand-in.
 *
 * A field it does not know is an error: nothing is passed over. Sources: antrea-io/antrea docs/antrea-network-policy.md,
 * pkg/controller/networkpolicy (crd_utils.go, clustergroup.go), pkg/agent/controller/networkpolicy/priority.go.
 */
import { BlockList, isIPv6 } from 'node:net'
import type { Cluster, Direction, Flow, Namespace, Pod, Verdict } from './types.ts'

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly Requirement[]
}
interface Block {
  readonly cidr: string
  readonly except?: readonly string[]
}
interface Peer {
  readonly group?: string
  readonly ipBlock?: Block
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly fqdn?: string
}
interface GroupSpec {
  readonly childGroups?: readonly string[]
  readonly ipBlocks?: readonly Block[]
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly serviceReference?: { readonly name: string; readonly namespace: string }
}
interface Port {
  readonly protocol?: string
  readonly port?: number | string
  readonly endPort?: number
  readonly sourcePort?: number
  readonly sourceEndPort?: number
}
interface IcmpOrIgmp {
  readonly icmp?: { readonly icmpType?: number; readonly icmpCode?: number }
}
interface Rule {
  readonly name?: string
  readonly action: string
  readonly appliedTo?: readonly Peer[]
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly Port[]
  readonly protocols?: readonly IcmpOrIgmp[]
}
interface PolicySpec {
  readonly tier: string
  readonly priority: number
  readonly appliedTo?: readonly Peer[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}
interface Stored<Spec> {
  readonly metadata: { readonly name: string }
  readonly spec: Spec
}

/** The stored objects that agents enforce. */
export interface Enforced {
  readonly policies: readonly Stored<PolicySpec>[]
  readonly groups: readonly Stored<GroupSpec>[]
  readonly tiers: readonly Stored<{ readonly priority: number }>[]
}

const FIELDS = {
  policy: ['tier', 'priority', 'appliedTo', 'ingress', 'egress'],
  rule: ['name', 'action', 'appliedTo', 'from', 'to', 'ports', 'protocols', 'enableLogging', 'logLabel'],
  peer: ['group', 'ipBlock', 'podSelector', 'namespaceSelector', 'fqdn'],
  appliedTo: ['group', 'podSelector', 'namespaceSelector'],
  port: ['protocol', 'port', 'endPort', 'sourcePort', 'sourceEndPort'],
  protocol: ['icmp'],
  icmp: ['icmpType', 'icmpCode'],
  group: ['childGroups', 'ipBlocks', 'podSelector', 'namespaceSelector', 'serviceReference'],
} as const

function know(kind: keyof typeof FIELDS, value: object): void {
  const known: readonly string[] = FIELDS[kind]
  for (const field of Object.keys(value))
    if (!known.includes(field)) throw new Error(`${kind} has the field ${field}, which is not understood`)
}

/** `undetermined`: two rules at one place match and decide differently; which one counts is chance. */
export type AntreaVerdict = Verdict | 'undetermined'

interface Entry {
  readonly place: readonly [tier: number, policy: number, rule: number]
  readonly action: string
  readonly appliedTo: ReadonlySet<Pod>
  /** undefined: everybody. */
  readonly peers: Addresses | undefined
  /** Ports and protocols are one list; an empty one is every service. */
  readonly ports: readonly Port[]
  readonly protocols: readonly IcmpOrIgmp[]
}

export function antreaJudge(
  { policies, groups, tiers }: Enforced,
  cluster: Cluster,
): (flow: Flow, direction: Direction) => AntreaVerdict {
  const resolver = new Members(new Map(groups.map(({ metadata, spec }) => [metadata.name, spec])), cluster)
  const tierOf = new Map(tiers.map(({ metadata, spec }) => [metadata.name, spec.priority]))
  const table = (direction: Direction): Entry[] =>
    policies
      .flatMap(({ metadata, spec }) => {
        know('policy', spec)
        const tier = tierOf.get(spec.tier)
        if (tier === undefined) throw new Error(`tier ${spec.tier} does not exist`)
        if (spec.priority < 1 || spec.priority > 10_000) throw new Error(`priority ${spec.priority}`)
        return (spec[direction] ?? []).map((rule, at): Entry => {
          know('rule', rule)
          if ((spec.appliedTo === undefined) === (rule.appliedTo === undefined))
            throw new Error(`${metadata.name}: appliedTo is of the policy or of each rule`)
          return {
            place: [tier, spec.priority, at],
            action: rule.action,
            appliedTo: resolver.pods(rule.appliedTo ?? spec.appliedTo ?? []),
            peers: resolver.addresses(direction === 'ingress' ? rule.from : rule.to, direction),
            ports: rule.ports ?? [],
            protocols: rule.protocols ?? [],
          }
        })
      })
      .sort((a, b) => compare(a.place, b.place))
  const tables = { ingress: table('ingress'), egress: table('egress') }
  return (flow, direction) => decide(tables[direction], flow, direction)
}

const compare = (a: Entry['place'], b: Entry['place']): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

const VERDICTS: Readonly<Record<string, Verdict>> = {
  Allow: 'allow',
  Drop: 'drop',
  Reject: 'reject',
  // On to Kubernetes NetworkPolicies, past everything that is left here.
  Pass: 'unmatched',
}

function decide(table: readonly Entry[], flow: Flow, direction: Direction): AntreaVerdict {
  const [own, other] =
    direction === 'ingress' ? [flow.destination, flow.source] : [flow.source, flow.destination]
  const self = own.pod
  if (self === undefined) throw new Error('no Pod at this end')
  let first: Entry | undefined
  for (const entry of table) {
    if (first !== undefined && compare(first.place, entry.place) !== 0) break
    if (!entry.appliedTo.has(self)) continue
    if (entry.peers !== undefined && !entry.peers.has(other.address, flow.name)) continue
    if (!isService(entry, flow)) continue
    if (first !== undefined && first.action !== entry.action) return 'undetermined'
    first ??= entry
  }
  if (first === undefined) return 'unmatched'
  const verdict = VERDICTS[first.action]
  if (verdict === undefined) throw new Error(`action ${first.action}`)
  return verdict
}

function isService({ ports, protocols }: Entry, flow: Flow): boolean {
  if (ports.length + protocols.length === 0) return true
  return ports.some((port) => isPort(port, flow)) || protocols.some((one) => isIcmp(one, flow))
}

/** The same numbers are installed for ICMP and for ICMPv6. */
function isIcmp(wanted: IcmpOrIgmp, { icmp: found }: Flow): boolean {
  know('protocol', wanted)
  const { icmp } = wanted
  if (icmp === undefined) throw new Error('a protocol is ICMP')
  know('icmp', icmp)
  if (icmp.icmpType === undefined && icmp.icmpCode !== undefined) throw new Error('a code without a type')
  return (
    found !== undefined &&
    (icmp.icmpType === undefined || icmp.icmpType === found.type) &&
    (icmp.icmpCode === undefined || icmp.icmpCode === found.code)
  )
}

function isPort(wanted: Port, flow: Flow): boolean {
  know('port', wanted)
  if ((wanted.protocol ?? 'TCP') !== flow.protocol) return false
  const within = (first: number | string | undefined, last: number | undefined, value: number) => {
    if (first === undefined) return true
    if (typeof first === 'string') throw new Error(`named port ${first}`)
    return value >= first && value <= (last ?? first)
  }
  return (
    within(wanted.port, wanted.endPort, flow.port) &&
    within(wanted.sourcePort, wanted.sourceEndPort, flow.sourcePort)
  )
}

/** Addresses of Pods, blocks, and names. */
class Addresses {
  readonly single: ReadonlySet<string>
  readonly blocks: readonly Block[]
  /** A star is any characters. */
  readonly names: readonly RegExp[]

  constructor(single: ReadonlySet<string>, blocks: readonly Block[], names: readonly string[]) {
    this.single = single
    this.blocks = blocks
    this.names = names.map((name) => {
      if (!/^[-0-9a-zA-Z.*]+$/.test(name)) throw new Error(`fqdn ${name}`)
      return new RegExp(`^${name.replaceAll('.', '[.]').replaceAll('*', '.*')}$`, 'i')
    })
  }

  has(address: string, name: string | undefined): boolean {
    return (
      this.single.has(address) ||
      this.blocks.some((block) => inBlock(block, address)) ||
      (name !== undefined && this.names.some((pattern) => pattern.test(name)))
    )
  }
}

const answers = new Map<string, boolean>()
const ANSWERS_MAX = 500_000

function inCidr(cidr: string, address: string): boolean {
  const key = `${cidr} ${address}`
  const known = answers.get(key)
  if (known !== undefined) return known
  const [network = '', length = ''] = cidr.split('/')
  const list = new BlockList()
  list.addSubnet(network, Number(length), isIPv6(network) ? 'ipv6' : 'ipv4')
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  const answer = isIPv6(network) === (family === 'ipv6') && list.check(address, family)
  if (answers.size >= ANSWERS_MAX) answers.clear()
  answers.set(key, answer)
  return answer
}

function inBlock({ cidr, except = [] }: Block, address: string): boolean {
  const [, length] = cidr.split('/')
  for (const part of except)
    if (Number(part.split('/')[1]) <= Number(length) || isIPv6(part.split('/')[0]!) !== cidr.includes(':'))
      throw new Error(`${part} is no part of ${cidr}`)
  return inCidr(cidr, address) && !except.some((part) => inCidr(part, address))
}

/** What antrea-controller computes of selectors and groups. */
class Members {
  readonly groups: ReadonlyMap<string, GroupSpec>
  readonly namespaces: ReadonlyMap<string, Namespace>
  /** Pods that policy can see: on the Pod network and not finished. */
  readonly candidates: readonly Pod[]
  readonly services: Cluster['services']

  constructor(groups: ReadonlyMap<string, GroupSpec>, { pods, namespaces, services }: Cluster) {
    this.groups = groups
    this.services = services
    this.namespaces = new Map(namespaces.map((namespace) => [namespace.name, namespace]))
    this.candidates = pods.filter(({ hostNetwork, phase }) => !hostNetwork && phase !== 'Succeeded')
  }

  /** Blocks in a group that is applied to are passed over without a word. */
  pods(appliedTo: readonly Peer[]): ReadonlySet<Pod> {
    if (appliedTo.length === 0) throw new Error('appliedTo is empty')
    const found = appliedTo.flatMap((peer) => {
      know('appliedTo', peer)
      if (peer.group === undefined) return this.selected(peer)
      if (Object.keys(peer).length > 1) throw new Error('group stands alone')
      return this.leaves(peer.group).flatMap((leaf) => this.selected(leaf))
    })
    return new Set(found)
  }

  /** No peers, or none in the list: everybody. */
  addresses(peers: readonly Peer[] | undefined, direction: Direction): Addresses | undefined {
    if (peers === undefined || peers.length === 0) return undefined
    const single = new Set<string>()
    const blocks: Block[] = []
    const names: string[] = []
    const add = (pods: readonly Pod[]) => {
      for (const pod of pods) for (const address of pod.addresses) single.add(address)
    }
    for (const peer of peers) {
      know('peer', peer)
      if (peer.fqdn !== undefined) {
        if (direction === 'ingress' || Object.keys(peer).length > 1)
          throw new Error('fqdn is of egress, alone')
        names.push(peer.fqdn)
      } else if (peer.ipBlock !== undefined) blocks.push(peer.ipBlock)
      else if (peer.group === undefined) add(this.selected(peer))
      else
        for (const leaf of this.leaves(peer.group)) {
          add(this.selected(leaf))
          blocks.push(...(leaf.ipBlocks ?? []))
        }
    }
    return new Addresses(single, blocks, names)
  }

  /** A group that is not there is nobody; so is a child that is not. One level of nesting. */
  private leaves(name: string): GroupSpec[] {
    const spec = this.groups.get(name)
    if (spec === undefined) return []
    know('group', spec)
    if (spec.childGroups === undefined) return [spec]
    return spec.childGroups.flatMap((child) => {
      const leaf = this.groups.get(child)
      if (leaf?.childGroups !== undefined) throw new Error(`${child} is a child with children`)
      if (leaf !== undefined) know('group', leaf)
      return leaf === undefined ? [] : [leaf]
    })
  }

  /** Neither selector selects nobody; one alone asks nothing of the other. */
  private selected(from: GroupSpec | Peer): readonly Pod[] {
    const { podSelector, namespaceSelector } = from
    const service = 'serviceReference' in from ? from.serviceReference : undefined
    if (service !== undefined) return this.behind(service)
    if (podSelector === undefined && namespaceSelector === undefined) return []
    return this.candidates.filter(
      (pod) =>
        selects(podSelector, pod.labels) &&
        selects(namespaceSelector, this.namespaces.get(pod.namespace)?.labels ?? {}),
    )
  }

  /** By the Service's own selector, in its Namespace; one without a selector has no Pods of its own. */
  private behind({ name, namespace }: { name: string; namespace: string }): readonly Pod[] {
    const found = this.services.find((one) => one.name === name && one.namespace === namespace)
    if (found === undefined || Object.keys(found.selector).length === 0) return []
    return this.candidates.filter(
      (pod) => pod.namespace === namespace && selects({ matchLabels: found.selector }, pod.labels),
    )
  }
}

/** A Kubernetes label selector; absent or empty selects all. */
function selects(selector: Selector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
        default:
          throw new Error(`operator ${operator}`)
      }
    })
  )
}
