/** A policy of NSX's, or one rule of it: the whole way down to what the cluster holds and the nodes have realized. Pure. */
import { annotationOf, ownershipOf } from '../ccp/ownership.ts'
import { isAsWritten, storedPolicyHash } from '../ccp/plan/index.ts'
import { CODES } from '../ccp/translate/codes/index.ts'
import { objectKey } from '../ccp/translate/index.ts'
import { ruleName } from '../ccp/translate/rules.ts'
import type { ClusterNetworkPolicy, ClusterNetworkPolicySpec, KubeObject } from '../kube/index.ts'
import { MANAGER } from '../kube/marks.ts'
import { EXPLAIN_ITEMS_MAX } from '../limits.ts'
import { ruleIdOf } from '../operations/index.ts'
import type { Problem } from '../protocol/index.ts'
import { changesOf } from './diff-fields.ts'
import type {
  ExplainedAntreaRule,
  ExplainedNsxRule,
  ExplainedPolicy,
  ExplainedProblem,
  ExplainedStored,
  Scene,
} from './explain-types.ts'
import { antreaRuleWords, fieldsOf, listOf, nsxRuleWords, scopeWords, textOf } from './explain-words.ts'
import type { Sight } from './sight.ts'

type Fields = Readonly<Record<string, unknown>>

/** Paths as NSX names rules: its own where it tells one. */
export const rulePathOf = (policyPath: string, rule: Fields): string =>
  textOf(rule['path']) || `${policyPath}/rules/${textOf(rule['id'])}`

/** By sequence_number, then rule_id, as NSX evaluates them. */
export const rulesOf = (body: Fields | undefined): readonly Fields[] =>
  listOf(body?.['rules'])
    .map(fieldsOf)
    .sort(
      (a, b) =>
        Number(a['sequence_number'] ?? 0) - Number(b['sequence_number'] ?? 0) ||
        Number(a['rule_id'] ?? 0) - Number(b['rule_id'] ?? 0),
    )

/** `path` must be of a policy that NSX wants; `rulePath`: only this rule of it. */
export function explainPolicy(scene: Scene, path: string, rulePath?: string): ExplainedPolicy {
  const { state, translation, plan } = scene
  const object = state.objects.get(objectKey('SecurityPolicy', path))
  const body = object?.body
  const translated = translation.policies.find((one) => one.path === path)
  const held = translation.held.find((one) => one.path === path)
  const empty = translation.empty.find((one) => one.path === path)
  const obstacles = plan.held.get(path)
  const problems = [
    ...(held?.problems ?? translated?.notices ?? empty?.notices ?? []),
    ...(obstacles ?? []),
  ].filter(
    (problem) => rulePath === undefined || problem.rule_path === undefined || problem.rule_path === rulePath,
  )
  const stored = storedOf(scene, translated?.name ?? held?.name ?? empty?.name, path)
  const inForce = translated?.spec ?? stored?.spec
  const rules = rulesOf(body).filter((rule) => rulePath === undefined || rulePathOf(path, rule) === rulePath)
  const isHeld = held !== undefined || obstacles !== undefined
  const name = translated?.name ?? stored?.metadata.name
  const names = groupNames(scene)
  const nsxRules = rules.map((rule) => nsxRule(scene, path, rule, inForce, problems))
  const onlyIds =
    rulePath === undefined ? undefined : new Set(nsxRules.flatMap(({ antrea_rules }) => antrea_rules))
  const antreaRules =
    inForce === undefined
      ? []
      : antreaRulesOf(inForce, names).filter((rule) => onlyIds === undefined || onlyIds.has(rule.name))
  const item = scene.sight.ccp?.realization()?.get(path)
  const sequence = body?.['sequence_number']
  return {
    kind: 'SecurityPolicy',
    path,
    display_name: textOf(body?.['display_name']) || (path.split('/').at(-1) ?? path),
    ...(rulePath === undefined ? {} : { rule_path: rulePath }),
    category: textOf(body?.['category']) || 'none',
    ...(typeof sequence === 'number' ? { sequence_number: sequence } : {}),
    scope: scopeWords(state.objects, body?.['scope']),
    hash: object?.hash ?? '',
    version: state.version,
    state:
      held !== undefined
        ? 'held'
        : empty !== undefined
          ? 'empty'
          : obstacles !== undefined
            ? 'obstructed'
            : 'translated',
    rules: nsxRules.slice(0, EXPLAIN_ITEMS_MAX),
    ...moreOf('more_rules', nsxRules),
    problems: problems.map(explained),
    ...(inForce === undefined || name === undefined
      ? {}
      : {
          object: {
            kind: 'ClusterNetworkPolicy',
            name,
            tier: inForce.tier,
            ...tierPriority(scene, inForce.tier),
            priority: inForce.priority,
            rules: antreaRules.slice(0, EXPLAIN_ITEMS_MAX),
            ...moreOf('more_rules', antreaRules),
            wanted: translated !== undefined,
          },
        }),
    groups: groupsNamed(inForce, onlyIds).map((group) => ({ name: group, ...pathOfGroup(scene, group) })),
    stored: storedWords(scene, stored, translated, isHeld, name),
    ...(item === undefined
      ? {}
      : {
          realization: {
            state: item.state,
            words: realizationWords(item.state, item.evidence),
            ...(item.nodes === undefined ? {} : { nodes: item.nodes }),
            ...(item.evidence === undefined ? {} : { evidence: item.evidence }),
            ...(item.applied_hash === undefined ? {} : { applied_hash: item.applied_hash }),
          },
        }),
  }
}

