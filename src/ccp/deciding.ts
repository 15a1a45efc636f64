/** The cluster as it is planned from, our own newest writes counted, and plans of it made in slices. */
import type { ClusterGroup, ClusterNetworkPolicy, KubeObject, Store, Tier } from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import type { Clock } from '../world/index.ts'
import { inSlices } from '../world/index.ts'
import { createOverlay, type Overlay } from './overlay.ts'
import {
  createPlanner,
  isComputed,
  isGroupAsWritten,
  type Plan,
  type PlanMemory,
  parentName,
  planSteps,
} from './plan/index.ts'
import { createRemembered } from './remembered.ts'
import type { TierSettings } from './settings.ts'
import type { DesiredState } from './source/index.ts'
import type { Translate, Translation } from './translate/index.ts'

export interface DecidingDeps {
  readonly stores: {
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly clusterGroups: Store<ClusterGroup>
    readonly tiers: Store<Tier>
  }
  readonly clock: Clock
  readonly clusterId: string
  readonly tiers: TierSettings
  readonly translate: Translate
}

type Kind = 'policies' | 'groups' | 'tiers'

export const kindOf = (plural: string): Kind => {
  if (plural === RESOURCES.tiers.plural) return 'tiers'
  return plural === RESOURCES.clusterGroups.plural ? 'groups' : 'policies'
}

export class Deciding {
  readonly policies: Overlay<ClusterNetworkPolicy>
  readonly groups: Overlay<ClusterGroup>
  readonly tiers: Overlay<Tier>
  readonly remembered
  /** The newest translation, and of what. */
  translated: { readonly state: DesiredState; readonly translation: Translation } | undefined
  private readonly deps: DecidingDeps
  private readonly planner = createPlanner()
  private awaited: ReadonlySet<string> = new Set()
  /** Something but the awaited groups changed since the last plan began. */
  private isStale = true

  constructor(deps: DecidingDeps) {
    const { stores } = deps
    this.deps = deps
    this.policies = createOverlay(stores.clusterNetworkPolicies)
    this.groups = createOverlay(stores.clusterGroups)
    this.tiers = createOverlay(stores.tiers)
    this.remembered = createRemembered(deps.clusterId)
    stores.clusterNetworkPolicies.subscribe((names) => this.touch('policies', names))
    stores.clusterGroups.subscribe((names) => this.touch('groups', names))
    stores.tiers.subscribe((names) => this.touch('tiers', names))
  }

  /** What was written and the store may not show yet. */
  written(plural: string, name: string, base: KubeObject | undefined, now: KubeObject | undefined): void {
    const kind = kindOf(plural)
    const overlay = this[kind] as Overlay<KubeObject>
    overlay.written(name, base, now)
    this.touch(kind, [name])
  }

  /** Something else that is planned from changed. */
  setStale(): void {
    this.isStale = true
  }

  /** New groups are computed one after the other, each a change: only the last of them lets the plan go on. */
  isStillAwaiting({ awaiting, steps }: Plan): boolean {
    if (this.isStale || steps.length > 0 || awaiting.length === 0) return false
    const groups = awaiting.map((name) => this.groups.get(name))
    return groups.every((group) => group !== undefined) && groups.some((group) => !isComputed(group))
  }

  /** In slices, one at a time; rejects with the signal's reason when it is given up. */
  async plan(
    desired: DesiredState,
    memory: Omit<PlanMemory, 'remembered'>,
    signal: AbortSignal | undefined,
  ): Promise<Plan> {
    this.isStale = false
    const { clusterId, tiers, clock } = this.deps
    const translation = await this.translation(desired, signal)
    const cluster = { policies: this.policies, groups: this.groups, tiers: this.tiers }
    const question = {
      translation,
      source: desired.source,
      clusterId,
      tiers,
      memory: { ...memory, remembered: this.remembered.policies },
    }
    const next = await inSlices(this.planner.plan(question, cluster), clock, signal)
    this.awaited = new Set(next.awaiting)
    return next
  }

  /** The same plan, made from everything, for who only looks: nothing is kept of it, and what is planned goes on. */
  async preview(
    desired: DesiredState,
    memory: Omit<PlanMemory, 'remembered'>,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly translation: Translation; readonly plan: Plan }> {
    const { clusterId, tiers, clock, translate } = this.deps
    const known = this.translated
    const translation =
      known !== undefined && known.state.objects === desired.objects
        ? known.translation
        : await inSlices(translate.apart(desired.objects), clock, signal)
    const steps = planSteps({
      translation,
      source: desired.source,
      clusterId,
      tiers,
      memory: { ...memory, remembered: this.remembered.policies },
      cluster: {
        policies: this.policies.values(),
        groups: this.groups.values(),
        tiers: this.tiers.values(),
      },
    })
    return { translation, plan: await inSlices(steps, clock, signal) }
  }

  /** Nothing of the cluster is remembered. */
  forget(): void {
    for (const overlay of [this.policies, this.groups, this.tiers]) overlay.clear()
    this.planner.forget()
    this.remembered.forget()
    this.isStale = true
  }

  private touch(kind: Kind, names: Iterable<string>): void {
    for (const name of names) {
      this.planner.touch(kind, name)
      if (kind === 'policies') this.remembered.touch(name)
      if (kind !== 'groups' || !this.isAwaited(name)) this.isStale = true
    }
  }

  /** An awaited group, or a child of one that is as it was written: they are computed one by one, too. */
  private isAwaited(name: string): boolean {
    if (this.awaited.has(name)) return true
    if (!this.awaited.has(parentName(name))) return false
    const child = this.groups.get(name)
    return child !== undefined && isGroupAsWritten(child)
  }

  private async translation(desired: DesiredState, signal: AbortSignal | undefined): Promise<Translation> {
    const known = this.translated
    const translation =
      known !== undefined && known.state.objects === desired.objects
        ? known.translation
        : await inSlices(this.deps.translate.steps(desired.objects), this.deps.clock, signal)
    this.translated = { state: desired, translation }
    return translation
  }
}
