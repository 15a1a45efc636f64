/** A server on a fake clock and a client that speaks JSON. */
import { SILENT } from '../../../src/log/index.ts'
import {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
} from '../../../src/sandbox/apiserver/index.ts'
import type { HttpMethod, Peer } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../../fakes/clock.ts'

export interface Reply {
  readonly code: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  readonly body: any
}

export interface Harness {
  readonly server: ApiServer
  readonly clock: FakeClock
  send(
    method: HttpMethod,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>
  watch(path: string): WatchHandle
  as(peer: Partial<Peer>): Harness['send']
}

export interface WatchHandle {
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly events: any[]
  readonly ended: () => boolean
  stop(): void
}

export const ADMIN: Peer = {
  address: 'test',
  commonName: 'admin',
  organizations: ['system:masters'],
  verified: true,
}

export function start(options: Partial<ApiServerOptions> = {}): Harness {
  const clock = createFakeClock()
  const server = createApiServer({ clock, random: createSeededRandom(1), log: SILENT, ...options })
  const clientOf = (peer: Peer) =>
    connectInProcess(server.handler, { origin: 'https://embedded', peer, clock }).client
  const sender =
    (peer: Peer): Harness['send'] =>
    async (method, path, body, headers = {}) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const response = await clientOf(peer).request({
        method,
        path,
        headers: { 'content-type': type, 'user-agent': 'unit/1', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headersTimeoutMs: 60_000,
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of response.body) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString('utf8')
      return { code: response.status, headers: response.headers, body: parsed(text) }
    }
  const watch = (path: string): WatchHandle => {
    const stop = new AbortController()
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const events: any[] = []
    let isEnded = false
    const follow = async () => {
      const response = await clientOf(ADMIN).request({
        method: 'GET',
        path,
        headersTimeoutMs: 60_000,
        bodyTimeoutMs: 0,
        signal: stop.signal,
      })
      let rest = ''
      for await (const chunk of response.body) {
        const lines = (rest + Buffer.from(chunk).toString('utf8')).split('\n')
        rest = lines.pop() ?? ''
        events.push(...lines.map((line) => JSON.parse(line)))
      }
      isEnded = true
    }
    follow().catch(() => {
      isEnded = true
    })
    return { events, ended: () => isEnded, stop: () => stop.abort(new Error('enough')) }
  }
  return { server, clock, send: sender(ADMIN), watch, as: (peer) => sender({ address: 'test', ...peer }) }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const MAPS = '/api/v1/namespaces/default/configmaps'
export const PODS = '/api/v1/namespaces/default/pods'

export const pod = (name: string, meta: object = {}, spec: object = {}) => ({
  metadata: { name, ...meta },
  spec: { containers: [{ name: 'main', image: 'app:1' }], ...spec },
})

export const TIER_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'tiers.crd.antrea.io' },
  spec: {
    group: 'crd.antrea.io',
    scope: 'Cluster',
    names: { plural: 'tiers', kind: 'Tier' },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['priority'],
                properties: {
                  priority: { type: 'integer', minimum: 0, maximum: 255 },
                  description: { type: 'string' },
                },
              },
            },
          },
        },
        additionalPrinterColumns: [
          { name: 'Priority', type: 'integer', description: 'Lower is first.', jsonPath: '.spec.priority' },
        ],
      },
    ],
  },
}
export const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const TIERS = '/apis/crd.antrea.io/v1beta1/tiers'
export const tier = (name: string, priority: unknown = 5) => ({
  apiVersion: 'crd.antrea.io/v1beta1',
  kind: 'Tier',
  metadata: { name },
  spec: { priority },
})
