/**
 * How a connection to a peer is made beyond undici's own way: through an HTTP proxy (CONNECT, RFC 9110 §9.3.6), and with the
 * peer known by the SHA-256 of its certificate instead of by who signed it.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { buildConnector, Client } from 'undici'
import { TransportError } from '../errors.ts'

export interface TlsIdentity {
  /** PEM; the system's roots when absent. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  /** SHA-256 of certificates, lower-case hex; in place of chain and name: the peer must show one of these. */
  readonly thumbprints?: readonly string[]
}

export interface HttpProxy {
  /** `http://host:port`. What goes through it is TLS to the peer itself, which the proxy cannot read. */
  readonly url: string
  /** Of `Proxy-Authorization`; asked for each connection. */
  readonly authorization?: () => string
}

export interface ConnectOptions {
  readonly tls: TlsIdentity
  readonly proxy?: HttpProxy | undefined
  readonly socketPath?: string | undefined
  readonly timeoutMs: number
}

/** A peer that vanished without a word is noticed by the kernel as well, as client-go's dialer asks it to. */
const KEEP_ALIVE_MS = 15_000

/** Connections of one peer. TLS is always verified: by chain and name, or by thumbprint where there are any. */
export function connectorOf({ tls, proxy, socketPath, timeoutMs }: ConnectOptions): buildConnector.connector {
  const { thumbprints, ...identity } = tls
  const direct = buildConnector({
    ...identity,
    ...(socketPath === undefined ? {} : { socketPath }),
    rejectUnauthorized: thumbprints === undefined,
    // A resumed session shows no certificate.
    ...(thumbprints === undefined ? {} : { maxCachedSessions: 0 }),
    allowH2: false,
    timeout: timeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const known = thumbprints === undefined ? direct : pinned(direct, thumbprints)
  return proxy === undefined ? known : tunnelled(known, proxy, timeoutMs)
}

/** What buildConnector hands over is connected, and nothing has been written to it yet. */
const pinned =
  (connector: buildConnector.connector, thumbprints: readonly string[]): buildConnector.connector =>
  (options, callback) =>
    connector(options, (error, socket) => {
      if (error !== null) return callback(error, null)
      if (showsOneOf(socket, thumbprints)) return callback(null, socket)
      socket.destroy()
      callback(
        new TransportError(
          'untrusted',
          `https://${options.host ?? options.hostname}: its certificate is not one of those that nsx.thumbprint names`,
        ),
        null,
      )
    })

function showsOneOf(socket: unknown, thumbprints: readonly string[]): boolean {
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  if (shown === undefined) return false
  const digest = createHash('sha256').update(shown.raw).digest()
  let isKnown = false
  for (const print of thumbprints) {
    const wanted = Buffer.from(print, 'hex')
    if (wanted.length === digest.length && timingSafeEqual(wanted, digest)) isKnown = true
  }
  return isKnown
}

const tunnelled =
  (connector: buildConnector.connector, proxy: HttpProxy, timeoutMs: number): buildConnector.connector =>
  (options, callback) => {
    openTunnel(
      proxy,
      `${options.hostname.includes(':') ? `[${options.hostname.replace(/^\[|\]$/g, '')}]` : options.hostname}:${options.port || '443'}`,
      timeoutMs,
    ).then(
      (httpSocket) => void connector({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    )
    return undefined
  }

/** A way through the proxy to `target` (host:port). */
async function openTunnel(proxy: HttpProxy, target: string, timeoutMs: number): Promise<Socket> {
  const client = new Client(proxy.url, { connect: { timeout: timeoutMs }, allowH2: false })
  const refused = (words: string, cause?: unknown) =>
    new TransportError('proxy', `the proxy ${proxy.url} ${words}`, { subject: proxy.url, cause })
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(refused(`did not connect to ${target} in time`)), timeoutMs)
  try {
    const authorization = proxy.authorization?.()
    const { statusCode, socket } = await client.connect({
      path: target,
      headers: {
        host: target,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      signal: late.signal,
    })
    if (statusCode >= 200 && statusCode <= 299) return socket as Socket
    socket.on('error', () => {}).destroy()
    throw refused(
      statusCode === 407
        ? 'wants to know who asks (407); set nsx.proxyAuthFile'
        : `does not connect to ${target} (${statusCode})`,
    )
  } catch (error) {
    if (late.signal.aborted) throw late.signal.reason
    if (error instanceof TransportError) throw error
    throw refused(`cannot be used (${error instanceof Error ? error.message : String(error)})`, error)
  } finally {
    clearTimeout(timer)
    // What was handed over is not its any more.
    void client.destroy().catch(() => {})
  }
}
