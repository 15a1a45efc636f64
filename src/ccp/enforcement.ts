/**
 * Between the chart and the pure parts: what is desired, what was written, what is remembered. The chart says when;
 * translate and plan say what; apply does it.
 */
import { type AdapterError, needsPerson, waitFor } from '../errors.ts'
import type { Health, TellFact, WarningCode } from '../health/index.ts'
import type {
  ClusterGroup,
  ClusterNetworkPolicy,
  KubeClient,
  KubeObject,
  Store,
  Tier,
} from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import { DELETE_GUARD_WAIT_MS, SETTLE_MS, TIER_SETTLE_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock } from '../world/index.ts'
import { type Adoption, adopt, adoptionOf } from './adopt.ts'
import { type ApplyOutcome, applySteps } from './apply.ts'
import { Deciding } from './deciding.ts'
import { createFigures, type PolicyFigures } from './figures.ts'
import { type ClusterSight, noCopy, type PlanPreview } from './insight.ts'
import { createJournal } from './journal.ts'
import { lackingMembers } from './member-poll.ts'
import { annotationOf, ownershipOf } from './ownership.ts'
import { listNames, type Plan, type PlanMemory, stepText } from './plan/index.ts'
import { createStandingTimes, judgePolicies, type NsxPolicies } from './realization/index.ts'
import { Refused } from './refused.ts'
import { Repairs } from './repairs.ts'
import type { Mode, TierSettings } from './settings.ts'
import type { DesiredState } from './source/index.ts'
import { createTranslator, type Translate } from './translate/index.ts'
import { createUnresolved } from './unresolved.ts'

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
  /** With what is known of the cluster; one that knows nothing of it when absent. */
  readonly translate?: Translate
  /** `enforce` when absent. */
  readonly mode?: Mode
  readonly tell?: TellFact
}

export interface Enforcer {
  /** The complete set, after a snapshot or a commit. */
  take(state: DesiredState): void
  state(): DesiredState | undefined
  /** The set that `realization` speaks of. */
  reported(): DesiredState | undefined
  /**
   * In slices, one at a time. Rejects when a store is not complete and live (wait-for), or when another adapter keeps
   * policy in this cluster (needs-person). In observe mode the plan is told in a warning and comes without steps.
   */
  plan(signal?: AbortSignal): Promise<Plan>
  apply(plan: Plan, signal: AbortSignal): Promise<ApplyOutcome>
  /** As `plan`, for who only looks; in observe mode with its steps. Rejects with CCP_NO_COPY before the first complete set. */
  preview(signal?: AbortSignal): Promise<PlanPreview>
  readonly cluster: ClusterSight
  /** Paths of groups whose policies wait for the addresses of their members. */
  lacking(): readonly string[]
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
  /** Counts of the newest translation and plan. */
  figures(): PolicyFigures
  /** Another adapter's objects, and what else has a name that NSX's policy needs. */
  adoption(): readonly Adoption[]
  /** Takes over these. Rejects with why one could not be. */
  adopt(adoptions: readonly Adoption[], signal?: AbortSignal): Promise<void>
}

/** What of a plan's memory belongs to the moment it is made for. */
type Now = Required<Pick<PlanMemory, 'nowMs' | 'resting'>>

const NONE: ReadonlySet<string> = new Set()

