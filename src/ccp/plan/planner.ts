/**
 * Plans what a change touches, with the same result as a plan of everything: once the cluster was found as it should be,
 * only what has changed since, in NSX or in the cluster, can need a step; all else is told to the plan in figures.
 */
import type { ClusterGroup, ClusterNetworkPolicy, Tier } from '../../kube/antrea.ts'
import type { KubeObject } from '../../kube/types.ts'
import type { Steps } from '../../world/steps.ts'
import { annotationOf, isRival, ownershipOf } from '../ownership.ts'
import { Relation, type TranslatedPolicy, type Translation } from '../translate/index.ts'
import { isTemporaryName } from './changes.ts'
import { groupsEver } from './holding.ts'
import { parentName } from './inventory.ts'
import { planPart } from './plan.ts'
import type { Plan, PlanInput } from './types.ts'

/** The cluster by name, where our own newest writes count. */
export interface ClusterObjects {
  readonly policies: Objects<ClusterNetworkPolicy>
  readonly groups: Objects<ClusterGroup>
  readonly tiers: Objects<Tier>
}
export interface Objects<T> {
  get(name: string): T | undefined
  values(): readonly T[]
}

export type Question = Omit<PlanInput, 'cluster' | 'elsewhere'>

export interface Planner {
  /** This object is another one now, or gone. */
  touch(kind: 'policies' | 'groups' | 'tiers', name: string): void
  /** The next plan looks at everything. */
  forget(): void
  /** In steps; touched meanwhile counts for the next one. One at a time. */
  plan(question: Question, cluster: ClusterObjects): Steps<Plan>
}

/** The state in which a plan found nothing to do. */
interface Rest {
  readonly translation: Translation
  readonly policies: ReadonlyMap<string, TranslatedPolicy>
  readonly source: string
  readonly clusterId: string
  readonly tiers: PlanInput['tiers']
  readonly approvedSource: string | undefined
  /** Paths that were held then. */
  readonly held: readonly string[]
}

/** Objects looked at in one step. */
const OBJECTS_A_STEP = 100
/** A part of this share or more is as well planned whole. */
const PART_MAX = 0.5

export const createPlanner = (): Planner => new ChangePlanner()

class ChangePlanner implements Planner {
  private rest: Rest | undefined
  private forgotten = 0
  /** Since the rest. */
  private readonly changed = { policies: new Set<string>(), groups: new Set<string>() }
  /** Groups that a changed policy named, or that were to go, since the rest: perhaps nobody names them any more. */
  private readonly left = new Set<string>()
  /** Since the last plan began. */
  private touched = { policies: new Set<string>(), groups: new Set<string>() }

  /** Of all policies of ours in the cluster: the ClusterGroups that each names, or will again. */
  private readonly stored = new Relation()
  /** Of these, their intent paths. */
  private readonly paths = new Relation()
  private readonly owned = new Set<string>()
  /** Of all ClusterGroups of ours: the group that each is a part of. */
  private readonly children = new Relation()
  /** Not ours and yet told of. */
  private readonly similar = { policies: new Set<string>(), groups: new Set<string>() }
  /** Of all policies that are translated. */
  private readonly wanted = new Relation()
  private readonly learned = new Map<string, TranslatedPolicy>()
  private readonly wantedPaths = new Map<string, string>()

  touch(kind: 'policies' | 'groups' | 'tiers', name: string): void {
    if (kind === 'tiers') this.forget()
    else this.touched[kind].add(name)
  }

  forget(): void {
    this.rest = undefined
    this.forgotten += 1
  }

  *plan(question: Question, cluster: ClusterObjects): Steps<Plan> {
    // Policies that only name a group that changes seldom matter; where they do, the plan begins anew with them.
    const short = yield* this.planNow(question, cluster, false)
    const next = short ?? (yield* this.planNow(question, cluster, true))
    if (next === undefined) throw new Error('a plan with all that matters asks for more')
    return next
  }

  private *planNow(question: Question, cluster: ClusterObjects, hasUsers: boolean): Steps<Plan | undefined> {
    const { rest } = this
    const touched = this.touched
    this.touched = { policies: new Set(), groups: new Set() }
    for (const name of touched.policies) this.changed.policies.add(name)
    for (const name of touched.groups) this.changed.groups.add(name)
    const part = rest === undefined ? undefined : this.partOf(rest, question, cluster, { touched, hasUsers })
    // Taken in one go: what changes while steps pause belongs to the next plan.
    const input = part ?? {
      ...question,
      cluster: {
        policies: cluster.policies.values(),
        groups: cluster.groups.values(),
        tiers: cluster.tiers.values(),
      },
    }
    const { forgotten } = this
    if (part === undefined) {
      this.rest = undefined
      yield* this.learnAll(input)
    }
    const next = yield* planPart(input)
    if (next === undefined) return undefined
    // A delete that is not carried out is found again: nothing else remembers what it was about.
    for (const step of next.steps)
      if (step.kind === 'delete-group') this.left.add(parentName(step.base.metadata.name))
    if (forgotten === this.forgotten && isAtRest(next)) this.settle(question, next)
    return next
  }

