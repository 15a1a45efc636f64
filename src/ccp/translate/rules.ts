/** One NSX rule as Antrea's: in each direction one for its ports, and one for each family's ICMP (docs/translation.md). */
import type { AppliedTo, PolicyPeer, PolicyRule, RuleAction } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import type { Family } from './addresses.ts'
import type { RuleBody } from './body.ts'
import type { Code } from './codes/index.ts'
import { isError, problem, quote, type Where } from './findings.ts'
import type { Lookup } from './lookup.ts'
import {
  intersect,
  isPods,
  type Members,
  type Peers,
  peersOf,
  type ResolveGroup,
  readMembers,
  type UsableGroup,
} from './peers.ts'
import { ruleDomains } from './profiles.ts'
import { isAny, type RuleServices, ruleServices } from './services.ts'

/** What is the same for all rules of a policy. */
export interface RuleContext {
  /** The policy's own scope, which wins; undefined when it is ANY. */
  readonly policyScope: Members
  readonly logEveryRule: boolean
  readonly lookup: Lookup
  readonly resolve: ResolveGroup
  /** Of the cluster's Pods. */
  readonly families: readonly Family[]
  /** Domain names are translated. */
  readonly hasDomains: boolean
}

/** What the rules of one policy become, in order; each adds its own. */
export interface RulesSoFar {
  readonly ingress: PolicyRule[]
  readonly egress: PolicyRule[]
  readonly problems: Problem[]
}

/** Maps, not objects: a name like `constructor` must find nothing. */
const ACTIONS: ReadonlyMap<string, RuleAction> = new Map([
  ['ALLOW', 'Allow'],
  ['DROP', 'Drop'],
  ['REJECT', 'Reject'],
])
const FAMILIES: ReadonlyMap<string, readonly Family[]> = new Map<string, readonly Family[]>([
  ['IPV4', [4]],
  ['IPV6', [6]],
  ['IPV4_IPV6', [4, 6]],
])
const LOG_LABEL_CHARS_MAX = 63

/** Adds the rule in both directions; with an ERROR among the problems none of the policy's rules may be used. */
export function translateRule(rule: RuleBody, path: string, context: RuleContext, made: RulesSoFar): void {
  const { problems } = made
  const before = problems.length
  const where: Where = { rule_path: path }
  const action = ACTIONS.get(rule.action ?? '')
  if (action === undefined) problems.push(actionProblem(rule, where))
  const direction = rule.direction ?? 'IN_OUT'
  if (direction !== 'IN' && direction !== 'OUT' && direction !== 'IN_OUT')
    problems.push(
      problem('DIRECTION_UNKNOWN', `direction ${quote(direction)}`, { ...where, field: 'direction' }),
    )
  const families = FAMILIES.get(rule.ip_protocol ?? 'IPV4_IPV6')
  if (families === undefined)
    problems.push(
      problem('FAMILY_UNKNOWN', `ip_protocol ${quote(rule.ip_protocol)}`, { ...where, field: 'ip_protocol' }),
    )

  const { resolve } = context
  const { source_groups: from, sources_excluded: notFrom, destination_groups: to } = rule
  const sources = readMembers(from, resolve, where, 'source_groups', problems, notFrom === true)
  const notTo = rule.destinations_excluded === true
  const destinations = readMembers(to, resolve, where, 'destination_groups', problems, notTo)
  const domains = ruleDomains(rule, context.lookup, where, context.hasDomains, problems)
  const scope = effectiveScope(rule, where, context, problems)
  const found = ruleServices(rule, context.lookup, where)
  for (const one of found.problems) problems.push(one)
  if (action === undefined || families === undefined || hasErrorsFrom(problems, before)) return

  const half: HalfInput = {
    scope,
    sources,
    destinations,
    domains,
    families,
    cluster: context.families,
    services: found.services,
    where,
    problems,
    isBothWays: direction === 'IN_OUT',
    action,
    enableLogging: rule.logged === true || context.logEveryRule,
    logLabel: labelOf(rule.tag, where, problems),
  }
  const name = ruleName(rule, path)
  if (direction !== 'OUT') addHalf(made.ingress, 'ingress', half.isBothWays ? `${name}-in` : name, half)
  if (direction !== 'IN') addHalf(made.egress, 'egress', half.isBothWays ? `${name}-out` : name, half)
}

