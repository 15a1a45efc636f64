/**
 * From the copies of the cluster to what agents get: policies, applied-to groups, address groups and their spans. Events
 * only mark what may have changed; `settle` works it off in one go.
 */
import type { Random } from '../../../world/index.ts'
import { specOf } from '../admission/index.ts'
import type { AntreaGroup, AntreaPolicy, KubePolicy, Pod } from '../model.ts'
import type { Converted, GroupSource } from './convert.ts'
import { createEgressGroups, type EgressSource } from './egress.ts'
import { type GroupKey, isComputed, keyOfGroup, takeGroup } from './groups.ts'
import { createMembership, type Membership } from './membership.ts'
import { convertAntreaPolicy, convertKubePolicy } from './policies.ts'
import { createResolver } from './resolver.ts'
import { createSpanStore, NOWHERE, type SpanStore, sameSet } from './store.ts'
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

  const isAntrea = (uid: string) => converted.get(uid)?.policy.sourceRef.type !== 'K8sNetworkPolicy'

  /** Policies first, so that it is known which groups there are. New ones are shown before their span is known. */
  const convertDirty = () => {
    if (dirtySources.size > 0)
      for (const [uid, { madeFrom }] of converted)
        if ([...dirtySources].some((source) => madeFrom.has(source))) dirtyPolicies.add(uid)
    dirtySources.clear()
    for (const uid of dirtyPolicies) {
      const fresh = guarded(sources.get(uid))
      if (fresh === undefined) {
        converted.delete(uid)
        policies.remove(uid)
        continue
      }
      converted.set(uid, fresh)
      const known = policies.get(uid)
      if (known !== undefined && JSON.stringify(known.object) === JSON.stringify(fresh.policy)) continue
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

  const wanted = (which: 'appliedTo' | 'addresses') => {
    const groups = new Map<string, GroupSource>()
    for (const entry of converted.values())
      for (const [name, source] of entry[which]) groups.set(name, source)
    return groups
  }

  const settleAppliedTo = () => {
    const groups = wanted('appliedTo')
    for (const [name] of [...appliedToGroups.entries()]) {
      if (groups.has(name)) continue
      appliedToGroups.remove(name)
      resolver.forget('T', name)
      obstacles.delete(name)
    }
    for (const [name, source] of groups) {
      const members = resolver.appliedTo(name, source)
      if (members === undefined) continue
      const obstacle = resolver.obstacle(source)
      if (obstacle === undefined) obstacles.delete(name)
      else obstacles.set(name, obstacle)
      const shown = obstacle === undefined ? members : new Map<string, Member>()
      const span = new Set([...shown.values()].map(({ node }) => node))
      appliedToGroups.put(name, { name, uid: resolver.uidOf(name, source), members: shown }, span)
    }
  }

  const settleSpans = () => {
    for (const [uid, entry] of converted) {
      const known = policies.get(uid)
      if (known === undefined) continue
      const span = spanOf(entry)
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
    for (const uid of reported.keys()) if (!converted.has(uid)) reported.delete(uid)
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
    const spans = new Map<string, Set<string>>()
    for (const [uid, { addresses }] of converted)
      for (const name of addresses.keys()) {
        const span = spans.get(name) ?? new Set<string>()
        for (const node of policies.get(uid)?.span ?? []) span.add(node)
        spans.set(name, span)
      }
    const groups = wanted('addresses')
    for (const [name] of [...addressGroups.entries()]) {
      if (groups.has(name)) continue
      addressGroups.remove(name)
      resolver.forget('A', name)
    }
    for (const [name, source] of groups) {
      const known = addressGroups.get(name)
      const members = resolver.addresses(name, source)
      const span = spans.get(name) ?? NOWHERE
      if (known !== undefined && members === undefined && sameSet(span, known.span)) continue
      const held = members ?? known?.object.members ?? new Map<string, Member>()
      addressGroups.put(name, { name, uid: resolver.uidOf(name, source), members: held }, span)
    }
  }

  /** A parent is computed with its last child. */
  const settleGroups = () => {
    for (const key of dirtyGroups) {
      const group = world.groups.get(key)
      if (group !== undefined && isComputed(group, converting)) events.groupSettled(key)
      for (const parent of world.groups.values())
        if (parent.spec.childGroups?.some((child) => keyOfGroup(parent.namespace, child) === key))
          if (isComputed(parent, converting)) events.groupSettled(parent.key)
    }
    dirtyGroups.clear()
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
      events.dirty()
    },
    nodesChanged() {
      resolver.nodesChanged()
      events.dirty()
    },
    namespaceChanged(name) {
      membership.namespaceChanged(name)
      mark('namespaces')
    },
    serviceChanged: () => events.dirty(),
    tierChanged: (name) => mark(`tier/${name}`),
    groupChanged(key, now, before) {
      const kind = key.includes('/') ? 'Group' : 'ClusterGroup'
      try {
        if (now === undefined) world.groups.delete(key)
        else
          world.groups.set(
            key,
            takeGroup(typed(kind, now), before && typed(kind, before), world.groups.get(key)),
          )
      } catch (error) {
        events.unreadable(error)
      }
      dirtyGroups.add(key)
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
      membership.retain(resolver.keysInUse())
    },
    obstacle(uid) {
      const entry = converted.get(uid)
      return entry === undefined ? undefined : obstacleOf(entry)
    },
  }
}
