/** HttpClient over undici: one dispatcher a lane for the life of a credential; streams and probes get a socket of their own. */
import { Client, type Dispatcher, Pool } from 'undici'
import { TransportError, type TransportFault } from '../errors.ts'
import type { HttpClient, HttpRequest, HttpResponse, Lane } from './http.ts'

export interface TlsIdentity {
  /** PEM; the system's roots when absent. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

export interface HttpClientOptions {
  /** `https://host[:port]`, without a path. */
  readonly origin: string
  readonly tls?: TlsIdentity
  /** Added to every request; asked anew for each one, so that a token may rotate. */
  readonly headers?: () => Readonly<Record<string, string>>
  readonly connectTimeoutMs?: number
  /** Connects to this unix socket; the origin is then `http://localhost`. */
  readonly socketPath?: string
}

/** Sockets of the `call` lane: as many as writes may be in flight, and as many again for reads. */
const CALL_SOCKETS_MAX = 16

/**
 * A client of one origin. TLS is always verified. Bodies are streams; an abandoned one is destroyed with its socket.
 * Rejects with TransportError, or with the signal's reason when aborted.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const connect = {
    ...options.tls,
    ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
    rejectUnauthorized: true,
    timeout: options.connectTimeoutMs ?? 5_000,
    // A peer that vanished without a word is noticed by the kernel as well, as client-go's dialer asks it to.
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
  }
  const newPool = (connections: number): Dispatcher =>
    new Pool(options.origin, { connect, connections, allowH2: false, keepAliveTimeout: 30_000 })
  let pools: Partial<Record<Lane, Dispatcher>> = {}
  const singles = new Set<Dispatcher>()

  const dispatcherFor = (lane: Lane): { dispatcher: Dispatcher; single: boolean } => {
    if (lane === 'call' || lane === 'lease') {
      const dispatcher = pools[lane] ?? newPool(lane === 'call' ? CALL_SOCKETS_MAX : 2)
      pools[lane] = dispatcher
      return { dispatcher, single: false }
    }
    const dispatcher = new Client(options.origin, { connect, allowH2: false })
    singles.add(dispatcher)
    return { dispatcher, single: true }
  }

  const request = async (wanted: HttpRequest): Promise<HttpResponse> => {
    const { dispatcher, single } = dispatcherFor(wanted.lane ?? 'call')
    const release = () => {
      if (single && singles.delete(dispatcher)) void dispatcher.destroy().catch(() => {})
    }
    try {
      const answer = await dispatcher.request({
        method: wanted.method,
        path: wanted.path,
        headers: { ...options.headers?.(), ...wanted.headers },
        body: wanted.body ?? null,
        headersTimeout: wanted.headersTimeoutMs,
        bodyTimeout: wanted.bodyTimeoutMs ?? wanted.headersTimeoutMs,
        ...(wanted.signal ? { signal: wanted.signal } : {}),
      })
      return {
        status: answer.statusCode,
        headers: flatten(answer.headers),
        body: readBody(answer.body, release, options.origin, wanted.signal),
      }
    } catch (error) {
      release()
      throw transportError(error, options.origin, wanted.signal)
    }
  }

  const drop = async (): Promise<void> => {
    const all = [...Object.values(pools), ...singles]
    pools = {}
    singles.clear()
    await Promise.all(all.map((dispatcher) => dispatcher.destroy().catch(() => {})))
  }
  return { origin: options.origin, request, reset: () => void drop(), close: drop }
}

async function* readBody(
  body: AsyncIterable<Uint8Array>,
  release: () => void,
  origin: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    throw transportError(error, origin, signal)
  } finally {
    release()
  }
}

const flatten = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  )

const FAULTS: readonly (readonly [RegExp, TransportFault, string])[] = [
  [
    /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_CA)/,
    'untrusted',
    'its certificate is not trusted',
  ],
  [
    /^(ECONNREFUSED|ENOENT|EACCES|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/,
    'refused',
    'it refuses connections',
  ],
  [/^(ENOTFOUND|EAI_)/, 'dns', 'its name does not resolve'],
  [/TIMEOUT|^ETIMEDOUT$/, 'timeout', 'it did not answer in time'],
  [/^(UND_ERR_DESTROYED|UND_ERR_CLOSED)$/, 'closed', 'the connection was given up'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)/, 'reset', 'the connection was reset'],
  [/^(ERR_SSL|ERR_TLS|EPROTO)/, 'tls', 'TLS failed; it may refuse our certificate'],
  [/^HPE_|^UND_ERR_(RESPONSE|INFO|RES_)/, 'reset', 'it does not speak HTTP properly'],
]

function transportError(error: unknown, origin: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof TransportError) return error
  const code = codeOf(error)
  const [, fault, words] = FAULTS.find(([pattern]) => pattern.test(code)) ?? [
    /./,
    'reset' as const,
    `the connection failed (${code})`,
  ]
  const detail = error instanceof Error && error.message !== '' ? `: ${error.message}` : ''
  return new TransportError(fault, `${origin}: ${words}${detail}`, { subject: origin, cause: error })
}

function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0])
    if ('code' in at && typeof at.code === 'string' && at.code !== 'UND_ERR') return at.code
  }
  return 'UNKNOWN'
}
