/** Several managers as one client has them: their states, their sockets, and the probes by which one that was lost is found again. */
import { AdapterError, asAdapterError, retry } from '../../errors.ts'
import { NSX_PROBE_GAP_MS, NSX_PROBE_TIMEOUT_MS } from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import { type Clock, type HttpClient, type Random, until } from '../../world/index.ts'
import type { EndpointView } from '../contract.ts'
import { NsxAnswerError } from '../errors.ts'
import { exchange } from '../exchange.ts'
import {
  answered,
  began,
  choose,
  type EndpointState,
  ended,
  failed,
  isProbeDue,
  isSilent,
  NEW_ENDPOINT,
  probing,
  spared,
} from './state.ts'

export interface EndpointsOptions {
  readonly clients: readonly HttpClient[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly onEndpoints?: (endpoints: readonly EndpointView[]) => void
}

/** A call on its way to one of them. */
export interface Begun {
  readonly http: HttpClient
  readonly sinceMs: number
  answered(): void
  end(): void
}

export interface Endpoints {
  readonly origin: string
  /**
   * Which one a call goes to, of those not tried for it. While none is up all are probed first. Rejects with `last`, or
   * with why the managers are down, or with the signal's reason.
   */
  choose(
    tried: ReadonlySet<number>,
    last: AdapterError | undefined,
    signal: AbortSignal | undefined,
  ): Promise<number>
  hasOther(tried: ReadonlySet<number>): boolean
  begin(endpoint: number): Begun
  answered(endpoint: number): void
  /** It did not answer. `isSilent`: its sockets are destroyed, none of them is used again. */
  lost(endpoint: number, error: AdapterError, isSilent: boolean): void
  spare(endpoint: number, forMs: number): void
  isSilent(endpoint: number, sinceMs: number): boolean
  /** Begins the probes that are due; waits for none of them. */
  lookAtThoseDown(): void
  /** Resolves when one of them answers on a fresh connection; rejects with why none does. */
  probe(signal: AbortSignal): Promise<void>
  view(): readonly EndpointView[]
  reset(): void
  close(): Promise<void>
}

const HEALTH = '/api/v1/reverse-proxy/node/health'

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { clock, random, log } = options
  // In an order of its own, so that not all clusters begin with the same manager.
  const clients = shuffled(options.clients, random)
  const states: EndpointState[] = clients.map(() => NEW_ENDPOINT)
  const probes = new Map<number, Promise<boolean>>()
  const closing = new AbortController()
  let probedAllMs = Number.NEGATIVE_INFINITY
  const origin = clients.map((client) => client.origin).join(', ')

  const stateOf = (endpoint: number): EndpointState => states[endpoint] ?? NEW_ENDPOINT
  const clientOf = (endpoint: number): HttpClient => clients[endpoint] as HttpClient
  const view = () =>
    states.map(({ health, inFlight, reason }, index) => ({
      origin: clientOf(index).origin,
      health,
      inFlight,
      ...(reason === undefined ? {} : { reason: { code: reason.code, message: reason.message } }),
    }))
  const put = (endpoint: number, next: EndpointState) => {
    const before = stateOf(endpoint)
    states[endpoint] = next
    if (before.health === next.health) return
    const words = `${clientOf(endpoint).origin} ${next.health === 'down' ? 'does not answer' : 'answers'}`
    if (next.health === 'down') log.warn({ code: next.reason?.code }, `${words}: ${next.reason?.message}`)
    else log.info({}, words)
    options.onEndpoints?.(view())
  }
  const noteAnswer = (endpoint: number) => put(endpoint, answered(stateOf(endpoint), clock.monotonicMs()))
  const lost = (endpoint: number, error: AdapterError, isSilentOne: boolean) => {
    put(endpoint, failed(stateOf(endpoint), clock.monotonicMs(), random.next(), error))
    if (isSilentOne) clientOf(endpoint).reset()
  }

  /** One at a time of each; whoever wants to know meanwhile waits for the same. True: it answers. */
  const probeOne = (endpoint: number): Promise<boolean> => {
    const running = probes.get(endpoint)
    if (running !== undefined) return running
    put(endpoint, probing(stateOf(endpoint), true))
    const probe = askHealth(clientOf(endpoint), clock, closing.signal)
      .then(
        () => {
          noteAnswer(endpoint)
          return true
        },
        (thrown: unknown) => {
          if (!closing.signal.aborted) lost(endpoint, asAdapterError(thrown), false)
          return false
        },
      )
      .finally(() => {
        probes.delete(endpoint)
        put(endpoint, probing(stateOf(endpoint), false))
      })
    probes.set(endpoint, probe)
    return probe
  }

