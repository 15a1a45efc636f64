/** The components of a bundle: which there are, what each is called, and what is said of it. */

import { BUNDLE_NODES_MAX } from '../../limits.ts'
import type { ClusterView } from '../cluster.ts'
import type { Fields } from '../types.ts'
import type { BundleComponent, WantedBundle } from './request.ts'

export interface Part {
  readonly component: BundleComponent
  /** Of an agent. */
  readonly node?: string
  /** NSX's external id of it. */
  readonly nodeId?: string
}

export interface Problem {
  readonly code: string
  readonly message: string
}

export interface PartState extends Part {
  /** `log`: in place of its bundle there is its log. */
  readonly state: 'done' | 'log' | 'failed'
  /** Name of its content. */
  readonly content?: string
  readonly bytes?: number
  readonly sha256?: string
  readonly problem?: Problem
  /** Files that are not in it. */
  readonly missing?: readonly Fields[]
}

export interface Plan {
  readonly parts: readonly Part[]
  /** Agents over BUNDLE_NODES_MAX. */
  readonly leftOut: readonly string[]
  /** Named, and no agent of this cluster is called so. */
  readonly unknownNodes: readonly string[]
}

/** Agents in the order of their names. */
export async function planOf(wanted: WantedBundle, cluster: ClusterView, signal: AbortSignal): Promise<Plan> {
  const { agents, unknown } = wanted.components.has('agent')
    ? await agentsOf(wanted, cluster, signal)
    : { agents: [], unknown: [] }
  const others = (['controller', 'cluster', 'adapter'] as const).filter((one) => wanted.components.has(one))
  return {
    parts: [...others.map((component) => ({ component })), ...agents.slice(0, BUNDLE_NODES_MAX)],
    leftOut: agents.slice(BUNDLE_NODES_MAX).map(({ node = '' }) => node),
    unknownNodes: unknown,
  }
}

async function agentsOf({ nodes }: WantedBundle, cluster: ClusterView, signal: AbortSignal) {
  const names = (await cluster.agents(signal)).map(({ metadata }) => metadata.name).sort()
  const all: Part[] = []
  for (const node of names) {
    const nodeId = await cluster.lookup.nodeUid(node, signal)
    all.push({ component: 'agent', node, ...(nodeId === undefined ? {} : { nodeId }) })
  }
  if (nodes === undefined) return { agents: all, unknown: [] }
  const isNamed = ({ node = '', nodeId = '' }: Part, name: string) => node === name || nodeId === name
  return {
    agents: all.filter((part) => nodes.some((name) => isNamed(part, name))),
    unknown: nodes.filter((name) => !all.some((part) => isNamed(part, name))),
  }
}

/** Without an ending. A Node's name is a DNS name: letters, digits, `.` and `-`. */
export const nameOf = ({ component, node }: Part): string =>
  component === 'agent' ? `agent_${node}` : component === 'cluster' ? 'clusterinfo' : component

/** In answers and in the manifest, in NSX's style. */
export const told = ({ component, node, nodeId, ...rest }: Part & Fields): Fields => ({
  component,
  ...(node === undefined ? {} : { node }),
  ...(nodeId === undefined ? {} : { node_id: nodeId }),
  ...rest,
})
