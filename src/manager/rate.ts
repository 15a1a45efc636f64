/**
 * NSX's limits of its API service (vcf-nsx 9.1.1, ApiServiceConfig): requests a second of one client (429), calls at once
 * of one client and of all (503). 0 is no limit, and none is set unless an option or a person says so.
 */
import { MANAGER_CLIENTS_COUNTED_MAX } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import {
  badRequest,
  type JsonObject,
  json,
  NsxApiError,
  ok,
  type Route,
  readJson,
  staleRevision,
} from './rest/index.ts'
import { IN_MEMORY, keptValue, type Storage } from './storage.ts'
import type { ManagerRateLimits } from './types.ts'

export interface RateLimiter {
  /** Throws 429 or 503; else returns what ends the call. */
  enter(client: string): () => void
  readonly routes: readonly Route[]
}

interface Client {
  /** Requests that may come at once; fills up by the limit each second. */
  tokens: number
  filledAtMs: number
  open: number
}

const FIELDS = {
  client_api_rate_limit: 'clientRequestsPerSecond',
  client_api_concurrency_limit: 'clientConcurrency',
  global_api_concurrency_limit: 'globalConcurrency',
} as const satisfies Readonly<Record<string, keyof ManagerRateLimits>>

const RETRY = { headers: { 'retry-after': '1' } }

/** What a person set is kept, and goes before `given`. */
export function createRateLimiter(
  clock: Clock,
  given: Partial<ManagerRateLimits> = {},
  storage: Storage = IN_MEMORY,
): RateLimiter {
  const config = keptValue(storage, 'api-service', {
    limits: { clientRequestsPerSecond: 0, clientConcurrency: 0, globalConcurrency: 0, ...given },
    revision: 0,
  })
  let open = 0
  const clients = new Map<string, Client>()
  const clientOf = (name: string): Client => {
    const known = clients.get(name)
    if (known !== undefined) return known
    if (clients.size >= MANAGER_CLIENTS_COUNTED_MAX) forgetIdle(clients)
    const made = {
      tokens: config.get().limits.clientRequestsPerSecond,
      filledAtMs: clock.monotonicMs(),
      open: 0,
    }
    clients.set(name, made)
    return made
  }
  const show = (): JsonObject => ({
    resource_type: 'ApiServiceConfig',
    id: 'api_service_config',
    display_name: 'api_service_config',
    ...Object.fromEntries(Object.entries(FIELDS).map(([field, name]) => [field, config.get().limits[name]])),
    session_timeout: 1_800,
    basic_authentication_enabled: true,
    cookie_based_authentication_enabled: true,
    _revision: config.get().revision,
  })
  return {
    enter(name) {
      const client = clientOf(name)
      const { limits } = config.get()
      if (limits.globalConcurrency > 0 && open >= limits.globalConcurrency) throw busy()
      if (limits.clientConcurrency > 0 && client.open >= limits.clientConcurrency) throw busy()
      if (limits.clientRequestsPerSecond > 0)
        takeToken(client, limits.clientRequestsPerSecond, clock.monotonicMs())
      open += 1
      client.open += 1
      return () => {
        open -= 1
        client.open -= 1
      }
    },
    routes: ['/api/v1', '/policy/api/v1'].flatMap((root): Route[] => [
      { method: 'GET', pattern: `${root}/cluster/api-service`, access: 'read', run: () => ok(show()) },
      {
        method: 'PUT',
        pattern: `${root}/cluster/api-service`,
        access: 'admin',
        async run({ request }) {
          const body = await readJson(request)
          const { limits, revision } = config.get()
          if (body['_revision'] !== revision) throw staleRevision('/cluster/api-service', revision)
          config.set({ limits: limitsFrom(body, limits), revision: revision + 1 })
          clients.clear()
          return json(200, show())
        },
      },
    ]),
  }
}

/** Clients of NSX stop by the code in words of their own; the text is for people. */
const busy = () => new NsxApiError(503, 98, 'Too many calls are open; try again later.', RETRY)

function takeToken(client: Client, perSecond: number, nowMs: number): void {
  client.tokens = Math.min(perSecond, client.tokens + ((nowMs - client.filledAtMs) / 1_000) * perSecond)
  client.filledAtMs = nowMs
  if (client.tokens < 1)
    throw new NsxApiError(
      429,
      102,
      `Client exceeded the request rate of ${perSecond} per second; slow down and try again.`,
      RETRY,
    )
  client.tokens -= 1
}

const forgetIdle = (clients: Map<string, Client>): void => {
  for (const [name, client] of clients) if (client.open === 0) clients.delete(name)
}

function limitsFrom(body: JsonObject, before: ManagerRateLimits): ManagerRateLimits {
  const read = Object.entries(FIELDS).map(([field, name]) => {
    const value = body[field] ?? before[name]
    if (!Number.isInteger(value) || Number(value) < 0)
      throw badRequest(`Field level validation errors: {property ${field}: must be a number from 0}`)
    return [name, value]
  })
  return { ...before, ...Object.fromEntries(read) }
}
