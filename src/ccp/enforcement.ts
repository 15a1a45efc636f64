/**
 * Between the chart and the pure parts: what is desired, what was written, what is remembered. The chart says when;
 * translate and plan say what; apply does it.
 */
import { type AdapterError, waitFor } from '../errors.ts'
import type { Health, WarningCode } from '../health/index.ts'
import type {
  ClusterGroup,
  ClusterNetworkPolicy,
  KubeClient,
  KubeObject,
  Store,
  Tier,
} from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import { DELETE_GUARD_WAIT_MS, REFUSED_RETRY_MS, SETTLE_MS, TIER_SETTLE_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock } from '../world/index.ts'
import { type ApplyOutcome, applySteps } from './apply.ts'
import { createOverlay, type Overlay } from './overlay.ts'
import { annotationOf, ownershipOf } from './ownership.ts'
import { isAsWritten, isTemporaryName, type Plan, plan, type Refusal, type Step } from './plan/index.ts'
import { createStandingTimes, judgePolicies, type NsxPolicies } from './realization/index.ts'
import type { TierSettings } from './settings.ts'
import type { DesiredState } from './source/index.ts'
import { createTranslator, type Translation } from './translate/index.ts'

export interface EnforcerDeps {
  readonly kube: KubeClient
  readonly stores: {
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly clusterGroups: Store<ClusterGroup>
    readonly tiers: Store<Tier>
  }
  readonly clock: Clock
  readonly log: Logger
  readonly health: Health
  readonly clusterId: string
  readonly tiers: TierSettings
}

export interface Enforcer {
  /** The complete set, after a snapshot or a commit. */
  take(state: DesiredState): void
  state(): DesiredState | undefined
  /** Throws (wait-for) when a store is not complete and live. */
  plan(): Plan
  apply(plan: Plan, signal: AbortSignal): Promise<ApplyOutcome>
  /** A person agrees to deletes under the present source. */
  approve(): void
  /** Another instance leads from now on: nothing remembered of the cluster holds any more. */
  standDown(): void
  /** Why the last plan failed; undefined: it did not. For the reports. */
  setPending(error: AdapterError | undefined): void
  /** A policy's status was seen: how long it reads so counts from now. */
  noteStatus(name: string): void
  /** What is thought of each policy of NSX; `missing`: nodes whose agents are known to be out of reach. */
  realization(missing: () => readonly string[]): ReturnType<NsxPolicies['realization']>
}

/** Warnings that a plan raises, and that go when a plan no longer does. */
const PLAN_WARNINGS: readonly WarningCode[] = [
  'LOOKS_LIKE_OURS',
  'FOREIGN_CLUSTER_ID',
  'NAME_CONFLICT',
  'TIER_CONFLICT',
  'HELD_POLICIES',
  'HELD_DRIFT',
  'CCP_DELETE_GUARD',
  'CCP_APPROVAL',
]

/** An enforcer with an empty memory: it wants nothing until it is given a complete set. */
export function createEnforcer(deps: EnforcerDeps): Enforcer {
  return new Enforcement(deps)
}

class Enforcement implements Enforcer {
  private readonly deps: EnforcerDeps
  private readonly translate
  private readonly policies: Overlay<ClusterNetworkPolicy>
  private readonly groups: Overlay<ClusterGroup>
  private readonly tiers: Overlay<Tier>

  private desired: DesiredState | undefined
  private translation: Translation | undefined
  private last: Plan | undefined
  private pending: string | undefined

  private readonly remembered = new Map<string, ClusterNetworkPolicy>()
  private readonly refused = new Map<string, Refusal & { readonly atMs: number }>()
  private unusedSince = new Map<string, number>()
  private guard: { readonly names: ReadonlySet<string>; readonly atMs: number } | undefined
  private confirmed: ReadonlySet<string> = new Set()
  private approvedSource: string | undefined
  /** Since when antrea-controller says it does not know a tier, by name; until it takes a policy again. */
  private readonly unknownSinceMs = new Map<string, number>()
  private readonly groupWrittenMs = new Map<string, number>()
  private readonly standing

