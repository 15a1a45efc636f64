/**
 * An HttpClient that reaches a Handler in the same process, with the faults a network has, on the injected clock. The
 * simulator and fast tests stand on it; what it carries is what a socket would carry.
 */
import { TransportError } from '../errors.ts'
import type { Clock } from './clock.ts'
import type { Handler, HttpClient, HttpRequest, HttpResponse, Peer, ServerRequest } from './http.ts'

export interface LinkFaults {
  /** Connections are refused, open streams are cut. */
  down(isDown: boolean): void
  /** Nothing comes back any more, nothing is closed: a half-open link. Connections opened before it never recover. */
  blackhole(isSilent: boolean): void
  /** Added before each answer. */
  latency(delayMs: number): void
  /** Ends every open stream. */
  cut(): void
}

export interface LinkOptions {
  readonly origin: string
  readonly peer: Peer
  readonly clock: Clock
  /** False: as a peer that speaks HTTP/1.1 only, whose open streams cannot be asked whether they live. Default: true. */
  readonly pings?: boolean
}

type Reject = (error: unknown) => void

/** A client for the handler and the switches of the link between them. */
export function connectInProcess(
  handler: Handler,
  options: LinkOptions,
): { client: HttpClient; faults: LinkFaults } {
  const open = new Set<Reject>()
  const state = {
    down: false,
    silent: false,
    latencyMs: 0,
    /** How often it fell silent: connections that were open then are dead, whether or not they noticed. */
    holes: 0,
    lost: undefined as { error: unknown } | undefined,
  }
  const failAll = (error: unknown) => {
    // Streams that nobody reads at the moment find it at their next read.
    state.lost = { error }
    for (const reject of [...open]) reject(error)
    open.clear()
  }
  const fault = (kind: 'refused' | 'reset' | 'timeout' | 'closed', words: string) =>
    new TransportError(kind, `${options.origin}: ${words}`, { subject: options.origin })

  /** Waits for `work` unless the link fails, the time is over or the caller gives up first. */
  const guarded = <T>(
    work: Promise<T> | undefined,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const fail: Reject = (error) => {
        settle()
        reject(error)
      }
      const onAbort = () => fail(signal?.reason)
      const timer =
        timeoutMs > 0
          ? options.clock.setTimeout(() => fail(fault('timeout', 'it did not answer in time')), timeoutMs)
          : undefined
      const settle = () => {
        open.delete(fail)
        signal?.removeEventListener('abort', onAbort)
        if (timer !== undefined) options.clock.clearTimeout(timer)
      }
      open.add(fail)
      // Whoever is gone before it began does not hear how it ends, and it may well end with the same abort.
      if (signal?.aborted) {
        work?.then(undefined, () => {})
        return onAbort()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      work?.then((value) => {
        settle()
        resolve(value)
      }, fail)
    })

  const pingOf = (isDead: () => boolean) => {
    const lostBefore = state.lost
    return async (signal: AbortSignal) => {
      if (state.lost !== lostBefore) throw state.lost?.error
      const answer = isDead() ? undefined : afterLatency()
      await guarded(answer, 0, signal)
      // What fell silent while the answer was on its way took it along.
      if (isDead()) await guarded(undefined, 0, signal)
    }
  }

  const afterLatency = async (): Promise<void> => {
    if (state.latencyMs > 0)
      await new Promise<void>((resolve) => options.clock.setTimeout(() => resolve(), state.latencyMs))
  }

  const request = async (wanted: HttpRequest): Promise<HttpResponse> => {
    if (state.down) throw fault('refused', 'it refuses connections')
    const gone = new AbortController()
    wanted.beforeSend?.()
    if (state.silent) return guarded(undefined, wanted.headersTimeoutMs, wanted.signal)
    const holesBefore = state.holes
    const isDead = () => state.holes !== holesBefore
    const work = async () => {
      await afterLatency()
      return handler(toServerRequest(wanted, options.peer, gone.signal))
    }
    try {
      const answer = await guarded(work(), wanted.headersTimeoutMs, wanted.signal)
      const headers = Object.fromEntries(
        Object.entries(answer.headers ?? {}).map(([name, value]) => [
          name.toLowerCase(),
          typeof value === 'string' ? value : value.join(', '),
        ]),
      )
      return {
        status: answer.status,
        headers,
        body: carry(answer.body, wanted, gone, isDead),
        ...(wanted.lane === 'stream' && options.pings !== false ? { ping: pingOf(isDead) } : {}),
      }
    } catch (error) {
      gone.abort(error)
      throw error
    }
  }

  async function* carry(
    body: Awaited<ReturnType<Handler>>['body'],
    wanted: HttpRequest,
    gone: AbortController,
    isDead: () => boolean,
  ): AsyncGenerator<Uint8Array, void> {
    if (body === undefined) return
    if (typeof body === 'string' || body instanceof Uint8Array) {
      yield typeof body === 'string' ? Buffer.from(body) : body
      return
    }
    const iterator = body[Symbol.asyncIterator]()
    const idleMs = wanted.bodyTimeoutMs ?? wanted.headersTimeoutMs
    const lostBefore = state.lost
    try {
      while (true) {
        if (state.lost !== lostBefore) throw state.lost?.error
        const next = await guarded(isDead() ? undefined : iterator.next(), idleMs, wanted.signal)
        if (isDead()) continue
        if (next.done) return
        yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value
      }
    } finally {
      gone.abort(fault('closed', 'the client went away'))
      void iterator.return?.()
    }
  }

  const faults: LinkFaults = {
    down(isDown) {
      state.down = isDown
      if (isDown) failAll(fault('reset', 'the connection was reset'))
    },
    blackhole(isSilent) {
      state.silent = isSilent
      if (isSilent) state.holes += 1
    },
    latency(delayMs) {
      state.latencyMs = delayMs
    },
    cut: () => failAll(fault('reset', 'the connection was reset')),
  }
  const reset = () => failAll(fault('closed', 'the connection was given up'))
  return { client: { origin: options.origin, request, reset, close: async () => reset() }, faults }
}

function toServerRequest(wanted: HttpRequest, peer: Peer, signal: AbortSignal): ServerRequest {
  const at = wanted.path.indexOf('?')
  const headers = Object.fromEntries(
    Object.entries(wanted.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return {
    method: wanted.method,
    path: at === -1 ? wanted.path : wanted.path.slice(0, at),
    query: new URLSearchParams(at === -1 ? '' : wanted.path.slice(at + 1)),
    headers,
    peer,
    signal,
    async body(bytesMax) {
      const body = wanted.body ?? ''
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      if (bytes.length > bytesMax)
        throw new TransportError('too-large', `the request body is over ${bytesMax} bytes`)
      return bytes
    },
  }
}
