/**
 * The API server as one peer: every request passes here. It notices when the server answers nobody (machines/outage.ts)
 * and lets one probe ask for all; it renews credentials that are refused; it puts the base path in front.
 */
import { createActor, fromPromise, type InspectionEvent } from 'xstate'
import { outageMachine } from '../../machines/outage.ts'
import { type AdapterError, asAdapterErrors, retry, TransportError } from '../errors.ts'
import { KUBE_ANSWER_FRESH_MS, KUBE_PROBE_PAUSES_MS, KUBE_PROBE_TIMEOUT_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient, HttpRequest, HttpResponse, Random } from '../world/index.ts'
import type { Credentials } from './credentials.ts'
import { waitInLine } from './line.ts'
import { createTurnstile, type Turnstile } from './turnstile.ts'

export interface PeerOptions {
  readonly credentials: Credentials
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly userAgent: string
  /** Sees the chart's transitions. */
  readonly inspect?: (event: InspectionEvent) => void
  /** Why nothing answers; undefined once something does. */
  readonly report: (problem: AdapterError | undefined) => void
}

export interface Peer {
  /** While nothing answers, requests are rejected at once with the reason; probes go on by themselves. */
  readonly http: HttpClient
  /** Resolves as soon as the API server is known to answer; rejects with the signal's reason only. */
  reachable(signal: AbortSignal): Promise<void>
  /** Asks on a fresh socket, once for all who ask at a time; rejects with the reason when nothing answers. */
  probe(signal: AbortSignal): Promise<void>
  /** Something was not answered in time: what is under way goes on, and one probe finds out. */
  doubt(error: AdapterError): void
  /** Before the watches; entered once `reachable` has resolved. */
  readonly turnstile: Turnstile
  close(): Promise<void>
}

/** What stands before an API server answers so when there is none behind it. */
const isGatewayFault = (status: number): boolean => status === 502 || status === 503 || status === 504

/** Faults of the link itself; an answer that is too large, and what we closed ourselves, says nothing about it. */
const isLinkFault = (error: unknown): error is TransportError =>
  error instanceof TransportError && error.fault !== 'too-large' && error.fault !== 'closed'

const mayBeCredentials = (error: unknown): boolean =>
  error instanceof TransportError && (error.fault === 'untrusted' || error.fault === 'tls')

export function createPeer(options: PeerOptions): Peer {
  const { credentials, clock } = options
  const outage = superviseOutage(options, () => ask())
  const turnstile = createTurnstile(options)
  let answeredMs = Number.NEGATIVE_INFINITY

  /** Past the outage: the request itself, with what its outcome tells. */
  const send = async (wanted: HttpRequest): Promise<{ used: HttpClient; response: HttpResponse }> => {
    credentials.look()
    const { http: used, access } = credentials.current
    try {
      const path = `${access.basePath ?? ''}${wanted.path}`
      const response = await used.request(path === wanted.path ? wanted : { ...wanted, path })
      if (!isGatewayFault(response.status)) answeredMs = clock.monotonicMs()
      return { used, response }
    } catch (error) {
      if (mayBeCredentials(error)) void credentials.renew(used, false)
      throw error
    }
  }

  const ask = async (signal?: AbortSignal): Promise<void> => {
    const { response } = await send({
      method: 'GET',
      path: '/version',
      headers: { accept: 'application/json', 'user-agent': options.userAgent },
      lane: 'probe',
      headersTimeoutMs: KUBE_PROBE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    })
    await leave(response)
    if (isGatewayFault(response.status)) throw gatewayFault(credentials.current.http.origin, response.status)
  }

  const request = async (wanted: HttpRequest): Promise<HttpResponse> => {
    const down = outage.down()
    if (down !== undefined) throw down
    try {
      const { used, response } = await send(wanted)
      if (isGatewayFault(response.status)) outage.doubt(gatewayFault(used.origin, response.status))
      // A refused request was not carried out, so asking once more with new credentials is safe for any method.
      if (response.status === 401 && (await orAborted(credentials.renew(used, true), wanted.signal))) {
        await leave(response)
        return { ...(await send(wanted)).response }
      }
      const { ping } = response
      return {
        ...response,
        body: watchBody(response.body, doubtUnlessYoung(clock, outage.doubt)),
        ...(ping === undefined ? {} : { ping: watchPing(ping, outage.doubt) }),
      }
    } catch (error) {
      if (isLinkFault(error)) outage.doubt(error)
      throw error
    }
  }

  return {
    http: {
      get origin() {
        return credentials.current.http.origin
      },
      request,
      reset: () => credentials.current.http.reset(),
      close: () => credentials.close(),
    },
    reachable: (signal) => outage.settled(signal, false),
    async probe(signal) {
      if (outage.down() === undefined && clock.monotonicMs() - answeredMs < KUBE_ANSWER_FRESH_MS) return
      outage.ask()
      await outage.settled(signal, true)
    },
    doubt: outage.doubt,
    turnstile,
    async close() {
      outage.stop()
      turnstile.stop()
      await credentials.close()
    },
  }
}

