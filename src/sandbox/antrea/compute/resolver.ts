/** The members of computed groups, read again only when something they are made of has changed. */
import type { GroupSource } from './convert.ts'
import { type GroupWorld, selectorsOf } from './groups.ts'
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
}

export function createResolver(world: World, groups: GroupWorld, membership: Membership): Resolver {
  const fingerprints = new Map<string, string>()
  let nodesVersion = 1
  /** By place, the selectors that its members were read from; and by selector, in how many places it counts. */
  const keysOf = new Map<string, readonly string[]>()
  const places = new Map<string, number>()

  const resolve = (source: GroupSource): readonly GroupSelector[] => {
    if (source.kind === 'selector') return [source.selector]
    const group = world.groups.get(source.key)
    return group === undefined ? [] : selectorsOf(group, groups)
  }

  /** A selector that no place needs any more is not kept up to date any longer. */
  const setKeys = (place: string, now: readonly string[]) => {
    for (const key of now) places.set(key, (places.get(key) ?? 0) + 1)
    for (const key of keysOf.get(place) ?? []) {
      const left = (places.get(key) ?? 0) - 1
      if (left > 0) places.set(key, left)
      else {
        places.delete(key)
        membership.forget(key)
      }
    }
    if (now.length === 0) keysOf.delete(place)
    else keysOf.set(place, now)
  }

  /** Members anew, unless everything they are made of is as it was. */
  const read = (which: 'T' | 'A', name: string, source: GroupSource): Members | undefined => {
    const kept = resolve(source).map((selector) => {
      const key = keyOfSelector(selector)
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
    setKeys(
      place,
      kept.map(({ key }) => key),
    )
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
      for (const selector of resolve(source))
        for (const key of membership.keep(keyOfSelector(selector), selector).pods)
          if (world.pods.get(key)?.metadata.namespace !== namespace)
            return `Group ${source.key} with Pods in other Namespaces can not be used as AppliedTo`
      return undefined
    },
    uidOf: (name, source) => (source.kind === 'group' ? (world.groups.get(source.key)?.uid ?? name) : name),
    forget(which, name) {
      const place = `${which}/${name}`
      fingerprints.delete(place)
      setKeys(place, [])
    },
    nodesChanged() {
      nodesVersion += 1
    },
  }
}
