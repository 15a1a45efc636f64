/**
 * Random edit histories carried out by the planner on a model cluster. After every single write the Antrea judge looks
 * whether any flow is let through further than both the old and the new rules let it; at rest it must agree with the
 * NSX judge about what is in force, held policies at their last accepted revision included.
 */
import { ModelCluster } from '../unit/ccp/model.ts'
import { type AntreaVerdict, antreaJudge } from './antrea.ts'
import { randomCluster, randomFlows } from './cluster.ts'
import { Dice } from './dice.ts'
import { BREAKING_EDITS, MASS_EDITS, SOUND_EDITS } from './edits.ts'
import {
  accepted,
  answersOf,
  describe,
  firstDisagreement,
  revisions,
  selfOf,
  stored,
  translate,
} from './exact.ts'
import { LONE_IDS } from './ids.ts'
import { GROUPS, type Intent, IntentMaker, Notes } from './intent.ts'
import { nsxJudge, type PolicyInForce } from './nsx.ts'
import type { Body, GroupRevision } from './nsx-members.ts'
import { type Cluster, DIRECTIONS, type Direction, type Flow, show } from './types.ts'

type Translation = ReturnType<typeof translate>
type Step = Parameters<ModelCluster['write']>[0]

/** How far a verdict lets a flow: what no rule matches is for native policy to decide. */
const REACH: Readonly<Record<AntreaVerdict, number>> = {
  drop: 0,
  reject: 0,
  unmatched: 1,
  allow: 2,
  undetermined: 2,
}

const path = (id: string) => `${GROUPS}/${id}`
const POOLS = {
  pods: ['g0', 'g1', 'g2'].map(path),
  peers: ['g0', 'g1', 'g2', 'm0', 'i0', 'n0', 'v0'].map(path),
  addresses: ['i0', 'v0'].map(path),
  ids: LONE_IDS,
}

interface Accepted {
  readonly body: Body
  readonly services: ReadonlyMap<string, Body>
  readonly profiles: ReadonlyMap<string, Body>
}

/** What NSX has in force in the cluster: refused policies and groups as they were last accepted. */
class InForce {
  private policies = new Map<string, Accepted>()
  private groups = new Map<string, GroupRevision>()
  /** Paths of policies at a former revision. */
  held: ReadonlySet<string> = new Set()

  /** `isKeeping`: what NSX does not hold any more stays too, until that is believed. */
  take(intent: Intent, translation: Translation, isKeeping: boolean): void {
    const now = revisions(intent)
    const { services, profiles } = intent
    for (const { path: group } of translation.groups.values()) this.groups.set(group, now.get(group)!)
    const taken = accepted(translation)
    const next = new Map<string, Accepted>()
    for (const [policy, body] of intent.policies) {
      const before = this.policies.get(policy)
      if (taken.has(policy)) next.set(policy, { body, services, profiles })
      else if (before !== undefined && body['marked_for_delete'] !== true) next.set(policy, before)
    }
    if (isKeeping)
      for (const [policy, before] of this.policies) {
        const id = before.body['unique_id']
        // An object of which nothing is left to enforce would be deleted, too.
        const isEmpty = translation.empty.some((one) => one.path === policy)
        const after = isEmpty ? undefined : next.get(policy)?.body['unique_id']
        if (after !== id) next.set(after === undefined ? policy : `${policy} as ${id}`, before)
      }
    this.held = new Set([...next.keys()].filter((policy) => !taken.has(policy)))
    this.policies = next
  }

  view(): PolicyInForce[] {
    return [...this.policies.values()].map((accepted) => ({ ...accepted, groups: this.groups }))
  }
}

/** Criteria that were joined, and exceptions. */
const FROZEN = /matchExpressions|"except"/
/** What was left of addresses of both families, where a rule, or its ICMP, is for one. */
const OF_ONE_FAMILY = /"IPV[46]"|ICMP|services\/ic|"protocol_number":(1|58)[,}]/

export interface HistoryOptions {
  readonly seed: number
  readonly rounds: number
  readonly flows: number
  /** With edits after which something is refused. */
  readonly isBreaking: boolean
  /** The next edit may come after any write. */
  readonly isHasty: boolean
  /** Many policies go at once, and that is believed only later. */
  readonly isGuarded?: boolean
  /** Another way to carry a plan out; the planner's own when absent. */
  readonly carryOut?: (steps: readonly Step[]) => readonly Step[]
}

