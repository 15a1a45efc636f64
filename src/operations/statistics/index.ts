/**
 * `statistics`: what the policies' rules matched, as Antrea counts it (stats.antrea.io/v1alpha1, antrea-io/antrea
 * pkg/controller/stats). The lists have neither pages nor a version and are read whole. Where antrea-controller has none,
 * the agents are asked for what they count themselves (agents.ts). Only src/operations comes in here.
 */
import { AdapterError, waitFor } from '../../errors.ts'
import type { AntreaAgentInfo, ClusterNetworkPolicy } from '../../kube/antrea.ts'
import { RESOURCES, resourcePath } from '../../kube/resources.ts'
import {
  OPERATION_TIMEOUT_MS_MAX,
  STATISTICS_EPOCHS_MAX,
  STATISTICS_PROBLEMS_TOLD_MAX,
  STATISTICS_WORD_RULES_MAX,
} from '../../limits.ts'
import { type ApiDeps, readExact } from '../api.ts'
import { type ForeignKind, foreignPath, type PolicyNames } from '../policies.ts'
import type { Fields, Operation } from '../types.ts'
import type { AgentTotals } from './agent-metrics.ts'
import { type AskAgents, readAgents, type SourceRef } from './agents.ts'
import {
  figuresOf,
  type PolicyFigures,
  type Problem,
  type Read,
  type StatsObject,
  type Wanted,
} from './figures.ts'
import { createEpochs, type EpochStart, readOfAgents } from './from-agents.ts'
import { silentNodes } from './nodes.ts'
import { inWords, wantedOf } from './request.ts'

export type { AgentTotals } from './agent-metrics.ts'
export type { AskAgents } from './agents.ts'
export type { Counters, Epoch, PolicyFigures, RuleFigures, Wanted } from './figures.ts'

export interface StatisticsDeps extends ApiDeps {
  readonly names: PolicyNames
  policies(signal: AbortSignal): Promise<readonly ClusterNetworkPolicy[]>
  agents(signal: AbortSignal): Promise<readonly AntreaAgentInfo[]>
  /** The agents' own API; absent: it may not be asked, and antrea-controller is the only source. */
  readonly askAgents?: AskAgents
}

export interface Statistics {
  readonly figures: readonly PolicyFigures[]
  readonly source: 'antrea-controller' | 'antrea-agents'
  /** Of the agents: why antrea-controller's were not used. */
  readonly because?: Problem
  /** Milliseconds since 1970. */
  readonly takenAtMs: number
  /** Nodes whose counters are not in the figures, sorted. */
  readonly missingNodes: readonly string[]
  /** Why, of those that were asked. */
  readonly nodeProblems: readonly (Problem & { readonly node: string })[]
  /** Of the agents: what each tells of its policies as a whole. */
  readonly agents: readonly AgentTotals[]
}

/** One list each is O(policies) in the controller's memory; two requests at once are plenty. */
const RUNS_MAX = 2

export function createStatistics(deps: StatisticsDeps): Operation {
  const epochs = createEpochs(STATISTICS_EPOCHS_MAX)
  return {
    kind: 'statistics',
    runsMax: RUNS_MAX,
    timeoutMsMax: OPERATION_TIMEOUT_MS_MAX,
    accept(body) {
      const wanted = wantedOf(body)
      return async ({ signal, say }) => {
        const read = await readStatistics(deps, wanted, signal, epochs)
        for (const policies of inWords(read.figures)) say({ t: 'observation', policies })
        for (let at = 0; at < read.agents.length; at += STATISTICS_WORD_RULES_MAX)
          say({ t: 'observation', agents: read.agents.slice(at, at + STATISTICS_WORD_RULES_MAX) })
        return answerOf(read)
      }
    },
    // It only reads.
    clear: async () => {},
    remembered: async () => [],
  }
}

/** What is said of all figures together, to NSX and on the command line. */
export const answerOf = (read: Statistics): Fields => ({
  source: read.source,
  ...(read.because === undefined ? {} : { because: read.because }),
  taken_at: read.takenAtMs,
  missing_nodes: read.missingNodes,
  ...(read.nodeProblems.length === 0
    ? {}
    : { node_problems: read.nodeProblems.slice(0, STATISTICS_PROBLEMS_TOLD_MAX) }),
  policy_count: read.figures.length,
})

/**
 * Reads and joins. Where antrea-controller has no statistics, the agents are asked; where they have none either, it rejects
 * with STATISTICS_ABSENT or STATISTICS_OFF (wait-for), which says why. Rejects with the API server's errors.
 */
