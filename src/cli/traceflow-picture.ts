/** A traceflow drawn on a terminal: one line a hop, in the order they come. Pure. */
import type { Fields, Trace, TraceEnd } from '../operations/index.ts'
import { paint, plain } from './terminal.ts'

const endText = (end: TraceEnd | undefined): string => {
  if (end === undefined) return 'anywhere'
  if ('ip' in end) return end.ip
  return 'pod' in end ? `${end.namespace}/${end.pod}` : `service ${end.namespace}/${end.service}`
}

/** `shop/web-1 → shop/db-0  TCP 5432`. */
export function heading({ source, destination, packet, live }: Trace): string {
  const ports = packet.tcp ?? packet.udp
  const name = packet.udp !== undefined ? 'UDP' : packet.icmp !== undefined ? 'ICMP' : 'TCP'
  const port = ports?.dstPort === undefined ? '' : ` ${ports.dstPort}`
  const what = `${live === true ? 'the next ' : ''}${name}${port}${packet.family === 6 ? ' over IPv6' : ''}`
  return plain(`${endText(source)} → ${endText(destination)}  ${what}`)
}

const MARKS: Readonly<Record<string, readonly [colour: 'green' | 'red' | 'blue', mark: string]>> = {
  AntreaTraceflowObservationDelivered: ['green', '●'],
  AntreaTraceflowObservationDropped: ['red', '✗'],
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** `  ● node-1  Forwarding/Output  Delivered  to 10.1.0.5`. */
export function hopLine(observation: Fields): string {
  const more = (observation['antrea'] ?? {}) as Fields
  const [colour, mark] = MARKS[text(observation['observation_type'])] ?? (['blue', '│'] as const)
  const place = [more['component'], more['component_info']].map(text).filter(Boolean).join('/')
  const words = [
    text(more['node']).padEnd(16),
    place.padEnd(30),
    text(more['action']).padEnd(12),
    ...detailsOf(more),
  ]
  return `  ${paint(colour, mark)} ${plain(words.join('  ')).trimEnd()}`
}

function detailsOf(more: Fields): string[] {
  const details: string[] = []
  const add = (label: string, ...keys: readonly string[]) => {
    const found = keys.map((key) => text(more[key])).filter(Boolean)
    if (found.length > 0) details.push(`${label} ${found.join(' ')}`)
  }
  if (more['policy_path'] !== undefined) {
    add('by', 'policy_path')
    if (more['rule_path'] === undefined) add('rule', 'rule_id')
    else add('rule', 'rule_path')
  } else {
    add('by', 'network_policy')
    add('rule', 'network_policy_rule')
  }
  add('to', 'translated_destination_ip')
  add('from', 'translated_source_ip')
  add('through the tunnel to', 'tunnel_destination_ip')
  add('Pod', 'pod')
  add('egress', 'egress', 'egress_ip')
  return details
}

export function conclusion(result: Fields, isDropped: boolean): string {
  if (result['phase'] === 'FAILED')
    return paint('red', plain(`It could not be traced: ${text(result['reason']) || 'Antrea gave no reason'}`))
  return isDropped
    ? paint('red', 'The packet was dropped.')
    : paint('green', 'The packet went its whole way.')
}