export const moreOf = <K extends string>(key: K, items: readonly unknown[]): { readonly [P in K]?: number } =>
  (items.length > EXPLAIN_ITEMS_MAX ? { [key]: items.length - EXPLAIN_ITEMS_MAX } : {}) as {
    readonly [P in K]?: number
  }

export function tierPriority(
  { sight }: Pick<Scene, 'sight'>,
  tier: string,
): { readonly tier_priority?: number } {
  const priority = sight.ccp?.cluster.tiers.get(tier)?.spec.priority
  return priority === undefined ? {} : { tier_priority: priority }
}

/** By name, or by intent path where the name cannot be known. Ours only. */
function storedOf(
  { clusterId, sight }: Scene,
  name: string | undefined,
  path: string,
): ClusterNetworkPolicy | undefined {
  const policies = sight.ccp?.cluster.policies
  const isOurs = (one: ClusterNetworkPolicy | undefined) =>
    one !== undefined && ownershipOf(one, clusterId) === 'ours'
  const byName = name === undefined ? undefined : policies?.get(name)
  if (isOurs(byName)) return byName
  return policies?.values().find((one) => isOurs(one) && annotationOf(one, 'intentPath') === path)
}

function nsxRule(
  { state }: Scene,
  path: string,
  rule: Fields,
  inForce: ClusterNetworkPolicySpec | undefined,
  problems: readonly Problem[],
): ExplainedNsxRule {
  const rulePath = rulePathOf(path, rule)
  const id = rule['rule_id']
  const name = ruleName(typeof id === 'number' ? { rule_id: id } : {}, rulePath)
  const antrea = [...(inForce?.ingress ?? []), ...(inForce?.egress ?? [])]
    .map((one) => one.name ?? '')
    .filter((one) => ruleIdOf(one) === name)
  const displayName = textOf(rule['display_name'])
  return {
    path: rulePath,
    ...(typeof id === 'number' ? { rule_id: id } : {}),
    ...(displayName === '' ? {} : { display_name: displayName }),
    enabled: rule['disabled'] !== true,
    words: nsxRuleWords(state.objects, rule),
    antrea_rules: [...new Set(antrea)],
    problems: problems.filter((problem) => problem.rule_path === rulePath).map(explained),
  }
}

export function antreaRulesOf(
  spec: ClusterNetworkPolicySpec,
  nameOf: (group: string) => string,
): ExplainedAntreaRule[] {
  return (['ingress', 'egress'] as const).flatMap((direction) =>
    spec[direction].map((rule) => ({
      direction,
      name: rule.name ?? '',
      action: rule.action,
      words: antreaRuleWords(direction, rule, nameOf),
    })),
  )
}

const groupsNamed = (
  spec: ClusterNetworkPolicySpec | undefined,
  only: ReadonlySet<string> | undefined,
): string[] => {
  const names = new Set<string>()
  for (const rule of [...(spec?.ingress ?? []), ...(spec?.egress ?? [])]) {
    if (only !== undefined && !only.has(rule.name ?? '')) continue
    for (const list of [rule.from, rule.to, rule.appliedTo])
      for (const { group } of list ?? []) if (group !== undefined) names.add(group)
  }
  return [...names].sort().slice(0, EXPLAIN_ITEMS_MAX)
}

/** ClusterGroups by what NSX calls them. */
export function groupNames(scene: Scene): (name: string) => string {
  return (name) => {
    const group = scene.translation.groups.get(name)
    if (group === undefined) {
      const path = pathOfGroup(scene, name).path
      return path ?? `ClusterGroup ${name}`
    }
    return group.displayName === '' ? group.path : `“${group.displayName}”`
  }
}

export function pathOfGroup({ translation, sight }: Scene, name: string): { readonly path?: string } {
  const translated = translation.groups.get(name)
  if (translated !== undefined) return { path: translated.path }
  const stored = sight.ccp?.cluster.groups.get(name)
  const path = stored === undefined ? undefined : annotationOf(stored, 'intentPath')
  return path === undefined || path === '' ? {} : { path }
}

/** The problem, with what `explain CODE` says of it. */
export function explained(problem: Problem): ExplainedProblem {
  const text = Object.hasOwn(CODES, problem.code) ? CODES[problem.code as keyof typeof CODES] : undefined
  return text === undefined
    ? problem
    : { ...problem, nsx: text.nsx, antrea: text.antrea, change: text.change }
}

