/** The whole: a complete set of NSX objects in, Antrea objects and held policies out. */
import type { ClusterGroupSpec } from '../../kube/antrea.ts'
import { runSteps, type Steps, sortSteps } from '../../world/steps.ts'
import type { TierSettings } from '../settings.ts'
import { assemble, type Drafted, type SpecCache } from './assemble.ts'
import { GroupHead, readBody } from './body.ts'
import { uuidName } from './canonical.ts'
import { groupChildren } from './children.ts'
import { faceOf, type GroupFace } from './face.ts'
import { type ClusterFacts, missingField, UNKNOWN_CLUSTER } from './facts.ts'
import { isError, problem } from './findings.ts'
import { Former } from './former.ts'
import { type GroupShape, groupShape } from './groups.ts'
import { type Cache, createTracker, madeKey, type Tracker } from './lookup.ts'
import type { ResolveGroup } from './peers.ts'
import { draftPolicy, lacks, type PolicyDraft } from './policy.ts'
import {
  type DesiredObject,
  type DesiredObjects,
  objectKey,
  type TranslatedGroup,
  type Translation,
} from './types.ts'

/** What a person can set. */
export interface TranslateSettings {
  /** Domain names of context profiles become `fqdn` peers; off when absent. */
  readonly domains?: boolean
}

export interface Translate {
  /** All at once. Nothing known of the cluster: it is taken to hold everything, in both families. */
  (objects: DesiredObjects, facts?: ClusterFacts): Translation
  /**
   * The same in steps of at most about a millisecond (sorting a large set is one). Given up half-way, it leaves nothing
   * behind but what it has worked out already.
   */
  steps(objects: DesiredObjects, facts?: ClusterFacts): Steps<Translation>
  /** The same from scratch, beside a translation that is under way. */
  apart(objects: DesiredObjects, facts?: ClusterFacts): Steps<Translation>
}

interface NamedGroup {
  readonly name: string | undefined
  readonly displayName: string
  readonly shape: GroupShape
  /** Content-addressed; undefined: the shape has errors, or the group no name. */
  readonly children: ReadonlyMap<string, ClusterGroupSpec> | undefined
}

/** What was made of the groups of one set. */
interface Made {
  readonly named: ReadonlyMap<string, NamedGroup>
  /** What rules see of each, by path. */
  readonly faces: ReadonlyMap<string, GroupFace>
  /** Those that translate, by name. */
  readonly groups: ReadonlyMap<string, TranslatedGroup>
}

const NOTHING_MADE: Made = { named: new Map(), faces: new Map(), groups: new Map() }

/** What is kept between translations for one cluster. */
interface Caches {
  readonly named: Cache<NamedGroup>
  readonly groups: WeakMap<DesiredObject, TranslatedGroup>
  readonly drafts: Cache<PolicyDraft>
  readonly specs: SpecCache
  /** Of the set that was translated last; the results by path. */
  former: Former
  made: Made
  drafted: ReadonlyMap<string, Drafted>
}

const newCaches = (): Caches => ({
  named: new WeakMap(),
  groups: new WeakMap(),
  drafts: new WeakMap(),
  specs: new WeakMap(),
  former: new Former(),
  made: NOTHING_MADE,
  drafted: new Map(),
})

/**
 * A translator. What it keeps between calls only saves work: the result is always that of a translation from scratch,
 * whatever the order of the objects.
 */
export function createTranslator(tiers: TierSettings, settings: TranslateSettings = {}): Translate {
  let known = UNKNOWN_CLUSTER
  let caches = newCaches()

  function* steps(objects: DesiredObjects, facts: ClusterFacts = UNKNOWN_CLUSTER): Steps<Translation> {
    if (facts !== known) caches = newCaches()
    known = facts
    const kept = caches
    const next = kept.former.next(objects)
    const { former, drafted: draftedBefore } = kept
    // Given up half-way, this run leaves the next one nothing that holds for neither set.
    kept.former = new Former()
    const all = next?.sorted ?? (yield* sortSteps([...objects.values()], byPath))
    const made = yield* makeGroups(kept, { objects, all, touched: next?.touched, former, facts })
    const tracker = createTracker(objects, made.faces)
    const resolve = resolver((path) => tracker.recall(made.faces, path))
    const context = {
      lookup: tracker.lookup,
      resolve,
      families: facts.families,
      hasDomains: settings.domains === true,
      fields: facts.features.policy,
    }
    const drafts = new Map<string, Drafted>()
    for (const object of all) {
      if (object.kind !== 'SecurityPolicy') continue
      let one = next?.touched.has(object.path) === false ? draftedBefore.get(object.path) : undefined
      if (one === undefined) {
        const draft = yield* tracker.keep(kept.drafts, object, () => draftPolicy(object, context))
        former.note(object, kept.drafts.get(object)?.asked)
        one = { object, draft }
        yield
      }
      drafts.set(object.path, one)
    }
    const drafted = [...drafts.values()].filter(({ draft }) => !draft.head.isDeleted)
    const translation = yield* assemble(drafted, made.groups, {
      tiers,
      specs: kept.specs,
      before: draftedBefore,
    })
    former.settle(objects, all)
    Object.assign(kept, { former, made, drafted: drafts })
    return translation
  }

  return Object.assign((objects: DesiredObjects, facts?: ClusterFacts) => runSteps(steps(objects, facts)), {
    steps,
    apart: (objects: DesiredObjects, facts?: ClusterFacts) =>
      createTranslator(tiers, settings).steps(objects, facts),
  })
}

