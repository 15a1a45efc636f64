/** The request stream of a session, read frame by frame (docs/protocol.md, Requests). */
import type { MpRequest } from '../../../machines/requests.ts'
import { type AdapterError, asAdapterError, retry } from '../../errors.ts'
import { OPERATION_TIMEOUT_MS_MAX } from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import type { NsxManager } from '../../nsx/index.ts'
import { RequestFrame } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'

export interface StreamDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly log: Logger
  readonly clusterId: string
}

/** What the chart hears. Nothing comes after `onFailed`. */
export interface RequestListener {
  /** Something was read; at most about once a second. */
  onSeen(): void
  onRequest(request: Omit<MpRequest, 'type'>): void
  onCancel(id: string): void
  onFailed(error: AdapterError): void
}

const KNOWN_FRAMES = ['open', 'request', 'cancel', 'ping', 'bye']
const SEEN_PERIOD_MS = 1_000
/** As for Retry-After: a wild value does not stop the adapter, nor overflow a timer. */
const BYE_WAIT_MS_MAX = 600_000
/** It stands in URLs, in annotations and in the log. */
const ID_CHARS_MAX = 200

/** Follows the session's stream until `signal` is aborted or it fails. */
export async function followRequests(
  deps: StreamDeps,
  session: string,
  listener: RequestListener,
  signal: AbortSignal,
): Promise<void> {
  const { nsx, clock, log, clusterId } = deps
  try {
    const path = `/mp/v1/clusters/${encodeURIComponent(clusterId)}/requests?session=${encodeURIComponent(session)}`
    const stream = await nsx.stream({ path, signal })
    let seenMs = Number.NEGATIVE_INFINITY
    let unknown = 0
    for await (const line of stream.lines) {
      if (signal.aborted) return
      if (clock.monotonicMs() - seenMs >= SEEN_PERIOD_MS) {
        seenMs = clock.monotonicMs()
        listener.onSeen()
      }
      const frame = parseFrame(line)
      if (frame !== undefined) take(deps, frame, session, listener)
      else {
        unknown += 1
        log.debug({ unknown }, 'an unknown frame was skipped')
      }
    }
    throw retry('STREAM_ENDED', `${nsx.origin} ended the request stream; it is opened again`)
  } catch (thrown) {
    if (!signal.aborted) listener.onFailed(asAdapterError(thrown))
  }
}

function take({ nsx, log }: StreamDeps, frame: RequestFrame, session: string, listener: RequestListener) {
  switch (frame.t) {
    case 'request': {
      const { id, attempt, kind, body, timeout_ms: timeoutMs } = frame
      if (!isUsable(id)) {
        log.warn({ kind: kind.slice(0, 100) }, 'a request was skipped: its id is no text that can be used')
        return
      }
      return listener.onRequest({ id, attempt, kind, body, session, timeoutMs: bounded(timeoutMs) })
    }
    case 'cancel':
      return listener.onCancel(frame.id)
    case 'bye':
      throw retry('STREAM_BYE', `${nsx.origin} ends the session; the adapter comes back`, {
        ...(frame.retry_after_ms === undefined
          ? {}
          : { retryAfterMs: Math.min(Math.max(frame.retry_after_ms, 0), BYE_WAIT_MS_MAX) }),
      })
  }
}

const isUsable = (id: string): boolean =>
  id !== '' && id.length <= ID_CHARS_MAX && id.isWellFormed() && !/\p{Cc}/u.test(id)

const bounded = (timeoutMs: number): number => Math.min(Math.max(timeoutMs, 1), OPERATION_TIMEOUT_MS_MAX)

/** Undefined: a frame of a later version, which is skipped. A frame that breaks the rules ends the stream. */
function parseFrame(line: unknown): RequestFrame | undefined {
  const parsed = RequestFrame.safeParse(line)
  if (parsed.success) return parsed.data
  const type = typeof line === 'object' && line !== null ? (line as { t?: unknown }).t : undefined
  if (typeof type === 'string' && !KNOWN_FRAMES.includes(type)) return undefined
  throw retry(
    'PROTOCOL_REQUEST',
    `a frame of the request stream breaks the protocol (${parsed.error.issues[0]?.message ?? 'no type'}); the stream is opened again`,
  )
}
