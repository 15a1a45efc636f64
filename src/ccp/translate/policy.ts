/** One security policy as one ClusterNetworkPolicy, without its priority (which depends on its neighbours). */
import type { PolicyRule } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { Steps } from '../../world/steps.ts'
import type { Category } from '../settings.ts'
import {
  type PolicyBody,
  PolicyBody as PolicySchema,
  type RuleBody,
  RuleBody as RuleSchema,
  readBody,
} from './body.ts'
import type { Code } from './codes/index.ts'
import { type FieldTree, missingField } from './facts.ts'
import { isError, problem, quote, tidy, type Where } from './findings.ts'
import { AFTER_APPLICATION, CATEGORIES, isSequenceNumber } from './order.ts'
import { type Members, type ResolveGroup, readMembers } from './peers.ts'
import { type RuleContext, ruleName, scopeProblems, translateRule } from './rules.ts'
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

/** What the translation of one policy stands on. */
export type PolicyContext = Omit<RuleContext, 'policyScope' | 'logEveryRule'> & {
  readonly fields: FieldTree | undefined
}

/** Rules in one step: some 0.5 ms. */
const RULES_A_STEP = 25

/** Translates everything but the order. With an ERROR among the problems the rules must not be used. */
export function* draftPolicy(object: DesiredObject, context: PolicyContext): Steps<PolicyDraft> {
  const { path } = object
  if (object.body === undefined)
    return refused(NO_HEAD, problem('OBJECT_TOO_LARGE', `${path} came without its body`))
  const read = readBody(PolicySchema, object.body)
  if (!('body' in read)) return malformed(object, `${read.field}: ${read.message}`)
  const rules = yield* readRules(read.body.rules ?? [])
  if (typeof rules === 'string') return malformed(object, rules)
  return yield* translateBody(path, read.body, rules, context)
}

const refused = (head: PolicyHead, ...problems: Problem[]): PolicyDraft => ({
  head,
  ingress: [],
  egress: [],
  groups: [],
  problems,
})

function malformed({ body }: DesiredObject, detail: string): PolicyDraft {
  const uniqueId = body?.['unique_id']
  const head = typeof uniqueId === 'string' ? { ...NO_HEAD, uniqueId } : NO_HEAD
  return refused(head, problem('BODY_MALFORMED', detail))
}

/** The rules, or what is wrong with one of them. */
function* readRules(list: readonly unknown[]): Steps<RuleBody[] | string> {
  const rules: RuleBody[] = []
  for (let at = 0; at < list.length; at += 1) {
    const read = readBody(RuleSchema, list[at])
    if (!('body' in read)) return `rules.${at}.${read.field}: ${read.message}`
    rules.push(read.body)
    if (at % RULES_A_STEP === 0) yield
  }
  return rules
}

function* translateBody(
  path: string,
  policy: PolicyBody,
  rules: readonly RuleBody[],
  context: PolicyContext,
): Steps<PolicyDraft> {
  const head = headOf(policy)
  const problems: Problem[] = [...headProblems(path, policy, head)]
  const policyScope = readScope(policy, context.resolve, problems)
  const ruleContext = { ...context, policyScope, logEveryRule: policy.logging_enabled === true }
  const made = { ingress: [] as PolicyRule[], egress: [] as PolicyRule[], problems }
  const names = new Set<string>()
  const ordered = orderedRules(rules)
  for (let at = 0; at < ordered.length; at += 1) {
    if (at % RULES_A_STEP === 0) yield
    const rule = ordered[at]!
    const rulePath = rule.path ?? `${path}/rules/${rule.id ?? ''}`
    const name = ruleName(rule, rulePath)
    if (names.has(name))
      problems.push(problem('DUPLICATE_RULE_ID', `rule_id ${name} is there twice`, { rule_path: rulePath }))
    names.add(name)
    if (!isSequenceNumber(rule.sequence_number ?? 0))
      problems.push(
        problem('SEQUENCE_NUMBER', `sequence_number ${quote(rule.sequence_number)}`, { rule_path: rulePath }),
      )
    const [into, out] = [made.ingress.length, made.egress.length]
    translateRule(rule, rulePath, ruleContext, made)
    if (context.fields === undefined) continue
    const added = { ingress: made.ingress.slice(into), egress: made.egress.slice(out) }
    const lacking = missingField(context.fields, added)
    if (lacking !== undefined) problems.push(lacks('ClusterNetworkPolicy', lacking, { rule_path: rulePath }))
  }
  const { ingress, egress } = made
  return { head, ingress, egress, groups: groupsOf(ingress, egress), problems: tidy(problems) }
}

/** A field that this cluster's CRD does not have: it would be pruned, and the rest would mean something else. */
export const lacks = (kind: string, field: string, where: Where): Problem =>
  problem('ANTREA_LACKS_FIELD', `the CRD of ${kind} has no ${field}`, where)

const headOf = (policy: PolicyBody): PolicyHead => {
  const sequence = policy.sequence_number ?? 0
  const isLast = (policy.category ?? '') === ''
  return {
    uniqueId: policy.unique_id ?? undefined,
    displayName: policy.display_name ?? '',
    category: isLast ? 'Application' : CATEGORIES.find((category) => category === policy.category),
    sequence: isSequenceNumber(sequence) ? sequence + (isLast ? AFTER_APPLICATION : 0) : undefined,
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
  else if ((policy.category ?? '') === '')
    refuse('CATEGORY_EMPTY', 'it comes after all policies of category Application', 'category')
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
function readScope(policy: PolicyBody, resolve: ResolveGroup, problems: Problem[]): Members {
  const list = policy.scope ?? []
  if (list.length === 0 || (list.length === 1 && list.every(isAny))) return undefined
  const scope = readMembers(list, resolve, {}, 'scope', problems)
  problems.push(...scopeProblems(scope, {}))
  return scope
}

/** Enabled rules by sequence_number, then rule_id, then id: never by their place in the array. */
function orderedRules(rules: readonly RuleBody[]): readonly RuleBody[] {
  const enabled: RuleBody[] = []
  let isOrdered = true
  for (const rule of rules) {
    if (rule.disabled === true || rule.marked_for_delete === true) continue
    const before = enabled[enabled.length - 1]
    if (before !== undefined && byOrder(before, rule) > 0) isOrdered = false
    enabled.push(rule)
  }
  return isOrdered ? enabled : enabled.sort(byOrder)
}

const byOrder = (a: RuleBody, b: RuleBody): number =>
  (a.sequence_number ?? 0) - (b.sequence_number ?? 0) ||
  (a.rule_id ?? 0) - (b.rule_id ?? 0) ||
  byText(a.id ?? '', b.id ?? '') ||
  byText(a.path ?? '', b.path ?? '')

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Names of the ClusterGroups that rules name, sorted. */
export function groupsOf(...lists: readonly (readonly PolicyRule[])[]): string[] {
  const names = new Set<string>()
  for (const rules of lists)
    for (const { from, to, appliedTo } of rules) {
      addGroups(from, names)
      addGroups(to, names)
      addGroups(appliedTo, names)
    }
  return [...names].sort()
}

function addGroups(list: readonly { readonly group?: string }[] | undefined, names: Set<string>): void {
  if (list === undefined) return
  for (let at = 0; at < list.length; at += 1) {
    const { group } = list[at]!
    if (group !== undefined) names.add(group)
  }
}

export const hasErrors = ({ problems }: { problems: readonly Problem[] }): boolean => problems.some(isError)
