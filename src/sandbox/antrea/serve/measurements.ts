/** stats.antrea.io beside traffic: latencies between Nodes, and who has joined which multicast group. In memory. */
import { STANDIN_NODES_MAX, STANDIN_REPORTED_MAX } from '../../../limits.ts'
import type { Clock, ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { AggregatedResource } from '../../apiserver/types.ts'
import { type Fields, isFields, isRefusal, readBody } from './bodies.ts'
import { busy, json, notAllowed, notFound } from './replies.ts'

const GROUP = 'stats.antrea.io'
const VERSION = `${GROUP}/v1alpha1`

export const MEASUREMENT_RESOURCES: readonly AggregatedResource[] = [
  {
    name: 'multicastgroups',
    singularName: 'multicastgroup',
    kind: 'MulticastGroup',
    namespaced: false,
    verbs: ['get', 'list'],
  },
  {
    name: 'nodelatencystats',
    singularName: 'nodelatencystats',
    kind: 'NodeLatencyStats',
    namespaced: false,
    verbs: ['create', 'delete', 'get', 'list'],
  },
]

export interface Measurements {
  /** The multicast part of a NodeStatsSummary; it replaces what the Node has said before. */
  join(node: string, groups: unknown): void
  /** Undefined: not one of its resources. */
  serve(
    request: ServerRequest,
    resource: string,
    name: string | undefined,
  ): Promise<ServerResponse> | undefined
}

interface PodRef {
  readonly namespace: string
  readonly name: string
}

const fieldsIn = (value: unknown, most = STANDIN_REPORTED_MAX): Fields[] =>
  (Array.isArray(value) ? value.slice(0, most) : []).filter(isFields)
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export function createMeasurements(clock: Clock, timestamp: (clock: Clock) => string): Measurements {
  const latencies = new Map<string, Fields>()
  const joined = new Map<string, ReadonlyMap<string, readonly PodRef[]>>()

  const listOf = (kind: string, items: readonly Fields[]): ServerResponse =>
    json(200, { kind: `${kind}List`, apiVersion: VERSION, metadata: {}, items })

  const groups = (): Map<string, PodRef[]> => {
    const all = new Map<string, PodRef[]>()
    for (const mine of joined.values())
      for (const [group, pods] of mine) all.set(group, [...(all.get(group) ?? []), ...pods])
    return all
  }
  const groupObject = (name: string, pods: readonly PodRef[]): Fields => ({
    metadata: { name },
    group: name,
    pods,
  })

  const serveGroups = (request: ServerRequest, name: string | undefined): ServerResponse => {
    if (request.method !== 'GET') return notAllowed()
    const all = groups()
    if (name === undefined)
      return listOf(
        'MulticastGroup',
        [...all].map(([group, pods]) => groupObject(group, pods)),
      )
    const pods = all.get(name)
    return pods === undefined
      ? notFound('multicastgroups', GROUP, name)
      : json(200, { kind: 'MulticastGroup', apiVersion: VERSION, ...groupObject(name, pods) })
  }

  const create = async (request: ServerRequest): Promise<ServerResponse> => {
    const body = await readBody(request, 'NodeLatencyStats', VERSION)
    if (isRefusal(body)) return body
    const name = isFields(body['metadata']) ? textOf(body['metadata']['name']) : ''
    if (!latencies.has(name) && latencies.size >= STANDIN_NODES_MAX) return busy('too many Nodes')
    const stats = {
      kind: 'NodeLatencyStats',
      apiVersion: VERSION,
      metadata: { name, creationTimestamp: timestamp(clock) },
      peerNodeLatencyStats: fieldsIn(body['peerNodeLatencyStats'], STANDIN_NODES_MAX).map((peer) => ({
        ...peer,
        targetIPLatencyStats: fieldsIn(peer['targetIPLatencyStats']).map((target) => ({
          lastSendTime: null,
          lastRecvTime: null,
          ...target,
        })),
      })),
    }
    latencies.set(name, stats)
    return json(201, stats)
  }

  const serveLatencies = async (
    request: ServerRequest,
    name: string | undefined,
  ): Promise<ServerResponse> => {
    if (name === undefined) {
      if (request.method === 'POST') return create(request)
      return request.method === 'GET' ? listOf('NodeLatencyStats', [...latencies.values()]) : notAllowed()
    }
    if (request.method !== 'GET' && request.method !== 'DELETE') return notAllowed()
    const found = latencies.get(name)
    if (found === undefined) return notFound('nodelatencystats', GROUP, name)
    if (request.method === 'DELETE') latencies.delete(name)
    return json(200, found)
  }

  return {
    join(node, reported) {
      const mine = new Map(
        fieldsIn(reported).map(({ group, pods }) => [
          textOf(group),
          fieldsIn(pods).map(({ namespace, name }) => ({ name: textOf(name), namespace: textOf(namespace) })),
        ]),
      )
      if (mine.size === 0) joined.delete(node)
      else if (joined.has(node) || joined.size < STANDIN_NODES_MAX) joined.set(node, mine)
    },
    serve(request, resource, name) {
      if (resource === 'multicastgroups') return Promise.resolve(serveGroups(request, name))
      return resource === 'nodelatencystats' ? serveLatencies(request, name) : undefined
    },
  }
}
