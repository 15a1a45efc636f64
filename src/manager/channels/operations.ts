/**
 * What people asked of a cluster and what came of it (docs/protocol.md §3). Delivery is at least once: what has no final
 * answer is sent again on the next session with a higher attempt and the time that is left. Who got no answer in that time
 * is answered here.
 */
import { MANAGER_REQUEST_EVENTS_MAX, MANAGER_REQUESTS_KEPT_MAX, MANAGER_REQUESTS_MAX } from '../../limits.ts'
import { jsonLine } from '../../protocol/index.ts'
import type { Clock } from '../../world/index.ts'
import { type Contents, shownContent } from '../bundles/contents.ts'
import { badRequest, isObject, type JsonObject, NsxApiError, notFound } from '../rest/index.ts'
import { conflict } from './sessions.ts'

export interface Operations {
  /** Throws 429 when too many are open. */
  queue(request: {
    readonly kind: string
    readonly body: unknown
    readonly timeoutMs: number
    readonly user: string
  }): JsonObject
  /** Open ones hear `cancel`; the answer is still the cluster's. Throws 404. */
  cancel(id: string): void
  show(id: string): JsonObject
  all(): readonly JsonObject[]
  /** The operation as it stands when it has its final answer, and after `waitMs` at the latest. Throws 404. */
  wait(id: string, waitMs: number, signal?: AbortSignal): Promise<JsonObject>
  /** Called with the operation after each change, until it has its final answer. Throws 404. */
  follow(id: string, listener: (shown: JsonObject) => void): () => void
  /** A new stream begins: everything unanswered goes out again. */
  startStream(): void
  /** The next line for the stream; undefined when there is none. */
  nextLine(): string | undefined
  /** Takes events in; returns the last one acknowledged. Throws 404, 409 with `expected`, 400. */
  take(id: string, session: string, attempt: number, events: readonly unknown[]): number
  /** Whether it may still get content. Throws 404. */
  isOpen(id: string): boolean
  /** The cluster is registered no more. */
  forgetAll(): void
}

interface Operation {
  readonly id: string
  readonly kind: string
  readonly body: unknown
  readonly timeoutMs: number
  readonly user: string
  readonly createdAt: number
  /** Monotonic time of the first line sent; its time begins with it. */
  sentAtMs: number | undefined
  readonly listeners: Set<(shown: JsonObject) => void>
  attempt: number
  cancelled: boolean
  /** Who answers: a newer session begins its events anew. */
  answering: { readonly session: string; readonly attempt: number; seq: number } | undefined
  events: JsonObject[]
  final: JsonObject | undefined
}

/** The cluster's own deadline comes first; this one is for who does not answer at all. */
const GRACE_MS = 10_000

const FINAL: readonly unknown[] = ['result', 'error']
const EVENT_TYPES: readonly unknown[] = ['progress', 'observation', ...FINAL]

