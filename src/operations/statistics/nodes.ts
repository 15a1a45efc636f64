/** Nodes whose agent does not report: what it counted since is in no figure. Pure. */
import type { AntreaAgentInfo } from '../../kube/antrea.ts'
import { HEARTBEAT_STALE_MS, NODE_CLOCK_OFF_MS } from '../../limits.ts'

/** By name. `nowMs` is wall-clock time; a node's own clock may be off by NODE_CLOCK_OFF_MS before it counts. */
export function silentNodes(agents: readonly AntreaAgentInfo[], nowMs: number): string[] {
  const isHeard = ({ agentConditions }: AntreaAgentInfo): boolean => {
    const beat = agentConditions?.find(({ type }) => type === 'AgentHealthy')?.lastHeartbeatTime
    return nowMs - Date.parse(beat ?? '') <= HEARTBEAT_STALE_MS + NODE_CLOCK_OFF_MS
  }
  return agents
    .filter((agent) => !isHeard(agent))
    .map(({ metadata }) => metadata.name)
    .sort()
}
