/**
 * The flows that an agent tells on `/ovsflows`, as `ovs-ofctl dump-flows` writes them (pkg/agent/apiserver/handlers/ovsflows,
 * pkg/agent/openflow): of one policy, and of the two tables in which rules count.
 */
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { WirePolicy } from '../compute/index.ts'
import { json, refuse } from '../serve/index.ts'
import type { Traffic } from '../types.ts'
import { type HeldPolicy, isWanted, typeNamed, wrongType } from './policies.ts'

export interface FlowsDeps {
  readonly held: () => readonly HeldPolicy[]
  readonly hasFlows: (policy: HeldPolicy) => boolean
  /** What passed here since the flows are there; `rule` is '' for policies of Kubernetes, which count as a whole. */
  readonly counted: (uid: string, rule: string) => Traffic
  /** Which start of this agent it is; another one is another cookie, other ids, and counters from 0. */
  readonly round: number
  /** Ids of rules, given as they come. */
  readonly conjunctions: Map<string, number>
  readonly monotonicMs: () => number
}

type Rule = NonNullable<WirePolicy['rules']>[number]

interface Installed {
  readonly held: HeldPolicy
  readonly rule: Rule
  readonly isIngress: boolean
  readonly id: number
  /** Counts for the whole policy of Kubernetes. */
  readonly isFirst: boolean
}

const NONE: Traffic = { packets: 0, bytes: 0, sessions: 0 }
const PRIORITY_HIGHEST = 14_500
const PRIORITY_KUBERNETES = 190
const FLOWS_OF: Readonly<Record<string, string>> = { IngressMetric: 'In', EgressMetric: 'Out' }

const isAntrea = ({ policy }: HeldPolicy) => policy.sourceRef.type.startsWith('Antrea')

function installedOf(held: HeldPolicy, deps: FlowsDeps): Installed[] {
  const { policy } = held
  return (policy.rules ?? []).map((rule, at) => {
    const key = `${policy.metadata.uid} ${at}`
    const id = deps.conjunctions.get(key) ?? deps.conjunctions.size + 1
    deps.conjunctions.set(key, id)
    return { held, rule, isIngress: rule.direction === 'In', id, isFirst: at === 0 }
  })
}

/** As Antrea: by tier, policy and rule; each rule its own number. */
function prioritiesOf(deps: FlowsDeps): ReadonlyMap<string, number> {
  const order = deps
    .held()
    .filter(isAntrea)
    .flatMap((held) => installedOf(held, deps))
    .sort(
      ({ held: a, rule: one }, { held: b, rule: other }) =>
        (a.policy.tierPriority ?? 0) - (b.policy.tierPriority ?? 0) ||
        (a.policy.priority ?? 0) - (b.policy.priority ?? 0) ||
        (one.priority ?? 0) - (other.priority ?? 0),
    )
  return new Map(order.map(({ id }, at) => [String(id), PRIORITY_HIGHEST - at]))
}

const cookieOf = ({ round }: FlowsDeps) => `0x${(round * 2 ** 20 + 0x2_0000).toString(16)}0000000000`

const head = (deps: FlowsDeps, held: HeldPolicy, table: string, { packets, bytes }: Traffic) => {
  const seconds = Math.max(0, deps.monotonicMs() - held.installedMs) / 1_000
  return `cookie=${cookieOf(deps)}, duration=${seconds.toFixed(3)}s, table=${table}, n_packets=${packets}, n_bytes=${bytes}, `
}

export function listFlows({ query }: ServerRequest, deps: FlowsDeps): ServerResponse {
  const source = query.get('networkpolicy')
  const table = query.get('table')
  if (source === null && table !== null) {
    const direction = FLOWS_OF[table]
    return direction === undefined
      ? refuse(400, 'BadRequest', 'invalid table name or number')
      : json(200, metricFlows(deps, direction).map(asFlow))
  }
  const type = typeNamed(query.get('type'))
  if (source === null || type === undefined) return wrongType()
  const wanted = { type, namespace: query.get('namespace'), source }
  const found = deps.held().filter((one) => isWanted(one.policy, wanted) && deps.hasFlows(one))
  if (found.length === 0) return refuse(404, 'NotFound', 'no flows of this policy')
  const priorities = prioritiesOf(deps)
  return json(200, found.flatMap((held) => policyFlows(deps, held, priorities)).map(asFlow))
}

const asFlow = (flow: string) => ({ flow })

/** Of each rule what it does and one of its conditions; and the one that drops what no rule of Kubernetes' allows. */
function policyFlows(deps: FlowsDeps, held: HeldPolicy, priorities: ReadonlyMap<string, number>): string[] {
  const flows = installedOf(held, deps).flatMap(({ id, isIngress }) => {
    const table = `${isAntrea(held) ? 'AntreaPolicy' : ''}${isIngress ? 'Ingress' : 'Egress'}Rule`
    const priority = priorities.get(String(id)) ?? PRIORITY_KUBERNETES
    const start = `${head(deps, held, table, NONE)}priority=${priority},`
    return [
      `${start}conj_id=${id},ip actions=set_field:0x${id.toString(16)}->reg6,goto_table:next`,
      `${start}ip,nw_src=10.0.0.1 actions=conjunction(${id},1/2)`,
    ]
  })
  if (isAntrea(held)) return flows
  return [...flows, `${head(deps, held, 'IngressDefaultRule', NONE)}priority=200,ip,reg1=0x1 actions=drop`]
}

function metricFlows(deps: FlowsDeps, direction: string): string[] {
  const flows = deps
    .held()
    .filter(deps.hasFlows)
    .flatMap((held) => installedOf(held, deps))
    .filter(({ rule }) => rule.direction === direction)
    .flatMap((installed) => countedFlows(deps, installed))
  const table = direction === 'In' ? 'IngressMetric' : 'EgressMetric'
  return [
    ...flows,
    `cookie=0x0, duration=9.000s, table=${table}, n_packets=7, n_bytes=700, priority=0 actions=resubmit(,IngressDefaultRule)`,
  ]
}

function countedFlows(deps: FlowsDeps, { held, rule, isIngress, id, isFirst }: Installed): string[] {
  const { uid } = held.policy.metadata
  const traffic = isAntrea(held) ? deps.counted(uid, rule.name ?? '') : isFirst ? deps.counted(uid, '') : NONE
  const table = isIngress ? 'IngressMetric' : 'EgressMetric'
  const { action = 'Allow' } = rule
  if (action === 'Pass') return []
  if (action !== 'Allow')
    return [
      `${head(deps, held, table, traffic)}priority=200,reg0=0x100000/0x100000,reg3=0x${id.toString(16)} actions=drop`,
    ]
  const label = isIngress
    ? `0x${id.toString(16)}/0xffffffff`
    : `0x${id.toString(16)}00000000/0xffffffff00000000`
  const { packets, bytes, sessions } = traffic
  const flow = (state: string, count: Traffic) =>
    `${head(deps, held, table, count)}priority=200,ct_state=${state},ct_label=${label},ip actions=goto_table:next`
  return [
    flow('+new', { packets: sessions, bytes: 0, sessions: 0 }),
    flow('-new', { packets: Math.max(0, packets - sessions), bytes, sessions: 0 }),
  ]
}
