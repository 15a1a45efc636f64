/**
 * From Antrea's counters to figures by NSX path. Pure. What is counted: for each NSX rule the sum over the names it has in
 * the policy as it is in the cluster now; names of earlier translations, which Antrea goes on showing, are left out.
 */
import type { ClusterNetworkPolicy } from '../../kube/antrea.ts'
import { type ForeignKind, foreignPath, type PolicyNames, ruleIdOf } from '../policies.ts'
import type { Fields } from '../types.ts'

/** `stats.antrea.io/v1alpha1`: zero counters are absent; what is over 2^53 comes as digits. */
export interface TrafficStats {
  readonly packets?: number | string
  readonly bytes?: number | string
  readonly sessions?: number | string
}

export interface StatsObject {
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly uid?: string
    readonly creationTimestamp?: string
  }
  readonly trafficStats?: TrafficStats
  readonly ruleTrafficStats?: readonly { readonly name?: string; readonly trafficStats?: TrafficStats }[]
  /** Of the agents: the rules they told counters of. Absent: Antrea counts them all, and one that is not listed has 0. */
  readonly exported?: ReadonlySet<string>
  /** Of the agents: what takes the uid's place in `since`. */
  readonly epoch?: string
  /** Why there are no counters. */
  readonly problem?: Problem
  /** Nodes that hold it and are not in the counters. */
  readonly uncountedNodes?: readonly string[]
}

export interface Problem {
  readonly code: string
  readonly message: string
}

export interface Counters {
  readonly packet_count: string
  readonly byte_count: string
  readonly session_count: string
}

export interface RuleFigures extends Partial<Counters> {
  readonly rule_id: string
  /** NSX path; absent where what NSX wants is not at hand, and of what NSX did not make. */
  readonly path?: string
  /** Why there are no counters. */
  readonly problem?: Problem
}

/** Since when the counters run; another value is another epoch, and the two are never subtracted. */
export interface Epoch {
  readonly uid: string
  readonly creation_timestamp: string
}

export interface PolicyFigures extends Partial<Counters>, Fields {
  readonly path: string
  readonly kind: 'SecurityPolicy' | ForeignKind
  /** In the cluster, with its namespace. */
  readonly name: string
  readonly since?: Epoch
  readonly rules?: readonly RuleFigures[]
  /** Why there are no counters. */
  readonly problem?: Problem
  /** Nodes that hold it and are not in the counters. */
  readonly missing_nodes?: readonly string[]
}

export interface Read {
  readonly antreaClusterNetworkPolicies: readonly StatsObject[]
  readonly antreaNetworkPolicies: readonly StatsObject[]
  readonly networkPolicies: readonly StatsObject[]
  /** What is the matter with a policy that is not among them; NOT_COUNTED_YET when absent. */
  readonly absent?: Problem
}

export interface Wanted {
  /** Policy and rule paths; undefined: all of the kinds. */
  readonly paths: ReadonlySet<string> | undefined
  /** undefined: all kinds. */
  readonly kinds: ReadonlySet<string> | undefined
}

const digits = (value: unknown): bigint => {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : 0n
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : 0n
}

class Sum {
  private packets = 0n
  private bytes = 0n
  private sessions = 0n

  add(traffic: TrafficStats | undefined): this {
    this.packets += digits(traffic?.packets)
    this.bytes += digits(traffic?.bytes)
    this.sessions += digits(traffic?.sessions)
    return this
  }

  counters(): Counters {
    return {
      packet_count: String(this.packets),
      byte_count: String(this.bytes),
      session_count: String(this.sessions),
    }
  }
}

/** Figures of everything that is wanted, by path; a path that is not in the cluster has a problem instead. */
export function figuresOf(
  read: Read,
  policies: readonly ClusterNetworkPolicy[],
  names: PolicyNames,
  wanted: Wanted,
): PolicyFigures[] {
  const ours = oursByPath(policies, names)
  // One of ours that is just being replaced is counted under its policy's own name alone.
  const ownNames = new Set(
    policies.filter((policy) => names.policyPath(policy) !== undefined).map(({ metadata }) => metadata.name),
  )
  const byName = new Map(read.antreaClusterNetworkPolicies.map((stats) => [stats.metadata?.name, stats]))
  const all = [
    ...[...ours].map(([path, policy]) =>
      ourFigures(path, policy, byName.get(policy.metadata.name), names, read.absent),
    ),
    ...read.antreaClusterNetworkPolicies
      .filter(({ metadata }) => !ownNames.has(metadata?.name ?? ''))
      .flatMap((stats) => foreignFigures('AntreaClusterNetworkPolicy', stats)),
    ...read.antreaNetworkPolicies.flatMap((stats) => foreignFigures('AntreaNetworkPolicy', stats)),
    ...read.networkPolicies.flatMap((stats) => foreignFigures('K8sNetworkPolicy', stats)),
  ].filter(({ kind }) => wanted.kinds?.has(kind) ?? true)
  return wanted.paths === undefined ? all : chosen(all, wanted.paths)
}