  constructor(deps: EnforcerDeps) {
    this.deps = deps
    this.translate = createTranslator(deps.tiers)
    this.policies = createOverlay(deps.stores.clusterNetworkPolicies)
    this.groups = createOverlay(deps.stores.clusterGroups)
    this.tiers = createOverlay(deps.stores.tiers)
    this.standing = createStandingTimes(() => deps.clock.monotonicMs())
  }

  take(state: DesiredState): void {
    if (this.desired?.objects !== state.objects) this.translation = undefined
    this.desired = state
  }

  state(): DesiredState | undefined {
    return this.desired
  }

  approve(): void {
    this.approvedSource = this.desired?.source
  }

  standDown(): void {
    for (const overlay of [this.policies, this.groups, this.tiers]) overlay.clear()
    for (const map of [this.remembered, this.refused, this.groupWrittenMs, this.unknownSinceMs]) map.clear()
    this.unusedSince = new Map()
    this.guard = undefined
    this.confirmed = new Set()
    this.last = undefined
    this.pending = undefined
    for (const code of PLAN_WARNINGS) this.deps.health.clear(code)
  }

  setPending(error: AdapterError | undefined): void {
    this.pending = error === undefined ? undefined : `${error.code}: ${error.message}`
  }

  plan(): Plan {
    const { desired } = this
    const unready = Object.values(this.deps.stores).find((store) => !store.synced || !store.live)
    if (desired === undefined || unready !== undefined)
      throw waitFor(
        'KUBE_NOT_READY',
        'nothing is decided before the cluster and the policy are known completely',
      )
    this.forgetOld()
    let next = this.planOnce(desired)
    if (next.deletes.kind === 'guarded') next = this.passGuard(desired, next)
    else if (next.deletes.kind === 'free') this.guard = undefined
    this.learn(next)
    this.last = next
    return next
  }

  async apply(next: Plan, signal: AbortSignal): Promise<ApplyOutcome> {
    const { kube, log, clusterId, clock } = this.deps
    return applySteps(
      next.steps,
      {
        kube,
        log,
        clusterId,
        onWritten: (type, name, base, now) => {
          log.info({ kind: type.kind, name, gone: now === undefined }, 'written')
          this.overlayOf(type.plural).written(name, base, now)
          if (type.plural === RESOURCES.clusterNetworkPolicies.plural && now !== undefined)
            this.unknownSinceMs.clear()
          if (type.plural === RESOURCES.clusterGroups.plural && base !== undefined && now !== undefined)
            this.groupWrittenMs.set(name, clock.monotonicMs())
        },
        onRefused: (ref, refusal) => void this.refused.set(ref, { ...refusal, atMs: clock.monotonicMs() }),
        isTierFresh: (name) => this.isTierFresh(name),
      },
      signal,
    )
  }

  realization(missing: () => readonly string[]): ReturnType<NsxPolicies['realization']> {
    if (this.desired === undefined) return undefined
    const { stores, clusterId, clock } = this.deps
    const isClusterKnown = Object.values(stores).every((store) => store.synced && store.live)
    const ours = this.policies.values().filter((policy) => ownershipOf(policy, clusterId) === 'ours')
    const byPath = new Map(ours.map((policy) => [annotationOf(policy, 'intentPath') ?? '', policy]))
    const byName = new Map(ours.map((policy) => [policy.metadata.name, policy]))
    for (const name of byName.keys()) this.noteStatus(name)
    const verdicts = judgePolicies({
      translation: this.translated(this.desired),
      held: this.last?.held ?? new Map(),
      isClusterKnown,
      storedPolicy: (name, path) => (name === undefined ? byPath.get(path) : byName.get(name)),
      storedGroup: (name) => this.groups.get(name),
      pending: this.pending,
      nowMs: clock.monotonicMs(),
      groupWrittenMs: this.groupWrittenMs,
      sinceMs: (policy) => this.standing.sinceMs(policy.metadata.name, policy),
      missing,
    })
    return { verdicts, isGone: (path) => isClusterKnown && !byPath.has(path) }
  }

  noteStatus(name: string): void {
    this.standing.note(name, this.deps.stores.clusterNetworkPolicies.get(name))
  }

  private translated(desired: DesiredState): Translation {
    this.translation ??= this.translate(desired.objects)
    return this.translation
  }

