/** One NSX rule as Antrea's: in each direction one for its ports, and one for each family's ICMP (docs/translation.md). */
import type { AppliedTo, PolicyPeer, PolicyRule, RuleAction } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import type { Family } from './addresses.ts'
import type { RuleBody } from './body.ts'
import type { Code } from './codes/index.ts'
import { problem, quote, type Where } from './findings.ts'
import type { Lookup } from './lookup.ts'
import {
  intersect,
  isPods,
  type Members,
  type Peers,
  peersOf,
  type ResolveGroup,
  readMembers,
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

export interface TranslatedRule {
  readonly ingress: readonly PolicyRule[]
  readonly egress: readonly PolicyRule[]
  readonly problems: readonly Problem[]
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

/** The rule in both directions; with an ERROR among the problems neither may be used. */
export function translateRule(rule: RuleBody, path: string, context: RuleContext): TranslatedRule {
  const problems: Problem[] = []
  const where: Where = { rule_path: path }
  const refuse = (code: Code, detail: string, field: string) =>
    void problems.push(problem(code, detail, { ...where, field }))

  const action = ACTIONS.get(rule.action ?? '')
  if (rule.action === 'JUMP_TO_APPLICATION') refuse('JUMP', 'the action is JUMP_TO_APPLICATION', 'action')
  else if (action === undefined) refuse('ACTION_UNKNOWN', `action ${quote(rule.action)}`, 'action')
  const direction = rule.direction ?? 'IN_OUT'
  if (!['IN', 'OUT', 'IN_OUT'].includes(direction))
    refuse('DIRECTION_UNKNOWN', `direction ${quote(direction)}`, 'direction')
  const families = FAMILIES.get(rule.ip_protocol ?? 'IPV4_IPV6')
  if (families === undefined)
    refuse('FAMILY_UNKNOWN', `ip_protocol ${quote(rule.ip_protocol)}`, 'ip_protocol')

  const side = (list: RuleBody['source_groups'], field: string, isExcluded: boolean) =>
    readMembers(list, context.resolve, { ...where, field }, problems, isExcluded)
  const sources = side(rule.source_groups, 'source_groups', rule.sources_excluded === true)
  const destinations = side(
    rule.destination_groups,
    'destination_groups',
    rule.destinations_excluded === true,
  )
  const domains = ruleDomains(rule, context.lookup, where, context.hasDomains, problems)
  const scope = effectiveScope(rule, path, context, problems)
  const found = ruleServices(rule, context.lookup, where)
  problems.push(...found.problems)
  if (action === undefined || families === undefined || problems.some(({ severity }) => severity === 'ERROR'))
    return { ingress: [], egress: [], problems }

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
  const named = (suffix: string) => (half.isBothWays ? `${name}-${suffix}` : name)
  return {
    ingress: direction === 'OUT' ? [] : halfRules('ingress', named('in'), half),
    egress: direction === 'IN' ? [] : halfRules('egress', named('out'), half),
    problems,
  }
}

function effectiveScope(rule: RuleBody, path: string, context: RuleContext, problems: Problem[]): Members {
  const { policyScope, resolve } = context
  const field = { rule_path: path, field: 'scope' }
  if (policyScope !== undefined) {
    if ((rule.scope ?? []).some((item) => !isAny(item)))
      problems.push(
        problem('RULE_SCOPE_IGNORED', `scope ${quote(rule.scope)} of the rule is not used`, field),
      )
    return policyScope
  }
  // An empty scope is what NSX itself gives back for ANY here, unlike for sources and destinations.
  const scope = readMembers(rule.scope?.length === 0 ? undefined : rule.scope, resolve, field, problems)
  problems.push(...scopeProblems(scope, field))
  return scope
}

/** Only Pods can be applied to: Antrea would leave addresses out without a word. */
export function scopeProblems(scope: Members, where: Where): Problem[] {
  if (scope === undefined) return []
  if (scope.blocks.length === 0 && scope.groups.every(({ shape }) => isPods(shape))) return []
  const found = scope.groups
    .filter(({ shape }) => shape.blocks.length > 0 || shape.isGeneric)
    .map(({ path }) =>
      problem('SCOPE_IP', `${path} has members that are no Pods`, { ...where, group_path: path }),
    )
  if (scope.blocks.length > 0) found.push(problem('SCOPE_FORM', 'the scope names addresses', where))
  return found
}

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
function halfRules(direction: Direction, name: string, input: HalfInput): PolicyRule[] {
  const appliedTo = appliedOf(direction, input)
  if (appliedTo === undefined) return []
  const { services, families, action, enableLogging, logLabel } = input
  const rules: PolicyRule[] = []
  const add = (suffix: string, wanted: readonly Family[], what: Pick<PolicyRule, 'ports' | 'protocols'>) => {
    const peers = peersFor(direction, input, wanted, suffix !== '')
    if (peers === undefined) return
    const stated = peers === 'everything' ? undefined : peers
    // The keys stand in the order of canonical JSON, which is then written as fast as any.
    rules.push({
      action,
      appliedTo,
      enableLogging,
      ...(direction === 'ingress' && stated !== undefined ? { from: stated } : {}),
      ...(logLabel === undefined ? {} : { logLabel }),
      name: `${name}${suffix}`,
      ...what,
      ...(direction === 'egress' && stated !== undefined ? { to: stated } : {}),
    })
  }
  if (services === 'everything') add('', families, {})
  else {
    if (services.ports !== undefined) add('', families, { ports: services.ports })
    for (const family of [4, 6] as const) {
      const protocols = services.icmp[family]
      if (protocols === undefined) continue
      add(`-v${family}`, families.includes(family) ? [family] : [], { protocols })
    }
  }
  return rules
}

function appliedOf(direction: Direction, input: HalfInput): readonly AppliedTo[] | undefined {
  const { self: field, other } = FIELDS[direction]
  const [self, peer] =
    direction === 'ingress' ? [input.destinations, input.sources] : [input.sources, input.destinations]
  const report = (code: Code, detail: string) =>
    void input.problems.push(problem(code, `${direction}: ${detail}`, { ...input.where, field }))
  const appliedTo = intersect(input.scope, self)
  if (appliedTo === 'nothing') report('VACUOUS_SIDE', `no Pod is in the scope and fits ${field}`)
  else if (appliedTo === undefined && self?.isExcluded)
    report('NEGATION', `the Pods of the scope that do not fit ${field} cannot be told`)
  else if (appliedTo === undefined)
    report(
      input.isBothWays && peer === undefined ? 'DIRECTION_FORM' : 'INTERSECTION',
      `the Pods that are in the scope and in ${field} at once cannot be told; ${other} is the other end`,
    )
  return appliedTo === 'nothing' ? undefined : appliedTo
}

/** The peers of one part of a rule, of these families; undefined: there are none, and the problems say why. */
function peersFor(
  direction: Direction,
  input: HalfInput,
  wanted: readonly Family[],
  isIcmp: boolean,
): readonly PolicyPeer[] | 'everything' | undefined {
  const { other: field } = FIELDS[direction]
  const other = direction === 'ingress' ? input.sources : input.destinations
  const report = (code: Code, detail: string, at: string = field) =>
    void input.problems.push(problem(code, detail, { ...input.where, field: at }))
  if (input.domains !== undefined) return domainPeers(direction, input, wanted, report)
  const peers: Peers = peersOf(other, wanted, input.cluster)
  switch (peers) {
    case 'unclear':
      if (isIcmp)
        report('ICMP_FAMILY', `${field} selects Pods, and ICMP belongs to one IP family`, 'services')
      else report('FAMILY_SELECTOR', `${field} selects Pods`, 'ip_protocol')
      return undefined
    case 'nothing':
      report('VACUOUS_FAMILY', `${field} has no address of this family`, isIcmp ? 'services' : 'ip_protocol')
      return undefined
    case 'pods':
      report('NEGATION', `${field} excludes Pods`)
      return undefined
    case 'large':
      report('RULE_TOO_LARGE', `${field} would stand in the rule with over 1,000 addresses`)
      return undefined
    default:
      return peers
  }
}

/** Antrea looks names up for what leaves a Pod; other peers beside them would be added, where NSX wants both. */
function domainPeers(
  direction: Direction,
  input: HalfInput,
  wanted: readonly Family[],
  report: (code: Code, detail: string, field: string) => void,
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
  report('FQDN_FORM', why, 'profiles')
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
