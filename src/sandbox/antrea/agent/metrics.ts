/** `/metrics` of an agent (pkg/agent/metrics), the part that says something of policies. */
import type { ServerResponse } from '../../../world/index.ts'
import type { AgentApiDeps } from './api.ts'

export function metricsText(deps: AgentApiDeps): ServerResponse {
  const held = deps.held()
  const rules = (direction: string) =>
    held.flatMap(({ policy }) => policy.rules ?? []).filter((rule) => rule.direction === direction).length
  const values: Readonly<Record<string, number>> = {
    antrea_agent_networkpolicy_count: held.length,
    antrea_agent_ingress_networkpolicy_rule_count: rules('In'),
    antrea_agent_egress_networkpolicy_rule_count: rules('Out'),
    antrea_agent_local_pod_count: deps.localPods().length,
    process_start_time_seconds: deps.startedMs / 1_000,
  }
  const lines = Object.entries(values).flatMap(([name, value]) => [
    `# HELP ${name} [STABLE] of this Node`,
    `# TYPE ${name} gauge`,
    `${name} ${value}`,
  ])
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: `${lines.join('\n')}\nantrea_agent_ovs_flow_count{table_id="10"} 4\n`,
  }
}