  private settle({ translation, source, clusterId, tiers, memory }: Question, next: Plan): void {
    for (const names of [this.changed.policies, this.changed.groups, this.left]) names.clear()
    const policies =
      this.rest?.translation === translation
        ? this.rest.policies
        : new Map(translation.policies.map((policy) => [policy.name, policy]))
    const held = [...new Set([...next.held.keys(), ...translation.held.map(({ path }) => path)])]
    const { approvedSource } = memory
    this.rest = { translation, policies, source, clusterId, tiers, approvedSource, held }
  }

  /** Only what changed; undefined where the whole has to be looked at. */
  private partOf(
    rest: Rest,
    question: Question,
    cluster: ClusterObjects,
    { touched, hasUsers }: { touched: ChangePlanner['touched']; hasUsers: boolean },
  ): PlanInput | undefined {
    const { translation, memory, clusterId } = question
    const isSame =
      rest.source === question.source &&
      rest.clusterId === clusterId &&
      rest.tiers === question.tiers &&
      rest.approvedSource === memory.approvedSource
    if (!isSame) return undefined
    for (const name of touched.policies) this.learnPolicy(clusterId, name, cluster.policies.get(name))
    for (const name of touched.groups) this.learnGroup(clusterId, name, cluster.groups.get(name))
    const edits = this.editsSince(rest, translation)
    const policies = new Set([...this.changed.policies, ...edits.policies, ...this.similar.policies])
    this.addHeld(policies, [...rest.held, ...translation.held.map(({ path }) => path)])
    for (const { name } of translation.held) if (name !== undefined) policies.add(name)
    const changing = new Set([...[...this.changed.groups].map(parentName), ...edits.groups])
    for (const group of changing) this.addUsers(group, hasUsers, policies)
    this.addPaths(policies)
    if (policies.size > PART_MAX * (this.owned.size + translation.policies.length)) return undefined
    const groups = this.groupsAround(question, cluster, policies, changing)
    const here = (names: Iterable<string>) => [...names].filter((name) => this.owned.has(name)).length
    return {
      ...question,
      translation: {
        ...translation,
        policies: translation.policies.filter(({ name }) => policies.has(name)),
      },
      cluster: {
        policies: [...policies].flatMap((name) => cluster.policies.get(name) ?? []),
        groups: [...groups].flatMap((name) => cluster.groups.get(name) ?? []),
        tiers: cluster.tiers.values(),
      },
      elsewhere: {
        policies: this.owned.size - here(policies),
        names: (group) =>
          this.stored.isHeldBeside(group, policies) || this.wanted.isHeldBeside(group, policies),
        groups: [...changing].filter((group) => this.wanted.isHeldBeside(group, policies)),
      },
    }
  }

  /** Whose form in the cluster and in NSX both name the group is left out where `isAll` is not asked for. */
  private addUsers(group: string, isAll: boolean, policies: Set<string>): void {
    const [stored, wanted] = [this.stored.namesOf(group), this.wanted.namesOf(group)]
    for (const name of stored) if (isAll || !wanted.has(name)) policies.add(name)
    for (const name of wanted) if (isAll || !stored.has(name)) policies.add(name)
  }

  /** Brings what is known of the translated policies up to date; what differs from the rest. */
  private editsSince(
    rest: Rest,
    { policies, groups }: Translation,
  ): { policies: string[]; groups: string[] } {
    const edits = { policies: [] as string[], groups: [] as string[] }
    const names = new Set<string>()
    for (const policy of policies) {
      names.add(policy.name)
      if (this.learned.get(policy.name) !== policy) this.learnWanted(policy)
      if (rest.policies.get(policy.name) !== policy) edits.policies.push(policy.name)
    }
    for (const name of this.learned.keys()) if (!names.has(name)) this.unlearnWanted(name)
    for (const name of rest.policies.keys()) if (!names.has(name)) edits.policies.push(name)
    if (groups !== rest.translation.groups) {
      for (const [name, group] of groups)
        if (rest.translation.groups.get(name) !== group) edits.groups.push(name)
      for (const name of rest.translation.groups.keys()) if (!groups.has(name)) edits.groups.push(name)
    }
    return edits
  }

