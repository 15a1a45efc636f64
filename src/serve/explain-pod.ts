/** A Pod: which groups hold it, and which rules bear on it, in the order in which Antrea evaluates them. Pure. */
import { annotationOf, ownershipOf } from '../ccp/ownership.ts'
import { objectKey } from '../ccp/translate/index.ts'
import { ruleName } from '../ccp/translate/rules.ts'
import type { ClusterNetworkPolicy, KubeObject } from '../kube/index.ts'
import { EXPLAIN_ITEMS_MAX } from '../limits.ts'
import { ruleIdOf } from '../operations/index.ts'
import { type Steps, sortSteps } from '../world/index.ts'
import { isAppliedTo, isPeer, membershipOf, podFacts } from './explain-members.ts'
import { groupNames, moreOf, pathOfGroup, rulePathOf, rulesOf, tierPriority } from './explain-policy.ts'
import type { ExplainedPod, ExplainedPodRule, Scene } from './explain-types.ts'
import { antreaRuleWords } from './explain-words.ts'

/** Looked at in one step. */
const GROUPS_A_STEP = 200
const POLICIES_A_STEP = 20

export function* explainPod(scene: Scene, pod: KubeObject): Steps<ExplainedPod> {
  const { sight } = scene
  const facts = podFacts(pod, sight.stores.namespaces)
  const members = membershipOf(facts, (name) => sight.ccp?.cluster.groups.get(name))
  const groups: ExplainedPod['groups'][number][] = []
  for (const [at, group] of (sight.ccp?.cluster.groups.values() ?? []).entries()) {
    if (at % GROUPS_A_STEP === 0) yield
    const { name } = group.metadata
    if (isWhole(scene, group) && members.holds(name))
      groups.push({ name, ...pathOfGroup(scene, name), ...displayName(scene, name) })
  }
  groups.sort((a, b) => (a.name < b.name ? -1 : 1))
  const rules: ExplainedPodRule[] = []
  const peerOf: string[] = []
  const nameOf = groupNames(scene)
  for (const [at, policy] of (yield* inOrder(scene)).entries()) {
    if (at % POLICIES_A_STEP === 0) yield
    const { tier, priority } = policy.spec
    const path = pathOf(scene, policy)
    for (const direction of ['ingress', 'egress'] as const)
      for (const rule of policy.spec[direction] ?? []) {
        if (isAppliedTo(facts, members, rule.appliedTo ?? policy.spec.appliedTo))
          rules.push({
            order: rules.length + 1,
            direction,
            name: rule.name ?? '',
            action: rule.action,
            words: antreaRuleWords(direction, rule, nameOf),
            tier,
            ...tierPriority(scene, tier),
            priority,
            policy: policy.metadata.name,
            ...(path === undefined ? {} : { policy_path: path, ...rulePath(scene, path, rule.name ?? '') }),
          })
        if (isPeer(facts, members, direction === 'ingress' ? rule.from : rule.to))
          peerOf.push(`${path ?? policy.metadata.name} ${rule.name ?? ''} (${direction})`)
      }
  }
  return {
    kind: 'Pod',
    namespace: facts.namespace,
    name: facts.name,
    ...(facts.node === undefined ? {} : { node: facts.node }),
    ips: facts.ips,
    labels: facts.labels,
    host_network: facts.isHostNetwork,
    groups: groups.slice(0, EXPLAIN_ITEMS_MAX),
    ...moreOf('more_groups', groups),
    rules: rules.slice(0, EXPLAIN_ITEMS_MAX),
    ...moreOf('more_rules', rules),
    peer_of: peerOf.slice(0, EXPLAIN_ITEMS_MAX),
    ...moreOf('more_peer_of', peerOf),
  }
}

/** A part of one of our groups is told by the group itself. */
const isWhole = ({ translation, clusterId }: Scene, group: KubeObject): boolean =>
  ownershipOf(group, clusterId) !== 'ours' ||
  translation.groups.has(group.metadata.name) ||
  !/^[0-9a-f-]{36}-[0-9a-f]{10}$/.test(group.metadata.name)

function displayName({ translation }: Scene, name: string): { readonly display_name?: string } {
  const display = translation.groups.get(name)?.displayName
  return display === undefined || display === '' ? {} : { display_name: display }
}

/** Tiers by their priority, then policies by theirs, then by name (which then decides nothing). */
function* inOrder({ sight }: Scene): Steps<ClusterNetworkPolicy[]> {
  const place = (tier: string) => sight.ccp?.cluster.tiers.get(tier)?.spec.priority ?? Number.MAX_SAFE_INTEGER
  return yield* sortSteps(
    sight.ccp?.cluster.policies.values() ?? [],
    (a, b) =>
      place(a.spec.tier) - place(b.spec.tier) ||
      a.spec.priority - b.spec.priority ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  )
}

function pathOf({ clusterId }: Scene, policy: ClusterNetworkPolicy): string | undefined {
  const path = ownershipOf(policy, clusterId) === 'ours' ? annotationOf(policy, 'intentPath') : undefined
  return path === '' ? undefined : path
}

function rulePath({ state }: Scene, policyPath: string, name: string): { readonly rule_path?: string } {
  const body = state.objects.get(objectKey('SecurityPolicy', policyPath))?.body
  const found = rulesOf(body).find((rule) => {
    const path = rulePathOf(policyPath, rule)
    const id = rule['rule_id']
    return ruleName(typeof id === 'number' ? { rule_id: id } : {}, path) === ruleIdOf(name)
  })
  return found === undefined ? {} : { rule_path: rulePathOf(policyPath, found) }
}