function hasErrorsFrom(problems: readonly Problem[], first: number): boolean {
  for (let at = first; at < problems.length; at += 1) if (isError(problems[at]!)) return true
  return false
}

const actionProblem = ({ action }: RuleBody, where: Where): Problem =>
  action === 'JUMP_TO_APPLICATION'
    ? problem('JUMP', 'the action is JUMP_TO_APPLICATION', { ...where, field: 'action' })
    : problem('ACTION_UNKNOWN', `action ${quote(action)}`, { ...where, field: 'action' })

function effectiveScope(rule: RuleBody, where: Where, context: RuleContext, problems: Problem[]): Members {
  const { policyScope, resolve } = context
  if (policyScope !== undefined) {
    if ((rule.scope ?? []).some((item) => !isAny(item)))
      problems.push(
        problem('RULE_SCOPE_IGNORED', `scope ${quote(rule.scope)} of the rule is not used`, {
          ...where,
          field: 'scope',
        }),
      )
    return policyScope
  }
  // An empty scope is what NSX itself gives back for ANY here, unlike for sources and destinations.
  const list = rule.scope?.length === 0 ? undefined : rule.scope
  const scope = readMembers(list, resolve, where, 'scope', problems)
  for (const found of scopeProblems(scope, where)) problems.push(found)
  return scope
}

const NO_PROBLEMS: readonly Problem[] = []

/** Only Pods can be applied to: Antrea would leave addresses out without a word. */
export function scopeProblems(scope: Members, rule: Where): readonly Problem[] {
  if (scope === undefined) return NO_PROBLEMS
  if (scope.blocks.length === 0 && scope.groups.every(isOfPods)) return NO_PROBLEMS
  const where = { ...rule, field: 'scope' }
  const found = scope.groups
    .filter(({ shape }) => shape.blocks.length > 0 || shape.isGeneric)
    .map(({ path }) =>
      problem('SCOPE_IP', `${path} has members that are no Pods`, { ...where, group_path: path }),
    )
  if (scope.blocks.length > 0) found.push(problem('SCOPE_FORM', 'the scope names addresses', where))
  return found
}

const isOfPods = ({ shape }: UsableGroup): boolean => isPods(shape)

interface HalfInput {
  readonly scope: Members
  readonly sources: Members
  readonly destinations: Members
  readonly domains: readonly string[] | undefined
  readonly families: readonly Family[]
  readonly cluster: readonly Family[]
  readonly services: RuleServices
  readonly where: Where
  readonly problems: Problem[]
  readonly isBothWays: boolean
  readonly action: RuleAction
  readonly enableLogging: boolean
  readonly logLabel: string | undefined
}

type Direction = 'ingress' | 'egress'
const FIELDS = {
  ingress: { self: 'destination_groups', other: 'source_groups' },
  egress: { self: 'source_groups', other: 'destination_groups' },
} as const

/** One direction: the Pod is the destination of ingress and the source of egress, the other side is the peer. */
function addHalf(rules: PolicyRule[], direction: Direction, name: string, input: HalfInput): void {
  const appliedTo = appliedOf(direction, input)
  if (appliedTo === undefined) return
  const { services, families } = input
  if (services === 'everything') {
    addRule(rules, direction, { name, appliedTo, input, wanted: families })
    return
  }
  const { ports } = services
  if (ports !== undefined) addRule(rules, direction, { name, appliedTo, input, wanted: families, ports })
  for (const family of FAMILIES_OF_ICMP) {
    const protocols = services.icmp[family]
    if (protocols === undefined) continue
    const wanted = families.includes(family) ? [family] : []
    addRule(rules, direction, { name: `${name}-v${family}`, appliedTo, input, wanted, protocols })
  }
}

const FAMILIES_OF_ICMP = [4, 6] as const

