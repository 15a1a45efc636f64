/** The members of computed groups, read again only when something they are made of has changed. */
import type { GroupSource } from './convert.ts'
import { type GroupWorld, type Resolved, resolveGroup } from './groups.ts'
import { nodeAddressMember, nodeMember, podAddressMember, podMember, serviceMember } from './members.ts'
import type { Membership } from './membership.ts'
import { compile, type GroupSelector, keyOfSelector } from './selectors.ts'
import type { Member } from './wire.ts'
import type { World } from './world.ts'

type Members = ReadonlyMap<string, Member>

export interface Resolver {
  /** Undefined: the same as at the last call. Nodes and Services are chosen when the group comes, and stay (v2.7). */
  appliedTo(name: string, source: GroupSource): Members | undefined
  addresses(name: string, source: GroupSource): Members | undefined
  /** Why a namespaced policy cannot be applied to this group. */
  obstacle(source: GroupSource): string | undefined
  uidOf(name: string, source: GroupSource): string
  forget(which: 'T' | 'A', name: string): void
  nodesChanged(): void
  /** Selectors that the groups seen since the last call are made of. */
  keysInUse(): ReadonlySet<string>
}

const NOTHING: Resolved = { selectors: [], blocks: [] }

export function createResolver(world: World, groups: GroupWorld, membership: Membership): Resolver {
  const fingerprints = new Map<string, string>()
  let nodesVersion = 1
  let inUse = new Set<string>()

  const resolve = (source: GroupSource): Resolved => {
    if (source.kind === 'selector') return { selectors: [source.selector], blocks: [] }
    const group = world.groups.get(source.key)
    return group === undefined ? NOTHING : resolveGroup(group, groups)
  }

  /** Members anew, unless everything they are made of is as it was. */
  const read = (which: 'T' | 'A', name: string, source: GroupSource): Members | undefined => {
    const resolved = resolve(source)
    const kept = resolved.selectors.map((selector) => {
      const key = keyOfSelector(selector)
      inUse.add(key)
      return { key, selector, ...membership.keep(key, selector) }
    })
    // Only an inline selector of a peer follows the Nodes (v2.7).
    const isLive = which === 'A' && source.kind === 'selector' && source.selector.nodeSelector !== undefined
    const fingerprint = JSON.stringify([
      kept.map(({ key, version }) => [key, version]),
      isLive ? nodesVersion : 0,
    ])
    const place = `${which}/${name}`
    if (fingerprints.get(place) === fingerprint) return undefined
    fingerprints.set(place, fingerprint)
    const members = new Map<string, Member>()
    const add = (member: Member | undefined) => member !== undefined && members.set(member.key, member)
    for (const { pods } of kept)
      for (const key of pods) {
        const pod = world.pods.get(key)
        if (pod !== undefined) add(which === 'T' ? podMember(pod) : podAddressMember(pod))
      }
    for (const { selector } of kept) for (const member of nodesAndServices(which, selector)) add(member)
    return members
  }

  const nodesAndServices = (which: 'T' | 'A', selector: GroupSelector): Member[] => {
    const { nodeSelector, service } = selector
    if (service !== undefined) return [...world.nodes.keys()].map((node) => serviceMember(service, node))
    if (nodeSelector === undefined) return []
    const matches = compile(nodeSelector)
    return [...world.nodes.values()]
      .filter((node) => matches(node.metadata.labels ?? {}))
      .map(which === 'T' ? nodeMember : nodeAddressMember)
  }

  return {
    appliedTo: (name, source) => read('T', name, source),
    addresses: (name, source) => read('A', name, source),
    obstacle(source) {
      if (source.kind === 'selector') return undefined
      const namespace = world.groups.get(source.key)?.namespace
      if (namespace === undefined) return undefined
      for (const selector of resolve(source).selectors)
        for (const key of membership.keep(keyOfSelector(selector), selector).pods)
          if (world.pods.get(key)?.metadata.namespace !== namespace)
            return `Group ${source.key} with Pods in other Namespaces can not be used as AppliedTo`
      return undefined
    },
    uidOf: (name, source) => (source.kind === 'group' ? (world.groups.get(source.key)?.uid ?? name) : name),
    forget: (which, name) => fingerprints.delete(`${which}/${name}`),
    nodesChanged() {
      nodesVersion += 1
    },
    keysInUse() {
      const used = inUse
      inUse = new Set()
      return used
    },
  }
}
