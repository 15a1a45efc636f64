/**
 * One request on a connection of its own. Over TLS it is HTTP/2 where the server speaks it (ALPN, RFC 9113 §3.2), as
 * kube-apiserver does: then a PING asks the same connection whether its other end is there. Else it is HTTP/1.1.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2'
import { isIP } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { TransportError } from '../errors.ts'
import type { HttpRequest, HttpResponse } from './http.ts'

export interface DialOptions {
  readonly origin: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
  }
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** What a server may send ahead of its reader. HTTP/2's own 64 KiB would make a list wait for each round trip. */
const WINDOW_BYTES = 4 * 1024 * 1024
/** A peer that vanished without a word is noticed by the kernel as well, as client-go's dialer asks it to. */
const KEEP_ALIVE_MS = 15_000

/** A verified TLS connection; its `alpnProtocol` says what is spoken on it. Rejects with Node's error or TransportError. */
export function dialTls(options: DialOptions): Promise<TLSSocket> {
  const { hostname, port } = new URL(options.origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  const { signal } = options
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...options.tls,
      ...(options.tls.servername === undefined && isIP(host) === 0 ? { servername: host } : {}),
      host,
      port: port === '' ? 443 : Number(port),
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: true,
    })
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    const settle = (end: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off('close', onClose)
      end()
    }
    const fail = (error: unknown) =>
      settle(() => {
        socket.destroy()
        reject(error)
      })
    const onAbort = () => fail(signal?.reason)
    const onClose = () => fail(fault('reset', options.origin, 'the connection was reset'))
    const timer = setTimeout(
      () => fail(fault('timeout', options.origin, 'it did not answer in time')),
      options.timeoutMs,
    )
    // It stays: an error of a socket that nobody listens to would end the process.
    socket.on('error', fail)
    socket.on('close', onClose)
    socket.on('secureConnect', () => settle(() => resolve(socket)))
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

const fault = (kind: 'timeout' | 'reset', origin: string, words: string) =>
  new TransportError(kind, `${origin}: ${words}`, { subject: origin })

export interface OwnStream {
  readonly response: HttpResponse
  /** Destroys the connection. */
  destroy(): void
}

/** The request over a socket that speaks `h2`; the session has no other. Destroys the socket when it rejects. */
export async function requestHttp2(
  socket: TLSSocket,
  origin: string,
  wanted: HttpRequest,
  headers: Readonly<Record<string, string>>,
): Promise<OwnStream> {
  const session = connectHttp2(origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
  })
  session.on('error', () => {})
  session.setLocalWindowSize(WINDOW_BYTES)
  const destroy = () => {
    session.destroy(
      new TransportError('closed', `${origin}: the connection was given up`, { subject: origin }),
    )
    socket.destroy()
  }
  try {
    wanted.beforeSend?.()
    const stream = session.request(
      { ...lowerCased(headers), ':method': wanted.method, ':path': wanted.path },
      { endStream: wanted.body === undefined },
    )
    stream.on('error', () => {})
    if (wanted.body !== undefined) stream.end(wanted.body)
    const answer = await headersOf(stream, origin, wanted)
    const idleMs = wanted.bodyTimeoutMs ?? wanted.headersTimeoutMs
    if (idleMs > 0)
      stream.setTimeout(idleMs, () =>
        stream.destroy(fault('timeout', origin, 'it fell silent in its answer')),
      )
    const response: HttpResponse = {
      ...answer,
      body: bodyOf(stream, origin),
      ping: (signal) => ping(session, origin, signal),
    }
    return { response, destroy }
  } catch (error) {
    destroy()
    throw error
  }
}

/** RFC 9113 §8.2.2: names in lower case, and none of those that speak of the connection. */
const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      /^(connection|keep-alive|transfer-encoding|upgrade|host)$/i.test(name)
        ? []
        : [[name.toLowerCase(), value]],
    ),
  )

function headersOf(
  stream: ClientHttp2Stream,
  origin: string,
  wanted: HttpRequest,
): Promise<Pick<HttpResponse, 'status' | 'headers'>> {
  const { signal, headersTimeoutMs } = wanted
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      end()
    }
    const fail = (error: unknown) => settle(() => reject(error))
    const onAbort = () => fail(signal?.reason)
    const timer =
      headersTimeoutMs > 0
        ? setTimeout(() => fail(fault('timeout', origin, 'it did not answer in time')), headersTimeoutMs)
        : undefined
    stream.once('error', fail)
    stream.once('close', () => fail(fault('reset', origin, 'the connection was reset')))
    stream.once('response', (received) =>
      settle(() => {
        // An abort after this is an error of the body.
        const leave = () => stream.destroy(fault('reset', origin, 'the stream was given up'))
        signal?.addEventListener('abort', leave, { once: true })
        stream.once('close', () => signal?.removeEventListener('abort', leave))
        resolve({ status: Number(received[':status']), headers: flatten(received) })
      }),
    )
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

const flatten = (headers: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers as Record<string, string | string[] | undefined>).flatMap(([name, value]) =>
      value === undefined || name.startsWith(':')
        ? []
        : [[name, Array.isArray(value) ? value.join(', ') : String(value)]],
    ),
  )

/** Ends only where the server ended the stream: Node tells of a cut connection as of an end. */
async function* bodyOf(stream: ClientHttp2Stream, origin: string): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stream) yield chunk as Uint8Array
  if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR)
    throw fault('reset', origin, 'the connection was reset')
}

function ping(session: ClientHttp2Session, origin: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', onAbort)
      session.off('close', onClose)
      end()
    }
    const onAbort = () => settle(() => reject(signal.reason))
    const onClose = () => settle(() => reject(fault('reset', origin, 'the connection was reset')))
    if (signal.aborted) return onAbort()
    if (session.destroyed || session.closed) return onClose()
    signal.addEventListener('abort', onAbort, { once: true })
    session.once('close', onClose)
    session.ping((error) => (error === null ? settle(resolve) : onClose()))
  })
}
