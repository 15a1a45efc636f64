/** What the agents counted, in the shape of antrea-controller's statistics, so that both are joined to NSX's rules alike. Pure. */
import { sha256Hex } from '../../protocol/hash.ts'
import type { FlowCount } from './agent-flows.ts'
import type { AgentsReading, HeldPolicy, SourceRef } from './agents.ts'
import type { Problem, Read, StatsObject, TrafficStats } from './figures.ts'

/** Milliseconds since 1970 at which an epoch is said to have begun: the same each time it is asked. */
export type EpochStart = (epoch: string, begunMs: number) => number

const LISTS: Readonly<
  Record<string, 'antreaClusterNetworkPolicies' | 'antreaNetworkPolicies' | 'networkPolicies'>
> = {
  AntreaClusterNetworkPolicy: 'antreaClusterNetworkPolicies',
  AntreaNetworkPolicy: 'antreaNetworkPolicies',
  K8sNetworkPolicy: 'networkPolicies',
}

/** `nowMs`: when it was read, milliseconds since 1970. */
export function readOfAgents(reading: AgentsReading, nowMs: number, startOf: EpochStart): Read {
  const byUid = new Map<string, HeldPolicy[]>()
  for (const held of reading.held) {
    const same = byUid.get(held.source.uid) ?? []
    byUid.set(held.source.uid, same)
    same.push(held)
  }
  const lists: Record<keyof typeof EMPTY, StatsObject[]> = {
    antreaClusterNetworkPolicies: [],
    antreaNetworkPolicies: [],
    networkPolicies: [],
  }
  for (const held of byUid.values()) {
    const source = held[0]?.source
    const list = LISTS[source?.type ?? '']
    if (source !== undefined && list !== undefined) lists[list].push(statsOf(source, held, nowMs, startOf))
  }
  return { ...lists, absent: NOWHERE }
}

const EMPTY = { antreaClusterNetworkPolicies: 0, antreaNetworkPolicies: 0, networkPolicies: 0 }

const NOWHERE: Problem = {
  code: 'NO_AGENT_HOLDS',
  message: 'No agent that could be asked holds this policy: on their Nodes is no Pod that it applies to.',
}
const UNASKED: Problem = {
  code: 'TOO_MANY_POLICIES',
  message: 'So many policies are asked of the agents one by one; ask for fewer with paths or kinds.',
}
const UNEXPORTED: Problem = {
  code: 'NOT_EXPORTED',
  message:
    'The agents that hold this policy export no counters of it: its flows are not installed yet, or its rules only pass on.',
}

function statsOf(
  source: SourceRef,
  held: readonly HeldPolicy[],
  nowMs: number,
  startOf: EpochStart,
): StatsObject {
  const counted = held.filter(({ count }) => (count?.all.length ?? 0) > 0)
  const uncountedNodes = held.filter((one) => !counted.includes(one)).map(({ node }) => node)
  const { name, namespace, uid } = source
  const metadata = { name, uid, ...(namespace === '' ? {} : { namespace }) }
  if (counted.length === 0) {
    const isAsked = held.some(({ count }) => count !== undefined)
    return { metadata, problem: isAsked ? UNEXPORTED : UNASKED }
  }
  const all = counted.flatMap(({ count }) => count?.all ?? [])
  const areToldApart = counted.every(({ count }) => count?.rules !== undefined)
  const rules = new Map<string, FlowCount[]>()
  if (areToldApart)
    for (const { name: rule, count } of counted.flatMap((one) => one.count?.rules ?? [])) {
      const counts = rules.get(rule) ?? []
      rules.set(rule, counts)
      counts.push(count)
    }
  rules.delete('')
  const epoch = sha256Hex(
    counted
      .map(({ node, count }) => `${node} ${(count?.all ?? []).map(({ mark }) => mark).sort()}`)
      .sort()
      .join('\n'),
  ).slice(0, 32)
  const ages = all.map(({ ageMs }) => ageMs)
  const youngest = ages.includes(undefined) ? undefined : Math.min(...ages.filter((age) => age !== undefined))
  return {
    metadata: {
      ...metadata,
      ...(youngest === undefined
        ? {}
        : { creationTimestamp: new Date(startOf(epoch, nowMs - youngest)).toISOString() }),
    },
    epoch,
    trafficStats: sumOf(all),
    ruleTrafficStats: [...rules].map(([rule, counts]) => ({ name: rule, trafficStats: sumOf(counts) })),
    exported: new Set(rules.keys()),
    ...(uncountedNodes.length === 0 ? {} : { uncountedNodes }),
  }
}

const sumOf = (counts: readonly FlowCount[]): TrafficStats => {
  const total = (pick: (count: FlowCount) => bigint): string =>
    String(counts.reduce((sum, count) => sum + pick(count), 0n))
  return {
    packets: total(({ packets }) => packets),
    bytes: total(({ bytes }) => bytes),
    sessions: total(({ sessions }) => sessions),
  }
}

/** A flow's age is known to fractions of a second and an epoch must not seem to move: its first reading is kept. */
export function createEpochs(epochsMax: number): EpochStart {
  const starts = new Map<string, number>()
  return (epoch, begunMs) => {
    const known = starts.get(epoch)
    if (known !== undefined) return known
    const [oldest] = starts.keys()
    if (starts.size >= epochsMax && oldest !== undefined) starts.delete(oldest)
    const second = Math.floor(begunMs / 1_000) * 1_000
    starts.set(epoch, second)
    return second
  }
}
