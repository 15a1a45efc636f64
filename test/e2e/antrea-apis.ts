/** Antrea's own APIs on sockets of this machine, as an adapter finds them: agents by their infos, the controller by its own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { SILENT } from '../../src/log/index.ts'
import { agentSockets } from '../../src/sandbox/agent-sockets.ts'
import type { Authority } from '../../src/sandbox/pki.ts'
import type { Rest } from '../../src/sandbox/rest.ts'
import type { EmbeddedCluster, EmbeddedClusterOptions } from '../../src/sandbox/types.ts'
import type { Handler } from '../../src/world/index.ts'
import { createHttpClient, serve } from '../../src/world/real.ts'
import { until } from './process.ts'

export interface AntreaApis {
  /** For the cluster's options. */
  readonly options: Pick<EmbeddedClusterOptions, 'agents' | 'antreaController'>
  /** A file with the token that all of them take. */
  readonly tokenFile: string
  /** Stands between antrea-controller's socket and it. */
  beforeController: (next: Handler) => Handler
  /** Once the cluster has started. */
  attach(cluster: EmbeddedCluster, kube: Rest): Promise<void>
}

const TOKEN = 'a-token-for-antrea'

export async function antreaApis(
  context: TestContext,
  authority: Authority,
  folder: string,
): Promise<AntreaApis> {
  const controller: { handler?: Handler } = {}
  const tls = await authority.server('antrea', { dns: ['antrea.kube-system.svc'], ips: [] })
  const apis: AntreaApis = {
    beforeController: (next) => next,
    tokenFile: join(folder, 'antrea.token'),
    options: {
      agents: await agentSockets(authority, TOKEN, SILENT),
      antreaController: {
        place: { node: 'node-1', port: 0 },
        access: async (token) => token === TOKEN,
      },
    },
    async attach(cluster, kube) {
      controller.handler = cluster.controller.handler
      await kube.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'antrea-ca', namespace: 'kube-system' },
        data: { 'ca.crt': authority.ca },
      })
      const { items } = await kube.get<{ items: { metadata: { name: string }; status: object }[] }>(
        '/api/v1/nodes',
      )
      for (const node of items)
        await kube.call('PUT', `/api/v1/nodes/${node.metadata.name}/status`, {
          ...node,
          apiVersion: 'v1',
          kind: 'Node',
          status: { ...node.status, addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] },
        })
    },
  }
  const server = await serve({
    host: '127.0.0.1',
    port: 0,
    tls,
    handler: async (request) => {
      if (controller.handler === undefined) throw new Error('the controller does not run yet')
      return apis.beforeController(controller.handler)(request)
    },
  })
  context.after(() => server.close())
  writeFileSync(apis.tokenFile, `${TOKEN}\n`, { mode: 0o600 })
  return {
    ...apis,
    get beforeController() {
      return apis.beforeController
    },
    set beforeController(set) {
      apis.beforeController = set
    },
    options: {
      ...apis.options,
      antreaController: {
        ...apis.options.antreaController,
        place: { node: 'node-1', port: server.port },
      },
    },
  }
}

const INFOS = '/apis/crd.antrea.io/v1beta1'

/** Each agent says where it is with its first heartbeat. */
export const agentsTold = (kube: Rest) =>
  until('all agents say where they are', async () => {
    const { items } = await kube.get<{ items: { apiCABundle?: string }[] }>(`${INFOS}/antreaagentinfos`)
    return items.length === 3 && items.every(({ apiCABundle }) => apiCABundle !== undefined)
  })

/** What the controller and the agents say themselves of their log levels. */
export async function levelsOf(kube: Rest, authority: Authority): Promise<Record<string, number>> {
  const { items } = await kube.get<{ items: { metadata: { name: string }; apiPort: number }[] }>(
    `${INFOS}/antreaagentinfos`,
  )
  const { apiPort } = await kube.get<{ apiPort: number }>(`${INFOS}/antreacontrollerinfos/antrea-controller`)
  const places: [string, number, string][] = [
    ['controller', apiPort, 'antrea.kube-system.svc'],
    ...items.map((info): [string, number, string] => [info.metadata.name, info.apiPort, 'localhost']),
  ]
  const levels: Record<string, number> = {}
  for (const [name, port, servername] of places) {
    const client = createHttpClient({
      origin: `https://127.0.0.1:${port}`,
      tls: { ca: authority.ca, servername },
      headers: () => ({ authorization: `Bearer ${TOKEN}` }),
    })
    const answer = await client.request({ method: 'GET', path: '/loglevel', headersTimeoutMs: 5_000 })
    let text = ''
    for await (const chunk of answer.body) text += Buffer.from(chunk).toString()
    levels[name] = Number(text)
    await client.close()
  }
  return levels
}

export const ALL_LEVELS = (level: number) => ({
  controller: level,
  'node-1': level,
  'node-2': level,
  'node-3': level,
})
