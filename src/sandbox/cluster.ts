/** The embedded cluster: API server, Antrea stand-in and objects in one process, on any clock. Sockets are the caller's. */
import type { Peer } from '../world/index.ts'
import { connectInProcess } from '../world/link.ts'
import { createStandInAgents, createStandInController, installCrds } from './antrea/index.ts'
import { createAntreaLogs, createAntreaPods } from './antrea-pods.ts'
import { createApiServer } from './apiserver/index.ts'
import { createBase, createDemo, createNamespace } from './demo.ts'
import { createRest } from './rest.ts'
import { LEASE_NAMESPACE } from './rights.ts'
import type { EmbeddedCluster, EmbeddedClusterOptions } from './types.ts'

const ORIGIN = 'https://kubernetes.sandbox'
/** Names of the nodes, unless others are asked for. */
export const NODES = ['node-1', 'node-2', 'node-3'] as const
/** A kubelet's grace is 30 s by default; a sandbox's Pods hold nothing that would need it. */
export const POD_REMOVED_AFTER_MS = 500

/** Nothing is created before `start`. */
export function createEmbeddedCluster(options: EmbeddedClusterOptions): EmbeddedCluster {
  const { clock, random } = options
  const nodeNames = options.nodes ?? NODES
  const log = options.log === undefined ? {} : { log: options.log }
  const standIn = { clock, random, ...log, connect: () => admin }
  const controller = createStandInController(standIn, options.antreaController)
  const agents = createStandInAgents(standIn, {
    ...options.agents,
    ...(options.realizationDelayMs === undefined ? {} : { realizationDelayMs: options.realizationDelayMs }),
  })
  const logs = createAntreaLogs(clock)
  const api = createApiServer({
    clock,
    random,
    ...log,
    podLogs: logs.podLogs,
    admission: controller.admission,
    aggregated: controller.aggregated,
    kubelet: { removeAfterMs: POD_REMOVED_AFTER_MS },
    ...(options.authorize === undefined ? {} : { authorize: options.authorize }),
    ...(options.historyEventsMax === undefined ? {} : { historyEventsMax: options.historyEventsMax }),
  })
  const connect = (peer: Partial<Peer>) =>
    connectInProcess(api.handler, { origin: ORIGIN, peer: { address: '127.0.0.1', ...peer }, clock })
  const admin = connect({
    commonName: 'sandbox-admin',
    organizations: ['system:masters'],
    verified: true,
  }).client
  return {
    api,
    controller,
    agents,
    logs,
    connect,
    admin,
    async start() {
      const rest = createRest(admin)
      await createBase(rest, clock, nodeNames)
      await createNamespace(rest, LEASE_NAMESPACE)
      if (options.antreaPods === true) await createAntreaPods(rest, clock, nodeNames, logs)
      await installCrds(admin)
      await controller.start()
      if (options.demo === true) await createDemo(rest, clock, nodeNames)
      await agents.start()
    },
    async stop() {
      await agents.stop()
      await controller.stop()
      await admin.close()
      api.close()
    },
  }
}
