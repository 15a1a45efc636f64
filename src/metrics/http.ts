/** A client of the API server or of NSX that is counted: each call by verb and result, each word on a stream by its time. */
import { TransportError } from '../errors.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { Clock, HttpClient, HttpRequest, HttpResponse } from '../world/index.ts'
import type { Meter } from './registry.ts'
import type { CALL_RESULTS } from './table.ts'

export type CallResult = (typeof CALL_RESULTS)[number]

/** Who hears of one client's calls. */
export interface CallObserver {
  onCall(request: HttpRequest, result: CallResult, seconds: number): void
  /** A stream was opened, or something came on it; the key says which. */
  streamOf(request: HttpRequest): string | undefined
  onStream(key: string): void
}

/** The same client, observed: a few map look-ups a call, and a clock read for each chunk of a stream. */
export function observedClient(client: HttpClient, observer: CallObserver, clock: Clock): HttpClient {
  const { renewSockets, retire } = client
  return {
    origin: client.origin,
    async request(request) {
      const startedMs = clock.monotonicMs()
      const end = (result: CallResult) =>
        observer.onCall(request, result, (clock.monotonicMs() - startedMs) / 1_000)
      let response: HttpResponse
      try {
        response = await client.request(request)
      } catch (error) {
        end(error instanceof TransportError && request.signal?.aborted !== true ? 'unreachable' : 'aborted')
        throw error
      }
      end(resultOf(response.status))
      const key = response.status < 300 ? observer.streamOf(request) : undefined
      if (key === undefined) return response
      observer.onStream(key)
      return { ...response, body: heard(response.body, () => observer.onStream(key)) }
    },
    reset: () => client.reset(),
    ...(renewSockets === undefined ? {} : { renewSockets: () => renewSockets.call(client) }),
    ...(retire === undefined ? {} : { retire: () => retire.call(client) }),
    close: () => client.close(),
  }
}

/** Leaving the loop early leaves the body within, too. */
async function* heard(body: AsyncIterable<Uint8Array>, onChunk: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    onChunk()
    yield chunk
  }
}

export function resultOf(status: number): CallResult {
  if (status < 400) return 'ok'
  if (status === 404) return 'not-found'
  if (status === 409 || status === 412) return 'conflict'
  if (status === 429) return 'throttled'
  return status >= 500 ? 'server-error' : 'refused'
}

export interface Silence {
  readonly observer: CallObserver
  /** By stream: monotonic milliseconds of the last word. */
  readonly heardMs: ReadonlyMap<string, number>
}

const NAMES = new Map(
  Object.entries(RESOURCES).map(([name, { group, plural }]) => [`${group}/${plural}`, name]),
)

/** Of the API server: verbs as it names them itself; streams by the resource that is watched. */
export function kubeCalls(meter: Meter, clock: Clock): Silence {
  const heardMs = new Map<string, number>()
  return {
    heardMs,
    observer: {
      onCall(request, result, seconds) {
        const verb = verbOf(request)
        meter.add('antrea_nsx_kube_requests_total', { verb, result })
        if (result !== 'aborted') meter.observe('antrea_nsx_kube_request_duration_seconds', { verb }, seconds)
      },
      streamOf: (request) => (verbOf(request) === 'watch' ? resourceOf(request.path)?.name : undefined),
      onStream: (key) => void heardMs.set(key, clock.monotonicMs()),
    },
  }
}

/** Of NSX: streams by channel; without the channels (`rest`), calls by what they are for. */
export function nsxCalls(meter: Meter, clock: Clock, driver: 'channels' | 'rest'): Silence {
  const heardMs = new Map<string, number>()
  return {
    heardMs,
    observer: {
      onCall({ method }, result, seconds) {
        const labels = { method: method.toLowerCase() }
        meter.add('antrea_nsx_nsx_requests_total', { ...labels, result })
        if (result !== 'aborted') meter.observe('antrea_nsx_nsx_request_duration_seconds', labels, seconds)
      },
      streamOf: ({ lane, path }) => {
        if (driver === 'rest') return /^\/policy\/api\//.test(path) ? 'ccp' : 'mp'
        return lane === 'stream' ? /^\/(ccp|mp)\/v1\//.exec(path)?.[1] : undefined
      },
      onStream: (key) => void heardMs.set(key, clock.now()),
    },
  }
}

const VERBS = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const

/** kubernetes.io, Authorization, "Determine the request verb". */
function verbOf({ method, path }: Pick<HttpRequest, 'method' | 'path'>): string {
  if (method !== 'GET' && method !== 'HEAD') return VERBS[method]
  if (/[?&]watch=(true|1)\b/.test(path)) return 'watch'
  const resource = resourceOf(path)
  return resource === undefined || resource.isOne ? 'get' : 'list'
}

function resourceOf(
  path: string,
): { readonly name: string | undefined; readonly isOne: boolean } | undefined {
  const [plain = ''] = path.split('?', 1)
  const found = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)\/(?:namespaces\/[^/]+\/)?([^/]+)(\/.+)?$/.exec(plain)
  if (found === null) return undefined
  const [, group = '', plural = '', rest] = found
  return { name: NAMES.get(`${group}/${plural}`), isOne: rest !== undefined }
}
