/**
 * HttpClient over undici: one dispatcher a lane for the life of a credential; streams and probes get a socket of their
 * own, and streams speak HTTP/2 where that is asked for and the server does (real-stream.ts).
 */
import type { TLSSocket } from 'node:tls'
import { type buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { TransportError, type TransportFault } from '../errors.ts'
import type { HttpClient, HttpRequest, HttpResponse, Lane } from './http.ts'
import { askedFirst } from './real-before-send.ts'
import { connectorOf, type HttpProxy, type TlsIdentity } from './real-connect.ts'
import { dialTls, requestHttp2 } from './real-stream.ts'

export type { HttpProxy, TlsIdentity }

export interface HttpClientOptions {
  /** `https://host[:port]`, without a path. */
  readonly origin: string
  readonly tls?: TlsIdentity
  /** Added to every request; asked anew for each one, so that a token may rotate. */
  readonly headers?: () => Readonly<Record<string, string>>
  readonly connectTimeoutMs?: number
  /** Connects to this unix socket; the origin is then `http://localhost`. */
  readonly socketPath?: string
  /** The peer is reached through it. */
  readonly proxy?: HttpProxy
  /** Streams over TLS offer HTTP/2, so that the connection itself can be asked whether it lives (HttpResponse.ping). */
  readonly http2?: boolean
}

/** Sockets of the `call` lane: as many as writes may be in flight, and as many again for reads. */
const CALL_SOCKETS_MAX = 16
const CONNECT_TIMEOUT_MS = 5_000

/**
 * A client of one origin. TLS is always verified. Bodies are streams; an abandoned one is destroyed with its socket.
 * Rejects with TransportError, or with the signal's reason when aborted.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
  /** Of its own for each dispatcher: they share no TLS sessions. */
  const connector = () =>
    connectorOf({
      tls: options.tls ?? {},
      proxy: options.proxy,
      socketPath: options.socketPath,
      timeoutMs: connectTimeoutMs,
    })
  /** Streams are dialled by hand, which knows neither of these two. */
  const isHttp2 =
    options.http2 === true &&
    options.origin.startsWith('https:') &&
    options.proxy === undefined &&
    options.tls?.thumbprints === undefined
  const newPool = (connections: number): Dispatcher =>
    new Pool(options.origin, { connect: connector(), connections, allowH2: false, keepAliveTimeout: 30_000 })
  let pools: Partial<Record<Lane, Dispatcher>> = {}
  /** What has a socket of its own, and the pools that only end what they began. */
  const singles = new Set<() => void>()

  const poolOf = (lane: 'call' | 'lease'): Dispatcher => {
    const pool = pools[lane] ?? newPool(lane === 'call' ? CALL_SOCKETS_MAX : 2)
    pools[lane] = pool
    return pool
  }
  const keep = (destroy: () => void): (() => void) => {
    const release = () => {
      if (singles.delete(release)) destroy()
    }
    singles.add(release)
    return release
  }

  const overUndici = async (dispatcher: Dispatcher, wanted: HttpRequest, release: () => void) => {
    const asked = wanted.beforeSend === undefined ? dispatcher : askedFirst(dispatcher, wanted.beforeSend)
    const answer = await asked.request({
      method: wanted.method,
      path: wanted.path,
      headers: headersOf(options, wanted),
      body: wanted.body ?? null,
      // undici would end the connection after a DELETE with a body, which Kubernetes' preconditions need.
      reset: false,
      headersTimeout: wanted.headersTimeoutMs,
      bodyTimeout: wanted.bodyTimeoutMs ?? wanted.headersTimeoutMs,
      ...(wanted.signal ? { signal: wanted.signal } : {}),
    })
    return {
      status: answer.statusCode,
      headers: flatten(answer.headers),
      body: readBody(answer.body, release, options.origin, wanted.signal),
    }
  }

  const overOwnClient = async (client: Client, wanted: HttpRequest): Promise<HttpResponse> => {
    const release = keep(() => void client.destroy().catch(() => {}))
    try {
      return await overUndici(client, wanted, release)
    } catch (error) {
      release()
      throw error
    }
  }

  /** A socket of its own, dialled first: what is spoken on it is known then. */
  const overOwnTls = async (wanted: HttpRequest): Promise<HttpResponse> => {
    const { origin, tls = {} } = options
    const leaving = new AbortController()
    const forget = keep(() =>
      leaving.abort(new TransportError('closed', `${origin}: the connection was given up`)),
    )
    try {
      const signal =
        wanted.signal === undefined ? leaving.signal : AbortSignal.any([leaving.signal, wanted.signal])
      const socket = await dialTls({ origin, tls, timeoutMs: connectTimeoutMs, signal })
      if (socket.alpnProtocol !== 'h2') {
        singles.delete(forget)
        return await overOwnClient(new Client(origin, { connect: handOver(socket), allowH2: false }), wanted)
      }
      const own = await requestHttp2(socket, origin, { ...wanted, signal }, headersOf(options, wanted))
      singles.delete(forget)
      const release = keep(own.destroy)
      return { ...own.response, body: readBody(own.response.body, release, origin, wanted.signal) }
    } finally {
      singles.delete(forget)
    }
  }

  const carry = async (wanted: HttpRequest): Promise<HttpResponse> => {
    const lane = wanted.lane ?? 'call'
    if (lane === 'call' || lane === 'lease') return overUndici(poolOf(lane), wanted, () => {})
    if (lane === 'stream' && isHttp2) return overOwnTls(wanted)
    const client = new Client(options.origin, { connect: connector(), allowH2: false })
    return overOwnClient(client, wanted)
  }

  const request = async (wanted: HttpRequest): Promise<HttpResponse> => {
    let refusal: { readonly error: unknown } | undefined
    const beforeSend = () => {
      try {
        wanted.beforeSend?.()
      } catch (error) {
        refusal = { error }
        throw error
      }
    }
    try {
      return await carry(wanted.beforeSend === undefined ? wanted : { ...wanted, beforeSend })
    } catch (error) {
      throw refusal === undefined ? transportError(error, options.origin, wanted.signal) : refusal.error
    }
  }

  const renewSockets = () => {
    const old = Object.values(pools)
    pools = {}
    for (const pool of old) {
      const release = keep(() => void pool.destroy().catch(() => {}))
      pool.close().then(
        () => singles.delete(release),
        () => {},
      )
    }
  }
  const drop = async (): Promise<void> => {
    const all = Object.values(pools)
    pools = {}
    for (const release of [...singles]) release()
    await Promise.all(all.map((pool) => pool.destroy().catch(() => {})))
  }
  return {
    origin: options.origin,
    request,
    reset: () => void drop(),
    renewSockets,
    retire: renewSockets,
    close: drop,
  }
}

/** undici's way to be given a socket that is connected already; it gets no second one. */
const handOver = (socket: TLSSocket): buildConnector.connector => {
  let isTaken = false
  return (_, callback) => {
    if (isTaken || socket.destroyed) return callback(new Error('the connection was reset'), null)
    isTaken = true
    // It does not go on when it is answered at once.
    queueMicrotask(() => callback(null, socket))
    return undefined
  }
}

const headersOf = (options: HttpClientOptions, wanted: HttpRequest): Record<string, string> => ({
  ...options.headers?.(),
  ...wanted.headers,
})

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
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|ERR_HTTP2|ERR_STREAM_PREMATURE_CLOSE)/,
    'reset',
    'the connection was reset',
  ],
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
