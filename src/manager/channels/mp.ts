/** MP: requests down, their events and health up; and the calls by which people make requests (docs/protocol.md §3, §4). */
import { HealthReport, jsonLine } from '../../protocol/index.ts'
import type { ServerResponse } from '../../world/index.ts'
import { badRequest, type Call, EMPTY, json, notFound, ok, type Route, readJson } from '../rest/index.ts'
import { openStream, streamed } from './ccp.ts'
import { type ChannelOptions, sessionOf } from './routes.ts'
import { conflict } from './sessions.ts'
import type { ClusterState } from './states.ts'

const BASE = '/mp/v1/clusters/:cluster'

export function mpRoutes(options: ChannelOptions): readonly Route[] {
  return [
    { method: 'GET', pattern: `${BASE}/requests`, access: 'cluster', run: (call) => requests(options, call) },
    {
      method: 'POST',
      pattern: `${BASE}/requests/:rid/events`,
      access: 'cluster',
      run: (call) => events(options, call),
    },
    { method: 'POST', pattern: `${BASE}/health`, access: 'cluster', run: (call) => health(options, call) },
    ...operationRoutes(options),
  ]
}

function requests(options: ChannelOptions, call: Call): ServerResponse {
  const { state, session } = sessionOf(options, 'mp', call)
  state.operations.startStream()
  let opened = false
  const stream = openStream(options, state, session, 'requests', call, () => {
    if (!opened) {
      opened = true
      return { text: jsonLine({ t: 'open' }) }
    }
    const line = state.operations.nextLine()
    return line === undefined ? undefined : { text: line }
  })
  return streamed(stream.body)
}

async function events(options: ChannelOptions, call: Call): Promise<ServerResponse> {
  const body = await readJson(call.request)
  const { session: id, attempt, events: list } = body
  if (
    typeof id !== 'string' ||
    typeof attempt !== 'number' ||
    !Number.isInteger(attempt) ||
    !Array.isArray(list)
  )
    throw badRequest('The body must hold session, attempt and events.')
  const { state } = sessionOf(options, 'mp', call, id)
  const acknowledged = state.operations.take(call.params['rid'] ?? '', id, attempt, list)
  return ok({ acknowledged })
}

async function health(options: ChannelOptions, call: Call): Promise<ServerResponse> {
  const parsed = HealthReport.safeParse(await readJson(call.request))
  if (!parsed.success)
    throw badRequest(`The health report is malformed: ${parsed.error.message.slice(0, 500)}`)
  const { state } = sessionOf(options, 'mp', call, parsed.data.session)
  options.health.take(state.nodeId, parsed.data)
  return json(202, {
    acknowledged: parsed.data.sequence,
    report_interval: options.health.intervalMs(state.nodeId) / 1_000,
  })
}

/** By which a request may be made; each has its own timeout. */
const KINDS: readonly unknown[] = [
  'statistics',
  'traceflow',
  'support-bundle',
  'logs',
  'log-level',
  'inventory-resync',
]
const TIMEOUT_MS_DEFAULT = 60_000
const TIMEOUT_MS_MAX = 3_600_000
/** A log level stands no longer than its request, which says itself for how long. */
const timeoutMsOf = (kind: unknown) => (kind === 'log-level' ? TIMEOUT_MS_MAX : TIMEOUT_MS_DEFAULT)

function operationRoutes({ states }: ChannelOptions): readonly Route[] {
  const find = ({ params }: Call): ClusterState => {
    const state = states.get(params['cluster'] ?? '')
    if (state === undefined)
      throw conflict('CLUSTER_NOT_REGISTERED', 'No ClusterControlPlane has this node_id.')
    return state
  }
  const pattern = `${BASE}/operations`
  return [
    {
      method: 'GET',
      pattern,
      access: 'admin',
      // `include_events=false`: a log's events are long, and a list is looked at again and again.
      run: (call) => {
        const all = find(call).operations.all()
        const isShort = call.query.get('include_events') === 'false'
        const results = isShort ? all.map(({ events: _events, ...rest }) => rest) : all
        return ok({ results, result_count: results.length })
      },
    },
    {
      method: 'POST',
      pattern,
      access: 'admin',
      async run(call) {
        const read = await readJson(call.request)
        const { kind, body, timeout_ms: timeoutMs = timeoutMsOf(read['kind']) } = read
        if (typeof kind !== 'string' || !KINDS.includes(kind))
          throw badRequest(`kind must be one of ${KINDS.join(', ')}.`)
        if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX))
          throw badRequest(`timeout_ms must be at most ${TIMEOUT_MS_MAX}.`)
        const user = call.principal?.name ?? ''
        return json(201, find(call).operations.queue({ kind, body, timeoutMs, user }))
      },
    },
    {
      method: 'GET',
      pattern: `${pattern}/:operation`,
      access: 'admin',
      run: (call) => ok(find(call).operations.show(call.params['operation'] ?? '')),
    },
    {
      method: 'DELETE',
      pattern: `${pattern}/:operation`,
      access: 'admin',
      run: (call) => {
        const { operations } = find(call)
        const { operation = '' } = call.params
        if (operation === '') throw notFound('operation')
        operations.cancel(operation)
        return EMPTY
      },
    },
  ]
}
