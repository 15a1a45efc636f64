/** The Antrea stand-in on a real control plane, through its CustomResourceDefinitions, webhooks and APIServices. */
import type { Logger } from '../../log/index.ts'
import type { Clock, HttpClient, Random } from '../../world/index.ts'
import { createHttpClient, serve } from '../../world/real.ts'
import {
  type AgentsOptions,
  createStandInAgents,
  createStandInController,
  installRoutes,
  type StandInAgents,
} from '../antrea/index.ts'
import { createAuthority } from '../pki.ts'
import type { ControlPlane } from './plane.ts'

export interface AntreaDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
}

type Plane = Pick<ControlPlane, 'administrator' | 'frontProxyCaPem' | 'http'>

const SERVICE_DNS_NAME = 'antrea.kube-system.svc'

/**
 * Starts the controller half behind the API server; the CustomResourceDefinitions must be there (installCrds). Resolves
 * with its end when the aggregated APIs are available. Nothing is left behind when that fails.
 */
export async function attachController(plane: Plane, deps: AntreaDeps): Promise<() => Promise<void>> {
  const authority = await createAuthority('antrea-ca', deps.clock)
  const certificate = await authority.server('antrea', { dns: [SERVICE_DNS_NAME], ips: [] })
  const client = createHttpClient(plane.administrator)
  const controller = createStandInController({ ...deps, connect: () => client })
  const server = await serve({
    handler: controller.handler,
    host: '127.0.0.1',
    port: 0,
    http2: true,
    tls: { ...certificate, ca: plane.frontProxyCaPem, requestCert: true },
    ...(deps.log === undefined ? {} : { log: deps.log }),
  })
  const stop = async () => {
    await controller.stop()
    await client.close()
    await server.close()
  }
  try {
    await controller.start()
    await installRoutes(plane.http, { port: server.port, caPem: authority.ca })
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

export interface AttachedAgents {
  readonly agents: StandInAgents
  stop(): Promise<void>
}

/** Starts an agent for each Node. They work with the stand-in's controller and with a real one. */
export async function attachAgents(
  plane: Plane,
  deps: AntreaDeps,
  options: AgentsOptions = {},
): Promise<AttachedAgents> {
  const clients: HttpClient[] = []
  const connect = () => {
    const client = createHttpClient(plane.administrator)
    clients.push(client)
    return client
  }
  const agents = createStandInAgents({ ...deps, connect }, options)
  const stop = async () => {
    await agents.stop()
    await Promise.all(clients.map((client) => client.close()))
  }
  try {
    await agents.start()
    return { agents, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
