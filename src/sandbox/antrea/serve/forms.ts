/** Other forms of what the aggregated APIs answer: tables for kubectl, and metadata alone. */
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import { type Fields, isFields } from './bodies.ts'
import { goDuration } from './durations.ts'
import { json } from './replies.ts'

interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description: string
  readonly cell: (item: Fields) => unknown
}

const metadataOf = (item: Fields): Fields => {
  const { metadata } = item
  return isFields(metadata) ? metadata : {}
}

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  cell: (item) => metadataOf(item)['name'],
}
const CREATED: Column = {
  name: 'Created At',
  type: 'date',
  description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
  // Computed objects have no time, and Go writes its zero.
  cell: (item) => metadataOf(item)['creationTimestamp'] ?? '0001-01-01T00:00:00Z',
}

const counter = (name: string, of: string): Column => {
  const field = name.toLowerCase()
  return {
    name,
    type: 'integer',
    description: `The ${field} count hit by the ${of}.`,
    cell: ({ trafficStats }) => (isFields(trafficStats) ? (trafficStats[field] ?? 0) : 0),
  }
}
const trafficOf = (of: string): readonly Column[] => [
  NAME,
  ...['Sessions', 'Packets', 'Bytes'].map((name) => counter(name, of)),
  CREATED,
]

const fieldsIn = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])
const peersOf = (item: Fields) => fieldsIn(item['peerNodeLatencyStats'])
const roundTrips = (item: Fields): number[] =>
  peersOf(item)
    .flatMap((peer) => fieldsIn(peer['targetIPLatencyStats']))
    .map(({ lastMeasuredRTTNanoseconds: ns }) => (typeof ns === 'number' ? ns : 0))

const LATENCIES: readonly Column[] = [
  { ...NAME, name: 'Node Name', description: 'Name of Node from which latency was measured.' },
  {
    name: 'Num Latency Entries',
    type: 'integer',
    format: 'int64',
    description: 'Number of peers for which latency measurements are available.',
    cell: (item) => peersOf(item).length,
  },
  {
    name: 'Avg Latency',
    type: 'string',
    description: 'Average latency value across all peers.',
    cell: (item) => {
      const all = roundTrips(item)
      const sum = all.reduce((total, ns) => total + ns, 0)
      return goDuration(all.length === 0 ? 0 : Math.trunc(sum / all.length))
    },
  },
  {
    name: 'Max Latency',
    type: 'string',
    description: 'Largest latency value across all peers.',
    cell: (item) => goDuration(Math.max(0, ...roundTrips(item))),
  },
]

const GROUPS: readonly Column[] = [
  {
    ...NAME,
    name: 'Group',
    description: 'IP of multicast group.',
  },
  {
    name: 'Pods',
    type: 'string',
    description: 'List of Pods the has joined the multicast group.',
    cell: (item) =>
      fieldsIn(item['pods'])
        .map(({ namespace, name }) => `${namespace}/${name}`)
        .join(','),
  },
]

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  AntreaClusterNetworkPolicyStats: trafficOf('Antrea ClusterNetworkPolicy'),
  AntreaNetworkPolicyStats: trafficOf('Antrea NetworkPolicy'),
  NetworkPolicyStats: trafficOf('K8s NetworkPolicy'),
  NodeLatencyStats: LATENCIES,
  MulticastGroup: GROUPS,
}
const PLAIN: readonly Column[] = [NAME, CREATED]

/** The form that is asked for first. */
function formOf({ headers }: ServerRequest): 'Table' | 'PartialObjectMetadata' | undefined {
  const [first = ''] = (headers['accept'] ?? '').split(',')
  const as = /;\s*as=([A-Za-z]+)/.exec(first)?.[1]
  if (as === 'Table') return 'Table'
  return as?.startsWith('PartialObjectMetadata') ? 'PartialObjectMetadata' : undefined
}

/** The answer in the form that was asked for. Refusals and streams stay as they are. */
export function inForm(request: ServerRequest, response: ServerResponse): ServerResponse {
  const form = formOf(request)
  const { status, body } = response
  if (form === undefined || request.method !== 'GET' || status !== 200 || typeof body !== 'string')
    return response
  const object: unknown = JSON.parse(body)
  if (!isFields(object) || typeof object['kind'] !== 'string' || object['kind'] === 'Status') return response
  const list = object['items']
  const isList = Array.isArray(list)
  const kind = isList ? object['kind'].replace(/List$/, '') : object['kind']
  const items = isList ? fieldsIn(list) : [object]
  if (form === 'Table') return json(200, tableOf(kind, items, request.query.get('includeObject')))
  if (!isList) return json(200, partial(object))
  return json(200, {
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {},
    items: items.map(partial),
  })
}

const partial = (item: Fields): Fields => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: metadataOf(item),
})

function tableOf(kind: string, items: readonly Fields[], include: string | null): object {
  const columns = COLUMNS[kind] ?? PLAIN
  const shown = (item: Fields) => (include === 'None' ? null : include === 'Object' ? item : partial(item))
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {},
    columnDefinitions: columns.map(({ name, type, format = '', description }) => ({
      name,
      type,
      format,
      description,
      priority: 0,
    })),
    rows:
      items.length === 0
        ? null
        : items.map((item) => ({ cells: columns.map(({ cell }) => cell(item)), object: shown(item) })),
  }
}
