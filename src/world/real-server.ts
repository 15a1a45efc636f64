/** Carries a Handler on real sockets: HTTPS (HTTP/1.1, and HTTP/2 where asked), or plain HTTP on loopback or a unix socket. */
import { chmodSync, rmSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse as NodeResponse } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { TransportError } from '../errors.ts'
import type { Logger } from '../log/index.ts'
import type { Handler, HttpMethod, Peer, ServerRequest, ServerResponse } from './http.ts'

export interface ServeOptions {
  readonly handler: Handler
  readonly host?: string
  /** 0 takes a free one. */
  readonly port?: number
  /** In place of host and port: a unix socket of mode 0600. A dead one of the same path is replaced. */
  readonly socketPath?: string
  /** Absent: plain HTTP, for loopback. `ca` verifies client certificates; `requestCert` asks for one without demanding it. */
  readonly tls?: {
    readonly cert: string
    readonly key: string
    readonly ca?: string
    readonly requestCert?: boolean
  }
  /** Over it new connections are cut at once. */
  readonly connectionsMax?: number
  /** A handshake, and a request until its last byte, may take so long; Node's own patience without it. */
  readonly patienceMs?: number
  /** Also offer HTTP/2 (kube-aggregator speaks it). */
  readonly http2?: boolean
  readonly log?: Logger
}

export interface RunningServer {
  /** 0 on a unix socket. */
  readonly port: number
  /** Sockets that are open now. */
  readonly connections: number
  /** Connections from now on are shown this certificate; the others are cut, and come again. */
  renewTls(tls: NonNullable<ServeOptions['tls']>): void
  /** Cuts every connection; new ones are taken. */
  dropAll(): void
  /** Stops listening and cuts what is open. */
  close(): Promise<void>
}

/** Listens; resolves once it does. A handler that throws answers 500 without details; the error goes to the log. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const listener = (req: IncomingMessage, res: NodeResponse) => {
    void answer(options, req, res)
  }
  const server = createServer(options, listener)
  const sockets = new Set<Socket>()
  // Below TLS, too: one that is still in its handshake would hold the end up.
  for (const event of options.tls ? ['connection', 'secureConnection'] : ['connection'])
    server.on(event, (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {})
    })
  server.on('tlsClientError', () => {})
  if (options.connectionsMax !== undefined) server.maxConnections = options.connectionsMax
  await listen(server, options)
  const dropAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: options.socketPath === undefined ? (server.address() as AddressInfo).port : 0,
    get connections() {
      return [...sockets].filter((socket) => !('encrypted' in socket)).length
    },
    renewTls(tls) {
      if ('setSecureContext' in server) server.setSecureContext(contextOf(tls))
      dropAll()
    },
    dropAll,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        dropAll()
      }),
  }
}

async function listen(
  server: Server,
  { host = '127.0.0.1', port = 0, socketPath }: ServeOptions,
): Promise<void> {
  if (socketPath !== undefined) await removeDead(socketPath)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const done = () => {
      server.off('error', reject)
      resolve()
    }
    if (socketPath === undefined) return server.listen(port, host, done)
    // The path is bound inside listen: with this mask nobody else can connect even for a moment.
    const before = process.umask(0o177)
    try {
      server.listen(socketPath, done)
    } finally {
      process.umask(before)
    }
    return undefined
  })
  if (socketPath !== undefined) chmodSync(socketPath, 0o600)
}

/** A socket file that nobody listens on is what a killed process leaves behind. */
function removeDead(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true })
      resolve()
    })
  })
}

function createServer(
  options: ServeOptions,
  listener: (req: IncomingMessage, res: NodeResponse) => void,
): Server | https.Server {
  if (options.tls === undefined) return http.createServer({ keepAliveTimeout: 60_000 }, listener)
  const { patienceMs } = options
  const tls = {
    ...contextOf(options.tls),
    ...(patienceMs === undefined
      ? {}
      : { handshakeTimeout: patienceMs, headersTimeout: patienceMs, requestTimeout: patienceMs }),
    requestCert: options.tls.requestCert ?? options.tls.ca !== undefined,
    rejectUnauthorized: false,
  }
  if (options.http2 !== true) return https.createServer({ ...tls, keepAliveTimeout: 60_000 }, listener)
  // Node turns Nagle's algorithm off for its HTTP/1 servers, but not for what falls back to HTTP/1 here: a small event of a
  // watch would wait some 40 ms for the client's delayed acknowledgement of the one before (RFC 1122 §4.2.3.2, §4.2.3.4).
  return http2.createSecureServer(
    { ...tls, allowHTTP1: true, noDelay: true },
    listener as unknown as Parameters<typeof http2.createSecureServer>[1],
  )
}

