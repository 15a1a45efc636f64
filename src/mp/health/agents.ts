/** Which antrea-agents can be relied on, for whoever builds on what they do (the CCP channel's evidence). */
import { createHeartbeats, type HeartbeatStores } from './heartbeats.ts'
import { judgeAgent } from './judge.ts'

export interface AgentHealth {
  /** Begins to look at the heartbeats; returns the end. `onChange`: what is thought of an agent may be another. */
  follow(onChange: () => void): () => void
  /** Why not, in words that stay while nothing changes; undefined: it is connected, and its heartbeat is fresh. */
  problemOf(node: string): string | undefined
  /** Names of Nodes whose agents cannot be relied on, sorted. */
  troubled(): readonly string[]
}

/** Judged as the health report does, on our own monotonic clock. */
export function createAgentHealth(stores: HeartbeatStores, monotonicMs: () => number): AgentHealth {
  const heartbeats = createHeartbeats(stores, monotonicMs)
  const problemOf = (node: string): string | undefined => {
    if (stores.antreaAgentInfos.get(node) === undefined) return 'no AntreaAgentInfo'
    const { status, reason } = judgeAgent(heartbeats.agent(node))
    return status === 'HEALTHY' ? undefined : reason
  }
  return {
    follow: (onChange) => heartbeats.follow(onChange),
    problemOf,
    troubled: () =>
      [...stores.antreaAgentInfos.keys()].filter((node) => problemOf(node) !== undefined).sort(),
  }
}
