/** One security policy as one ClusterNetworkPolicy, without its priority (which depends on its neighbours). */
import type { PolicyRule } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { Category } from '../settings.ts'
import { type PolicyBody, PolicyBody as PolicySchema, type RuleBody, readBody } from './body.ts'
import type { Code } from './codes/index.ts'
import { isError, problem, quote, tidy } from './findings.ts'
import type { Lookup } from './lookup.ts'
import { CATEGORIES, isSequenceNumber } from './order.ts'
import { type Members, type ResolveGroup, readMembers } from './peers.ts'
import { ruleName, scopeProblems, translateRule } from './rules.ts'
import { isAny } from './services.ts'
import type { DesiredObject } from './types.ts'

/** What the policy is, whatever else it may have; enough to give it its place among its neighbours. */
export interface PolicyHead {
  readonly uniqueId: string | undefined
  readonly displayName: string
  readonly category: Category | undefined
  readonly sequence: number | undefined
  readonly isDeleted: boolean
}

export interface PolicyDraft {
  readonly head: PolicyHead
  readonly ingress: readonly PolicyRule[]
  readonly egress: readonly PolicyRule[]
  readonly groups: readonly string[]
  readonly problems: readonly Problem[]
}

const NO_HEAD: PolicyHead = {
  uniqueId: undefined,
  displayName: '',
  category: undefined,
  sequence: undefined,
  isDeleted: false,
}

/** Translates everything but the order. With an ERROR among the problems the rules must not be used. */
export function draftPolicy(object: DesiredObject, lookup: Lookup, resolve: ResolveGroup): PolicyDraft {
  const refused = (code: Code, detail: string): PolicyDraft => ({
    head: NO_HEAD,
    ingress: [],
    egress: [],
    groups: [],
    problems: [problem(code, detail)],
  })
  if (object.body === undefined) return refused('OBJECT_TOO_LARGE', `${object.path} came without its body`)
  const read = readBody(PolicySchema, object.body)
  if (!('body' in read)) {
    const uniqueId = object.body['unique_id']
    const draft = refused('BODY_MALFORMED', `${read.field}: ${read.message}`)
    return typeof uniqueId === 'string' ? { ...draft, head: { ...NO_HEAD, uniqueId } } : draft
  }
  return translateBody(object.path, read.body, lookup, resolve)
}

function translateBody(path: string, policy: PolicyBody, lookup: Lookup, resolve: ResolveGroup): PolicyDraft {
  const head = headOf(policy)
  const problems: Problem[] = [...headProblems(path, policy, head)]
  const scope = policyScope(policy, resolve, problems)
  const ingress: PolicyRule[] = []
  const egress: PolicyRule[] = []
  const names = new Set<string>()
  for (const rule of orderedRules(policy.rules ?? [])) {
    const rulePath = rule.path ?? `${path}/rules/${rule.id ?? ''}`
    const name = ruleName(rule, rulePath)
    if (names.has(name))
      problems.push(problem('DUPLICATE_RULE_ID', `rule_id ${name} is there twice`, { rule_path: rulePath }))
    names.add(name)
    if (!isSequenceNumber(rule.sequence_number ?? 0))
      problems.push(
        problem('SEQUENCE_NUMBER', `sequence_number ${quote(rule.sequence_number)}`, { rule_path: rulePath }),
      )
    const translated = translateRule({
      rule,
      path: rulePath,
      policyScope: scope,
      logEveryRule: policy.logging_enabled === true,
      lookup,
      resolve,
    })
    problems.push(...translated.problems)
    if (translated.ingress !== undefined) ingress.push(translated.ingress)
    if (translated.egress !== undefined) egress.push(translated.egress)
  }
  return { head, ingress, egress, groups: groupsOf([...ingress, ...egress]), problems: tidy(problems) }
}

const headOf = (policy: PolicyBody): PolicyHead => {
  const sequence = policy.sequence_number ?? 0
  return {
    uniqueId: policy.unique_id ?? undefined,
    displayName: policy.display_name ?? '',
    category: CATEGORIES.find((category) => category === policy.category),
    sequence: isSequenceNumber(sequence) ? sequence : undefined,
    isDeleted: policy.marked_for_delete === true,
  }
}

function headProblems(path: string, policy: PolicyBody, head: PolicyHead): Problem[] {
  const found: Problem[] = []
  const refuse = (code: Code, detail: string, field: string) =>
    void found.push(problem(code, detail, { field }))
  if (path.startsWith('/orgs/')) refuse('PROJECT_SCOPE', `${path} lives in a project`, 'path')
  if (path.startsWith('/global-infra/')) refuse('GLOBAL_OBJECT', `${path} is a global object`, 'path')
  if (policy.category === 'Ethernet') refuse('CATEGORY_ETHERNET', 'the category is Ethernet', 'category')
  else if (head.category === undefined)
    refuse('CATEGORY_UNKNOWN', `category ${quote(policy.category)}`, 'category')
  if (head.sequence === undefined)
    refuse('SEQUENCE_NUMBER', `sequence_number ${quote(policy.sequence_number)}`, 'sequence_number')
  if (policy.stateful === false) refuse('STATELESS', 'stateful is false', 'stateful')
  if ((policy.scheduler_path ?? '') !== '')
    refuse('SCHEDULE', `it follows ${policy.scheduler_path}`, 'scheduler_path')
  for (const field of ['connectivity_preference', 'connectivity_strategy'] as const)
    if ((policy[field] ?? 'NONE') !== 'NONE')
      refuse('CONNECTIVITY_STRATEGY', `${field} is ${policy[field]}`, field)
  if ((policy.application_connectivity_strategy ?? []).length > 0)
    refuse('CONNECTIVITY_STRATEGY', 'it has an application strategy', 'application_connectivity_strategy')
  return found
}

/** The policy's own scope; undefined when it is ANY, absent or empty, and the rules' scopes count. */
function policyScope(policy: PolicyBody, resolve: ResolveGroup, problems: Problem[]): Members {
  const list = policy.scope ?? []
  if (list.length === 0 || (list.length === 1 && list.every(isAny))) return undefined
  const scope = readMembers(list, resolve, { field: 'scope' }, problems)
  problems.push(...scopeProblems(scope, { field: 'scope' }))
  return scope
}

/** Enabled rules by sequence_number, then rule_id, then id: never by their place in the array. */
function orderedRules(rules: readonly RuleBody[]): RuleBody[] {
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return rules
    .filter((rule) => rule.disabled !== true && rule.marked_for_delete !== true)
    .sort(
      (a, b) =>
        (a.sequence_number ?? 0) - (b.sequence_number ?? 0) ||
        (a.rule_id ?? 0) - (b.rule_id ?? 0) ||
        text(a.id ?? '', b.id ?? '') ||
        text(a.path ?? '', b.path ?? ''),
    )
}

/** Names of the ClusterGroups that rules name, sorted. */
export function groupsOf(rules: readonly PolicyRule[]): string[] {
  const names = rules.flatMap(({ from = [], to = [], appliedTo = [] }) =>
    [...from, ...to, ...appliedTo].flatMap(({ group }) => (group === undefined ? [] : [group])),
  )
  return [...new Set(names)].sort()
}

export const hasErrors = ({ problems }: { problems: readonly Problem[] }): boolean => problems.some(isError)
