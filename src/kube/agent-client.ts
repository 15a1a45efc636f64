/**
 * The HTTPS API of the antrea-agents (antrea-io/antrea pkg/agent/apiserver), read only. Where an agent is and which
 * certificate it has is in its AntreaAgentInfo and its Node; the certificate's name is `localhost` on every Node.
 */
import { AdapterError, retry } from '../errors.ts'
import { AGENT_BODY_BYTES_MAX, AGENT_CALL_TIMEOUT_MS } from '../limits.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import type { AntreaAgentInfo } from './antrea.ts'
import { callJson } from './call.ts'
import type { Store } from './contract.ts'
import type { KubeObject } from './types.ts'

export interface AgentPlace {
  /** `https://ADDRESS:PORT` */
  readonly origin: string
  readonly caPem: string
}

export interface AgentClient {
  /** The parsed answer; undefined for 404. Rejects with an AdapterError: AGENT_UNKNOWN, the transport's, refusals. */
  get(node: string, path: string, signal: AbortSignal): Promise<unknown>
}

export interface AgentClientDeps {
  readonly agents: Store<AntreaAgentInfo>
  readonly nodes: Store
  readonly clock: Clock
  /** A client of this place, allowed to read there; closed after each call, so that no socket stays for each Node. */
  readonly connect: (place: AgentPlace) => HttpClient
}

const DEFAULT_PORT = 10_350

export function createAgentClient({ agents, nodes, clock, connect }: AgentClientDeps): AgentClient {
  return {
    async get(node, path, signal) {
      const place = placeOf(agents.get(node), nodes.get(node))
      if (place === undefined)
        throw retry(
          'AGENT_UNKNOWN',
          `the address or the certificate of the agent on ${node} is not known yet`,
        )
      const http = connect(place)
      try {
        return await callJson(http, clock, {
          method: 'GET',
          path,
          subject: `GET ${path.replace(/\?.*$/, '')} of the agent on ${node}`,
          headers: { accept: 'application/json' },
          timeoutMs: AGENT_CALL_TIMEOUT_MS,
          bytesMax: AGENT_BODY_BYTES_MAX,
          signals: [signal],
        })
      } catch (error) {
        if (error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND') return undefined
        throw error
      } finally {
        await http.close()
      }
    },
  }
}

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