function storedWords(
  { plan }: Scene,
  stored: ClusterNetworkPolicy | undefined,
  translated:
    | { readonly name: string; readonly specHash: string; readonly spec: ClusterNetworkPolicySpec }
    | undefined,
  isHeld: boolean,
  name: string | undefined,
): ExplainedStored {
  const next = nextOf(plan, 'policy', name, isHeld)
  if (stored === undefined) return { exists: false, next }
  const isEqual = translated !== undefined && storedPolicyHash(stored) === translated.specHash
  const compared =
    translated === undefined || isEqual ? undefined : changesOf(stored.spec, translated.spec, 'spec')
  const hash = annotationOf(stored, 'appliedHash')
  return {
    exists: true,
    ...(translated === undefined ? {} : { equal: isEqual }),
    ...changedBy(stored, isAsWritten(stored)),
    ...(stored.metadata.generation === undefined ? {} : { generation: stored.metadata.generation }),
    ...(hash === undefined ? {} : { applied_hash: hash }),
    ...(compared === undefined
      ? {}
      : { changes: compared.changes, ...(compared.more === 0 ? {} : { more_changes: compared.more }) }),
    next,
  }
}

/** Field managers beside our own, where the object is not as it was written. */
export function changedBy(
  object: KubeObject,
  isWritten: boolean,
): { readonly changed_by?: readonly string[] } {
  if (isWritten) return {}
  const others = (object.metadata.managedFields ?? [])
    .flatMap(({ manager, subresource }) =>
      manager === undefined || subresource === 'status' ? [] : [manager],
    )
    .filter((manager) => manager !== MANAGER)
  return { changed_by: [...new Set(others)] }
}

/** What the next comparison does with an object. */
export function nextOf(
  plan: Scene['plan'],
  kind: 'policy' | 'group',
  name: string | undefined,
  isHeld: boolean,
): string {
  const step = plan.steps.find(
    (one) =>
      one.kind.endsWith(`-${kind}`) && ('object' in one ? one.object : one.base).metadata.name === name,
  )
  if (step !== undefined) {
    const [verb = ''] = step.kind.split('-')
    return `${verb} it (${step.stage})`
  }
  if (plan.rivals.length > 0)
    return 'nothing while another adapter keeps policy in this cluster (SECOND_ADAPTER)'
  if (isHeld) return 'leave it as it is: it is held'
  const { deletes } = plan
  if (deletes.kind !== 'free' && name !== undefined && deletes.names.includes(name))
    return deletes.kind === 'guarded'
      ? 'delete it once a second snapshot says the same'
      : 'delete it once a person approves'
  if (plan.awaiting.length > 0) return 'see to it once the awaited groups are computed'
  return 'nothing'
}

const STATES: Readonly<Record<string, string>> = {
  SUCCESS: 'every node that has to has realized it',
  IN_PROGRESS: 'it is on its way to the nodes',
  ERROR: 'it is not in force as NSX wants it',
  UNKNOWN: 'nobody can say at the moment',
  UNINITIALIZED: 'nothing is known of it yet',
  REMOVED: 'it is gone',
}
const EVIDENCE: Readonly<Record<string, string>> = {
  'no-pods': 'no Pod is selected, so no node has to do anything',
  'no-rules': 'no rule is left to enforce',
  nodes: "as the policy's own status counts the nodes",
  agents: "the agents' own word",
  flows: "the agents' flows were looked at",
  controller: "antrea-controller's word alone",
}

const realizationWords = (state: string, evidence: string | undefined): string =>
  `${STATES[state] ?? state}${evidence === undefined ? '' : ` (${EVIDENCE[evidence] ?? evidence})`}`

/** With what the rules matched, where that can be had; without it, why not. */
export async function withStatistics(
  policy: ExplainedPolicy,
  sight: Sight,
  signal: AbortSignal,
): Promise<ExplainedPolicy> {
  if (!policy.stored.exists) return policy
  try {
    const read = await sight.statistics(policy.path, signal)
    const figures = read.figures.find(({ path }) => path === policy.path)
    const byId = new Map((figures?.rules ?? []).map((rule) => [rule.rule_id, rule]))
    const since = figures?.since?.creation_timestamp
    return {
      ...policy,
      rules: policy.rules.map((rule) => {
        const counted = byId.get(
          ruleName(rule.rule_id === undefined ? {} : { rule_id: rule.rule_id }, rule.path),
        )
        if (counted === undefined) return rule
        const { packet_count, byte_count, session_count, problem } = counted
        return {
          ...rule,
          statistics: {
            ...(packet_count === undefined ? {} : { packet_count }),
            ...(byte_count === undefined ? {} : { byte_count }),
            ...(session_count === undefined ? {} : { session_count }),
            ...(problem === undefined ? {} : { problem: problem.code }),
          },
        }
      }),
      statistics: {
        source: read.source,
        ...(since === undefined ? {} : { since }),
        ...(figures?.problem === undefined ? {} : { problem: figures.problem }),
      },
    }
  } catch (error) {
    const { code = 'KUBE_SILENT', message } = error as { readonly code?: string; readonly message: string }
    return { ...policy, statistics: { problem: { code, message } } }
  }
}
