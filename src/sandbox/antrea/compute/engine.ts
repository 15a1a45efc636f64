/**
 * From the copies of the cluster to what agents get: policies, applied-to groups, address groups and their spans. Events
 * only mark what may have changed; `settle` works it off in one go, and looks at nothing but what is marked, and at who
 * uses it: each object that comes costs the same, however many are there.
 */
import type { Random } from '../../../world/index.ts'
import { specOf } from '../admission/index.ts'
import type { AntreaGroup, AntreaPolicy, KubePolicy, Pod } from '../model.ts'
import { isSamePolicy } from './blocks.ts'
import type { Converted, GroupSource } from './convert.ts'
import { createEgressGroups, type EgressSource } from './egress.ts'
import { type GroupKey, isComputed, type KnownGroup, keyOfGroup, takeGroup } from './groups.ts'
import { createMembership, type Membership } from './membership.ts'
import { convertAntreaPolicy, convertKubePolicy } from './policies.ts'
import { createResolver } from './resolver.ts'
import { createAddressSpans } from './spans.ts'
import { createSpanStore, NOWHERE, type SpanStore, sameSet } from './store.ts'
import { createUsers } from './users.ts'
import type { Member, WirePolicy } from './wire.ts'
import { convertWorldOf, emptyWorld, type World } from './world.ts'

export interface ComputedGroup {
  readonly name: string
  readonly uid: string
  readonly members: ReadonlyMap<string, Member>
}

export interface Engine {
  readonly world: World
  readonly membership: Membership
  readonly policies: SpanStore<WirePolicy>
  readonly appliedToGroups: SpanStore<ComputedGroup>
  readonly addressGroups: SpanStore<ComputedGroup>
  readonly egressGroups: SpanStore<ComputedGroup>
  podChanged(now: Pod | undefined, before: Pod | undefined): void
  nodesChanged(): void
  namespaceChanged(name: string): void
  serviceChanged(key: string): void
  tierChanged(name: string): void
  groupChanged(key: GroupKey, now: AntreaGroup | undefined, before: AntreaGroup | undefined): void
  policyChanged(now: AntreaPolicy | undefined, before: AntreaPolicy | undefined): void
  kubePolicyChanged(now: KubePolicy | undefined, before: KubePolicy | undefined): void
  egressChanged(name: string, now: EgressSource | undefined): void
  /** Works off all marks. */
  settle(): void
  /** Why a policy cannot be realized as it is; undefined: it can. */
  obstacle(uid: string): string | undefined
}

const NO_GROUPS: ReadonlyMap<string, GroupSource> = new Map()

const kindOf = ({ metadata }: AntreaPolicy): string =>
  metadata.namespace === undefined ? 'ClusterNetworkPolicy' : 'NetworkPolicy'

export interface EngineEvents {
  /** Marks are there: `settle` has to be called. */
  dirty(): void
  /** A policy of Antrea's is to have its status looked at. `early`: it is not known yet where it goes. */
  policySettled(uid: string, early: boolean): void
  /** A policy or group that cannot be read; it is left out. */
  unreadable(error: unknown): void
  /** A group may be computed now. */
  groupSettled(key: GroupKey): void
}