const contextOf = ({ cert, key, ca }: NonNullable<ServeOptions['tls']>) => ({
  cert,
  key,
  ...(ca === undefined ? {} : { ca }),
})

async function answer(options: ServeOptions, req: IncomingMessage, res: NodeResponse): Promise<void> {
  const gone = new AbortController()
  res.on('close', () => gone.abort(new TransportError('closed', 'the client went away')))
  res.on('error', () => {})
  req.on('error', () => {})
  try {
    const response = await options.handler(toRequest(req, gone.signal))
    await send(res, response, gone.signal)
  } catch (error) {
    if (gone.signal.aborted) return
    options.log?.error({ err: error, path: req.url }, 'a request handler failed')
    if (!res.headersSent) res.writeHead(500, { 'content-type': 'application/json' }).end('{}')
    else breakOff(res)
  }
}

/** The reader must not take it for an end: over HTTP/2 a stream that is only destroyed looks like one. */
function breakOff(res: NodeResponse): void {
  const { stream } = res as Partial<Pick<http2.Http2ServerResponse, 'stream'>>
  if (stream === undefined) res.destroy()
  else stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
}

function toRequest(req: IncomingMessage, signal: AbortSignal): ServerRequest {
  const [path = '/', query = ''] = splitOnce(req.url ?? '/', '?')
  const headers = Object.fromEntries(
    Object.entries(req.headers).flatMap(([name, value]) =>
      value === undefined || name.startsWith(':')
        ? []
        : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
  return {
    method: (req.method ?? 'GET') as HttpMethod,
    path,
    query: new URLSearchParams(query),
    headers,
    peer: peerOf(req.socket),
    signal,
    body: (bytesMax) => readBody(req, bytesMax),
  }
}

async function readBody(req: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > bytesMax) throw new TransportError('too-large', `the request body is over ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const splitOnce = (text: string, separator: string): string[] => {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

const peers = new WeakMap<object, Peer>()

function peerOf(socket: Socket): Peer {
  const known = peers.get(socket)
  if (known !== undefined) return known
  const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.()
  const address = socket.remoteAddress ?? ''
  const peer: Peer =
    certificate === undefined
      ? { address }
      : {
          address,
          certificateSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
          certificatePem: certificate.toString(),
          ...subjectOf(certificate.subject),
          verified: (socket as TLSSocket).authorized === true,
        }
  peers.set(socket, peer)
  return peer
}

/** Node prints a subject one attribute a line: `O=system:masters\nCN=admin`. */
function subjectOf(subject: string): { commonName?: string; organizations: string[] } {
  const values = (attribute: string) =>
    subject
      .split('\n')
      .flatMap((line) => (line.startsWith(`${attribute}=`) ? [line.slice(attribute.length + 1)] : []))
  const [commonName] = values('CN')
  return { ...(commonName === undefined ? {} : { commonName }), organizations: values('O') }
}

async function send(res: NodeResponse, response: ServerResponse, gone: AbortSignal): Promise<void> {
  const { body } = response
  const headers = { ...response.headers } as Record<string, string | string[]>
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = body === undefined ? Buffer.alloc(0) : typeof body === 'string' ? Buffer.from(body) : body
    res.writeHead(response.status, { ...headers, 'content-length': String(bytes.length) })
    res.end(bytes)
    return
  }
  res.writeHead(response.status, headers)
  res.flushHeaders?.()
  const iterator = body[Symbol.asyncIterator]()
  const leave = () => void iterator.return?.()
  gone.addEventListener('abort', leave, { once: true })
  try {
    for (let next = await iterator.next(); !next.done && !gone.aborted; next = await iterator.next()) {
      if (!res.write(next.value)) await drained(res, gone)
    }
  } finally {
    gone.removeEventListener('abort', leave)
  }
  if (!gone.aborted) res.end()
}

const drained = (res: NodeResponse, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      res.off('drain', done)
      gone.removeEventListener('abort', done)
      resolve()
    }
    res.on('drain', done)
    gone.addEventListener('abort', done, { once: true })
  })
