/** A rule's sources, destinations and scope: which groups and addresses they name, and how they become Antrea's. */
import type { AppliedTo, LabelSelectorRequirement, PolicyPeer } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { canonicalJson } from '../../protocol/hash.ts'
import {
  type Block,
  EVERY_ADDRESS,
  type Family,
  isMulticast,
  looksLikeAddress,
  merged,
  parseBlocks,
} from './addresses.ts'
import { termSelectors } from './children.ts'
import { problem, quote, type Where } from './findings.ts'
import type { GroupShape, PodTerm } from './groups.ts'
import { isAny } from './services.ts'

/** A group that translates, as rules see it. */
export interface UsableGroup {
  readonly path: string
  readonly name: string
  readonly shape: GroupShape
  /** As rules name it: one for all of them. */
  readonly named: readonly [{ readonly group: string }]
  /** A list that holds it alone. */
  readonly alone: NonNullable<Members>
}

/** A group that translates; what rules ask of it most is made once. */
export function usableGroup(path: string, name: string, shape: GroupShape): UsableGroup {
  const groups: UsableGroup[] = []
  const alone = { groups, blocks: [], isExcluded: false }
  const group: UsableGroup = { path, name, shape, named: [{ group: name }], alone }
  groups.push(group)
  return group
}

/** Resolves a group path; problems (with its group_path) when it cannot be used. */
export type ResolveGroup = (path: string) => { group: UsableGroup } | { problems: readonly Problem[] }

/** undefined: ANY. */
export type Members =
  | {
      readonly groups: readonly UsableGroup[]
      readonly blocks: readonly Block[]
      /** All that is not among these is meant. */
      readonly isExcluded: boolean
    }
  | undefined

/** Addresses that one rule holds itself. */
export const ADDRESSES_MAX = 1_000
const PRODUCTS_MAX = 64

const sortedByKey = <T>(map: Map<string, T>): T[] =>
  map.size < 2 ? [...map.values()] : [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)

/** Reads one list of a rule or policy, named by the rule (if it is of one) and its field. Absent is ANY; so is ANY alone. */
export function readMembers(
  list: readonly string[] | null | undefined,
  resolve: ResolveGroup,
  rule: Where,
  field: string,
  problems: Problem[],
  isExcluded = false,
): Members {
  if (!isExcluded) {
    if (list === undefined || list === null) return undefined
    if (list.length === 1) {
      const only = list[0]!
      if (isAny(only)) return undefined
      const found = looksLikeAddress(only) ? undefined : resolve(only)
      if (found !== undefined && 'group' in found) return found.group.alone
    }
  }
  return readList(list, resolve, { ...rule, field }, problems, isExcluded)
}

function readList(
  list: readonly string[] | null | undefined,
  resolve: ResolveGroup,
  where: Where,
  problems: Problem[],
  isExcluded: boolean,
): Members {
  if (list === undefined || list === null) return anything(isExcluded, where, problems)
  if (list.length === 0) problems.push(problem('EMPTY_LIST', `${where.field} is there and empty`, where))
  if (list.some(isAny)) {
    if (list.length > 1) problems.push(problem('ANY_NOT_ALONE', `${where.field} ${quote(list)}`, where))
    return anything(isExcluded, where, problems)
  }
  const groups = new Map<string, UsableGroup>()
  const blocks = new Map<string, Block>()
  for (const item of list) {
    if (looksLikeAddress(item)) {
      const parsed = parseBlocks(item)
      if (parsed === undefined)
        problems.push(problem('ADDRESS_INVALID', `${where.field}: ${quote(item)}`, where))
      for (const block of parsed ?? []) {
        if (isMulticast(block)) problems.push(problem('MULTICAST', `${where.field}: ${quote(item)}`, where))
        blocks.set(block.cidr, block)
      }
      continue
    }
    const found = resolve(item)
    if ('group' in found) groups.set(found.group.path, found.group)
    else problems.push(...found.problems.map((one) => ({ ...where, ...one })))
  }
  if (blocks.size > ADDRESSES_MAX)
    problems.push(problem('RULE_TOO_LARGE', `${where.field}: ${blocks.size} addresses`, where))
  return { groups: sortedByKey(groups), blocks: sortedByKey(blocks), isExcluded }
}

