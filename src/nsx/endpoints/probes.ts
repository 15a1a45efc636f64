/** Asking managers whether they are well: on a connection of its own, one question at a time of each. */
import { asAdapterError, retry } from '../../errors.ts'
import { NSX_PROBE_TIMEOUT_MS } from '../../limits.ts'
import { type Clock, type HttpClient, until } from '../../world/index.ts'
import { NsxAnswerError } from '../errors.ts'
import { exchange } from '../exchange.ts'
import type { Book } from './book.ts'
import { probing } from './state.ts'

export interface Probes {
  /** Whoever wants to know meanwhile waits for the same. True: it answers and is well. Never rejects. */
  one(endpoint: number): Promise<boolean>
  /** The first that answers is enough. Rejects with the signal's reason. */
  any(endpoints: readonly number[], signal: AbortSignal | undefined): Promise<boolean>
  readonly running: number
  /** Nothing is noted any more. */
  close(): void
}

export function createProbes(book: Book, clock: Clock): Probes {
  const running = new Map<number, Promise<boolean>>()
  const closing = new AbortController()

  const ask = async (endpoint: number): Promise<boolean> => {
    try {
      await askHealth(book.clientOf(endpoint), clock, closing.signal)
      book.answered(endpoint)
      return true
    } catch (thrown) {
      if (!closing.signal.aborted) book.failed(endpoint, asAdapterError(thrown))
      return false
    } finally {
      running.delete(endpoint)
      book.put(endpoint, probing(book.stateOf(endpoint), false))
    }
  }
  const one = (endpoint: number): Promise<boolean> => {
    const known = running.get(endpoint)
    if (known !== undefined) return known
    book.put(endpoint, probing(book.stateOf(endpoint), true))
    const probe = ask(endpoint)
    running.set(endpoint, probe)
    return probe
  }
  const any = (endpoints: readonly number[], signal: AbortSignal | undefined): Promise<boolean> => {
    const first = new Promise<boolean>((resolve) => {
      let left = endpoints.length
      for (const endpoint of endpoints)
        void one(endpoint).then((answers) => {
          left -= 1
          if (answers || left === 0) resolve(answers)
        })
    })
    return until(first, signal)
  }
  return {
    one,
    any,
    get running() {
      return running.size
    },
    close: () => closing.abort(),
  }
}

const HEALTH = '/api/v1/reverse-proxy/node/health'

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
