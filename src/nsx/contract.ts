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
export interface NsxManager {
  readonly origin: string
  /** JSON in, JSON out (undefined when the body is empty). */
  call<T>(request: NsxCall): Promise<T>
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
  /** Destroys sockets that may have fallen silent. */
  reset(): void
}
