/**
 * `statistics`: what the policies' rules matched, as Antrea counts it (stats.antrea.io/v1alpha1, antrea-io/antrea
 * pkg/controller/stats). The lists have neither pages nor a version and are read whole. Only src/operations comes in here.
 */
import { AdapterError, waitFor } from '../../errors.ts'
import type { AntreaAgentInfo, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import { RESOURCES, resourcePath } from '../../kube/resources.ts'
import { OPERATION_TIMEOUT_MS_MAX } from '../../limits.ts'
import { type ApiDeps, readExact } from '../api.ts'
import type { PolicyNames } from '../policies.ts'
import type { Fields, Operation } from '../types.ts'
import { figuresOf, type PolicyFigures, type StatsObject, type Wanted } from './figures.ts'
import { silentNodes } from './nodes.ts'
import { inWords, wantedOf } from './request.ts'

export type { Counters, Epoch, PolicyFigures, RuleFigures, Wanted } from './figures.ts'

export interface StatisticsDeps extends ApiDeps {
  readonly names: PolicyNames
  policies(signal: AbortSignal): Promise<readonly ClusterNetworkPolicy[]>
  agents(signal: AbortSignal): Promise<readonly AntreaAgentInfo[]>
}

export interface Statistics {
  readonly figures: readonly PolicyFigures[]
  readonly source: 'antrea-controller'
  /** Milliseconds since 1970. */
  readonly takenAtMs: number
  readonly missingNodes: readonly string[]
}

/** One list each is O(policies) in the controller's memory; two requests at once are plenty. */
const RUNS_MAX = 2

export function createStatistics(deps: StatisticsDeps): Operation {
  return {
    kind: 'statistics',
    runsMax: RUNS_MAX,
    timeoutMsMax: OPERATION_TIMEOUT_MS_MAX,
    accept(body) {
      const wanted = wantedOf(body)
      return async ({ signal, say }) => {
        const { figures, source, takenAtMs, missingNodes } = await readStatistics(deps, wanted, signal)
        for (const policies of inWords(figures)) say({ t: 'observation', policies })
        return { source, taken_at: takenAtMs, missing_nodes: missingNodes, policy_count: figures.length }
      }
    },
    // It only reads.
    clear: async () => {},
    remembered: async () => [],
  }
}

/**
 * Reads and joins. Rejects with STATISTICS_ABSENT or STATISTICS_OFF (wait-for) where nobody counts, and with the API
 * server's errors.
 */
export async function readStatistics(
  deps: StatisticsDeps,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Statistics> {
  const lists = (resource: StatsName, ...kinds: readonly string[]): Promise<readonly StatsObject[]> =>
    kinds.some((kind) => isWanted(wanted, kind)) ? listStats(deps, resource, signal) : Promise.resolve([])
  const [cluster, antrea, kubernetes, policies, agents] = await Promise.all([
    lists('clusterPolicyStats', 'SecurityPolicy', 'AntreaClusterNetworkPolicy'),
    lists('antreaPolicyStats', 'AntreaNetworkPolicy'),
    lists('networkPolicyStats', 'K8sNetworkPolicy'),
    deps.policies(signal),
    deps.agents(signal),
  ])
  if (isWanted(wanted, 'SecurityPolicy') && policies.length > 0 && cluster.length === 0) throw switchedOff()
  const nowMs = deps.clock.now()
  const read = {
    antreaClusterNetworkPolicies: cluster,
    antreaNetworkPolicies: antrea,
    networkPolicies: kubernetes,
  }
  return {
    figures: figuresOf(read, policies, deps.names, wanted),
    source: 'antrea-controller',
    takenAtMs: nowMs,
    missingNodes: silentNodes(agents, nowMs),
  }
}

type StatsName = 'clusterPolicyStats' | 'antreaPolicyStats' | 'networkPolicyStats'

const isWanted = ({ kinds }: Wanted, kind: string): boolean => kinds?.has(kind) ?? true

async function listStats(
  deps: ApiDeps,
  resource: StatsName,
  signal: AbortSignal,
): Promise<readonly StatsObject[]> {
  try {
    const { items } = ((await readExact(deps, resourcePath(RESOURCES[resource]), signal)) ?? {}) as Fields
    return Array.isArray(items)
      ? (items as StatsObject[]).filter((item) => typeof item === 'object' && item)
      : []
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND') throw absent()
    throw error
  }
}

const absent = () =>
  waitFor(
    'STATISTICS_ABSENT',
    'this API server does not serve stats.antrea.io, so nobody exports what policies counted; see to the APIService v1alpha1.stats.antrea.io',
  )

const switchedOff = () =>
  waitFor(
    'STATISTICS_OFF',
    "antrea-controller counts no policy at all, so nobody exports what they matched; switch on Antrea's feature gate NetworkPolicyStats for controller and agents",
  )