/** `onUnsent` is told that the stream has a line to take. */
export function createOperations({
  clock,
  uuid,
  onUnsent,
  contents,
}: {
  readonly clock: Clock
  readonly uuid: () => string
  readonly contents: Contents
  readonly onUnsent: () => void
}): Operations {
  const operations = new Map<string, Operation>()
  /** Lines' origins not sent yet on the present stream. */
  let unsent: { readonly operation: Operation; readonly cancel: boolean }[] = []
  const send = (operation: Operation, cancel: boolean) => {
    unsent.push({ operation, cancel })
    onUnsent()
  }
  const find = (id: string): Operation => {
    const operation = operations.get(id)
    if (operation === undefined) throw notFound(`operation ${id}`)
    expire(operation)
    return operation
  }
  const leftMs = ({ sentAtMs, timeoutMs }: Operation): number =>
    sentAtMs === undefined ? timeoutMs : sentAtMs + timeoutMs - clock.monotonicMs()
  /** Looked at whenever somebody looks: no timer is needed. */
  const expire = (operation: Operation) => {
    if (operation.final !== undefined || leftMs(operation) > -GRACE_MS) return
    conclude(operation, contents, 'TIMED_OUT', 'The cluster did not answer within the time of the request.')
  }
  const open = () => {
    for (const operation of operations.values()) expire(operation)
    return [...operations.values()].filter(({ final }) => final === undefined)
  }
  const follow = (operation: Operation, listener: (shown: JsonObject) => void) => {
    operation.listeners.add(listener)
    return () => void operation.listeners.delete(listener)
  }
  return {
    queue({ kind, body, timeoutMs, user }) {
      if (open().length >= MANAGER_REQUESTS_MAX)
        throw new NsxApiError(429, 429, 'Too many operations of this cluster are open; wait or cancel some.')
      const operation: Operation = {
        id: uuid(),
        kind,
        body,
        timeoutMs,
        user,
        createdAt: clock.now(),
        sentAtMs: undefined,
        listeners: new Set(),
        attempt: 0,
        cancelled: false,
        answering: undefined,
        events: [],
        final: undefined,
      }
      operations.set(operation.id, operation)
      forgetOldest(operations, contents)
      // Told as it was queued: a stream that waits takes it at once.
      const queued = shown(operation, contents)
      send(operation, false)
      return queued
    },
    cancel(id) {
      const operation = find(id)
      if (operation.final !== undefined || operation.cancelled) return
      operation.cancelled = true
      // What the cluster never heard of is over at once.
      if (operation.sentAtMs !== undefined) send(operation, true)
      else conclude(operation, contents, 'CANCELLED', 'The request was cancelled before it was sent.')
    },
    show: (id) => shown(find(id), contents),
    all() {
      for (const operation of operations.values()) expire(operation)
      return [...operations.values()].map((operation) => shown(operation, contents))
    },
    follow: (id, listener) => follow(find(id), listener),
    wait(id, waitMs, signal) {
      const operation = find(id)
      if (operation.final !== undefined || signal?.aborted === true)
        return Promise.resolve(shown(operation, contents))
      return new Promise((resolve) => {
        const end = () => {
          clock.clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          unfollow()
          resolve(shown(operation, contents))
        }
        const unfollow = follow(operation, () => {
          if (operation.final !== undefined) end()
        })
        const timer = clock.setTimeout(end, waitMs)
        signal?.addEventListener('abort', end, { once: true })
      })
    },
    startStream() {
      unsent = open().flatMap((operation) => [
        { operation, cancel: false },
        ...(operation.cancelled ? [{ operation, cancel: true }] : []),
      ])
    },
    nextLine() {
      const next = unsent.shift()
      if (next === undefined) return undefined
      const { operation } = next
      const { id, kind, body } = operation
      if (operation.final !== undefined) return this.nextLine()
      if (next.cancel) return jsonLine({ t: 'cancel', id })
      operation.attempt += 1
      operation.sentAtMs ??= clock.monotonicMs()
      const { attempt } = operation
      const timeoutMs = Math.max(1, Math.ceil(leftMs(operation)))
      return jsonLine({
        t: 'request',
        id,
        attempt,
        kind,
        timeout_ms: timeoutMs,
        body,
        ...contentOf(operation, contents),
      })
    },
    take(id, session, attempt, events) {
      const operation = find(id)
      if (attempt > operation.attempt) throw badRequest(`The attempt ${attempt} was not sent.`)
      if (operation.answering?.session !== session || operation.answering.attempt < attempt)
        beginAnswer(operation, session, attempt)
      const { answering } = operation
      if (answering === undefined || attempt < answering.attempt)
        throw conflict('OLDER_ATTEMPT', 'A newer attempt of this request is being answered.')
      try {
        for (const event of events) takeEvent(operation, answering, event)
      } finally {
        if (operation.final !== undefined) contents.finish(operation.id)
        tell(operation, contents)
      }
      return answering.seq
    },
    isOpen: (id) => find(id).final === undefined,
    forgetAll() {
      for (const id of operations.keys()) contents.forget(id)
      operations.clear()
    },
  }
}

/** What there is of the content of its answer. */
function contentOf({ id }: Operation, contents: Contents): JsonObject {
  const all = contents.all(id)
  return all.length === 0 ? {} : { content: all.map(shownContent) }
}

/** Events of a newer attempt replace those of an unfinished older one; the first final answer stands. */
function beginAnswer(operation: Operation, session: string, attempt: number): void {
  operation.answering = { session, attempt, seq: 0 }
  if (operation.final === undefined) operation.events = []
}

function takeEvent(operation: Operation, answering: { seq: number }, event: unknown): void {
  if (!isObject(event) || !EVENT_TYPES.includes(event['t'])) throw badRequest('An event has no known type.')
  const seq = event['seq']
  // What was acknowledged already is sent again after a lost answer.
  if (typeof seq === 'number' && seq <= answering.seq) return
  if (seq !== answering.seq + 1)
    throw conflict('EVENT_SEQUENCE', `The event ${answering.seq + 1} was expected.`, {
      expected: answering.seq + 1,
    })
  answering.seq = seq
  if (operation.final !== undefined) return
  if (operation.events.length >= MANAGER_REQUEST_EVENTS_MAX) operation.events.shift()
  operation.events.push(event)
  if (FINAL.includes(event['t'])) operation.final = event
}

/** The answer that the manager gives itself. */
function conclude(operation: Operation, contents: Contents, code: string, message: string): void {
  operation.final = { t: 'error', code, message }
  operation.events.push(operation.final)
  contents.finish(operation.id)
  tell(operation, contents)
}

function tell(operation: Operation, contents: Contents): void {
  for (const listener of [...operation.listeners]) listener(shown(operation, contents))
  if (operation.final !== undefined) operation.listeners.clear()
}

function forgetOldest(operations: Map<string, Operation>, contents: Contents): void {
  for (const [id, { final }] of operations) {
    if (operations.size <= MANAGER_REQUESTS_KEPT_MAX) return
    if (final === undefined) continue
    operations.delete(id)
    contents.forget(id)
  }
}

const shown = (operation: Operation, contents: Contents): JsonObject => ({
  id: operation.id,
  kind: operation.kind,
  body: operation.body,
  timeout_ms: operation.timeoutMs,
  attempt: operation.attempt,
  state: stateOf(operation),
  events: operation.events,
  ...contentOf(operation, contents),
  _create_time: operation.createdAt,
  _create_user: operation.user,
})

function stateOf({ final, cancelled, answering, attempt }: Operation): string {
  if (final !== undefined) return final['t'] === 'result' ? 'DONE' : 'FAILED'
  if (cancelled) return 'CANCELLING'
  if (answering !== undefined) return 'RUNNING'
  return attempt === 0 ? 'QUEUED' : 'SENT'
}
