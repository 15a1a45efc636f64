/** One NSX rule as at most one ingress and one egress rule (reference table: docs/translation.md). */
import type { AppliedTo, PolicyPort, PolicyRule, RuleAction } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import type { Family } from './addresses.ts'
import type { RuleBody } from './body.ts'
import { problem, quote, type Where } from './findings.ts'
import type { Lookup } from './lookup.ts'
import { intersect, type Members, peersOf, type ResolveGroup, readMembers } from './peers.ts'
import { isAny, rulePorts } from './services.ts'

export interface RuleInput {
  readonly rule: RuleBody
  readonly path: string
  /** The policy's own scope, which wins; undefined when it is ANY. */
  readonly policyScope: Members
  readonly logEveryRule: boolean
  readonly lookup: Lookup
  readonly resolve: ResolveGroup
}

export interface TranslatedRule {
  readonly ingress: PolicyRule | undefined
  readonly egress: PolicyRule | undefined
  readonly problems: readonly Problem[]
}

/** Maps, not objects: a name like `constructor` must find nothing. */
const ACTIONS: ReadonlyMap<string, RuleAction> = new Map([
  ['ALLOW', 'Allow'],
  ['DROP', 'Drop'],
  ['REJECT', 'Reject'],
])
const FAMILIES: ReadonlyMap<string, Family | undefined> = new Map([
  ['IPV4', 4],
  ['IPV6', 6],
  ['IPV4_IPV6', undefined],
])
const LOG_LABEL_CHARS_MAX = 63

/** The rule in both directions; with an ERROR among the problems neither may be used. */
export function translateRule(input: RuleInput): TranslatedRule {
  const { rule, path, lookup, resolve } = input
  const problems: Problem[] = []
  const where: Where = { rule_path: path }
  const refuse = (code: Parameters<typeof problem>[0], detail: string, field: string) =>
    void problems.push(problem(code, detail, { ...where, field }))

  const action = ACTIONS.get(rule.action ?? '')
  if (rule.action === 'JUMP_TO_APPLICATION') refuse('JUMP', 'the action is JUMP_TO_APPLICATION', 'action')
  else if (action === undefined) refuse('ACTION_UNKNOWN', `action ${quote(rule.action)}`, 'action')
  const direction = rule.direction ?? 'IN_OUT'
  if (!['IN', 'OUT', 'IN_OUT'].includes(direction))
    refuse('DIRECTION_UNKNOWN', `direction ${quote(direction)}`, 'direction')
  for (const field of ['sources_excluded', 'destinations_excluded'] as const)
    if (rule[field] === true) refuse('NEGATION', `${field} is true`, field)
  if ((rule.profiles ?? []).some((profile) => !isAny(profile)))
    refuse('CONTEXT_PROFILE', `profiles ${quote(rule.profiles)}`, 'profiles')
  const family = rule.ip_protocol ?? 'IPV4_IPV6'
  if (!FAMILIES.has(family)) refuse('FAMILY_UNKNOWN', `ip_protocol ${quote(family)}`, 'ip_protocol')

  const sources = readMembers(rule.source_groups, resolve, { ...where, field: 'source_groups' }, problems)
  const destinations = readMembers(
    rule.destination_groups,
    resolve,
    { ...where, field: 'destination_groups' },
    problems,
  )
  const scope = effectiveScope(input, problems)
  const { ports, problems: portProblems } = rulePorts(rule, lookup, where)
  problems.push(...portProblems)
  if (action === undefined || problems.some(({ severity }) => severity === 'ERROR'))
    return { ingress: undefined, egress: undefined, problems }

  const label = logLabel(rule.tag, where, problems)
  const common = { action, ports, logged: rule.logged === true || input.logEveryRule, label }
  const halves = {
    direction,
    scope,
    sources,
    destinations,
    family: FAMILIES.get(family),
    where,
    problems,
  }
  const ingress = direction === 'OUT' ? undefined : half('ingress', halves)
  const egress = direction === 'IN' ? undefined : half('egress', halves)
  const isBoth = direction === 'IN_OUT'
  const name = ruleName(rule, path)
  return {
    ingress: ingress && build('from', isBoth ? `${name}-in` : name, common, ingress),
    egress: egress && build('to', isBoth ? `${name}-out` : name, common, egress),
    problems,
  }
}

function effectiveScope(input: RuleInput, problems: Problem[]): Members {
  const { rule, path, policyScope, resolve } = input
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
  const found = scope.groups
    .filter(({ shape }) => shape.blocks.length > 0)
    .map(({ path }) =>
      problem('SCOPE_IP', `${path} has addresses among its members`, { ...where, group_path: path }),
    )
  if (scope.blocks.length > 0) found.push(problem('SCOPE_FORM', 'the scope names addresses', where))
  return found
}

interface Halves {
  readonly direction: string
  readonly scope: Members
  readonly sources: Members
  readonly destinations: Members
  readonly family: Family | undefined
  readonly where: Where
  readonly problems: Problem[]
}

interface Half {
  readonly appliedTo: readonly AppliedTo[]
  readonly peers: readonly NonNullable<PolicyRule['from']>[number][] | undefined
}

/** One direction: the Pod is the destination of ingress and the source of egress, the other side is the peer. */
function half(direction: 'ingress' | 'egress', all: Halves): Half | undefined {
  const [self, other] =
    direction === 'ingress' ? [all.destinations, all.sources] : [all.sources, all.destinations]
  const [selfField, otherField] =
    direction === 'ingress'
      ? ['destination_groups', 'source_groups']
      : ['source_groups', 'destination_groups']
  const appliedTo = intersect(all.scope, self)
  if (appliedTo === undefined) {
    const isForm = all.direction === 'IN_OUT' && other === undefined
    all.problems.push(
      problem(
        isForm ? 'DIRECTION_FORM' : 'INTERSECTION',
        `${direction}: the Pods that are in the scope and in ${selfField} at once cannot be told`,
        { ...all.where, field: selfField },
      ),
    )
    return undefined
  }
  const peers = peersOf(other, all.family)
  if (peers === 'unclear')
    all.problems.push(
      problem('FAMILY_SELECTOR', `${otherField} selects Pods`, { ...all.where, field: 'ip_protocol' }),
    )
  if (peers === 'nothing')
    all.problems.push(
      problem('VACUOUS_FAMILY', `${otherField} has no address of this family`, {
        ...all.where,
        field: 'ip_protocol',
      }),
    )
  if (peers === 'unclear' || peers === 'nothing') return undefined
  return { appliedTo, peers: peers === 'everything' ? undefined : peers }
}

interface Common {
  readonly action: RuleAction
  readonly ports: readonly PolicyPort[] | undefined
  readonly logged: boolean
  readonly label: string | undefined
}

function build(side: 'from' | 'to', name: string, common: Common, { appliedTo, peers }: Half): PolicyRule {
  return {
    name,
    action: common.action,
    appliedTo,
    ...(peers === undefined ? {} : { [side]: peers }),
    ...(common.ports === undefined ? {} : { ports: common.ports }),
    enableLogging: common.logged,
    ...(common.label === undefined ? {} : { logLabel: common.label }),
  }
}

/** The rule_id; before NSX has given one, a name made from the path. */
export const ruleName = (rule: RuleBody, path: string): string =>
  Number.isSafeInteger(rule.rule_id) ? String(rule.rule_id) : sha256Hex(path).slice(0, 12)

function logLabel(tag: string | null | undefined, where: Where, problems: Problem[]): string | undefined {
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
