/** The antrea-agents' own APIs for commands: with a token made for them, or the kubeconfig's client certificate. */
import { existsSync } from 'node:fs'
import { type AgentClient, type AgentPlace, agentsOfClient, createAgentClient } from '../kube/agents/index.ts'
import type { HttpClient } from '../world/index.ts'
import { createHttpClient } from '../world/real.ts'
import type { Cluster, ClusterOptions } from './cluster.ts'
import { DEFAULT_CONFIG_FILE, readConfig, readSmallText } from './settings.ts'

export interface AgentOptions extends ClusterOptions {
  readonly tokenFile?: string
}

/**
 * Clients for Antrea's processes; undefined without a token and a client certificate. The kubeconfig's own token is never
 * used: where an agent is says that agent itself, and whoever speaks in its place could use it. Throws the errors of the
 * configuration and of the file.
 */
export function connectorOf(
  { access }: Cluster,
  options: AgentOptions,
): ((place: AgentPlace) => HttpClient) | undefined {
  const tokenFile = options.tokenFile ?? configuredTokenFile(options)
  const token = tokenFile === undefined ? undefined : readSmallText(tokenFile, '--token-file').trim()
  const { cert, key } = access.tls
  if (token === undefined && (cert === undefined || key === undefined)) return undefined
  return ({ origin, caPem: ca, servername = 'localhost' }) => {
    const tls = { ca, servername }
    return token === undefined
      ? createHttpClient({ origin, tls: { ...tls, cert: cert ?? '', key: key ?? '' } })
      : createHttpClient({ origin, tls, headers: () => ({ authorization: `Bearer ${token}` }) })
  }
}

/** Of a cluster whose agents can be asked. Throws as `connectorOf`. */
export function agentsOf(cluster: Cluster, options: AgentOptions): { readonly askAgents?: AgentClient } {
  const connect = connectorOf(cluster, options)
  const { kube, clock } = cluster
  return connect === undefined
    ? {}
    : { askAgents: createAgentClient({ placeOf: agentsOfClient(kube), clock, connect }) }
}

function configuredTokenFile({ config, kubeconfig }: AgentOptions): string | undefined {
  if (config === undefined && (kubeconfig !== undefined || !existsSync(DEFAULT_CONFIG_FILE))) return undefined
  return readConfig({ config }).config.agents.tokenFile
}
