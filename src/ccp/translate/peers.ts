/** A rule's sources, destinations and scope: which groups and addresses they name, and how they become Antrea's. */
import type { AppliedTo, PolicyPeer } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { canonicalJson } from '../../protocol/hash.ts'
import { type Block, type Family, isMulticast, looksLikeAddress, parseBlocks } from './addresses.ts'
import { termSelectors } from './children.ts'
import { problem, quote, type Where } from './findings.ts'
import type { GroupShape, PodTerm } from './groups.ts'
import { isAny } from './services.ts'

/** A group that translates, as rules see it. */
export interface UsableGroup {
  readonly path: string
  readonly name: string
  readonly shape: GroupShape
}

/** Resolves a group path; problems (with its group_path) when it cannot be used. */
export type ResolveGroup = (path: string) => { group: UsableGroup } | { problems: readonly Problem[] }

/** undefined: ANY. */
export type Members =
  | { readonly groups: readonly UsableGroup[]; readonly blocks: readonly Block[] }
  | undefined

const ADDRESSES_MAX = 1_000
const PRODUCTS_MAX = 64

/** Reads one list of a rule or policy. Absent is ANY; so is ANY alone. */
export function readMembers(
  list: readonly string[] | null | undefined,
  resolve: ResolveGroup,
  where: Where,
  problems: Problem[],
): Members {
  if (list === undefined || list === null) return undefined
  if (list.length === 0) problems.push(problem('EMPTY_LIST', `${where.field} is there and empty`, where))
  if (list.some(isAny)) {
    if (list.length > 1) problems.push(problem('ANY_NOT_ALONE', `${where.field} ${quote(list)}`, where))
    return undefined
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
  const sorted = <T>(map: Map<string, T>) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
  return { groups: sorted(groups), blocks: sorted(blocks) }
}

const EVERY_POD: readonly AppliedTo[] = [{ podSelector: {} }]

/** What a scope alone is applied to. */
export const appliedToScope = (scope: Members): readonly AppliedTo[] =>
  scope === undefined ? EVERY_POD : scope.groups.map(({ name }) => ({ group: name }))

/**
 * The Pods that are in `scope` and among `members` at once: NSX judges at the vNIC of the scope's Pod, which is itself
 * the source (OUT) or the destination (IN). undefined: this cannot be said.
 */
export function intersect(scope: Members, members: Members): readonly AppliedTo[] | undefined {
  if (members === undefined) return appliedToScope(scope)
  const isPods = members.blocks.length === 0 && members.groups.every(({ shape }) => shape.blocks.length === 0)
  if (!isPods) return undefined
  if (scope === undefined) return appliedToScope(members)
  if (isWithin(members.groups, scope.groups)) return appliedToScope(members)
  if (isWithin(scope.groups, members.groups)) return appliedToScope(scope)
  return products(scope.groups, members.groups)
}

const isWithin = (inner: readonly UsableGroup[], outer: readonly UsableGroup[]): boolean =>
  inner.every(({ path }) => outer.some((group) => group.path === path))

function products(a: readonly UsableGroup[], b: readonly UsableGroup[]): readonly AppliedTo[] | undefined {
  const left = a.flatMap(({ shape }) => shape.terms)
  const right = b.flatMap(({ shape }) => shape.terms)
  if (left.length === 0 || right.length === 0 || left.length * right.length > PRODUCTS_MAX) return undefined
  const both = left.flatMap((one) => right.map((other) => termSelectors(join(one, other))))
  const sorted = new Map(both.map((selectors) => [canonicalJson(selectors), selectors]))
  return [...sorted].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, selectors]) => selectors)
}

function join(a: PodTerm, b: PodTerm): PodTerm {
  const part = (member: 'pod' | 'namespace') => {
    const all = new Map(
      [...(a[member] ?? []), ...(b[member] ?? [])].map((item) => [canonicalJson(item), item]),
    )
    return [...all].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, item]) => item)
  }
  const [pod, namespace] = [part('pod'), part('namespace')]
  return { ...(pod.length === 0 ? {} : { pod }), ...(namespace.length === 0 ? {} : { namespace }) }
}

/** `everything`: the list is left out. `nothing`: no packet can match. `unclear`: Pods of one family only. */
export type Peers = readonly PolicyPeer[] | 'everything' | 'nothing' | 'unclear'

const EVERY_ADDRESS: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' }

/** The peers of a rule, limited to one family when the rule is. */
export function peersOf(members: Members, family: Family | undefined): Peers {
  if (members === undefined)
    return family === undefined ? 'everything' : [{ ipBlock: { cidr: EVERY_ADDRESS[family] } }]
  const named: PolicyPeer[] = []
  for (const { name, shape } of members.groups) {
    const inFamily = shape.blocks.filter((block) => block.family === family)
    if (family === undefined || (shape.terms.length === 0 && inFamily.length === shape.blocks.length))
      named.push({ group: name })
    else if (shape.terms.length > 0 || inFamily.length > 0) return 'unclear'
  }
  const blocks = members.blocks.filter((block) => family === undefined || block.family === family)
  const peers = [...named, ...blocks.map(({ cidr }) => ({ ipBlock: { cidr } }))]
  return peers.length === 0 ? 'nothing' : peers
}
