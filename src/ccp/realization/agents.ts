/** Whether the antrea-agent of a Node can be relied on: who reads the heartbeats provides it (src/adapter.ts). */
export interface AgentHealth {
  /** Begins to look at the heartbeats; returns the end. `onChange`: what is thought of an agent may be another. */
  follow(onChange: () => void): () => void
  /** Why not, in words that stay while nothing changes; undefined: it is connected, and its heartbeat is fresh. */
  problemOf(node: string): string | undefined
  /** Names of Nodes whose agents cannot be relied on, sorted. */
  troubled(): readonly string[]
}