export function createEngine(events: EngineEvents, random: Random): Engine {
  const world = emptyWorld()
  const converting = convertWorldOf(world)
  const membership = createMembership({
    pods: () => world.pods.values(),
    namespaceLabels: (name) => world.namespaces.get(name)?.metadata.labels,
  })
  const policies = createSpanStore<WirePolicy>()
  const appliedToGroups = createSpanStore<ComputedGroup>()
  const addressGroups = createSpanStore<ComputedGroup>()
  const resolver = createResolver(world, converting, membership)
  const egress = createEgressGroups(resolver)

  const converted = new Map<string, Converted>()
  const sources = new Map<string, () => Converted>()
  const dirtyPolicies = new Set<string>()
  const dirtySources = new Set<string>()
  const dirtyGroups = new Set<GroupKey>()
  const obstacles = new Map<string, string>()

  const mark = (source: string) => {
    dirtySources.add(source)
    events.dirty()
  }
  const markPolicy = (
    now: { uid: string } | undefined,
    before: { uid: string } | undefined,
    make?: () => Converted,
  ) => {
    if (before !== undefined && before.uid !== now?.uid) {
      sources.delete(before.uid)
      dirtyPolicies.add(before.uid)
    }
    if (now !== undefined && make !== undefined) {
      sources.set(now.uid, make)
      dirtyPolicies.add(now.uid)
    }
    events.dirty()
  }

  /** What was let in while the webhooks were away may be of any form: it is read as Go reads it, or left out. */
  const typed = <T extends AntreaPolicy | AntreaGroup>(kind: string, object: T): T => ({
    ...object,
    spec: specOf(kind, object),
  })
  const guarded = (make: (() => Converted) | undefined): Converted | undefined => {
    try {
      return make?.()
    } catch (error) {
      events.unreadable(error)
      return undefined
    }
  }

  /** What one object brings about is no reason to leave the others. */
  const attempt = (act: () => void) => {
    try {
      act()
    } catch (error) {
      events.unreadable(error)
    }
  }

  const isAntrea = (uid: string) => converted.get(uid)?.policy.sourceRef.type !== 'K8sNetworkPolicy'

  /** Policies by what they are made from, and by the computed groups they need. */
  const users = { sources: createUsers(), appliedTo: createUsers(), addresses: createUsers() }
  /** What each computed group that is needed is made of. */
  const needed = { appliedTo: new Map<string, GroupSource>(), addresses: new Map<string, GroupSource>() }
  /** Computed groups that may hold, or be needed by, others than before. */
  const stale = { appliedTo: new Set<string>(), addresses: new Set<string>() }
  /** Policies that may go elsewhere than before. */
  const unplaced = new Set<string>()
  const addressSpans = createAddressSpans((name) => stale.addresses.add(name))

  /** `fresh`: undefined where the policy is gone. */
  const note = (uid: string, fresh: Converted | undefined) => {
    const before = converted.get(uid)
    if (fresh === undefined) converted.delete(uid)
    else converted.set(uid, fresh)
    users.sources.set(uid, fresh?.madeFrom ?? [])
    for (const which of ['appliedTo', 'addresses'] as const) {
      const groups = fresh?.[which] ?? NO_GROUPS
      users[which].set(uid, groups.keys())
      for (const [name, source] of groups) needed[which].set(name, source)
      for (const name of before?.[which].keys() ?? [])
        if (users[which].of(name).size === 0) needed[which].delete(name)
      for (const names of [before?.[which].keys() ?? [], groups.keys()])
        for (const name of names) stale[which].add(name)
    }
    unplaced.add(uid)
  }

  /** Policies first, so that it is known which groups there are. New ones are shown before their span is known. */
  const convertDirty = () => {
    for (const source of dirtySources) for (const uid of users.sources.of(source)) dirtyPolicies.add(uid)
    dirtySources.clear()
    for (const uid of dirtyPolicies) {
      const fresh = guarded(sources.get(uid))
      note(uid, fresh)
      if (fresh === undefined) {
        policies.remove(uid)
        continue
      }
      const known = policies.get(uid)
      if (known !== undefined && isSamePolicy(known.object, fresh.policy)) continue
      const span = spanOf(fresh)
      policies.put(uid, fresh.policy, span)
      // The real controller's workers race here: one policy in three is seen without span at first.
      const isEarly = known === undefined && span.size === 0 && random.next() < 1 / 3
      if (isAntrea(uid)) events.policySettled(uid, isEarly)
    }
    dirtyPolicies.clear()
  }

  const spanOf = ({ appliedTo }: Converted): ReadonlySet<string> => {
    if (appliedTo.size === 1) {
      const [name = ''] = appliedTo.keys()
      return appliedToGroups.get(name)?.span ?? NOWHERE
    }
    const span = new Set<string>()
    for (const name of appliedTo.keys())
      for (const node of appliedToGroups.get(name)?.span ?? []) span.add(node)
    return span
  }

  /** Those that may be others than before, each with what it is made of; what nobody needs any more is let go. */
  const takeStale = (
    which: 'appliedTo' | 'addresses',
    letGo: (name: string) => void,
  ): readonly (readonly [string, GroupSource])[] => {
    if (isWorldStale) for (const name of needed[which].keys()) stale[which].add(name)
    const names = [...stale[which]]
    stale[which].clear()
    return names.flatMap((name) => {
      const source = needed[which].get(name)
      if (source === undefined) letGo(name)
      return source === undefined ? [] : [[name, source] as const]
    })
  }

  const settleAppliedTo = () => {
    const groups = takeStale('appliedTo', (name) => {
      appliedToGroups.remove(name)
      resolver.forget('T', name)
      obstacles.delete(name)
    })
    for (const [name, source] of groups) attempt(() => readAppliedTo(name, source))
  }

  const readAppliedTo = (name: string, source: GroupSource) => {
    const members = resolver.appliedTo(name, source)
    if (members === undefined) return
    const obstacle = resolver.obstacle(source)
    if (obstacle === undefined) obstacles.delete(name)
    else obstacles.set(name, obstacle)
    const shown = obstacle === undefined ? members : new Map<string, Member>()
    const span = new Set([...shown.values()].map(({ node }) => node))
    appliedToGroups.put(name, { name, uid: resolver.uidOf(name, source), members: shown }, span)
    for (const uid of users.appliedTo.of(name)) unplaced.add(uid)
  }

  const settleSpans = () => {
    for (const uid of unplaced) {
      const entry = converted.get(uid)
      const known = policies.get(uid)
      const span = entry === undefined || known === undefined ? NOWHERE : spanOf(entry)
      addressSpans.set(uid, entry?.addresses ?? NO_GROUPS, span)
      if (entry === undefined) reported.delete(uid)
      if (entry === undefined || known === undefined) continue
      const reason = obstacleOf(entry)
      if (reason !== reported.get(uid)) {
        if (reason === undefined) reported.delete(uid)
        else reported.set(uid, reason)
        if (isAntrea(uid)) events.policySettled(uid, false)
      }
      if (sameSet(span, known.span)) continue
      policies.put(uid, entry.policy, span)
      if (isAntrea(uid)) events.policySettled(uid, false)
    }
    unplaced.clear()
  }
  const reported = new Map<string, string>()

  const obstacleOf = ({ appliedTo }: Converted): string | undefined => {
    if (obstacles.size === 0) return undefined
    for (const name of appliedTo.keys()) {
      const obstacle = obstacles.get(name)
      if (obstacle !== undefined) return obstacle
    }
    return undefined
  }

  const settleAddresses = () => {
    const groups = takeStale('addresses', (name) => {
      addressGroups.remove(name)
      resolver.forget('A', name)
    })
    for (const [name, source] of groups) attempt(() => readAddresses(name, source))
  }

  const readAddresses = (name: string, source: GroupSource) => {
    const known = addressGroups.get(name)
    const members = resolver.addresses(name, source)
    const span = addressSpans.of(name)
    if (known !== undefined && members === undefined && sameSet(span, known.span)) return
    const held = members ?? known?.object.members ?? new Map<string, Member>()
    addressGroups.put(name, { name, uid: resolver.uidOf(name, source), members: held }, span)
  }

  /** A parent is computed with its last child. */
  const settleGroups = () => {
    const keys = new Set(dirtyGroups)
    for (const key of dirtyGroups) for (const parent of world.parents.of(key)) keys.add(parent)
    dirtyGroups.clear()
    for (const key of keys) {
      const group = world.groups.get(key)
      if (group !== undefined && isComputed(group, converting)) events.groupSettled(key)
    }
  }

  /** Pods, Nodes, namespaces or Services are others: any computed group may be. */
  let isWorldStale = false
  const worldChanged = () => {
    isWorldStale = true
    events.dirty()
  }

  const setGroup = (key: GroupKey, now: KnownGroup | undefined) => {
    if (now === undefined) world.groups.delete(key)
    else world.groups.set(key, now)
    const children = now?.spec.childGroups ?? []
    world.parents.set(key, new Set(children.map((child) => keyOfGroup(now?.namespace, child))))
  }

  return {
    world,
    membership,
    policies,
    appliedToGroups,
    addressGroups,
    egressGroups: egress.store,
    podChanged(now, before) {
      membership.podChanged(now, before)
      worldChanged()
    },
    nodesChanged() {
      resolver.nodesChanged()
      worldChanged()
    },
    namespaceChanged(name) {
      membership.namespaceChanged(name)
      worldChanged()
      mark('namespaces')
    },
    serviceChanged: worldChanged,
    tierChanged: (name) => mark(`tier/${name}`),
    groupChanged(key, now, before) {
      const kind = key.includes('/') ? 'Group' : 'ClusterGroup'
      try {
        const known = world.groups.get(key)
        setGroup(key, now && takeGroup(typed(kind, now), before && typed(kind, before), known))
      } catch (error) {
        events.unreadable(error)
      }
      dirtyGroups.add(key)
      for (const parent of world.parents.of(key)) mark(`group/${parent}`)
      mark(`group/${key}`)
    },
    policyChanged: (now, before) =>
      markPolicy(
        now?.metadata,
        before?.metadata,
        now && (() => convertAntreaPolicy(typed(kindOf(now), now), converting)),
      ),
    kubePolicyChanged: (now, before) =>
      markPolicy(now?.metadata, before?.metadata, now && (() => convertKubePolicy(now, converting))),
    egressChanged(name, now) {
      egress.changed(name, now)
      events.dirty()
    },
    settle() {
      convertDirty()
      settleAppliedTo()
      settleSpans()
      settleAddresses()
      egress.settle()
      settleGroups()
      isWorldStale = false
    },
    obstacle(uid) {
      const entry = converted.get(uid)
      return entry === undefined ? undefined : obstacleOf(entry)
    },
  }
}
