/** A cluster in a few maps: takes a plan's steps one write at a time, and says which flows its policies allow. */

import { type Plan, type PlanMemory, plan, type Step } from '../../../src/ccp/plan/index.ts'
import { DEFAULT_TIERS } from '../../../src/ccp/settings.ts'
import type { Translation } from '../../../src/ccp/translate/index.ts'
import type {
  ClusterGroup,
  ClusterNetworkPolicy,
  LabelSelector,
  PolicyRule,
  Tier,
} from '../../../src/kube/antrea.ts'
import type { KubeObject } from '../../../src/kube/types.ts'

export const CLUSTER = 'cluster-1'
export const SOURCE = 'source-1'

export interface Pod {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ip: string
}

export const MEMORY: PlanMemory = {
  nowMs: 0,
  remembered: new Map(),
  refused: new Map(),
  unusedSince: new Map(),
  confirmed: new Set(),
  suspect: new Set(),
  approvedSource: undefined,
}

export class ModelCluster {
  readonly policies = new Map<string, ClusterNetworkPolicy>()
  readonly groups = new Map<string, ClusterGroup>()
  readonly tiers = new Map<string, Tier>()
  private version = 0

  plan(translation: Translation, memory: Partial<PlanMemory> = {}, source = SOURCE): Plan {
    return plan({
      translation,
      source,
      clusterId: CLUSTER,
      tiers: DEFAULT_TIERS,
      cluster: {
        policies: [...this.policies.values()],
        groups: [...this.groups.values()],
        tiers: [...this.tiers.values()],
      },
      memory: { ...MEMORY, ...memory },
    })
  }

  /** One write, as the API server and antrea-controller would take it. */
  write(step: Step): void {
    if (step.kind === 'delete-policy') this.policies.delete(step.base.metadata.name)
    else if (step.kind === 'delete-group') this.groups.delete(step.base.metadata.name)
    else if (step.kind === 'create-tier') this.tiers.set(step.object.metadata.name, step.object)
    else if (step.kind === 'create-policy' || step.kind === 'replace-policy') this.putPolicy(step.object)
    else this.putGroup(step.object)
  }

  putPolicy(object: ClusterNetworkPolicy): ClusterNetworkPolicy {
    const stored = this.stamp(object, this.policies.get(object.metadata.name))
    const { generation = 0 } = stored.metadata
    const realized = { observedGeneration: generation, currentNodesRealized: 1, desiredNodesRealized: 1 }
    const done: ClusterNetworkPolicy = { ...stored, status: { phase: 'Realized', ...realized } }
    this.policies.set(object.metadata.name, done)
    return done
  }

  putGroup(object: ClusterGroup): void {
    const status = { conditions: [{ type: 'GroupMembersComputed', status: 'True' }] }
    this.groups.set(object.metadata.name, {
      ...this.stamp(object, this.groups.get(object.metadata.name)),
      status,
    })
  }

  private stamp<T extends KubeObject>(object: T, before: T | undefined): T {
    this.version += 1
    const { uid, generation = 0 } = before?.metadata ?? {}
    return {
      ...object,
      metadata: {
        ...object.metadata,
        uid: uid ?? `uid-${this.version}`,
        resourceVersion: String(this.version),
        generation: generation + 1,
        managedFields: [{ manager: 'antrea-nsx-adapter', operation: 'Update' }],
      },
    }
  }

  /** Plans and writes until nothing is left to do; `onWrite` after every single write. Returns the number of writes. */
  converge(
    translation: Translation,
    onWrite: (step: Step) => void = () => {},
    memory: Partial<PlanMemory> = {},
  ): number {
    let writes = 0
    const unusedSince = new Map<string, number>()
    for (let round = 1; round <= 40; round += 1) {
      const nowMs = round * 60_000
      const next = this.plan(translation, { ...memory, nowMs, unusedSince })
      for (const name of next.unused) if (!unusedSince.has(name)) unusedSince.set(name, nowMs)
      if (next.steps.length === 0 && next.awaiting.length === 0 && next.againMs === undefined) return writes
      for (const step of next.steps) {
        this.write(step)
        writes += 1
        onWrite(step)
      }
    }
    throw new Error('it does not come to rest')
  }

  /** `direction from to` of every flow that is allowed. */
  allowed(pods: readonly Pod[]): Set<string> {
    const ordered = [...this.policies.values()].sort(
      (a, b) => this.tierOf(a) - this.tierOf(b) || a.spec.priority - b.spec.priority,
    )
    const flows = new Set<string>()
    for (const from of pods)
      for (const to of pods) {
        if (this.decide(ordered, 'ingress', to, from)) flows.add(`ingress ${from.name} ${to.name}`)
        if (this.decide(ordered, 'egress', from, to)) flows.add(`egress ${from.name} ${to.name}`)
      }
    return flows
  }

  private tierOf = (policy: ClusterNetworkPolicy): number =>
    this.tiers.get(policy.spec.tier)?.spec.priority ?? 999

  private decide(
    ordered: readonly ClusterNetworkPolicy[],
    direction: 'ingress' | 'egress',
    self: Pod,
    other: Pod,
  ): boolean {
    for (const { spec } of ordered)
      for (const rule of spec[direction] ?? []) {
        const applied = (rule.appliedTo ?? spec.appliedTo ?? []).some((peer) => this.selects(peer, self))
        const peers = direction === 'ingress' ? rule.from : rule.to
        const matches = peers === undefined || peers.some((peer) => this.selects(peer, other))
        if (applied && matches) return rule.action === 'Allow'
      }
    return true
  }

  private selects(peer: NonNullable<PolicyRule['from']>[number], pod: Pod): boolean {
    if (peer.group !== undefined) return this.inGroup(peer.group, pod)
    if (peer.ipBlock !== undefined) return peer.ipBlock.cidr === `${pod.ip}/32`
    if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return false
    const labels = { 'kubernetes.io/metadata.name': pod.namespace }
    return matches(peer.podSelector, pod.labels) && matches(peer.namespaceSelector, labels)
  }

  private inGroup(name: string, pod: Pod): boolean {
    const spec = this.groups.get(name)?.spec
    if (spec === undefined) return false
    if (spec.childGroups !== undefined) return spec.childGroups.some((child) => this.inGroup(child, pod))
    if (spec.ipBlocks !== undefined) return spec.ipBlocks.some(({ cidr }) => cidr === `${pod.ip}/32`)
    return this.selects(spec, pod)
  }
}

function matches(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (selector?.matchExpressions ?? []).every(({ key, operator, values }) => {
    const value = labels[key]
    if (operator === 'Exists') return value !== undefined
    if (operator === 'DoesNotExist') return value === undefined
    const isIn = value !== undefined && (values ?? []).includes(value)
    return operator === 'In' ? isIn : !isIn
  })
}