  const whyDown = (): AdapterError => {
    const reasons = states.flatMap(({ reason }) => reason ?? [])
    // One that a person has to see to is told before one that passes.
    const worst = reasons.find(({ kind }) => kind === 'needs-person') ?? reasons[0]
    if (worst === undefined)
      return retry('NSX_NOT_HEALTHY', `${origin}: no manager answers; it is tried again`)
    const { kind, code } = worst
    if (states.length === 1) return new AdapterError(kind, code, worst.message)
    const isAlike = reasons.every((reason) => reason.kind === kind)
    const words = `none of ${states.length} managers answers: ${reasons.map(({ message }) => message).join('; ')}`
    return isAlike ? new AdapterError(kind, code, words) : retry(code, words)
  }

  /** All of them; the first that answers is enough. */
  const probeAll = async (
    endpoints: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> => {
    const first = new Promise<boolean>((resolve) => {
      let left = endpoints.length
      for (const endpoint of endpoints)
        void probeOne(endpoint).then((answers) => {
          left -= 1
          if (answers || left === 0) resolve(answers)
        })
    })
    return until(first, signal)
  }

  const all = states.map((_, index) => index)
  return {
    origin,
    view,
    lost,
    answered: noteAnswer,
    async choose(tried, last, signal) {
      const one = choose(states, tried, clock.monotonicMs())
      if (one !== undefined) return one
      if (last !== undefined) throw last
      const nowMs = clock.monotonicMs()
      if (nowMs - probedAllMs < NSX_PROBE_GAP_MS && probes.size === 0) throw whyDown()
      if (probes.size === 0) probedAllMs = nowMs
      await probeAll(all, signal)
      const found = choose(states, tried, clock.monotonicMs())
      if (found === undefined) throw whyDown()
      return found
    },
    hasOther: (tried) => choose(states, tried, clock.monotonicMs()) !== undefined,
    begin(endpoint) {
      put(endpoint, began(stateOf(endpoint)))
      return {
        http: clientOf(endpoint),
        sinceMs: clock.monotonicMs(),
        answered: () => noteAnswer(endpoint),
        end: () => put(endpoint, ended(stateOf(endpoint))),
      }
    },
    spare: (endpoint, forMs) => put(endpoint, spared(stateOf(endpoint), clock.monotonicMs() + forMs)),
    isSilent: (endpoint, sinceMs) => isSilent(stateOf(endpoint), sinceMs),
    lookAtThoseDown() {
      for (const endpoint of all)
        if (isProbeDue(stateOf(endpoint), clock.monotonicMs())) void probeOne(endpoint)
    },
    async probe(signal) {
      signal.throwIfAborted()
      const up = choose(states, new Set(), clock.monotonicMs())
      if (up !== undefined && (await until(probeOne(up), signal))) return
      const others = all.filter((endpoint) => endpoint !== up)
      if (others.length > 0 && (await probeAll(others, signal))) return
      throw whyDown()
    },
    reset() {
      for (const client of clients) client.reset()
    },
    async close() {
      closing.abort()
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

/**
 * Rejects when the manager does not answer or says that it is not well. One that has no such call, or wants to know first
 * who asks, lives all the same.
 */
async function askHealth(http: HttpClient, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    const { value } = await exchange<{ healthy?: unknown; components_health?: unknown } | undefined>(
      http,
      clock,
      { method: 'GET', path: HEALTH, timeoutMs: NSX_PROBE_TIMEOUT_MS, signal },
      { lane: 'probe' },
    )
    if (value?.healthy !== false) return
    const words = typeof value.components_health === 'string' ? value.components_health.slice(0, 500) : ''
    throw retry('NSX_NOT_HEALTHY', `${http.origin} says that it is not well (${words}); it is tried again`)
  } catch (error) {
    if (error instanceof NsxAnswerError && error.status < 500) return
    throw error
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  const mixed: T[] = []
  while (left.length > 0) mixed.push(...left.splice(Math.floor(random.next() * left.length), 1))
  return mixed
}