/** What was answered a moment ago and is cut says that streams are cut, not that nothing answers. */
function doubtUnlessYoung(clock: Clock, doubt: (error: AdapterError) => void) {
  const sinceMs = clock.monotonicMs()
  return (error: AdapterError) => {
    if (clock.monotonicMs() - sinceMs >= KUBE_ANSWER_FRESH_MS) doubt(error)
  }
}

/** A stream that is cut may be the first to know that all are. */
async function* watchBody(
  body: AsyncIterable<Uint8Array>,
  doubt: (error: AdapterError) => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body
  } catch (error) {
    if (isLinkFault(error)) doubt(error)
    throw error
  }
}

/** A connection that is lost may be the first to know that all are. */
const watchPing =
  (ping: (signal: AbortSignal) => Promise<void>, doubt: (error: AdapterError) => void) =>
  async (signal: AbortSignal): Promise<void> => {
    try {
      await ping(signal)
    } catch (error) {
      if (!signal.aborted && isLinkFault(error)) doubt(error)
      throw error
    }
  }

/** Leaves a body that nobody wants; its socket is free or gone then. */
async function leave(response: HttpResponse): Promise<void> {
  try {
    for await (const _ of response.body) break
  } catch {
    // What was asked for is answered; how the rest ends does not matter.
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

const gatewayFault = (origin: string, status: number) =>
  retry(
    'KUBE_SERVER_ERROR',
    `${origin}: status ${status}; the API server is not ready, or gone behind its proxy`,
    {
      subject: origin,
    },
  )

interface Outage {
  /** Why nothing answers; undefined while it is not known that nothing does. */
  down(): AdapterError | undefined
  ask(): void
  doubt(error: AdapterError): void
  /** Resolves when reachable; when unreachable it rejects with the reason, or waits on. */
  settled(signal: AbortSignal, rejectsWhenDown: boolean): Promise<void>
  stop(): void
}

/** The outage chart, started again should it ever break. */
function superviseOutage(options: PeerOptions, ask: (signal?: AbortSignal) => Promise<void>): Outage {
  const { clock, random, log, report, inspect } = options
  const noAnswer = new TransportError('timeout', 'the API server does not answer; it is asked again')
  const machine = outageMachine.provide({
    actors: {
      probe: fromPromise(({ signal }) => asAdapterErrors(ask(signal))),
    },
    actions: {
      reportWell: () => report(undefined),
      reportProblem: ({ context }) => {
        report(context.error ?? noAnswer)
        // Sockets that fell silent with it are not taken again; what waits on one goes on to its own deadline.
        if (context.failures === 1) options.credentials.current.http.renewSockets?.()
      },
    },
    delays: { backoff: ({ context }) => probePauseMs(context.failures, random) },
  })
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  const start = () => {
    const actor = createActor(machine, { clock, id: 'outage', ...(inspect === undefined ? {} : { inspect }) })
    actor.subscribe({
      next: tell,
      error: (error) => {
        log.error({ err: error }, 'watching over the API server broke and is started again')
        current = start()
        tell()
      },
    })
    return actor.start()
  }
  let current = start()

  const down = (): AdapterError | undefined => {
    const state = current.getSnapshot()
    return state.matches('unreachable') ? (state.context.error ?? noAnswer) : undefined
  }
  return {
    down,
    ask: () => current.send({ type: 'ASK' }),
    doubt: (error) => current.send({ type: 'DOUBT', error }),
    settled: (signal, rejectsWhenDown) =>
      waitInLine(listeners, signal, (waiter) => {
        const state = current.getSnapshot()
        const error = down()
        if (state.matches('reachable')) waiter.resolve()
        else if (error !== undefined && rejectsWhenDown) waiter.reject(error)
        else if (state.matches('unknown')) current.send({ type: 'ASK' })
      }),
    stop() {
      current.send({ type: 'STOP' })
    },
  }
}

/** Failure by failure (from 1), shortened by up to a half at random. */
export const probePauseMs = (failures: number, random: Random): number => {
  const at = Math.min(Math.max(1, failures), KUBE_PROBE_PAUSES_MS.length) - 1
  return (KUBE_PROBE_PAUSES_MS[at] ?? 0) * (1 - random.next() / 2)
}
