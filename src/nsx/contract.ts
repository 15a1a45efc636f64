/** What the channels may ask of the NSX side; nsx/ implements it over an HttpClient. */
import type { ChannelName, Hello, Session, SessionRequest } from '../protocol/index.ts'
import type { HttpMethod } from '../world/index.ts'

export interface NsxCall {
  readonly method: HttpMethod
  readonly path: string
  readonly body?: unknown
  /** In place of `body`: sent as they are. */
  readonly bytes?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /**
   * Sending it twice comes to the same as once, so that it may be sent again when nobody saw what became of it. GET when
   * absent, and nothing else. Only the public API's driver looks at it.
   */
  readonly isRepeatable?: boolean
}

/** What the public API is asked with, by whichever driver. Rejections as of NsxManager. */
export interface NsxApi {
  /** For messages. */
  readonly origin: string
  /** JSON in, JSON out (undefined when the body is empty). */
  call<T>(request: NsxCall): Promise<T>
  /** Destroys sockets that may have fallen silent. */
  reset(): void
}

/** How one of several managers is, for `status`. */
export interface EndpointView {
  readonly origin: string
  readonly health: 'unknown' | 'up' | 'down'
  readonly inFlight: number
  /** Why it is down, by code and in words. */
  readonly reason?: { readonly code: string; readonly message: string }
}

/** An NSX by its public API: one manager or several of one cluster of managers, who hold the same. */
export interface NsxRest extends NsxApi {
  readonly driver: 'rest'
  /** Resolves when a manager answers on a fresh connection. */
  probe(signal: AbortSignal): Promise<void>
  endpoints(): readonly EndpointView[]
  /** Credentials were changed: what was refused because of them may be taken now. */
  renewed(): void
  /** Ends the sessions in NSX, within a second, and closes the sockets. */
  close(): Promise<void>
}

/** Who we are for NSX, where it is not the client certificate. */
export interface NsxLogin {
  readonly kind: 'session' | 'basic'
  readonly username: string
  /** Asked for each login, so that it may be changed meanwhile. */
  readonly password: () => string
}

export interface NsxStreamCall {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** The answer's status and its parsed lines. */
export interface NsxStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Raw parsed lines; the channel checks them against its frame schema. */
  readonly lines: AsyncIterable<unknown>
}

/**
 * One manager. Rejections are AdapterErrors: the transport's; NSX_UNAUTHORIZED, NSX_FORBIDDEN (needs a person);
 * NSX_NOT_FOUND, NSX_CONFLICT, NSX_REVISION, NSX_BAD_REQUEST (needs a person), NSX_THROTTLED and NSX_SERVER_ERROR (retry,
 * with Retry-After); or, when the error body has a `code` in words (STALE_LEADER, CLUSTER_NOT_REGISTERED, …), that code.
 */
export interface NsxManager extends NsxApi {
  /** Headers of a HEAD, whose refusals have no body: by its `error-code` in words where there is one. */
  head(request: Pick<NsxCall, 'path' | 'signal'>): Promise<Readonly<Record<string, string>>>
  /** Opens a newline-delimited stream on a socket of its own; 200 and 304 are answers, everything else rejects. */
  stream(request: NsxStreamCall): Promise<NsxStream>
  /** Resolves when a fresh connection gets an answer (hello); rejects otherwise. */
  probe(channel: ChannelName, signal: AbortSignal): Promise<void>
  hello(channel: ChannelName, signal: AbortSignal): Promise<Hello>
  openSession(
    channel: ChannelName,
    clusterId: string,
    request: SessionRequest,
    signal: AbortSignal,
  ): Promise<Session>
  closeSession(channel: ChannelName, clusterId: string, session: string): Promise<void>
}

/** By which driver NSX is spoken with. */
export const isRest = (nsx: NsxManager | NsxRest): nsx is NsxRest => 'driver' in nsx && nsx.driver === 'rest'