function anything(isExcluded: boolean, where: Where, problems: Problem[]): undefined {
  if (isExcluded) problems.push(problem('NEGATION_OF_ANY', `${where.field} is ANY and excluded`, where))
}

const EVERY_POD: readonly AppliedTo[] = [{ podSelector: {} }]

/** What a scope alone is applied to. */
export const appliedToScope = (scope: Members): readonly AppliedTo[] =>
  scope === undefined ? EVERY_POD : namesOf(scope.groups)

const namesOf = (groups: readonly UsableGroup[]): readonly { readonly group: string }[] =>
  groups.length === 1 ? groups[0]!.named : groups.flatMap(({ named }) => named)

/**
 * The Pods that are in `scope` and among `members` at once: NSX judges at the vNIC of the scope's Pod, which is itself
 * the source (OUT) or the destination (IN). `nothing`: there can be none. undefined: this cannot be said.
 */
export function intersect(scope: Members, members: Members): readonly AppliedTo[] | 'nothing' | undefined {
  if (members === undefined) return appliedToScope(scope)
  const { groups, blocks, isExcluded } = members
  if (blocks.length > 0 || !groups.every(({ shape }) => isPods(shape))) return undefined
  if (isExcluded) return exclude(scope, groups)
  if (groups.every(({ shape }) => isEmpty(shape))) return 'nothing'
  if (scope === undefined || isWithin(groups, scope.groups)) return namesOf(groups)
  if (isWithin(scope.groups, groups)) return appliedToScope(scope)
  const both = [termsOf(scope.groups), termsOf(groups)] as const
  return both[0] === undefined || both[1] === undefined ? undefined : products(both[0], both[1])
}

/** The Pods of the scope that are in none of the groups: none of the groups' criteria may hold. */
function exclude(
  scope: Members,
  groups: readonly UsableGroup[],
): readonly AppliedTo[] | 'nothing' | undefined {
  const terms = termsOf(groups)
  if (terms === undefined) return undefined
  let others: readonly PodTerm[] = [{}]
  for (const term of terms) {
    const next = others.flatMap((one) => opposites(term).map((opposite) => join(one, opposite)))
    others = sortedByKey(new Map(next.map((one) => [canonicalJson(one), one])))
    if (others.length > PRODUCTS_MAX) return undefined
  }
  const left = scope === undefined ? [{}] : termsOf(scope.groups)
  return left === undefined ? undefined : products(left, others)
}

/** It has no addresses, and none that may come. */
export const isPods = ({ blocks, isGeneric }: GroupShape): boolean => blocks.length === 0 && !isGeneric
const isEmpty = ({ terms, services }: GroupShape): boolean => terms.length + services.length === 0

/** The criteria of some groups; undefined: they have Services, which select by labels that are not known here. */
const termsOf = (groups: readonly UsableGroup[]): readonly PodTerm[] | undefined =>
  groups.some(({ shape }) => shape.services.length > 0)
    ? undefined
    : groups.flatMap(({ shape }) => shape.terms)

const isWithin = (inner: readonly UsableGroup[], outer: readonly UsableGroup[]): boolean =>
  inner.every(({ path }) => outer.some((group) => group.path === path))

function products(
  left: readonly PodTerm[],
  right: readonly PodTerm[],
): readonly AppliedTo[] | 'nothing' | undefined {
  if (left.length === 0 || right.length === 0) return 'nothing'
  if (left.length * right.length > PRODUCTS_MAX) return undefined
  const both = left.flatMap((one) => right.map((other) => selectorsOf(join(one, other))))
  return sortedByKey(new Map(both.map((selectors) => [canonicalJson(selectors), selectors])))
}

/** A term that asks nothing is every Pod; an element without selectors would be none. */
const selectorsOf = (term: PodTerm): AppliedTo =>
  term.pod === undefined && term.namespace === undefined ? { podSelector: {} } : termSelectors(term)

