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
  type StandInController,
} from '../antrea/index.ts'
import { createAuthority } from '../pki.ts'
import type { ControlPlane } from './plane.ts'

export interface AntreaDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Of policies and groups; as antrea-controller's client when absent. */
  readonly statusWritesPerSecond?: number
}

type Plane = Pick<ControlPlane, 'administrator' | 'frontProxyCaPem' | 'http'>

const SERVICE_DNS_NAME = 'antrea.kube-system.svc'

/**
 * Starts the controller half behind the API server; the CustomResourceDefinitions must be there (installCrds). Resolves
 * with its end when the aggregated APIs are available. Nothing is left behind when that fails. `node`: where it is, as its
 * AntreaControllerInfo says; nowhere without it.
 */
export async function attachController(
  plane: Plane,
  deps: AntreaDeps,
  node?: string,
): Promise<() => Promise<void>> {
  const authority = await createAuthority('antrea-ca', deps.clock)
  const certificate = await authority.server('antrea', { dns: [SERVICE_DNS_NAME], ips: [] })
  const client = createHttpClient(plane.administrator)
  const running: { controller?: StandInController } = {}
  const server = await serve({
    handler: async (request) => {
      if (running.controller === undefined) throw new Error('the controller does not run yet')
      return running.controller.handler(request)
    },
    host: '127.0.0.1',
    port: 0,
    http2: true,
    tls: { ...certificate, ca: plane.frontProxyCaPem, requestCert: true },
    ...(deps.log === undefined ? {} : { log: deps.log }),
  })
  const controller = createStandInController(
    { ...deps, connect: () => client },
    {
      ...(node === undefined ? {} : { place: { node, port: server.port } }),
      ...(deps.statusWritesPerSecond === undefined
        ? {}
        : { statusWritesPerSecond: deps.statusWritesPerSecond }),
    },
  )
  running.controller = controller
  const stop = async () => {
    await controller.stop()
    await client.close()
    await server.close()
  }
  try {
    await controller.start()
    await publishAuthority(plane.http, authority.ca)
    await installRoutes(plane.http, { port: server.port, caPem: authority.ca })
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

/** As the real one does, for its agents and whoever else calls it (pkg/apiserver/certificate). */
async function publishAuthority(http: HttpClient, caPem: string): Promise<void> {
  const answer = await http.request({
    method: 'POST',
    path: '/api/v1/namespaces/kube-system/configmaps',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'antrea-ca', namespace: 'kube-system' },
      data: { 'ca.crt': caPem },
    }),
    headersTimeoutMs: 10_000,
  })
  for await (const _ of answer.body);
  if (answer.status !== 201 && answer.status !== 409)
    throw new Error(`the ConfigMap antrea-ca was not written: ${answer.status}`)
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