interface RulePart {
  readonly name: string
  readonly appliedTo: readonly AppliedTo[]
  readonly input: HalfInput
  readonly wanted: readonly Family[]
  readonly ports?: NonNullable<PolicyRule['ports']>
  readonly protocols?: NonNullable<PolicyRule['protocols']>
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** The keys come in the order of canonical JSON, which is then written as fast as any. */
function addRule(rules: PolicyRule[], direction: Direction, part: RulePart): void {
  const { name, appliedTo, input, wanted, ports, protocols } = part
  const peers = peersFor(direction, input, wanted, protocols !== undefined)
  if (peers === undefined) return
  const { action, enableLogging, logLabel } = input
  const rule: Mutable<PolicyRule> = { action, appliedTo, enableLogging }
  if (direction === 'ingress' && peers !== 'everything') rule.from = peers
  if (logLabel !== undefined) rule.logLabel = logLabel
  rule.name = name
  if (ports !== undefined) rule.ports = ports
  if (protocols !== undefined) rule.protocols = protocols
  if (direction === 'egress' && peers !== 'everything') rule.to = peers
  rules.push(rule)
}

function appliedOf(direction: Direction, input: HalfInput): readonly AppliedTo[] | undefined {
  const isIngress = direction === 'ingress'
  const self = isIngress ? input.destinations : input.sources
  const appliedTo = intersect(input.scope, self)
  if (appliedTo !== undefined && appliedTo !== 'nothing') return appliedTo
  const { self: field, other } = FIELDS[direction]
  const report = (code: Code, detail: string) =>
    void input.problems.push(problem(code, `${direction}: ${detail}`, { ...input.where, field }))
  if (appliedTo === 'nothing') report('VACUOUS_SIDE', `no Pod is in the scope and fits ${field}`)
  else if (self?.isExcluded)
    report('NEGATION', `the Pods of the scope that do not fit ${field} cannot be told`)
  else
    report(
      input.isBothWays && (isIngress ? input.sources : input.destinations) === undefined
        ? 'DIRECTION_FORM'
        : 'INTERSECTION',
      `the Pods that are in the scope and in ${field} at once cannot be told; ${other} is the other end`,
    )
  return undefined
}

/** The peers of one part of a rule, of these families; undefined: there are none, and the problems say why. */
function peersFor(
  direction: Direction,
  input: HalfInput,
  wanted: readonly Family[],
  isIcmp: boolean,
): readonly PolicyPeer[] | 'everything' | undefined {
  const { other: field } = FIELDS[direction]
  if (input.domains !== undefined) return domainPeers(direction, input, wanted)
  const other = direction === 'ingress' ? input.sources : input.destinations
  const peers: Peers = peersOf(other, wanted, input.cluster)
  switch (peers) {
    case 'unclear':
      if (isIcmp)
        report(input, 'ICMP_FAMILY', `${field} selects Pods, and ICMP belongs to one IP family`, 'services')
      else report(input, 'FAMILY_SELECTOR', `${field} selects Pods`, 'ip_protocol')
      return undefined
    case 'nothing':
      report(
        input,
        'VACUOUS_FAMILY',
        `${field} has no address of this family`,
        isIcmp ? 'services' : 'ip_protocol',
      )
      return undefined
    case 'pods':
      report(input, 'NEGATION', `${field} excludes Pods`, field)
      return undefined
    case 'large':
      report(input, 'RULE_TOO_LARGE', `${field} would stand in the rule with over 1,000 addresses`, field)
      return undefined
    default:
      return peers
  }
}

const report = ({ problems, where }: HalfInput, code: Code, detail: string, field: string): void =>
  void problems.push(problem(code, detail, { ...where, field }))

/** Antrea looks names up for what leaves a Pod; other peers beside them would be added, where NSX wants both. */
function domainPeers(
  direction: Direction,
  input: HalfInput,
  wanted: readonly Family[],
): readonly PolicyPeer[] | undefined {
  const isLimited = !input.cluster.every((family) => wanted.includes(family))
  const why =
    direction === 'ingress'
      ? 'names are of destinations: the direction must be OUT'
      : input.destinations !== undefined
        ? 'destination_groups must be ANY'
        : isLimited
          ? 'a name has addresses of both families'
          : undefined
  if (why === undefined) return (input.domains ?? []).map((fqdn) => ({ fqdn }))
  report(input, 'FQDN_FORM', why, 'profiles')
  return undefined
}

/** The rule_id; before NSX has given one, a name made from the path. */
export const ruleName = (rule: RuleBody, path: string): string =>
  Number.isSafeInteger(rule.rule_id) ? String(rule.rule_id) : sha256Hex(path).slice(0, 12)

function labelOf(tag: string | null | undefined, where: Where, problems: Problem[]): string | undefined {
  if (tag === undefined || tag === null || tag === '') return undefined
  const label = tag
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, LOG_LABEL_CHARS_MAX)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
  if (label !== tag)
    problems.push(
      problem('LOG_LABEL_CHANGED', `tag ${quote(tag)} became ${quote(label)}`, { ...where, field: 'tag' }),
    )
  return label === '' ? undefined : label
}
