/** What the agents report of traffic: nothing passes here, so it is what they are told to have counted. */
import type { Logger } from '../../../log/index.ts'
import { type Clock, type HttpClient, sleep } from '../../../world/index.ts'
import { call, messageOf } from '../api.ts'
import { CONTROLPLANE } from '../compute/index.ts'
import type { CountedPolicy, Traffic } from '../types.ts'

export interface StatisticsDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly log?: Logger
  readonly signal: AbortSignal
  readonly periodMs: number
  readonly isAwake: (node: string) => boolean
}

/** By rule; '' is a policy of Kubernetes, which counts as a whole. */
type Rules = Map<string, Traffic>

/** What has been counted and not been reported, by node and then by policy. It outlives a stop of the agents. */
export interface Counters {
  add(node: string, policy: CountedPolicy, rule: string | undefined, traffic: Traffic): void
  /** What could not be reported is still to be. */
  putBack(node: string, policy: CountedPolicy, rule: string, traffic: Traffic): void
  /** Takes what this node has to report, or nothing. */
  take(node: string): ReadonlyMap<CountedPolicy, Rules> | undefined
  /** What this Node's flows count: everything since `installed`. */
  flow(node: string, uid: string, rule: string): Traffic
  /** The flows of this Node are installed anew. */
  installed(node: string): void
  nodes(): readonly string[]
}

const NOTHING: Traffic = { packets: 0, bytes: 0, sessions: 0 }

const sum = (a: Traffic | undefined, b: Traffic): Traffic => ({
  packets: (a?.packets ?? 0) + b.packets,
  bytes: (a?.bytes ?? 0) + b.bytes,
  sessions: (a?.sessions ?? 0) + b.sessions,
})

export function createCounters(): Counters {
  const counted = new Map<string, Map<string, { readonly policy: CountedPolicy; readonly rules: Rules }>>()
  const flows = new Map<string, Map<string, Traffic>>()
  const count = (node: string, policy: CountedPolicy, rule: string, traffic: Traffic) => {
    const mine = counted.get(node) ?? new Map()
    counted.set(node, mine)
    const entry = mine.get(policy.uid) ?? { policy, rules: new Map() }
    mine.set(policy.uid, entry)
    entry.rules.set(rule, sum(entry.rules.get(rule), traffic))
  }
  return {
    add(node, policy, rule = '', traffic) {
      const here = flows.get(node) ?? new Map<string, Traffic>()
      flows.set(node, here)
      const place = `${policy.uid} ${rule}`
      here.set(place, sum(here.get(place), traffic))
      count(node, policy, rule, traffic)
    },
    putBack: count,
    flow: (node, uid, rule) => flows.get(node)?.get(`${uid} ${rule}`) ?? NOTHING,
    installed: (node) => void flows.delete(node),
    take(node) {
      const mine = counted.get(node)
      counted.delete(node)
      return mine && new Map([...mine.values()].map(({ policy, rules }) => [policy, rules]))
    },
    nodes: () => [...counted.keys()],
  }
}

const LISTS: Readonly<Record<CountedPolicy['kind'], string>> = {
  ClusterNetworkPolicy: 'antreaClusterNetworkPolicies',
  NetworkPolicy: 'antreaNetworkPolicies',
  'networking.k8s.io/NetworkPolicy': 'networkPolicies',
}

function summaryOf(node: string, counted: ReadonlyMap<CountedPolicy, Rules>): object {
  const lists: Record<string, object[]> = {}
  for (const [{ kind, uid }, rules] of counted) {
    const field = LISTS[kind]
    const whole = rules.get('')
    const named = [...rules].filter(([name]) => name !== '')
    const list = lists[field] ?? []
    lists[field] = list
    list.push({
      networkPolicy: { uid },
      // A total with bytes in it would count alone.
      ...(named.length > 0
        ? { ruleTrafficStats: named.map(([name, trafficStats]) => ({ name, trafficStats })) }
        : { trafficStats: whole }),
    })
  }
  return { apiVersion: CONTROLPLANE, kind: 'NodeStatsSummary', metadata: { name: node }, ...lists }
}

/** Reports every period what has been counted since; what does not arrive goes with the next report. */
export function startStatistics(deps: StatisticsDeps, counters: Counters): void {
  const { http, clock, signal } = deps
  const report = async (node: string): Promise<void> => {
    const counted = counters.take(node)
    if (counted === undefined) return
    try {
      const path = `/apis/${CONTROLPLANE}/nodestatssummaries`
      const answer = await call(http, 'POST', path, { body: summaryOf(node, counted), signal })
      if (answer.status >= 300) throw new Error(messageOf(answer.body))
    } catch (error) {
      for (const [policy, rules] of counted)
        for (const [rule, traffic] of rules) counters.putBack(node, policy, rule, traffic)
      if (!signal.aborted) deps.log?.debug({ err: error, node }, 'statistics were not taken')
    }
  }
  const run = async () => {
    while (!signal.aborted) {
      await sleep(clock, deps.periodMs, signal)
      await Promise.all(counters.nodes().filter(deps.isAwake).map(report))
    }
  }
  run().catch(() => {})
}
