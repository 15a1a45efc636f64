/** An NSX that keeps what it is sent, as the API reference says it does, and misbehaves on request. */

import { SILENT } from '../../../src/log/index.ts'
import { createNsxManager } from '../../../src/nsx/index.ts'
import type { InventoryObject } from '../../../src/nsx/model.ts'
import { INVENTORY_PATHS, type InventoryType } from '../../../src/nsx/model.ts'
import type { Clock, Handler, Random, ServerRequest, ServerResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'

export const CLUSTER = 'cluster-1'

export interface Update {
  readonly object_update_type: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly container_object: InventoryObject
}

export interface Seen {
  readonly method: string
  readonly path: string
  readonly body: unknown
}

/** Answers in place of the fake; undefined lets the request through. */
export type Fault = (request: Seen) => Promise<ServerResponse | undefined> | ServerResponse | undefined

const json = (status: number, body: unknown, headers: Record<string, string> = {}): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

export const failure = (status: number, headers: Record<string, string> = {}, extra: object = {}) =>
  json(
    status,
    { httpStatus: 'X', error_code: 1, module_name: 'fake', error_message: `says ${status}`, ...extra },
    headers,
  )

export function createFakeNsx(clock: Clock, random: Random) {
  const objects = new Map<string, Map<string, Record<string, unknown>>>()
  const log: Seen[] = []
  const streams = new Set<(line: object | undefined) => void>()
  const state = {
    fault: undefined as Fault | undefined,
    sessions: 0,
    batches: 0,
    inFlight: 0,
    inFlightMax: 0,
  }
  const events: { rid: string; body: { events: Record<string, unknown>[] } & Record<string, unknown> }[] = []
  const reports: Record<string, unknown>[] = []
  const typeOf = (path: string) =>
    (Object.entries(INVENTORY_PATHS) as [InventoryType, string][]).find(([, name]) => name === path)?.[0]
  const of = (type: string) => {
    const known = objects.get(type) ?? new Map<string, Record<string, unknown>>()
    objects.set(type, known)
    return known
  }

  const update = ({ container_inventory_objects: updates }: { container_inventory_objects: Update[] }) => {
    for (const { object_update_type: op, container_object: object } of updates) {
      const held = of(object.resource_type)
      const before = op === 'UPDATE' ? held.get(object.external_id) : {}
      if (before === undefined) throw new Error('update of an absent object')
      if (op === 'DELETE') held.delete(object.external_id)
      else
        held.set(object.external_id, {
          ...before,
          ...object,
          container_cluster_id: CLUSTER,
          _last_sync_time: clock.now(),
        })
    }
  }

  const list = (type: InventoryType, query: URLSearchParams) => {
    const cluster = query.get('container_cluster_id')
    const all = [...of(type).values()].filter((object) => object['container_cluster_id'] === cluster)
    const start = Number(query.get('cursor') ?? 0)
    const end = start + 2
    return json(200, {
      results: all.slice(start, end),
      ...(start === 0 ? { result_count: all.length } : {}),
      ...(end < all.length ? { cursor: String(end) } : {}),
    })
  }

  async function* stream(signal: AbortSignal): AsyncGenerator<string> {
    const lines: (object | undefined)[] = [{ t: 'open' }]
    let wake = () => {}
    const push = (line: object | undefined) => {
      lines.push(line)
      wake()
    }
    streams.add(push)
    try {
      while (!signal.aborted) {
        const line = lines.shift()
        if (line !== undefined) yield `${JSON.stringify(line)}\n`
        else if (lines.length > 0) return
        else
          await new Promise<void>((resolve) => {
            wake = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
      }
    } finally {
      streams.delete(push)
    }
  }

  const route = async (request: ServerRequest, body: unknown): Promise<ServerResponse> => {
    const { method, path, query } = request
    if (method === 'GET' && path === '/mp/v1')
      return json(200, { protocol: 'x', versions: ['v1'], capabilities: [], source: 's1' })
    if (method === 'POST' && path.endsWith('/sessions')) {
      state.sessions += 1
      return json(201, { session: `s${state.sessions}`, epoch: 'e', source: 's1', heartbeat_seconds: 15 })
    }
    if (method === 'DELETE' && path.includes('/sessions/')) return { status: 204 }
    if (method === 'GET' && path.endsWith('/requests'))
      return { status: 200, headers: {}, body: stream(request.signal) }
    const event = /\/requests\/([^/]+)\/events$/.exec(path)
    if (event) {
      events.push({ rid: decodeURIComponent(event[1] ?? ''), body: body as (typeof events)[0]['body'] })
      const { events: said } = body as { events: { seq: number }[] }
      return json(200, { acknowledged: said.at(-1)?.seq })
    }
    if (method === 'POST' && path.endsWith('/health')) {
      reports.push(body as Record<string, unknown>)
      return json(200, {})
    }
    if (path === '/api/v1/node/version') return json(200, { product_version: '9.1.1.0' })
    if (path === `/api/v1/fabric/container-clusters/${CLUSTER}`) return json(200, { external_id: CLUSTER })
    if (method === 'POST' && path === `/api/v1/inventory/container/${CLUSTER}`) {
      update(body as { container_inventory_objects: Update[] })
      return { status: 200 }
    }
    const type = typeOf(/^\/api\/v1\/fabric\/([^/]+)$/.exec(path)?.[1] ?? '')
    return type === undefined ? failure(404) : list(type, query)
  }

  const handler: Handler = async (request) => {
    const bytes = await request.body(1 << 23)
    const body = bytes.length === 0 ? undefined : JSON.parse(Buffer.from(bytes).toString())
    const seen = { method: request.method, path: request.path, body }
    log.push(seen)
    const isBatch = request.path.startsWith('/api/v1/inventory/')
    if (isBatch) {
      state.batches += 1
      state.inFlight += 1
      state.inFlightMax = Math.max(state.inFlightMax, state.inFlight)
      // A turn of its own, so that what goes side by side is seen side by side.
      await new Promise((resolve) => setImmediate(resolve))
    }
    try {
      return (await state.fault?.(seen)) ?? (await route(request, body))
    } finally {
      if (isBatch) state.inFlight -= 1
    }
  }
  const { client, faults } = connectInProcess(handler, {
    origin: 'https://nsx.test',
    peer: { address: 'test' },
    clock,
  })
  return {
    nsx: createNsxManager({ http: client, clock, random, log: SILENT }),
    faults,
    objects,
    of,
    log,
    events,
    reports,
    state,
    streams,
    /** Carries a batch out, as its call would. */
    update,
    /** To every open request stream; undefined ends it. */
    say: (line: object | undefined) => {
      for (const push of streams) push(line)
    },
    batches: () =>
      log
        .filter(({ path }) => path.startsWith('/api/v1/inventory/'))
        .map(({ body }) => (body as { container_inventory_objects: Update[] }).container_inventory_objects),
  }
}

export type FakeNsx = ReturnType<typeof createFakeNsx>
