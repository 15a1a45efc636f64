/** Policies as the agents get them: rules with groups by name. Pure. */
import type { AppliedTo, Peer, PolicyPort, PolicyProtocol } from '../model.ts'
import { blockOf, joined, wireBlocksOf } from './blocks.ts'
import { type GroupKey, type GroupWorld, hasWorkloads, type KnownGroup, keyOfGroup } from './groups.ts'
import { type GroupSelector, keyOfSelector, type Labels, nameOfSelector } from './selectors.ts'
import type { WireBlock, WirePeer, WirePolicy, WireService } from './wire.ts'

/** What a computed group is made of. */
export type GroupSource =
  | { readonly kind: 'selector'; readonly key: string; readonly selector: GroupSelector }
  | { readonly kind: 'group'; readonly key: GroupKey }

export interface ConvertWorld extends GroupWorld {
  tierPriority(name: string): number | undefined
  /** All of them, with their labels. */
  namespaces(): ReadonlyMap<string, Labels>
}

export interface Converted {
  readonly policy: WirePolicy
  /** Everything the policy is applied to, by the computed group's name; also what no rule shows. */
  readonly appliedTo: ReadonlyMap<string, GroupSource>
  readonly addresses: ReadonlyMap<string, GroupSource>
  /** What it was made from besides the policy: `group/KEY` (its children with it), `tier/NAME`, `namespaces`. */
  readonly madeFrom: ReadonlySet<string>
}

/** Collects the computed groups a policy needs while its rules are made. */
export interface Draft {
  readonly world: ConvertWorld
  /** Undefined: a cluster policy. */
  readonly namespace: string | undefined
  readonly appliedTo: Map<string, GroupSource>
  readonly addresses: Map<string, GroupSource>
  readonly madeFrom: Set<string>
}

export const draftOf = (world: ConvertWorld, namespace?: string): Draft => ({
  world,
  namespace,
  appliedTo: new Map(),
  addresses: new Map(),
  madeFrom: new Set(),
})

/** Equal selectors are one group. Returns its name. */
function enter(groups: Map<string, GroupSource>, selector: GroupSelector): string {
  const key = keyOfSelector(selector)
  const name = nameOfSelector(key)
  groups.set(name, { kind: 'selector', key, selector })
  return name
}

export const appliedToSelector = (draft: Draft, selector: GroupSelector): string =>
  enter(draft.appliedTo, selector)
export const addressSelector = (draft: Draft, selector: GroupSelector): string =>
  enter(draft.addresses, selector)

export function lookUpGroup(draft: Draft, name: string): KnownGroup | undefined {
  const key = keyOfGroup(draft.namespace, name)
  draft.madeFrom.add(`group/${key}`)
  return draft.world.group(key)
}

/** Names of the applied-to groups; a group of blocks, or one that is not there, adds none. */
export function applyTo(draft: Draft, elements: readonly AppliedTo[] | undefined): string[] {
  const names = (elements ?? []).flatMap((element) => {
    if (element.group === undefined || element.group === '')
      return [appliedToSelector(draft, selectorOf(draft, element))]
    const group = lookUpGroup(draft, element.group)
    if (group === undefined || (group.spec.ipBlocks?.length ?? 0) > 0) return []
    draft.appliedTo.set(group.key, { kind: 'group', key: group.key })
    return [group.key]
  })
  return [...new Set(names)]
}

/** What an element selects. In a namespaced policy, without namespaceSelector, its own namespace. */
export function selectorOf(draft: Draft, element: AppliedTo & Peer): GroupSelector {
  const { podSelector, namespaceSelector, externalEntitySelector, nodeSelector, serviceAccount, service } =
    element
  if (nodeSelector !== undefined) return { nodeSelector }
  if (service !== undefined) return { service }
  if (serviceAccount !== undefined)
    return { namespace: serviceAccount.namespace ?? '', serviceAccount: serviceAccount.name ?? '' }
  const { namespace } = draft
  return {
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(externalEntitySelector === undefined ? {} : { externalEntitySelector }),
    ...(namespaceSelector === undefined
      ? namespace === undefined
        ? {}
        : { namespace }
      : { namespaceSelector }),
  }
}

const EVERYWHERE: readonly WireBlock[] = [
  { cidr: { ip: 'AAAAAAAAAAAAAP//AAAAAA==' } },
  { cidr: { ip: 'AAAAAAAAAAAAAAAAAAAAAA==' } },
]

/** No peers: any address. A named port that leaves has to be looked up at the other end, so all Pods are a group too. */
export function anyPeer(draft: Draft, direction: 'In' | 'Out', services: readonly WireService[]): WirePeer {
  const isNamed = services.some(({ port }) => typeof port === 'string')
  if (direction === 'In' || !isNamed) return { ipBlocks: EVERYWHERE }
  return { ipBlocks: EVERYWHERE, addressGroups: [addressSelector(draft, { namespaceSelector: {} })] }
}

export function peerOf(draft: Draft, peers: readonly Peer[]): WirePeer {
  const addressGroups: string[] = []
  const lists: (readonly WireBlock[])[] = []
  const fqdns: string[] = []
  for (const peer of peers) {
    if (peer.ipBlock !== undefined) lists.push([blockOf(peer.ipBlock)])
    else if (peer.fqdn !== undefined && peer.fqdn !== '') fqdns.push(peer.fqdn)
    else if (peer.group !== undefined && peer.group !== '') addGroup(draft, peer.group, addressGroups, lists)
    else addressGroups.push(addressSelector(draft, selectorOf(draft, peer)))
  }
  const ipBlocks = joined(lists)
  return {
    ...(addressGroups.length === 0 ? {} : { addressGroups: [...new Set(addressGroups)] }),
    ...(ipBlocks.length === 0 ? {} : { ipBlocks }),
    ...(fqdns.length === 0 ? {} : { fqdns }),
  }
}

function addGroup(
  draft: Draft,
  name: string,
  addressGroups: string[],
  lists: (readonly WireBlock[])[],
): void {
  const group = lookUpGroup(draft, name)
  if (group === undefined) return
  lists.push(wireBlocksOf(group, draft.world))
  if (!hasWorkloads(group, draft.world)) return
  draft.addresses.set(group.key, { kind: 'group', key: group.key })
  addressGroups.push(group.key)
}

/** Ports first, then the protocols that have none. */
export function servicesOf(
  ports: readonly PolicyPort[] | undefined,
  protocols: readonly PolicyProtocol[] | undefined,
): WireService[] {
  const fromPorts = (ports ?? []).map(({ protocol = 'TCP', port, endPort, sourcePort, sourceEndPort }) => ({
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(endPort === undefined ? {} : { endPort }),
    ...(sourcePort === undefined ? {} : { srcPort: sourcePort }),
    ...(sourceEndPort === undefined ? {} : { srcEndPort: sourceEndPort }),
  }))
  const fromProtocols = (protocols ?? []).flatMap(({ icmp, igmp }): WireService[] => [
    ...(icmp === undefined ? [] : [{ protocol: 'ICMP', ...icmp }]),
    ...(igmp === undefined ? [] : [{ protocol: 'IGMP', ...igmp }]),
  ])
  return [...fromPorts, ...fromProtocols]
}
