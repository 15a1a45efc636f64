/** Antrea's observations as NSX's, with what NSX has no field for beside them. Pure. */
import type { Fields } from '../types.ts'
import type { TraceResult } from './trace.ts'

/** How NSX calls a policy of the cluster and its rule, where they are its own. */
export interface Named {
  readonly policy_path?: string
  readonly rule_path?: string
  readonly rule_id?: string
}

export interface ObservationNames {
  nodeId(node: string): string | undefined
  /** `networkPolicy` as Antrea writes it (`AntreaClusterNetworkPolicy:NAME`), and the rule's name. */
  policy(reference: string, rule: string | undefined): Named
}

const COMPONENTS: ReadonlyMap<unknown, string> = new Map([
  ['SpoofGuard', 'ANTREA_SPOOFGUARD'],
  ['LB', 'ANTREA_LB'],
  ['Routing', 'ANTREA_ROUTING'],
  ['NetworkPolicy', 'ANTREA_DFW'],
  ['Forwarding', 'ANTREA_FORWARDING'],
])

const TYPES: ReadonlyMap<unknown, string> = new Map([
  ['Delivered', 'Delivered'],
  ['Received', 'Received'],
  ['Dropped', 'Dropped'],
  ['Rejected', 'Dropped'],
])

/** Antrea's fields that NSX does not have, as they are called there. */
const MORE: readonly (readonly [from: string, to: string])[] = [
  ['component', 'component'],
  ['componentInfo', 'component_info'],
  ['action', 'action'],
  ['pod', 'pod'],
  ['dstMAC', 'destination_mac'],
  ['networkPolicy', 'network_policy'],
  ['networkPolicyRule', 'network_policy_rule'],
  ['ttl', 'ttl'],
  ['translatedSrcIP', 'translated_source_ip'],
  ['translatedDstIP', 'translated_destination_ip'],
  ['tunnelDstIP', 'tunnel_destination_ip'],
  ['srcPodIP', 'source_pod_ip'],
  ['egress', 'egress'],
  ['egressIP', 'egress_ip'],
  ['egressNode', 'egress_node'],
]

const TEXT_CHARS_MAX = 1_000

/** One observation of a result. NSX's four fields first; `antrea` has the rest. */
export function observationOf(result: TraceResult, observation: Fields, names: ObservationNames): Fields {
  const node = typeof result.node === 'string' ? result.node : ''
  const more = MORE.flatMap(([from, to]): (readonly [string, string | number])[] => {
    const value = observation[from]
    if (typeof value === 'number') return [[to, value]]
    return typeof value === 'string' && value !== '' ? [[to, value.slice(0, TEXT_CHARS_MAX)]] : []
  })
  const reference = observation['networkPolicy']
  const rule = observation['networkPolicyRule']
  const named =
    typeof reference === 'string' && reference !== ''
      ? names.policy(reference, typeof rule === 'string' ? rule : undefined)
      : {}
  return {
    observation_type: `AntreaTraceflowObservation${TYPES.get(observation['action']) ?? 'Forwarded'}`,
    component_type: COMPONENTS.get(observation['component']) ?? 'UNKNOWN',
    container_node_id: names.nodeId(node) ?? node,
    timestamp: typeof result.timestamp === 'number' ? result.timestamp * 1_000 : 0,
    antrea: {
      node,
      ...(result.role === undefined ? {} : { role: result.role }),
      ...Object.fromEntries(more),
      ...named,
    },
  }
}

/** Results in the order a packet meets them: its sender's node first. The list may grow while it is read. */
export interface Reader {
  /** What is there and was not given before. */
  next(
    results: readonly TraceResult[],
  ): readonly { readonly result: TraceResult; readonly observation: Fields }[]
  /** How many were given. */
  readonly count: number
}

const OBSERVATIONS_MAX = 200

/** Bounded: a packet passes two nodes and some ten tables in each. */
export function createObservationReader(): Reader {
  /** Given so far of each result, by its place. */
  const given: number[] = []
  let count = 0
  return {
    next(results) {
      const fresh: { result: TraceResult; observation: Fields }[] = []
      for (const [place, result] of results.entries()) {
        const list = Array.isArray(result?.observations) ? result.observations : []
        for (const observation of list.slice(given[place] ?? 0)) {
          if (count >= OBSERVATIONS_MAX || typeof observation !== 'object' || observation === null) continue
          fresh.push({ result, observation })
          count += 1
        }
        given[place] = list.length
      }
      return fresh
    },
    get count() {
      return count
    },
  }
}
