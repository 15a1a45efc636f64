/** Where an agent is, and which certificate it has. */
import type { AntreaAgentInfo } from '../antrea.ts'
import type { KubeClient, Store } from '../contract.ts'
import { RESOURCES } from '../resources.ts'
import type { KubeObject } from '../types.ts'

export interface AgentPlace {
  /** `https://ADDRESS:PORT` */
  readonly origin: string
  readonly caPem: string
  /** Of the certificate; an agent's is `localhost` on every Node. */
  readonly servername?: string
}

/** Undefined: the address or the certificate is not known. Rejects with the errors of reading the cluster. */
export type AgentPlaces = (node: string, signal: AbortSignal) => Promise<AgentPlace | undefined>

/** From the watched copies. */
export const agentsOfStores =
  (agents: Store<AntreaAgentInfo>, nodes: Store): AgentPlaces =>
  async (node) =>
    placeOf(agents.get(node), nodes.get(node))

/** Lists both once, for the daemon's identity has no right to get single ones: for the command line, which soon ends. */
export function agentsOfClient(kube: KubeClient): AgentPlaces {
  const read = async (signal: AbortSignal) => {
    const [agents, nodes] = await Promise.all([
      kube.list<AntreaAgentInfo>(RESOURCES.antreaAgentInfos, undefined, signal),
      kube.list(RESOURCES.nodes, undefined, signal),
    ])
    const byName = <T extends KubeObject>(objects: readonly T[]) =>
      new Map(objects.map((object) => [object.metadata.name, object]))
    return { agents: byName(agents), nodes: byName(nodes) }
  }
  let reading: ReturnType<typeof read> | undefined
  return async (node, signal) => {
    reading ??= read(signal)
    try {
      const { agents, nodes } = await reading
      return placeOf(agents.get(node), nodes.get(node))
    } catch (error) {
      reading = undefined
      throw error
    }
  }
}

const DEFAULT_PORT = 10_350

interface NodeShape {
  readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly address?: string }[] }
}

function placeOf(info: AntreaAgentInfo | undefined, node: KubeObject | undefined): AgentPlace | undefined {
  const { apiCABundle, apiPort = DEFAULT_PORT } = info ?? {}
  const address = (node as NodeShape | undefined)?.status?.addresses?.find(
    ({ type }) => type === 'InternalIP',
  )?.address
  if (apiCABundle === undefined || address === undefined) return undefined
  const host = address.includes(':') ? `[${address}]` : address
  return { origin: `https://${host}:${apiPort}`, caPem: Buffer.from(apiCABundle, 'base64').toString() }
}