export async function readStatistics(
  deps: StatisticsDeps,
  wanted: Wanted,
  signal: AbortSignal,
  epochs: EpochStart = createEpochs(STATISTICS_EPOCHS_MAX),
): Promise<Statistics> {
  const [policies, agents] = await Promise.all([deps.policies(signal), deps.agents(signal)])
  const around = { deps, wanted, signal, policies, agents, epochs }
  try {
    const read = await readController(around)
    const nowMs = deps.clock.now()
    const lists = [read.antreaClusterNetworkPolicies, read.antreaNetworkPolicies, read.networkPolicies]
    // With policies of the adapter none of which is counted, the others' counters say nothing of them.
    if (isWanted(wanted, 'SecurityPolicy') && policies.length > 0 && lists[0]?.length === 0)
      throw switchedOff()
    if (deps.askAgents !== undefined && lists.every(({ length }) => length === 0)) {
      // Nothing to count, or nobody who does: the agents know.
      const theirs = await readFromAgents(around, switchedOff()).catch(() => undefined)
      if (theirs?.figures.some(({ problem }) => problem === undefined)) return theirs
    }
    return {
      figures: figuresOf(read, policies, deps.names, wanted),
      source: 'antrea-controller',
      takenAtMs: nowMs,
      missingNodes: silentNodes(agents, nowMs),
      nodeProblems: [],
      agents: [],
    }
  } catch (error) {
    if (!(error instanceof AdapterError) || !NOT_THERE.has(error.code) || signal.aborted) throw error
    return await readFromAgents(around, error)
  }
}

/** antrea-controller has no statistics, or is not there to tell them (503 of an aggregated API). */
const NOT_THERE: ReadonlySet<string> = new Set(['STATISTICS_ABSENT', 'STATISTICS_OFF', 'KUBE_SERVER_ERROR'])

interface Around {
  readonly deps: StatisticsDeps
  readonly wanted: Wanted
  readonly signal: AbortSignal
  readonly policies: readonly ClusterNetworkPolicy[]
  readonly agents: readonly AntreaAgentInfo[]
  readonly epochs: EpochStart
}

async function readController({ deps, wanted, signal }: Around): Promise<Read> {
  const lists = (resource: StatsName, ...kinds: readonly string[]): Promise<readonly StatsObject[]> =>
    kinds.some((kind) => isWanted(wanted, kind)) ? listStats(deps, resource, signal) : Promise.resolve([])
  const [cluster, antrea, kubernetes] = await Promise.all([
    lists('clusterPolicyStats', 'SecurityPolicy', 'AntreaClusterNetworkPolicy'),
    lists('antreaPolicyStats', 'AntreaNetworkPolicy'),
    lists('networkPolicyStats', 'K8sNetworkPolicy'),
  ])
  return {
    antreaClusterNetworkPolicies: cluster,
    antreaNetworkPolicies: antrea,
    networkPolicies: kubernetes,
  }
}

/** Rejects with `why`, which then says of the agents as well, when none of them told anything. */
async function readFromAgents(
  { deps, wanted, signal, policies, agents, epochs }: Around,
  why: AdapterError,
): Promise<Statistics> {
  if (deps.askAgents === undefined)
    throw saying(
      why,
      'The agents count as well, and may not be asked: give the adapter a token for them in agents.tokenFile.',
    )
  const nodes = agents.map(({ metadata }) => metadata.name).sort()
  const reading = await readAgents(
    { ask: deps.askAgents, clock: deps.clock },
    nodes,
    wantedSources(wanted, policies, deps.names),
    signal,
  )
  const [first] = reading.missing
  if (nodes.length === 0) throw saying(why, 'There is no agent that could be asked instead.')
  if (first !== undefined && reading.missing.size === nodes.length)
    throw saying(why, `No agent told its own counters either; ${first[0]}: ${first[1].message}.`)
  const nowMs = deps.clock.now()
  return {
    figures: figuresOf(readOfAgents(reading, nowMs, epochs), policies, deps.names, wanted),
    source: 'antrea-agents',
    because: { code: why.code, message: why.message },
    takenAtMs: nowMs,
    missingNodes: [...reading.missing.keys()].sort(),
    nodeProblems: [...reading.missing].map(([node, { code, message }]) => ({ node, code, message })),
    agents: reading.totals,
  }
}

const saying = (why: AdapterError, more: string): AdapterError =>
  new AdapterError(why.kind, why.code, `${why.message}. ${more}`, { cause: why })

/** Which of the agents' policies are asked one by one: those of the kinds and paths that are wanted. */
function wantedSources(
  wanted: Wanted,
  policies: readonly ClusterNetworkPolicy[],
  names: PolicyNames,
): (source: SourceRef) => boolean {
  const ours = new Map<string, string>()
  for (const policy of policies) {
    const path = names.policyPath(policy)
    if (path !== undefined) ours.set(policy.metadata.uid ?? '', path)
  }
  const isAsked = (path: string): boolean => {
    if (wanted.paths === undefined || wanted.paths.has(path)) return true
    // By the path of one of its rules.
    return [...wanted.paths].some((one) => one.startsWith(`${path}/`))
  }
  return ({ type, uid }) => {
    const own = ours.get(uid)
    return own === undefined
      ? isWanted(wanted, type) && isAsked(foreignPath(type as ForeignKind, uid))
      : isWanted(wanted, 'SecurityPolicy') && isAsked(own)
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
