/** A traceflow's observations as the way of a packet: stops on nodes, in order, and how it ended. No drawing yet. */
import { number, object, text } from './json.js'

/** @import { Json } from './json.js' */

/** @typedef {'passed' | 'delivered' | 'dropped' | 'left'} HopEnd */
/** @typedef {{ end: HopEnd, component: string, detail: string, action: string, policy: string, rule: string, by: string, more: readonly (readonly [string, string])[], atMs: number | undefined }} Hop */
/** @typedef {{ node: string, hops: Hop[], tunnel: string }} Stop */
/** @typedef {{ stops: Stop[], outcome: 'delivered' | 'dropped' | 'left' | 'none', last: Hop | undefined }} Path */

/** Antrea's components in words. @type {Readonly<Record<string, string>>} */
const COMPONENTS = {
  SpoofGuard: 'Spoof guard',
  LB: 'Load balancer',
  Routing: 'Routing',
  NetworkPolicy: 'Network policy',
  Forwarding: 'Forwarding',
  Egress: 'Egress',
}

/** What else an observation may say. @type {readonly (readonly [field: string, words: string])[]} */
const MORE = [
  ['translated_destination_ip', 'Destination becomes'],
  ['translated_source_ip', 'Source becomes'],
  ['tunnel_destination_ip', 'Tunnel to'],
  ['pod', 'Pod'],
  ['egress', 'Egress'],
  ['egress_ip', 'Egress address'],
  ['egress_node', 'Egress node'],
  ['destination_mac', 'Destination MAC'],
  ['ttl', 'TTL'],
]

/** @type {Readonly<Record<string, HopEnd>>} */
const ENDS = {
  Delivered: 'delivered',
  Dropped: 'dropped',
  Rejected: 'dropped',
  ForwardedOutOfOverlay: 'left',
}

/** @param {Json} observation @returns {Hop} */
function hopOf(observation) {
  const more = object(observation['antrea'])
  const component = text(more['component'])
  const action =
    text(more['action']) || text(observation['observation_type']).replace('AntreaTraceflowObservation', '')
  return {
    end: ENDS[action] ?? 'passed',
    component: COMPONENTS[component] ?? (component || text(observation['component_type'])),
    detail: text(more['component_info']),
    action,
    policy: text(more['policy_path']),
    rule: text(more['rule_path']) || text(more['rule_id']) || text(more['network_policy_rule']),
    by: text(more['network_policy']),
    more: MORE.flatMap(([field, words]) =>
      text(more[field]) === '' ? [] : [/** @type {const} */ ([words, text(more[field])])],
    ),
    atMs: number(observation['timestamp']),
  }
}

/** @param {readonly Json[]} observations in the order that the packet met them */
export function pathOf(observations) {
  /** @type {Stop[]} */
  const stops = []
  for (const observation of observations) {
    const more = object(observation['antrea'])
    const node = text(more['node']) || text(observation['container_node_id']) || 'unknown node'
    let stop = stops.at(-1)
    if (stop?.node !== node) {
      stop = { node, hops: [], tunnel: '' }
      stops.push(stop)
    }
    stop.hops.push(hopOf(observation))
    stop.tunnel = text(more['tunnel_destination_ip']) || stop.tunnel
  }
  const last = stops.at(-1)?.hops.at(-1)
  const ends = stops.flatMap(({ hops }) => hops.map(({ end }) => end))
  const outcome = ends.includes('dropped')
    ? 'dropped'
    : ends.includes('delivered')
      ? 'delivered'
      : ends.includes('left')
        ? 'left'
        : 'none'
  const dropped = stops.flatMap(({ hops }) => hops).find(({ end }) => end === 'dropped')
  return /** @type {Path} */ ({ stops, outcome, last: dropped ?? last })
}

/** The path in a sentence. @param {Path} path */
export function pathWords({ outcome, last, stops }) {
  const node = stops.find(({ hops }) => last !== undefined && hops.includes(last))?.node ?? ''
  if (outcome === 'delivered') return `Delivered on ${node}.`
  if (outcome === 'left') return `It left the cluster’s network from ${node}.`
  if (outcome === 'none') return 'Nothing says how it ended.'
  const by = last?.policy || last?.by || ''
  const policy = by === '' ? '' : ` by ${by.slice(by.lastIndexOf('/') + 1)}`
  const rule = last?.rule ? `, rule ${last.rule.slice(last.rule.lastIndexOf('/') + 1)}` : ''
  return `${last?.action === 'Rejected' ? 'Rejected' : 'Dropped'} on ${node}${policy}${rule}.`
}