interface Making {
  readonly objects: DesiredObjects
  /** Sorted by path. */
  readonly all: readonly DesiredObject[]
  /** Paths of what may have another result than before, to which those are added that follow; undefined: everything. */
  readonly touched: Set<string> | undefined
  readonly former: Former
  readonly facts: ClusterFacts
}

/** All groups, before the first policy asks; the very same as before where no group is touched. */
function* makeGroups(caches: Caches, { objects, all, touched, former, facts }: Making): Steps<Made> {
  const before = caches.made
  const isGroup = (path: string) => before.named.has(path) || objects.has(objectKey('Group', path))
  if (touched !== undefined && ![...touched].some(isGroup)) return before
  const made = {
    named: new Map<string, NamedGroup>(),
    faces: new Map<string, GroupFace>(),
    groups: new Map<string, TranslatedGroup>(),
  }
  const tracker = createTracker(objects, made.faces)
  for (const object of all) {
    if (object.kind !== 'Group') continue
    const { path } = object
    const last = before.named.get(path)
    let named = touched?.has(path) === false ? last : undefined
    if (named === undefined) {
      named = yield* tracker.keep(caches.named, object, () => nameGroup(object, tracker, facts, last))
      former.note(object, caches.named.get(object)?.asked)
      yield
    }
    const faceBefore = before.faces.get(path)
    const face = named === last && faceBefore !== undefined ? faceBefore : faceOf(path, named, faceBefore)
    if (touched !== undefined && face !== faceBefore) former.addAskers(madeKey(path), touched)
    made.named.set(path, named)
    made.faces.set(path, face)
    const { name, displayName, children } = named
    if (name === undefined || children === undefined || made.groups.has(name)) continue
    made.groups.set(name, translatedGroup(caches, object, { name, displayName, children }))
  }
  if (touched !== undefined)
    for (const path of before.faces.keys())
      if (!made.faces.has(path)) former.addAskers(madeKey(path), touched)
  return made
}

/** The same object as before where the children are, so that who compares need not look inside. */
function translatedGroup(
  caches: Caches,
  object: DesiredObject,
  { name, displayName, children }: Pick<TranslatedGroup, 'name' | 'displayName' | 'children'>,
): TranslatedGroup {
  const before = caches.groups.get(object)
  if (before?.children === children) return before
  const result = { path: object.path, name, hash: object.hash, displayName, children }
  caches.groups.set(object, result)
  return result
}

/** `before`: what was made of it the last time, whose parts are taken again where they are the same. */
function* nameGroup(
  object: DesiredObject,
  tracker: Tracker,
  facts: ClusterFacts,
  before: NamedGroup | undefined,
): Steps<NamedGroup> {
  const { shape, body: whole, edit } = yield* groupShape(object, tracker.lookup, before?.shape)
  const body = whole ?? headOf(object)
  const name = uuidName(body?.unique_id)
  const displayName = body?.display_name ?? ''
  if (name === undefined || shape.problems.some(isError))
    return { name, displayName, shape, children: undefined }
  const children = yield* groupChildren(name, shape, { before: before?.children, edit })
  for (const spec of children.values()) {
    const field = missingField(facts.features.group, spec)
    if (field === undefined) continue
    const problems = [...shape.problems, lacks('ClusterGroup', field, { group_path: object.path })]
    return { name, displayName, shape: { ...shape, problems }, children: undefined }
  }
  return { name, displayName, shape, children }
}

/** What names a group of which nothing else can be read. */
function headOf({ body }: DesiredObject): GroupHead | undefined {
  const read = body === undefined ? undefined : readBody(GroupHead, body)
  return read !== undefined && 'body' in read ? read.body : undefined
}

const byPath = (a: DesiredObject, b: DesiredObject): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0

/** Groups are all named before the first policy asks. */
function resolver(faces: (path: string) => GroupFace | undefined): ResolveGroup {
  return (path) => {
    const about = { group_path: path }
    if (path.startsWith('/orgs/'))
      return { problems: [problem('PROJECT_SCOPE', `${path} lives in a project`, about)] }
    if (path.startsWith('/global-infra/'))
      return { problems: [problem('GLOBAL_OBJECT', `${path} is a global object`, about)] }
    const group = faces(path)
    if (group === undefined) return { problems: [problem('GROUP_MISSING', `${path} is not there`, about)] }
    return group.answer
  }
}