  private addHeld(policies: Set<string>, paths: readonly string[]): void {
    for (const path of paths) {
      for (const name of this.paths.namesOf(path)) policies.add(name)
      const name = this.wantedPaths.get(path)
      if (name !== undefined) policies.add(name)
    }
  }

  /** Whatever stands for the same path: a policy under a new name. */
  private addPaths(policies: Set<string>): void {
    for (const name of [...policies]) this.addHeld(policies, this.paths.keysOf(name))
    for (const name of this.owned) if (isTemporaryName(name)) policies.add(name)
  }

  /** Every ClusterGroup that these policies have to do with, with its children. */
  private groupsAround(
    { translation, memory }: Question,
    cluster: ClusterObjects,
    policies: ReadonlySet<string>,
    changing: ReadonlySet<string>,
  ): ReadonlySet<string> {
    const parents = new Set([...changing, ...this.left, ...[...memory.unusedSince.keys()].map(parentName)])
    for (const name of policies)
      for (const relation of [this.stored, this.wanted])
        for (const group of relation.keysOf(name)) parents.add(group)
    const groups = new Set([...parents, ...memory.unusedSince.keys(), ...this.changed.groups])
    for (const name of this.similar.groups) groups.add(name)
    for (const name of parents) {
      for (const child of this.children.namesOf(name)) groups.add(child)
      for (const child of translation.groups.get(name)?.children.keys() ?? []) groups.add(child)
      for (const child of cluster.groups.get(name)?.spec.childGroups ?? []) groups.add(child)
    }
    return groups
  }

  private learnPolicy(clusterId: string, name: string, object: ClusterNetworkPolicy | undefined): void {
    const isOurs = isOwned(object, clusterId)
    for (const group of this.stored.keysOf(name)) this.left.add(group)
    this.stored.set(name, isOurs ? groupsEver(object) : [])
    this.paths.set(name, isOurs ? [annotationOf(object, 'intentPath') ?? ''] : [])
    if (isOurs) this.owned.add(name)
    else this.owned.delete(name)
    note(this.similar.policies, name, object, clusterId)
  }

  private learnGroup(clusterId: string, name: string, object: ClusterGroup | undefined): void {
    this.children.set(name, isOwned(object, clusterId) ? [parentName(name)] : [])
    note(this.similar.groups, name, object, clusterId)
  }

  private learnWanted(policy: TranslatedPolicy): void {
    const { name, path, groups } = policy
    for (const group of this.wanted.keysOf(name)) this.left.add(group)
    this.learned.set(name, policy)
    this.wanted.set(name, groups)
    this.wantedPaths.set(path, name)
  }

  private unlearnWanted(name: string): void {
    const path = this.learned.get(name)?.path
    if (path !== undefined && this.wantedPaths.get(path) === name) this.wantedPaths.delete(path)
    this.learned.delete(name)
    for (const group of this.wanted.keysOf(name)) this.left.add(group)
    this.wanted.set(name, [])
  }

  private *learnAll({ clusterId, cluster, translation }: PlanInput): Steps<void> {
    for (const relation of [this.stored, this.paths, this.children, this.wanted]) relation.clear()
    this.owned.clear()
    this.wantedPaths.clear()
    this.learned.clear()
    for (const names of [this.similar.policies, this.similar.groups]) names.clear()
    for (const [at, object] of cluster.policies.entries()) {
      if (at % OBJECTS_A_STEP === 0) yield undefined
      this.learnPolicy(clusterId, object.metadata.name, object)
    }
    for (const [at, object] of cluster.groups.entries()) {
      if (at % OBJECTS_A_STEP === 0) yield undefined
      this.learnGroup(clusterId, object.metadata.name, object)
    }
    for (const [at, policy] of translation.policies.entries()) {
      if (at % OBJECTS_A_STEP === 0) yield undefined
      this.learnWanted(policy)
    }
  }
}

const isAtRest = ({ steps, awaiting, deletes, renaming, rivals, resting }: Plan): boolean =>
  steps.length + awaiting.length + renaming.length + rivals.length + resting.length === 0 &&
  deletes.kind === 'free'

const isOwned = <T extends KubeObject>(object: T | undefined, clusterId: string): object is T =>
  object !== undefined && ownershipOf(object, clusterId) === 'ours'

function note(similar: Set<string>, name: string, object: KubeObject | undefined, clusterId: string): void {
  const ownership = object === undefined ? 'foreign' : ownershipOf(object, clusterId)
  if (ownership === 'looks-like-ours' || isRival(ownership)) similar.add(name)
  else similar.delete(name)
}