/** Warnings that a plan raises, and that go when a plan no longer does. */
const PLAN_WARNINGS: readonly WarningCode[] = [
  'LOOKS_LIKE_OURS',
  'FOREIGN_CLUSTER_ID',
  'SECOND_ADAPTER',
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
  private readonly planning: Deciding
  private desired: DesiredState | undefined
  private readonly unresolved
  private last: Plan | undefined
  /** When something of the last plan has to be looked at again by time alone. */
  private lookAtMs = Number.POSITIVE_INFINITY
  private pending: string | undefined

  private readonly refused = new Refused()
  private unusedSince = new Map<string, number>()
  private guard: { readonly names: ReadonlySet<string>; readonly atMs: number } | undefined
  private confirmed: ReadonlySet<string> = new Set()
  private approvedSource: string | undefined
  private readonly repairs
  /** Since when antrea-controller says it does not know a tier, by name; until it takes a policy again. */
  private readonly unknownSinceMs = new Map<string, number>()
  private readonly groupWrittenMs = new Map<string, number>()
  private readonly standing
  private readonly journal
  private readonly counts

  constructor(deps: EnforcerDeps) {
    this.deps = deps
    this.planning = new Deciding({ ...deps, translate: deps.translate ?? createTranslator(deps.tiers) })
    this.standing = createStandingTimes(() => deps.clock.monotonicMs())
    this.unresolved = createUnresolved(deps.health)
    this.counts = createFigures(deps.clock)
    this.journal = createJournal(deps.clock, deps.tell ?? (() => {}))
    this.repairs = new Repairs({ ...deps, wasThere: (name) => this.planning.remembered.policies.has(name) })
  }

  take(state: DesiredState): void {
    if (state.version !== this.desired?.version) this.journal.wanted()
    this.desired = state
    this.planning.setStale()
  }

  state(): DesiredState | undefined {
    return this.desired
  }

  reported(): DesiredState | undefined {
    return this.planning.translated?.state
  }

  lacking(): readonly string[] {
    return lackingMembers(this.planning.translated?.translation)
  }

  approve(): void {
    this.approvedSource = this.desired?.source
    this.planning.setStale()
  }

  standDown(): void {
    for (const part of [this.planning, this.unresolved, this.repairs]) part.forget()
    for (const map of [this.refused, this.groupWrittenMs, this.unknownSinceMs]) map.clear()
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

  async plan(signal?: AbortSignal): Promise<Plan> {
    const { desired } = this
    if (desired === undefined || !this.isClusterKnown()) throw notReady()
    // One moment for all: what is told, what is left as it is, and when it has to be looked at again.
    const nowMs = this.deps.clock.monotonicMs()
    const { last } = this
    if (last !== undefined && nowMs < this.lookAtMs && this.planning.isStillAwaiting(last))
      return { ...last, againMs: undefined }
    this.forgetOld(nowMs)
    const now = { nowMs, resting: this.repairs.restingAt(nowMs) }
    let next = await this.planOnce(desired, now, signal)
    if (next.deletes.kind === 'guarded') next = await this.passGuard(desired, next, now, signal)
    else if (next.deletes.kind === 'free') this.guard = undefined
    this.learn(next, nowMs)
    const againMs = this.againMs(next.againMs, nowMs)
    this.lookAtMs = nowMs + (againMs ?? Number.POSITIVE_INFINITY)
    this.last = next
    if (next.rivals.length > 0)
      throw needsPerson(
        'SECOND_ADAPTER',
        `another adapter keeps policy in this cluster (${listNames(next.rivals)}); nothing is written: stop it, then run adopt`,
      )
    if (this.deps.mode === 'observe') return this.observed(next, nowMs)
    return { ...next, againMs }
  }

  get cluster(): ClusterSight {
    return this.planning
  }

  async preview(signal?: AbortSignal): Promise<PlanPreview> {
    const { desired } = this
    if (desired === undefined) throw noCopy()
    if (!this.isClusterKnown()) throw notReady()
    const nowMs = this.deps.clock.monotonicMs()
    const memory = this.memoryOf({ nowMs, resting: this.repairs.restingAt(nowMs) })
    return { state: desired, ...(await this.planning.preview(desired, memory, signal)) }
  }

  private isClusterKnown(): boolean {
    return Object.values(this.deps.stores).every((store) => store.synced && store.live)
  }

  /** Told, not done. */
  private observed(next: Plan, nowMs: number): Plan {
    const [first, ...more] = next.steps.map(stepText)
    const rest = more.length === 0 ? '' : ` and ${more.length} more`
    this.deps.health.set('OBSERVING', `it would write: ${first === undefined ? 'nothing' : first + rest}`)
    return {
      ...next,
      steps: [],
      awaiting: [],
      deletes: { kind: 'free' },
      againMs: this.unresolved.againMs(nowMs),
    }
  }

  async apply(next: Plan, signal: AbortSignal): Promise<ApplyOutcome> {
    const { kube, log, clusterId, clock } = this.deps
    const startedMs = clock.monotonicMs()
    const outcome = await applySteps(
      next.steps,
      {
        kube,
        log,
        clusterId,
        onWritten: (type, name, base, now) => {
          log.info({ kind: type.kind, name, gone: now === undefined }, 'written')
          this.repairs.note(type.plural, name, base, now)
          this.planning.written(type.plural, name, base, now)
          if (type.plural === RESOURCES.clusterNetworkPolicies.plural && now !== undefined)
            this.unknownSinceMs.clear()
          if (type.plural === RESOURCES.clusterGroups.plural && base !== undefined && now !== undefined)
            this.groupWrittenMs.set(name, clock.monotonicMs())
        },
        onRefused: (ref, refusal) => this.refused.note(ref, refusal, clock.monotonicMs()),
        formerPolicy: (name) => this.planning.remembered.policies.get(name),
        isTierFresh: (name) => this.isTierFresh(name),
        onStep: (step) => this.journal.step(step),
      },
      signal,
    )
    this.journal.plan(next, outcome, startedMs, signal.aborted)
    return outcome
  }

  realization(missing: () => readonly string[]): ReturnType<NsxPolicies['realization']> {
    const { translated } = this.planning
    if (translated === undefined) return undefined
    const { clusterId, clock } = this.deps
    const isClusterKnown = this.isClusterKnown()
    const ours = this.planning.policies.values().filter((policy) => ownershipOf(policy, clusterId) === 'ours')
    const byPath = new Map(ours.map((policy) => [annotationOf(policy, 'intentPath') ?? '', policy]))
    const byName = new Map(ours.map((policy) => [policy.metadata.name, policy]))
    for (const name of byName.keys()) this.noteStatus(name)
    const verdicts = judgePolicies({
      translation: translated.translation,
      held: this.last?.held ?? new Map(),
      isClusterKnown,
      storedPolicy: (name, path) => (name === undefined ? byPath.get(path) : byName.get(name)),
      storedGroup: (name) => this.planning.groups.get(name),
      pending: this.pending,
      nowMs: clock.monotonicMs(),
      groupWrittenMs: this.groupWrittenMs,
      sinceMs: (policy) => this.standing.sinceMs(policy.metadata.name, policy),
      missing,
    })
    return { verdicts, isGone: (path) => isClusterKnown && !byPath.has(path) }
  }

  figures(): PolicyFigures {
    return this.counts.of(this.planning.translated, this.last)
  }

  adoption(): readonly Adoption[] {
    const { policies, groups, translated } = this.planning
    const wanted = new Set(
      (translated?.translation.policies ?? []).flatMap((policy) => [policy.name, ...policy.groups]),
    )
    const { clusterId } = this.deps
    return adoptionOf({ policies: policies.values(), groups: groups.values(), clusterId, wanted })
  }

  async adopt(adoptions: readonly Adoption[], signal?: AbortSignal): Promise<void> {
    const { kube, log } = this.deps
    const onAdopted = ({ kind, name, base }: Adoption, stored: KubeObject) => {
      log.info({ kind, name }, 'adopted')
      const type = kind === 'ClusterGroup' ? RESOURCES.clusterGroups : RESOURCES.clusterNetworkPolicies
      this.planning.written(type.plural, name, base, stored)
    }
    await adopt(adoptions, kube, onAdopted, signal)
  }

  noteStatus(name: string): void {
    this.standing.note(name, this.deps.stores.clusterNetworkPolicies.get(name))
  }

  /** A cache of antrea-controller lags after the tier is made, and after antrea-controller itself was started. */
  private isTierFresh(name: string): boolean {
    const nowMs = this.deps.clock.monotonicMs()
    const sinceMs = this.unknownSinceMs.get(name) ?? nowMs
    this.unknownSinceMs.set(name, sinceMs)
    return nowMs - sinceMs < TIER_SETTLE_MS
  }

  private againMs(plannedMs: number | undefined, nowMs: number): number | undefined {
    const { repairs, unresolved, refused } = this
    const moments = [plannedMs, repairs.againMs(nowMs), unresolved.againMs(nowMs), refused.restMs(nowMs)]
    const known = moments.filter((ms) => ms !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  private planOnce(desired: DesiredState, now: Now, signal: AbortSignal | undefined): Promise<Plan> {
    return this.planning.plan(desired, this.memoryOf(now), signal)
  }

  private memoryOf(now: Now): Omit<PlanMemory, 'remembered'> {
    const { unusedSince, confirmed, approvedSource } = this
    const suspect = this.guard?.names ?? NONE
    return { ...now, refused: this.refused.known, unusedSince, confirmed, suspect, approvedSource }
  }

  /** What this snapshot and the one before it, far enough apart, agree on is confirmed. */
  private async passGuard(
    desired: DesiredState,
    guarded: Plan,
    now: Now,
    signal: AbortSignal | undefined,
  ): Promise<Plan> {
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
    const next = await this.planOnce(desired, now, signal)
    this.guard = next.deletes.kind === 'guarded' ? { names: new Set(names), atMs: nowMs } : undefined
    return next
  }

  /** Keeps what the next plan needs to know of this one. */
  private learn(next: Plan, nowMs: number): void {
    const { health } = this.deps
    this.unusedSince = new Map(next.unused.map((name) => [name, this.unusedSince.get(name) ?? nowMs]))
    const { remembered, policies } = this.planning
    const { translation } = this.planning.translated ?? {}
    const wanted = remembered.learn(translation, (name) => policies.get(name))
    this.unresolved.note(translation?.held ?? [], nowMs)
    this.journal.problems(translation?.held ?? [], next.held)
    if (next.steps.length + next.awaiting.length === 0) this.journal.nothingToDo()
    // A name that NSX holds again is not agreed to be gone any more.
    this.confirmed = new Set([...this.confirmed].filter((name) => !wanted.has(name)))
    const raised = new Map(next.warnings.map(({ code, detail }) => [code, detail]))
    for (const code of PLAN_WARNINGS) {
      const detail = raised.get(code)
      if (detail === undefined) health.clear(code)
      else health.set(code, detail)
    }
  }

  private forgetOld(nowMs: number): void {
    this.refused.forgetOld(nowMs)
    for (const [name, ms] of this.groupWrittenMs) if (nowMs - ms > SETTLE_MS) this.groupWrittenMs.delete(name)
    const gone = [...this.confirmed].filter((name) => this.planning.policies.get(name) === undefined)
    if (gone.length > 0) this.confirmed = new Set([...this.confirmed].filter((name) => !gone.includes(name)))
  }
}

const notReady = () =>
  waitFor('KUBE_NOT_READY', 'nothing is decided before the cluster and the policy are known completely')
