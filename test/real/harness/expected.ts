/**
 * What Antrea should enforce for what NSX wants and the cluster holds, worked out from both public APIs alone and without
 * a line of the adapter: the oracle of this tier. It knows the policies that these tests write, and refuses others.
 */
import type { Expression, Group, Rule, SecurityPolicy } from '../../../src/nsx/model.ts'
import type { AnyJson, Api } from './api.ts'
import type { Enforced, EnforcedRule } from './enforced.ts'
import type { Nsx } from './nsx.ts'

interface Pod {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ips: readonly string[]
  readonly node: string
}

interface Members {
  readonly pods: readonly Pod[]
  readonly blocks: readonly string[]
}

const TIER_PRIORITY: Readonly<Record<string, number>> = {
  Emergency: 1,
  Infrastructure: 2,
  Environment: 3,
  Application: 4,
}
const tierOf = ({ category = '' }: SecurityPolicy) => TIER_PRIORITY[category]!
const ACTIONS: Readonly<Record<string, string>> = { ALLOW: 'Allow', DROP: 'Drop', REJECT: 'Reject' }

/** Every policy of the manager that has an enabled rule, as Antrea should compute it; first evaluated, first listed. */
export async function expectedEnforcement(nsx: Nsx, api: Api): Promise<Enforced[]> {
  const [policies, groups, { items }] = await Promise.all([
    nsx.policies(),
    nsx.groups(),
    api.get('/api/v1/pods'),
  ])
  const world = {
    pods: items.map(podOf) as Pod[],
    groups: new Map(groups.map((group) => [group.path!, group])),
  }
  return policies
    .filter(({ rules = [] }) => rules.some(({ disabled }) => disabled !== true))
    .sort((a, b) => tierOf(a) - tierOf(b) || (a.sequence_number ?? 0) - (b.sequence_number ?? 0))
    .map((policy) => expectedPolicy(policy, world))
}

interface World {
  readonly pods: readonly Pod[]
  readonly groups: ReadonlyMap<string, Group>
}

function podOf(pod: AnyJson): Pod {
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace,
    labels: pod.metadata.labels ?? {},
    ips: (pod.status.podIPs ?? []).map(({ ip }: { ip: string }) => ip),
    node: pod.spec.nodeName,
  }
}

function expectedPolicy(policy: SecurityPolicy, world: World): Enforced {
  const rules = [...(policy.rules ?? [])]
    .filter(({ disabled }) => disabled !== true)
    .sort(
      (a, b) => (a.sequence_number ?? 0) - (b.sequence_number ?? 0) || (a.rule_id ?? 0) - (b.rule_id ?? 0),
    )
  const scope = membersOfAll(policy.scope ?? ['ANY'], world)
  const applied = scope ?? { pods: world.pods, blocks: [] }
  const list = (direction: 'IN' | 'OUT') =>
    rules.filter((rule) => rule.direction === direction).map((rule) => expectedRule(rule, world))
  return {
    name: policy.unique_id!.toLowerCase(),
    tierPriority: tierOf(policy),
    appliedTo: podNames(applied.pods),
    nodes: [...new Set(applied.pods.map(({ node }) => node))].sort(),
    ingress: list('IN'),
    egress: list('OUT'),
  }
}

function expectedRule(rule: Rule, world: World): EnforcedRule {
  const [peers, other] =
    rule.direction === 'IN'
      ? [rule.source_groups, rule.destination_groups]
      : [rule.destination_groups, rule.source_groups]
  if ((other ?? ['ANY'])[0] !== 'ANY') throw new Error(`rule ${rule.id}: only one side may be named`)
  const members = membersOfAll(peers ?? ['ANY'], world)
  return {
    name: String(rule.rule_id),
    action: ACTIONS[rule.action!]!,
    pods: members === undefined ? [] : podNames(members.pods),
    blocks: members === undefined ? ['0.0.0.0/0', '::/0'] : [...new Set(members.blocks)].sort(),
    ports: (rule.service_entries ?? [])
      .flatMap(({ destination_ports = [], l4_protocol }) =>
        destination_ports.map((port) => `${l4_protocol} ${port}`),
      )
      .sort(),
  }
}

const podNames = (pods: readonly Pod[]): string[] =>
  [...new Set(pods.map(({ namespace, name }) => `${namespace}/${name}`))].sort()

/** Undefined for ANY. */
function membersOfAll(list: readonly string[], world: World): Members | undefined {
  if (list[0] === 'ANY') return undefined
  return union(
    list.map((entry) =>
      entry.startsWith('/') ? membersOf(entry, world) : { pods: [], blocks: [block(entry)] },
    ),
  )
}

const union = (all: readonly Members[]): Members => ({
  pods: all.flatMap(({ pods }) => pods),
  blocks: all.flatMap(({ blocks }) => blocks),
})

const block = (address: string): string => (address.includes('/') ? address : `${address}/32`)

function membersOf(path: string, world: World): Members {
  const group = world.groups.get(path)
  if (group === undefined) throw new Error(`NSX refers to ${path}, which it does not have`)
  return union(branches(group.expression ?? []).map((conditions) => branchMembers(conditions, world)))
}

/** Split at OR; within a branch everything is ANDed. */
function branches(expression: readonly Expression[]): Expression[][] {
  const all: Expression[][] = [[]]
  for (const part of expression) {
    if (part.resource_type !== 'ConjunctionOperator') all.at(-1)!.push(part)
    else if (part.conjunction_operator === 'OR') all.push([])
  }
  return all.filter((branch) => branch.length > 0)
}

function branchMembers(conditions: readonly Expression[], world: World): Members {
  const [first] = conditions
  if (first?.resource_type === 'IPAddressExpression')
    return { pods: [], blocks: (first.ip_addresses ?? []).map(block) }
  if (first?.resource_type === 'PathExpression')
    return union((first.paths ?? []).map((path) => membersOf(path, world)))
  return {
    pods: world.pods.filter((pod) => conditions.every((condition) => holds(condition, pod))),
    blocks: [],
  }
}

function holds(expression: Expression, pod: Pod): boolean {
  const { member_type, key, operator, value = '' } = expression
  if (expression.resource_type === 'NestedExpression')
    return (expression.expressions ?? [])
      .filter(({ resource_type }) => resource_type !== 'ConjunctionOperator')
      .every((condition) => holds(condition, pod))
  if (operator !== 'EQUALS') throw new Error(`the oracle does not know ${operator}`)
  if (member_type === 'Namespace' && key === 'Name') return pod.namespace === value
  if (member_type === 'Pod' && key === 'Tag') {
    const [scope = '', tag] = value.split('|')
    return pod.labels[scope.replace(/^dis:k8s:/, '')] === tag
  }
  throw new Error(`the oracle does not know ${member_type} ${key}`)
}
