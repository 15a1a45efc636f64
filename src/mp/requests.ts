/**
 * What the manager asks (docs/protocol.md §3): the request stream, read line by line, and the answers. Each request gets a
 * final event, so that nobody waits for nothing; what the manager did not hear it sends again in the next session.
 */
import { type AdapterError, asAdapterError, retry } from '../errors.ts'
import { MP_REQUESTS_MAX } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { NsxManager } from '../nsx/index.ts'
import { RequestFrame } from '../protocol/index.ts'
import type { Clock } from '../world/index.ts'
import type { Reconciled } from './inventory/index.ts'

/** Kinds that are answered with more than an error; told to the manager as capabilities. */
export const REQUEST_KINDS = ['inventory-resync'] as const

type Request = Extract<RequestFrame, { t: 'request' }>

export interface RequestDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly log: Logger
  readonly clusterId: string
}

/** What the chart hears. Nothing comes after `onFailed`. */
export interface RequestListener {
  /** Something was read; at most about once a second. */
  onSeen(): void
  /** A full comparison of the inventory is asked for. */
  onResync(): void
  onFailed(error: AdapterError): void
}

export interface Requests {
  /** Follows the session's stream until `signal` is aborted or it fails. */
  follow(session: string, listener: RequestListener, signal: AbortSignal): Promise<void>
  /** A comparison begins, which answers the resyncs asked for so far; false: nobody asked. */
  beginResync(): boolean
  /** The comparison that was begun is carried out. */
  finishResync(counts: Reconciled): void
}

const KNOWN_FRAMES = ['open', 'request', 'cancel', 'ping', 'bye']
const SEEN_PERIOD_MS = 1_000
/** As for Retry-After: a wild value does not stop the adapter, nor overflow a timer. */
const BYE_WAIT_MS_MAX = 600_000

export function createRequests(deps: RequestDeps): Requests {
  const { nsx, clock, log, clusterId } = deps
  /** Resyncs asked for, by request id; `begun` when a comparison that answers them is under way. */
  let resyncs = new Map<string, { readonly attempt: number; begun: boolean }>()
  let answer: (id: string, attempt: number, event: object) => void = () => {}

  /** Answers go one after the other, in order; there are never more than requests. */
  const createAnswering = (session: string, signal: AbortSignal) => {
    let last = Promise.resolve()
    let queued = 0
    return (id: string, attempt: number, event: object) => {
      if (queued >= MP_REQUESTS_MAX) {
        log.warn(
          { request: id },
          'too many answers are under way; the manager asks again in the next session',
        )
        return
      }
      queued += 1
      last = last.then(async () => {
        queued -= 1
        if (signal.aborted) return
        try {
          // An id that is no text at all fails here, and only here.
          const path = `/mp/v1/clusters/${encodeURIComponent(clusterId)}/requests/${encodeURIComponent(id)}/events`
          await nsx.call({
            method: 'POST',
            path,
            body: { session, attempt, events: [{ seq: 1, ...event }] },
            signal,
          })
        } catch (thrown) {
          const { code, message } = asAdapterError(thrown)
          log.warn({ request: id, code }, `a request could not be answered: ${message}`)
        }
      })
    }
  }

  const accept = (request: Request, listener: RequestListener) => {
    const { id, attempt, kind } = request
    if (kind !== 'inventory-resync') {
      const message = `This adapter does not carry out ${kind.slice(0, 100)} yet; ask for one of: ${REQUEST_KINDS.join(', ')}.`
      return answer(id, attempt, { t: 'error', code: 'REQUEST_KIND_UNSUPPORTED', message })
    }
    if (resyncs.size >= MP_REQUESTS_MAX && !resyncs.has(id)) {
      const message = `${MP_REQUESTS_MAX} requests wait already; ask again when they are answered.`
      return answer(id, attempt, { t: 'error', code: 'TOO_MANY_REQUESTS', message })
    }
    resyncs.set(id, { attempt, begun: false })
    listener.onResync()
  }

  const take = (frame: RequestFrame, listener: RequestListener) => {
    switch (frame.t) {
      case 'request':
        return accept(frame, listener)
      case 'cancel': {
        const waiting = resyncs.get(frame.id)
        resyncs.delete(frame.id)
        if (waiting !== undefined)
          answer(frame.id, waiting.attempt, {
            t: 'error',
            code: 'CANCELLED',
            message: 'The request was cancelled.',
          })
        return
      }
      case 'bye':
        throw retry('STREAM_BYE', `${nsx.origin} ends the session; the adapter comes back`, {
          ...(frame.retry_after_ms === undefined
            ? {}
            : { retryAfterMs: Math.min(Math.max(frame.retry_after_ms, 0), BYE_WAIT_MS_MAX) }),
        })
    }
  }

  return {
    async follow(session, listener, signal) {
      resyncs = new Map()
      answer = createAnswering(session, signal)
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
          if (frame !== undefined) take(frame, listener)
          else {
            unknown += 1
            log.debug({ unknown }, 'an unknown frame was skipped')
          }
        }
        throw retry('STREAM_ENDED', `${nsx.origin} ended the request stream; it is opened again`)
      } catch (thrown) {
        if (!signal.aborted) listener.onFailed(asAdapterError(thrown))
      }
    },
    beginResync() {
      for (const waiting of resyncs.values()) waiting.begun = true
      return resyncs.size > 0
    },
    finishResync({ created, updated, deleted, refused, guarded }) {
      for (const [id, { attempt, begun }] of resyncs) {
        if (!begun) continue
        resyncs.delete(id)
        answer(id, attempt, { t: 'result', counts: { created, updated, deleted, refused, guarded } })
      }
    },
  }
}

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