/** A policy on its way to another place has a second object for a moment (`<name>-t`); the first one counts. */
function oursByPath(
  policies: readonly ClusterNetworkPolicy[],
  names: PolicyNames,
): ReadonlyMap<string, ClusterNetworkPolicy> {
  const ours = new Map<string, ClusterNetworkPolicy>()
  for (const policy of policies) {
    const path = names.policyPath(policy)
    if (path === undefined) continue
    const other = ours.get(path)
    if (other === undefined || policy.metadata.name.length < other.metadata.name.length)
      ours.set(path, policy)
  }
  return ours
}

function ourFigures(
  path: string,
  policy: ClusterNetworkPolicy,
  stats: StatsObject | undefined,
  names: PolicyNames,
  absent: Problem = NOT_COUNTED_YET,
): PolicyFigures {
  const base = { path, kind: 'SecurityPolicy' as const, name: policy.metadata.name }
  // Counters of an earlier object of this name are none of this one's.
  if (stats === undefined || stats.metadata?.uid !== policy.metadata.uid) return { ...base, problem: absent }
  if (stats.problem !== undefined) return { ...base, problem: stats.problem }
  const counted = new Map(
    (stats.ruleTrafficStats ?? []).map(({ name = '', trafficStats }) => [name, trafficStats]),
  )
  const rules = new Map<string, Sum>()
  const unexported = new Set<string>()
  const total = new Sum()
  for (const { name = '' } of [...(policy.spec.ingress ?? []), ...(policy.spec.egress ?? [])]) {
    const id = ruleIdOf(name)
    const sum = rules.get(id) ?? new Sum()
    rules.set(id, sum.add(counted.get(name)))
    total.add(counted.get(name))
    // Half of a rule's counters would read like all of them.
    if (stats.exported?.has(name) === false) unexported.add(id)
  }
  return {
    ...base,
    ...epochOf(stats),
    ...(stats.exported === undefined ? total : new Sum().add(stats.trafficStats)).counters(),
    ...missingOf(stats),
    rules: [...rules].map(([id, sum]) => {
      const rulePath = names.rulePath(path, id)
      return {
        rule_id: id,
        ...(rulePath === undefined ? {} : { path: rulePath }),
        ...(unexported.has(id) ? { problem: RULE_NOT_EXPORTED } : sum.counters()),
      }
    }),
  }
}

const NOT_COUNTED_YET: Problem = {
  code: 'NOT_COUNTED_YET',
  message: 'Antrea does not count this policy yet; its counters begin within a minute.',
}
const RULE_NOT_EXPORTED: Problem = {
  code: 'RULE_NOT_EXPORTED',
  message:
    'The agents export no counters of this rule alone; it is in the policy’s where it is counted at all.',
}

const missingOf = ({ uncountedNodes }: StatsObject) =>
  uncountedNodes === undefined ? {} : { missing_nodes: uncountedNodes }

function foreignFigures(kind: ForeignKind, stats: StatsObject): PolicyFigures[] {
  const { name, namespace, uid } = stats.metadata ?? {}
  // With its counters switched off Antrea answers an object without a name.
  if (name === undefined || uid === undefined) return []
  const base = {
    path: foreignPath(kind, uid),
    kind,
    name: namespace === undefined || namespace === '' ? name : `${namespace}/${name}`,
  }
  if (stats.problem !== undefined) return [{ ...base, problem: stats.problem }]
  const rules = (stats.ruleTrafficStats ?? []).map(({ name: rule = '', trafficStats }) => ({
    rule_id: rule,
    ...new Sum().add(trafficStats).counters(),
  }))
  return [
    {
      ...base,
      ...epochOf(stats),
      ...new Sum().add(stats.trafficStats).counters(),
      ...missingOf(stats),
      ...(rules.length === 0 ? {} : { rules: rules.sort((a, b) => (a.rule_id < b.rule_id ? -1 : 1)) }),
    },
  ]
}

const epochOf = ({ metadata, epoch }: StatsObject): { since: Epoch } => ({
  since: { uid: epoch ?? metadata?.uid ?? '', creation_timestamp: metadata?.creationTimestamp ?? '' },
})

/** Those asked for by their own path or by that of a rule; of the latter only the rules asked for. */
function chosen(all: readonly PolicyFigures[], paths: ReadonlySet<string>): PolicyFigures[] {
  const found = new Set<string>()
  const figures = all.flatMap((policy) => {
    if (paths.has(policy.path)) {
      found.add(policy.path)
      for (const { path } of policy.rules ?? []) if (path !== undefined) found.add(path)
      return [policy]
    }
    const rules = (policy.rules ?? []).filter(({ path }) => path !== undefined && paths.has(path))
    for (const { path } of rules) found.add(path ?? '')
    return rules.length === 0 ? [] : [{ ...policy, rules }]
  })
  const absent = [...paths].filter((path) => !found.has(path))
  return [...figures, ...absent.map(absentFigures)]
}

const absentFigures = (path: string): PolicyFigures => ({
  path,
  kind: 'SecurityPolicy',
  name: '',
  problem: {
    code: 'NOT_IN_CLUSTER',
    message: 'Nothing in the cluster stands for this path, so nothing counts it; see its realization.',
  },
})