export interface HistoryOutcome {
  writes: number
  /** Comparisons of a verdict after a write with what may be. */
  looks: number
  rests: number
  /** Of these, compared with something held. */
  heldRests: number
  guardedRests: number
}

interface Watched {
  readonly flow: Flow
  readonly direction: Direction
  /** The furthest that any state since the last rest lets it. */
  limit: number
}

class History {
  readonly options: HistoryOptions
  readonly dice: Dice
  readonly notes = new Notes()
  readonly maker: IntentMaker
  readonly cluster: Cluster
  readonly model = new ModelCluster()
  readonly inForce = new InForce()
  readonly outcome: HistoryOutcome = { writes: 0, looks: 0, rests: 0, heldRests: 0, guardedRests: 0 }
  readonly story: string[] = []
  intent: Intent
  watched: Watched[] = []
  /** What may be wider, where only the cluster at rest tells what is in force. */
  doubts: { flow: Flow; direction: Direction; verdict: AntreaVerdict }[] = []
  nowMs = 0
  /** Many deletes wait for another snapshot. */
  isGuarding = false
  suspect: ReadonlySet<string> = new Set()
  readonly unusedSince = new Map<string, number>()

  constructor(options: HistoryOptions) {
    this.options = options
    this.dice = new Dice(options.seed)
    this.cluster = randomCluster(this.dice)
    this.maker = new IntentMaker(this.dice, this.notes, POOLS)
    const intent = this.maker.intent()
    const refused = new Set(
      options.isHasty ? translate(intent, this.cluster).held.map((policy) => policy.path) : [],
    )
    this.intent = {
      ...intent,
      policies: new Map([...intent.policies].filter(([policy]) => !refused.has(policy))),
    }
  }

  fail(what: string): never {
    throw new Error(`seed ${this.options.seed}: ${what}\n${this.story.slice(-60).join('\n')}`)
  }

  run(): HistoryOutcome {
    this.watch()
    this.settle(this.take())
    for (let round = 0; round < this.options.rounds; round += 1) {
      this.watch()
      let translation = this.edit()
      while (this.options.isHasty && this.dice.chance(0.5)) {
        this.work(translation, this.dice.int(1, 6))
        translation = this.edit()
      }
      this.settle(translation)
    }
    return this.outcome
  }

  /** New flows to look at, each limited to what it may do now. */
  watch(): void {
    const flows = randomFlows(this.dice, this.cluster, this.notes, this.options.flows)
    const judge = antreaJudge(stored(this.model), this.cluster)
    this.watched = flows.flatMap((flow) =>
      DIRECTIONS.filter((direction) => selfOf(flow, direction) !== undefined).map((direction) => ({
        flow,
        direction,
        limit: REACH[judge(flow, direction)],
      })),
    )
  }

  /** One to four edits. */
  edit(): Translation {
    const all = Object.entries({
      ...SOUND_EDITS,
      ...(this.options.isBreaking ? BREAKING_EDITS : {}),
      ...(this.options.isGuarded ? MASS_EDITS : {}),
    })
    for (const [name, edit] of this.dice.some(all, this.dice.pick([1, 1, 2, 2, 3, 4]))) {
      const next = edit(this.intent, this.maker)
      // In haste a revision may be accepted and never be written; so there nothing is refused that was accepted.
      if (this.options.isHasty && translate(next, this.cluster).held.length > 0) continue
      this.story.push(`edit: ${name}`)
      this.intent = next
    }
    return this.take()
  }

  /** What NSX decides from now on is allowed too. */
  take(): Translation {
    const translation = translate(this.intent, this.cluster)
    this.isGuarding = this.options.isGuarded === true
    const { deletes } = this.model.plan(translation, this.memory())
    this.isGuarding &&= deletes.kind === 'guarded'
    this.suspect = new Set(this.isGuarding && deletes.kind === 'guarded' ? deletes.names : [])
    this.inForce.take(this.intent, translation, this.isGuarding)
    const judge = nsxJudge(this.inForce.view(), this.cluster)
    for (const one of this.watched) one.limit = Math.max(one.limit, REACH[judge(one.flow, one.direction)])
    return translation
  }

  memory() {
    const confirmed = new Set(this.isGuarding ? [] : LONE_IDS)
    return { nowMs: this.nowMs, unusedSince: this.unusedSince, confirmed, suspect: this.suspect }
  }

