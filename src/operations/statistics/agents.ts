/**
 * The agents' own counters, where antrea-controller's statistics are absent, empty or switched off: each agent is asked for
 * the policies it holds, for its two metric tables, and for the flows of each policy that is wanted (`/networkpolicies`,
 * `/ovsflows`), then for its totals (`/metrics`). An agent that fails is a missing node; the others count.
 */
import { type AdapterError, asAdapterError, retry } from '../../errors.ts'
import type { AgentClient } from '../../kube/agents/index.ts'
import {
  AGENTS_AT_ONCE,
  STATISTICS_AGENT_CALL_MS,
  STATISTICS_AGENT_MS_MAX,
  STATISTICS_FLOW_ASKS_MAX,
} from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import type { Fields } from '../types.ts'
import { countsOfTable, type HeldRule, type PolicyCount, policyCount } from './agent-flows.ts'
import { type AgentTotals, totalsOf } from './agent-metrics.ts'

export type AskAgents = Pick<AgentClient, 'getJson' | 'getText'>

/** The source of a policy as the agents name it (controlplane/v1beta2 NetworkPolicyReference). */
export interface SourceRef {
  readonly type: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** One policy on one Node; `count` is undefined when it was not asked for, being over the limit. */
export interface HeldPolicy {
  readonly node: string
  readonly source: SourceRef
  readonly rules: readonly HeldRule[]
  readonly count: PolicyCount | undefined
}

export interface AgentsReading {
  readonly held: readonly HeldPolicy[]
  readonly totals: readonly AgentTotals[]
  /** Nodes whose agent did not tell its flows, by name, with the reason. */
  readonly missing: ReadonlyMap<string, AdapterError>
  /** Policies on Nodes that were not asked for, being over STATISTICS_FLOW_ASKS_MAX. */
  readonly unasked: number
}

/** As antctl spells the types (pkg/querier NetworkPolicyTypeMap). */
const SHORT_TYPES: Readonly<Record<string, string>> = {
  K8sNetworkPolicy: 'K8SNP',
  AntreaClusterNetworkPolicy: 'ACNP',
  AntreaNetworkPolicy: 'ANNP',
}

/** Asks all of these Nodes, some at once. Rejects only with the signal's reason. */
export async function readAgents(
  deps: { readonly ask: AskAgents; readonly clock: Clock },
  nodes: readonly string[],
  isWanted: (source: SourceRef) => boolean,
  signal: AbortSignal,
): Promise<AgentsReading> {
  const held: HeldPolicy[] = []
  const totals: AgentTotals[] = []
  const missing = new Map<string, AdapterError>()
  const budget = { left: STATISTICS_FLOW_ASKS_MAX, unasked: 0 }
  const next = nodes.values()
  const work = async () => {
    for (const node of next) {
      signal.throwIfAborted()
      const [flows, told] = await Promise.allSettled([
        withinTime(deps.clock, node, signal, (until) => readFlows(deps.ask, node, isWanted, budget, until)),
        withinTime(deps.clock, node, signal, (until) =>
          deps.ask.getText(node, { path: '/metrics', signal: until, timeoutMs: STATISTICS_AGENT_CALL_MS }),
        ),
      ])
      signal.throwIfAborted()
      if (flows.status === 'fulfilled') held.push(...flows.value)
      else missing.set(node, asAdapterError(flows.reason))
      // Metrics can be switched off (enablePrometheusMetrics), and may be forbidden to the token alone.
      if (told.status === 'fulfilled' && told.value !== undefined) totals.push(totalsOf(node, told.value))
    }
  }
  await Promise.all(Array.from({ length: AGENTS_AT_ONCE }, work))
  const byNode = (a: { readonly node: string }, b: { readonly node: string }) => (a.node < b.node ? -1 : 1)
  return { held: held.sort(byNode), totals: totals.sort(byNode), missing, unasked: budget.unasked }
}

/** One agent that answers each call just in time does not hold up the others. */
async function withinTime<T>(
  clock: Clock,
  node: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = clock.setTimeout(
    () =>
      late.abort(
        retry(
          'AGENT_SLOW',
          `the agent on ${node} did not tell its flows within ${STATISTICS_AGENT_MS_MAX / 1_000} s`,
        ),
      ),
    STATISTICS_AGENT_MS_MAX,
  )
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } finally {
    clock.clearTimeout(timer)
  }
}

async function readFlows(
  ask: AskAgents,
  node: string,
  isWanted: (source: SourceRef) => boolean,
  budget: { left: number; unasked: number },
  signal: AbortSignal,
): Promise<HeldPolicy[]> {
  const itemsAt = async (path: string): Promise<readonly Fields[]> =>
    itemsOf(await ask.getJson(node, { path, signal, timeoutMs: STATISTICS_AGENT_CALL_MS }))
  const flowsOf = async (query: Readonly<Record<string, string>>): Promise<string[]> =>
    (await itemsAt(`/ovsflows?${new URLSearchParams(query)}`)).flatMap(({ flow }) =>
      typeof flow === 'string' ? [flow] : [],
    )
  const policies = (await itemsAt('/networkpolicies')).flatMap(heldOf)
  const wanted = policies.filter(({ source }) => isWanted(source))
  const asked = wanted.slice(0, budget.left)
  budget.left -= asked.length
  budget.unasked += wanted.length - asked.length
  const flows: { readonly policy: (typeof wanted)[number]; readonly flows: string[] }[] = []
  for (const policy of asked) {
    const { type, namespace, name } = policy.source
    flows.push({
      policy,
      flows: await flowsOf({
        networkpolicy: name,
        type: SHORT_TYPES[type] ?? '',
        ...(namespace === '' ? {} : { namespace }),
      }),
    })
  }
  // Read last: what a policy's flows name is then counted in them.
  const tables = {
    In: countsOfTable(await flowsOf({ table: 'IngressMetric' })),
    Out: countsOfTable(await flowsOf({ table: 'EgressMetric' })),
  }
  return [
    ...flows.map(({ policy, flows: texts }) => ({
      node,
      ...policy,
      count: policyCount(texts, policy.rules, tables),
    })),
    ...wanted.slice(asked.length).map((policy) => ({ node, ...policy, count: undefined })),
  ]
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Of a list, or of an object with `items`. */
function itemsOf(answer: unknown): readonly Fields[] {
  const list = Array.isArray(answer) ? answer : isFields(answer) ? answer['items'] : undefined
  return Array.isArray(list) ? list.filter(isFields) : []
}

function heldOf(item: Fields): { readonly source: SourceRef; readonly rules: readonly HeldRule[] }[] {
  const { sourceRef, rules } = item
  if (!isFields(sourceRef)) return []
  const source = {
    type: textOf(sourceRef['type']),
    namespace: textOf(sourceRef['namespace']),
    name: textOf(sourceRef['name']),
    uid: textOf(sourceRef['uid']),
  }
  if (SHORT_TYPES[source.type] === undefined || source.name === '' || source.uid === '') return []
  return [{ source, rules: (Array.isArray(rules) ? rules.filter(isFields) : []).map(ruleOf) }]
}

/** Absent is the protobuf's zero: the first rule. */
const ruleOf = ({ name, direction, priority }: Fields): HeldRule => ({
  name: textOf(name),
  direction: direction === 'Out' ? 'Out' : 'In',
  priority: typeof priority === 'number' ? priority : 0,
})
