/**
 * The state between two versions of a policy that allows nothing that either of them denies: the denies of both, and
 * the allows they have in common, in an order that fits both.
 *
 * From the old rules it is reached by taking away allows and adding denies; from it the new ones are reached by taking
 * away denies and adding allows. So going to it only narrows, going on only widens, whatever else changes meanwhile.
 */
import type { ClusterNetworkPolicySpec, PolicyRule } from '../../kube/antrea.ts'
import { canonicalJson } from '../../protocol/hash.ts'

/** Antrea's Pass skips rules, as an allow does for what comes after it; ours never have it. */
const isDeny = (rule: PolicyRule): boolean => rule.action === 'Drop' || rule.action === 'Reject'

/** What a rule decides; its name and logging decide nothing. */
function meaning(rule: PolicyRule): string {
  const { name: _name, enableLogging: _logging, logLabel: _label, ...decides } = rule
  return canonicalJson(decides)
}

/**
 * A stored spec as this file reads it: both lists there, and an appliedTo of the whole policy (somebody's edit: ours
 * never have one) written into each rule, since rules of both versions are mixed.
 */
function spread(spec: ClusterNetworkPolicySpec): ClusterNetworkPolicySpec {
  const { appliedTo } = spec
  const into = (rules: readonly PolicyRule[] | undefined): readonly PolicyRule[] =>
    (rules ?? []).map((rule) =>
      appliedTo === undefined ? rule : { ...rule, appliedTo: rule.appliedTo ?? appliedTo },
    )
  return { tier: spec.tier, priority: spec.priority, ingress: into(spec.ingress), egress: into(spec.egress) }
}

/** Whether a rule's groups change meanwhile in a way that an allow must not see. */
export type IsUnsettled = (rule: PolicyRule) => boolean

/** The spec between; the old one's tier and priority. */
export function between(
  stored: ClusterNetworkPolicySpec,
  to: ClusterNetworkPolicySpec,
  isUnsettled: IsUnsettled,
): ClusterNetworkPolicySpec {
  const from = spread(stored)
  const ingress = merge(from.ingress, to.ingress, isUnsettled)
  const egress = merge(from.egress, to.egress, isUnsettled)
  const names = new Set([...to.ingress, ...to.egress].map(({ name }) => name))
  const taken = new Set<string>()
  const unique = ({ rule, isOld }: Merged): PolicyRule => {
    let name = isOld && names.has(rule.name) ? `${rule.name}-old` : (rule.name ?? '')
    while (taken.has(name)) name = `${name}-`
    taken.add(name)
    return { ...rule, name }
  }
  return {
    tier: from.tier,
    priority: from.priority,
    ingress: ingress.map(unique),
    egress: egress.map(unique),
    ...(ingress.length + egress.length === 0 ? { appliedTo: [{ podSelector: {} }] } : {}),
  }
}

/** Only the denies; what is left of a policy that leaves its place. */
export const deniesOf = (spec: ClusterNetworkPolicySpec): ClusterNetworkPolicySpec =>
  between(spec, { ...spec, ingress: [], egress: [] }, () => false)

interface Merged {
  readonly rule: PolicyRule
  /** Only the old version has it. */
  readonly isOld: boolean
}

function merge(from: readonly PolicyRule[], to: readonly PolicyRule[], isUnsettled: IsUnsettled): Merged[] {
  const keep = (rule: PolicyRule) => isDeny(rule) || !isUnsettled(rule)
  const pairs = commonOrder(from.map(meaning), to.map(meaning))
  const merged: Merged[] = []
  let [i, j] = [0, 0]
  for (const [atFrom, atTo] of [...pairs, [from.length, to.length] as const]) {
    for (; i < atFrom; i += 1) if (isDeny(from[i]!)) merged.push({ rule: from[i]!, isOld: true })
    for (; j < atTo; j += 1) if (isDeny(to[j]!)) merged.push({ rule: to[j]!, isOld: false })
    const common = to[atTo]
    if (common !== undefined && keep(common)) merged.push({ rule: common, isOld: false })
    ;[i, j] = [atFrom + 1, atTo + 1]
  }
  return merged
}

/** Over this many comparisons (8 MB of table) the common part is taken from both ends only. */
const TABLE_MAX = 4_000_000

/** A longest common subsequence, as pairs of positions. */
function commonOrder(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  const head = Array.from({ length: start }, (_, at) => [at, at] as const)
  const tail = Array.from({ length: end }, (_, at) => [a.length - end + at, b.length - end + at] as const)
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (x.length * y.length > TABLE_MAX) return [...head, ...tail]
  const middle = longestCommon(x, y).map(([i, j]) => [i + start, j + start] as const)
  return [...head, ...middle, ...tail]
}

function longestCommon(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const width = b.length + 1
  const lengths = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const pairs: (readonly [number, number])[] = []
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      pairs.push([i, j])
      i += 1
      j += 1
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1
    else j += 1
  }
  return pairs
}

/** Whether two specs decide alike: the same rules at the same place, whatever their names and logging. */
export function decideAlike(a: ClusterNetworkPolicySpec, b: ClusterNetworkPolicySpec): boolean {
  const [x, y] = [spread(a), spread(b)]
  const isSame = (direction: 'ingress' | 'egress') =>
    x[direction].length === y[direction].length &&
    x[direction].every((rule, at) => meaning(rule) === meaning(y[direction][at]!))
  return x.tier === y.tier && x.priority === y.priority && isSame('ingress') && isSame('egress')
}