  plan(translation: Translation) {
    this.nowMs += 60_000
    const { nowMs, unusedSince } = this
    const next = this.model.plan(translation, this.memory())
    for (const name of next.unused) if (!unusedSince.has(name)) unusedSince.set(name, nowMs)
    return next
  }

  /** Writes at most so many steps; false when there was nothing left to do. */
  work(translation: Translation, most: number): boolean {
    const next = this.plan(translation)
    const steps = this.options.carryOut?.(next.steps) ?? next.steps
    for (const step of steps.slice(0, most)) {
      this.model.write(step)
      this.outcome.writes += 1
      const { name } = ('object' in step ? step.object : step.base).metadata
      this.story.push(`write: ${step.stage} ${step.kind} ${name}`)
      this.look()
    }
    return next.steps.length + next.awaiting.length > 0 || next.againMs !== undefined
  }

  /** No flow reaches further than before and after. */
  look(): void {
    const judge = antreaJudge(stored(this.model), this.cluster)
    for (const { flow, direction, limit } of this.watched) {
      this.outcome.looks += 1
      const verdict = judge(flow, direction)
      if (REACH[verdict] > limit && this.hasFrozenSelectors()) this.doubts.push({ flow, direction, verdict })
      else if (REACH[verdict] > limit)
        this.fail(
          `wider: ${direction} of ${show(flow)} is ${verdict}, limit ${limit}; held: ${[...this.inForce.held]}`,
        )
    }
  }

  /** To rest; then what is enforced is what is in force. */
  settle(translation: Translation): void {
    let rounds = 0
    while (this.work(translation, Number.POSITIVE_INFINITY)) {
      rounds += 1
      if (rounds > 60) this.fail('it does not come to rest')
    }
    this.outcome.rests += 1
    const judge = antreaJudge(stored(this.model), this.cluster)
    for (const { flow, direction, verdict } of this.doubts.splice(0))
      if (REACH[verdict] > REACH[judge(flow, direction)])
        this.fail(`wider: ${direction} of ${show(flow)} was ${verdict}; held: ${[...this.inForce.held]}`)
    if (!this.hasFrozenSelectors()) this.compare()
    this.story.push('at rest')
    if (this.isGuarding) this.believe(translation)
  }

  /** What is enforced is what is in force. */
  compare(): void {
    if (this.inForce.held.size > 0) this.outcome.heldRests += 1
    const flows = this.watched.map(({ flow }) => flow)
    const answers = answersOf(nsxJudge(this.inForce.view(), this.cluster), flows)
    const found = firstDisagreement(answers, stored(this.model), this.cluster)
    if (found !== undefined) this.fail(`at rest: ${describe(found)}; held: ${[...this.inForce.held]}`)
  }

  /** The second look: what went is gone. */
  believe(translation: Translation): void {
    const judge = antreaJudge(stored(this.model), this.cluster)
    this.outcome.guardedRests += 1
    this.isGuarding = false
    this.inForce.take(this.intent, translation, false)
    const nsx = nsxJudge(this.inForce.view(), this.cluster)
    for (const one of this.watched)
      one.limit = Math.max(REACH[judge(one.flow, one.direction)], REACH[nsx(one.flow, one.direction)])
    this.story.push('what went is believed')
    this.settle(translation)
  }

  /**
   * Whether a held policy has what was made from groups written out in its rules: this stays as it was even where the
   * groups go on (docs/semantics.md), which the view above does not say.
   */
  hasFrozenSelectors(): boolean {
    const paths = [...this.inForce.held].map((held) => held.split(' ')[0])
    const ofOneFamily = new Set(
      this.inForce
        .view()
        .flatMap((one) => (OF_ONE_FAMILY.test(JSON.stringify(one.body)) ? [one.body['path']] : [])),
    )
    return [...this.model.policies.values()].some(({ metadata, spec }) => {
      const path = metadata.annotations?.['antrea-nsx-adapter/intent-path']
      const text = JSON.stringify(spec)
      return (
        paths.includes(path) && (FROZEN.test(text) || (ofOneFamily.has(path) && text.includes('"ipBlock"')))
      )
    })
  }
}

/** Runs one; throws with the seed and the last writes where something is wrong. */
export const runHistory = (options: HistoryOptions): HistoryOutcome => new History(options).run()
