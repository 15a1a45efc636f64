/** What an agent tells on `/metrics` of its policies as a whole (antrea-io/antrea pkg/agent/metrics). Pure. */

/** Of one agent since its process started; what it does not tell is absent. */
export interface AgentTotals {
  readonly node: string
  readonly networkpolicy_count?: string
  readonly ingress_rule_count?: string
  readonly egress_rule_count?: string
  /** Connections that policies denied, since `started_at`. */
  readonly denied_connection_count?: string
  readonly conntrack_connection_count?: string
  /** Milliseconds since 1970: another one is another epoch. */
  readonly started_at?: number
}

const NAMES: Readonly<Record<string, keyof AgentTotals>> = {
  antrea_agent_networkpolicy_count: 'networkpolicy_count',
  antrea_agent_ingress_networkpolicy_rule_count: 'ingress_rule_count',
  antrea_agent_egress_networkpolicy_rule_count: 'egress_rule_count',
  antrea_agent_denied_connection_count: 'denied_connection_count',
  antrea_agent_conntrack_antrea_connection_count: 'conntrack_connection_count',
}
const STARTED = 'process_start_time_seconds'
const VALUE_MAX = 2 ** 64

/** From Prometheus' text. A metric with labels, or with a value that is no whole number, is passed over. */
export function totalsOf(node: string, text: string): AgentTotals {
  const totals: Record<string, string | number> = {}
  for (const line of text.split('\n')) {
    const found = /^([a-z_]+) (\S+)/.exec(line)
    const [, name = '', value = ''] = found ?? []
    const number = Number(value)
    if (found === null || !Number.isFinite(number) || number < 0 || number >= VALUE_MAX) continue
    const field = NAMES[name]
    if (field !== undefined && Number.isInteger(number)) totals[field] = BigInt(number).toString()
    if (name === STARTED) totals['started_at'] = Math.round(number * 1_000)
  }
  return { node, ...totals }
}
