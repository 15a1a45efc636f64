/** The antrea-agents' own APIs for commands: with a token made for them, or the kubeconfig's client certificate. */
import { existsSync } from 'node:fs'
import { type AgentClient, agentsOfClient, createAgentClient } from '../kube/agents/index.ts'
import { createHttpClient } from '../world/real.ts'
import type { Cluster, ClusterOptions } from './cluster.ts'
import { DEFAULT_CONFIG_FILE, readConfig, readSmallText } from './settings.ts'

export interface AgentOptions extends ClusterOptions {
  readonly tokenFile?: string
}

/**
 * Undefined without a token and a client certificate. The kubeconfig's own token is never used: where an agent is says that
 * agent itself, and whoever speaks in its place could use it. Throws the errors of the configuration and of the file.
 */
export function agentsOf(
  { kube, access, clock }: Cluster,
  options: AgentOptions,
): { readonly askAgents?: AgentClient } {
  const tokenFile = options.tokenFile ?? configuredTokenFile(options)
  const token = tokenFile === undefined ? undefined : readSmallText(tokenFile, '--token-file').trim()
  const { cert, key } = access.tls
  if (token === undefined && (cert === undefined || key === undefined)) return {}
  const connect = ({ origin, caPem: ca }: { readonly origin: string; readonly caPem: string }) => {
    const tls = { ca, servername: 'localhost' }
    return token === undefined
      ? createHttpClient({ origin, tls: { ...tls, cert: cert ?? '', key: key ?? '' } })
      : createHttpClient({ origin, tls, headers: () => ({ authorization: `Bearer ${token}` }) })
  }
  return { askAgents: createAgentClient({ placeOf: agentsOfClient(kube), clock, connect }) }
}

function configuredTokenFile({ config, kubeconfig }: AgentOptions): string | undefined {
  if (config === undefined && (kubeconfig !== undefined || !existsSync(DEFAULT_CONFIG_FILE))) return undefined
  return readConfig({ config }).config.agents.tokenFile
}
