/** Several managers as one client has them: their states, their sockets, and the probes by which one that was lost is found again. */
import type { AdapterError } from '../../errors.ts'
import { NSX_PROBE_GAP_MS } from '../../limits.ts'
import { type HttpClient, type Random, until } from '../../world/index.ts'
import type { EndpointView } from '../contract.ts'
import { type Book, type BookOptions, createBook } from './book.ts'
import { createProbes } from './probes.ts'
import { began, choose, ended, isProbeDue, isSilent, spared } from './state.ts'

export type EndpointsOptions = BookOptions

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
  /** Another one than this is up and asks for nothing. */
  hasFresh(except: number): boolean
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

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { clock, random } = options
  // In an order of its own, so that not all clusters begin with the same manager.
  const book = createBook({ ...options, clients: shuffled(options.clients, random) })
  const probes = createProbes(book, clock)
  const all = book.states.map((_, index) => index)
  const nowMs = () => clock.monotonicMs()
  let probedAllMs = Number.NEGATIVE_INFINITY
  const chosen = (tried: ReadonlySet<number>) => choose(book.states, tried, nowMs())

  return {
    origin: book.clients.map(({ origin }) => origin).join(', '),
    view: book.view,
    answered: book.answered,
    async choose(tried, last, signal) {
      const one = chosen(tried)
      if (one !== undefined) return one
      if (last !== undefined) throw last
      if (probes.running === 0) {
        if (nowMs() - probedAllMs < NSX_PROBE_GAP_MS) throw book.whyDown()
        probedAllMs = nowMs()
      }
      await probes.any(all, signal)
      const found = chosen(tried)
      if (found === undefined) throw book.whyDown()
      return found
    },
    hasOther: (tried) => chosen(tried) !== undefined,
    hasFresh: (except) =>
      book.states.some(
        (state, index) => index !== except && state.health !== 'down' && state.spareUntilMs <= nowMs(),
      ),
    begin: (endpoint) => begin(book, endpoint, nowMs()),
    lost(endpoint, error, isSilentOne) {
      book.failed(endpoint, error)
      if (isSilentOne) book.clientOf(endpoint).reset()
    },
    spare: (endpoint, forMs) => book.put(endpoint, spared(book.stateOf(endpoint), nowMs() + forMs)),
    isSilent: (endpoint, sinceMs) => isSilent(book.stateOf(endpoint), sinceMs),
    lookAtThoseDown() {
      for (const endpoint of all) if (isProbeDue(book.stateOf(endpoint), nowMs())) void probes.one(endpoint)
    },
    async probe(signal) {
      signal.throwIfAborted()
      const up = chosen(new Set())
      if (up !== undefined && (await until(probes.one(up), signal))) return
      const others = all.filter((endpoint) => endpoint !== up)
      if (others.length > 0 && (await probes.any(others, signal))) return
      throw book.whyDown()
    },
    reset() {
      for (const client of book.clients) client.reset()
    },
    async close() {
      probes.close()
      await Promise.all(book.clients.map((client) => client.close()))
    },
  }
}

function begin(book: Book, endpoint: number, sinceMs: number): Begun {
  book.put(endpoint, began(book.stateOf(endpoint)))
  return {
    http: book.clientOf(endpoint),
    sinceMs,
    answered: () => book.answered(endpoint),
    end: () => book.put(endpoint, ended(book.stateOf(endpoint))),
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  const mixed: T[] = []
  while (left.length > 0) mixed.push(...left.splice(Math.floor(random.next() * left.length), 1))
  return mixed
}