  /** A cache of antrea-controller lags after the tier is made, and after antrea-controller itself was started. */
  private isTierFresh(name: string): boolean {
    const nowMs = this.deps.clock.monotonicMs()
    const sinceMs = this.unknownSinceMs.get(name) ?? nowMs
    this.unknownSinceMs.set(name, sinceMs)
    return nowMs - sinceMs < TIER_SETTLE_MS
  }

  private overlayOf(plural: string): Overlay<KubeObject> {
    if (plural === RESOURCES.tiers.plural) return this.tiers as Overlay<KubeObject>
    return (plural === RESOURCES.clusterGroups.plural ? this.groups : this.policies) as Overlay<KubeObject>
  }

  private planOnce(desired: DesiredState): Plan {
    return plan({
      translation: this.translated(desired),
      source: desired.source,
      clusterId: this.deps.clusterId,
      tiers: this.deps.tiers,
      cluster: {
        policies: this.policies.values(),
        groups: this.groups.values(),
        tiers: this.tiers.values(),
      },
      memory: {
        nowMs: this.deps.clock.monotonicMs(),
        remembered: this.remembered,
        refused: this.refused,
        unusedSince: this.unusedSince,
        confirmed: this.confirmed,
        suspect: this.guard?.names ?? new Set(),
        approvedSource: this.approvedSource,
      },
    })
  }

  /** What this snapshot and the one before it, far enough apart, agree on is confirmed. */
  private passGuard(desired: DesiredState, guarded: Plan): Plan {
    if (guarded.deletes.kind !== 'guarded') return guarded
    const nowMs = this.deps.clock.monotonicMs()
    const { names } = guarded.deletes
    if (this.guard === undefined) {
      this.guard = { names: new Set(names), atMs: nowMs }
      return guarded
    }
    const { names: before, atMs } = this.guard
    if (desired.snapshotMs < atMs + DELETE_GUARD_WAIT_MS) return guarded
    this.confirmed = new Set(names.filter((name) => before.has(name)))
    const next = this.planOnce(desired)
    this.guard = next.deletes.kind === 'guarded' ? { names: new Set(names), atMs: nowMs } : undefined
    return next
  }

  /** Keeps what the next plan needs to know of this one. */
  private learn(next: Plan): void {
    const { clock, health, clusterId } = this.deps
    const nowMs = clock.monotonicMs()
    this.unusedSince = new Map(next.unused.map((name) => [name, this.unusedSince.get(name) ?? nowMs]))
    const wanted = new Set([
      ...(this.translation?.policies ?? []).map(({ name }) => name),
      ...(this.translation?.held ?? []).map(({ name }) => name),
    ])
    for (const policy of this.policies.values()) {
      const { name } = policy.metadata
      if (!wanted.has(name) || isTemporaryName(name) || this.remembered.get(name) === policy) continue
      if (ownershipOf(policy, clusterId) === 'ours' && isAsWritten(policy)) this.remembered.set(name, policy)
    }
    for (const name of this.remembered.keys()) if (!wanted.has(name)) this.remembered.delete(name)
    // A name that NSX holds again is not agreed to be gone any more.
    this.confirmed = new Set([...this.confirmed].filter((name) => !wanted.has(name)))
    const raised = new Map(next.warnings.map(({ code, detail }) => [code, detail]))
    for (const code of PLAN_WARNINGS) {
      const detail = raised.get(code)
      if (detail === undefined) health.clear(code)
      else health.set(code, detail)
    }
  }

  private forgetOld(): void {
    const nowMs = this.deps.clock.monotonicMs()
    for (const [ref, { atMs }] of this.refused) if (nowMs - atMs > REFUSED_RETRY_MS) this.refused.delete(ref)
    for (const [name, ms] of this.groupWrittenMs) if (nowMs - ms > SETTLE_MS) this.groupWrittenMs.delete(name)
    const gone = [...this.confirmed].filter((name) => this.policies.get(name) === undefined)
    if (gone.length > 0) this.confirmed = new Set([...this.confirmed].filter((name) => !gone.includes(name)))
  }
}

/** Lines for `diff`: what a plan would do. */
export const describeStep = (step: Step): string => {
  const { name } = ('object' in step ? step.object : step.base).metadata
  return `${step.stage}: ${step.kind} ${name}`
}