function join(a: PodTerm, b: PodTerm): PodTerm {
  const part = (member: 'pod' | 'namespace') =>
    sortedByKey(
      new Map([...(a[member] ?? []), ...(b[member] ?? [])].map((item) => [canonicalJson(item), item])),
    )
  const [pod, namespace] = [part('pod'), part('namespace')]
  return { ...(pod.length === 0 ? {} : { pod }), ...(namespace.length === 0 ? {} : { namespace }) }
}

const OPPOSITES: Readonly<
  Record<LabelSelectorRequirement['operator'], LabelSelectorRequirement['operator']>
> = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' }

/** What holds of exactly the Pods that a term does not select: one of its requirements fails. */
function opposites(term: PodTerm): PodTerm[] {
  const turned = (one: LabelSelectorRequirement) => ({ ...one, operator: OPPOSITES[one.operator] })
  return [
    ...(term.pod ?? []).map((one): PodTerm => ({ pod: [turned(one)] })),
    ...(term.namespace ?? []).map((one): PodTerm => ({ namespace: [turned(one)] })),
  ]
}

/**
 * `everything`: the list is left out. `nothing`: no packet can match. `unclear`: Pods of one family only. `pods`: all but
 * certain Pods, which are no set of addresses. `large`: more exceptions than one rule may have.
 */
export type Peers = readonly PolicyPeer[] | 'everything' | 'nothing' | 'unclear' | 'pods' | 'large'

/** The peers of a rule that holds for these families, in a cluster whose Pods have those. */
export function peersOf(members: Members, wanted: readonly Family[], cluster: readonly Family[]): Peers {
  const families = familiesIn(wanted, cluster)
  if (families.length === 0) return 'nothing'
  const isLimited = families.length < cluster.length
  if (members === undefined)
    return isLimited ? families.map((family) => ({ ipBlock: { cidr: EVERY_ADDRESS[family] } })) : 'everything'
  if (members.isExcluded) return allBut(members, families)
  const [only] = members.groups
  if (!isLimited && members.blocks.length === 0 && members.groups.length === 1) return only!.named
  const named: PolicyPeer[] = []
  const blocks = new Map<string, Block>()
  const inFamilies = (list: readonly Block[]) =>
    isLimited ? list.filter(({ family }) => families.includes(family)) : list
  for (const block of inFamilies(members.blocks)) blocks.set(block.cidr, block)
  for (const { named: itself, shape } of members.groups) {
    const fitting = inFamilies(shape.blocks)
    if (isLimited && !isEmpty(shape)) return 'unclear'
    if (fitting.length === shape.blocks.length) named.push(...itself)
    else for (const block of fitting) blocks.set(block.cidr, block)
  }
  if (blocks.size > ADDRESSES_MAX) return 'large'
  const peers = [...named, ...sortedByKey(blocks).map(({ cidr }) => ({ ipBlock: { cidr } }))]
  return peers.length === 0 ? 'nothing' : peers
}

function familiesIn(wanted: readonly Family[], cluster: readonly Family[]): readonly Family[] {
  for (const family of wanted)
    if (!cluster.includes(family)) return wanted.filter((other) => cluster.includes(other))
  return wanted
}

/** Every address but some. The exceptions stand in the rule itself: in a group, Antrea does not see them change. */
function allBut(members: NonNullable<Members>, families: readonly Family[]): Peers {
  if (!members.groups.every(({ shape }) => isEmpty(shape))) return 'pods'
  const all = [...members.blocks, ...members.groups.flatMap(({ shape }) => shape.blocks)]
  if (all.length > ADDRESSES_MAX) return 'large'
  const peers = families.flatMap((family): PolicyPeer[] => {
    const cidr = EVERY_ADDRESS[family]
    const except = merged(
      family,
      all.filter((block) => block.family === family),
    ).map((block) => block.cidr)
    if (except.includes(cidr)) return []
    return [{ ipBlock: { cidr, ...(except.length === 0 ? {} : { except }) } }]
  })
  return peers.length === 0 ? 'nothing' : peers
}
