/** Every agent of the embedded cluster has its API on a TLS socket of the loopback, opened by one token of the sandbox. */
import { timingSafeEqual } from 'node:crypto'
import type { Logger } from '../log/index.ts'
import { serve } from '../world/real.ts'
import type { AgentsOptions } from './antrea/index.ts'
import type { Authority } from './pki.ts'
import { LOOPBACK } from './server.ts'

export type AgentSockets = Required<Pick<AgentsOptions, 'serveAgent' | 'agentAccess'>>

/** What the agents are made with; each picks a free port and tells it in its AntreaAgentInfo (apiPort, apiCABundle). */
export async function agentSockets(authority: Authority, token: string, log: Logger): Promise<AgentSockets> {
  const identity = await authority.server('antrea-agent', { dns: ['localhost'], ips: [LOOPBACK] })
  const expected = Buffer.from(token)
  return {
    serveAgent: async (_node, handler) => {
      const { port, close } = await serve({ handler, host: LOOPBACK, port: 0, tls: identity, log })
      return { port, caPem: authority.ca, close }
    },
    agentAccess: async (shown) => {
      const given = Buffer.from(shown)
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
