/**
 * HTTP as both sides of the project see it. A client sends HttpRequest and reads a streamed body; a server is a
 * Handler, a plain function, that real sockets (real.ts) and the in-process link (link.ts) both can carry.
 */
export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Which socket a request takes: `call` the shared pool, `stream` a socket of its own (watches), `lease` the lease's
 * own pool, `probe` always a fresh socket.
 */
export type Lane = 'call' | 'stream' | 'lease' | 'probe'

export interface HttpRequest {
  readonly method: HttpMethod
  /** Path with query, already encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly lane?: Lane
  /** Time until the response's headers are there; with it a request never hangs. */
  readonly headersTimeoutMs: number
  /** Longest pause between two body chunks; 0 leaves the silence to the caller (watches). Default: headersTimeoutMs. */
  readonly bodyTimeoutMs?: number
  readonly signal?: AbortSignal
  /**
   * Called when a connection is there, just before the first byte is written to it; what it throws ends the request, and
   * nothing is sent. A request may have waited for its connection for longer than it is wanted.
   */
  readonly beforeSend?: () => void
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Must be read to its end or left by breaking the loop (which cancels it): an unread body pins its socket. */
  readonly body: AsyncIterable<Uint8Array>
  /**
   * Asks the other end of this very connection whether it is there (HTTP/2 PING, RFC 9113 §6.7); absent where the
   * connection cannot be asked. Resolves with the answer, rejects with a TransportError when the connection is lost and
   * with the signal's reason when aborted; how long to wait is the caller's.
   */
  readonly ping?: (signal: AbortSignal) => Promise<void>
}

/**
 * One peer. `request` rejects with a `TransportError` (errors.ts) when no answer came (refused, reset, timed out, TLS),
 * with the signal's reason when aborted; an HTTP error status is an answer, not a rejection.
 */
export interface HttpClient {
  /** For messages: the peer's origin, without credentials. */
  readonly origin: string
  request(request: HttpRequest): Promise<HttpResponse>
  /** Destroys every socket: nothing that fell silent is used again. */
  reset(): void
  /** Requests from now on take new sockets; what is under way on an old one goes on, and the idle ones are closed. */
  renewSockets?(): void
  /** Closes once what is under way has ended by itself. */
  retire?(): void
  close(): Promise<void>
}

/** Who is on the other end of a server's connection. */
export interface Peer {
  readonly address: string
  /** SHA-256 of the client certificate's DER, lower-case hex without colons; absent without a certificate. */
  readonly certificateSha256?: string
  readonly certificatePem?: string
  readonly commonName?: string
  /** O fields of the subject: Kubernetes takes them as groups. */
  readonly organizations?: readonly string[]
  /** True when the certificate was verified against the server's client CA. */
  readonly verified?: boolean
}

export interface ServerRequest {
  readonly method: HttpMethod
  /** Decoded per segment by the handler, not here. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly peer: Peer
  /** Reads the body whole; throws TransportError BODY_TOO_LARGE over `bytesMax`. */
  body(bytesMax: number): Promise<Uint8Array>
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

export interface ServerResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** A stream is left (its iterator's `return` called) when the client goes. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>
}

export type Handler = (request: ServerRequest) => Promise<ServerResponse>
