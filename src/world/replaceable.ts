/** A client whose credential can be another one from some moment on. */
import type { HttpClient } from './http.ts'

export interface ReplaceableClient extends HttpClient {
  /** Requests from now on go to `next`; the one before ends when what is under way on it has ended by itself. */
  replace(next: HttpClient): void
}

/** Credentials are renewed days apart, and a stream ends long before; more at once would be a fault. */
const BEFORE_MAX = 3

/** Behaves as `first` until it is replaced. All of them are of one origin; that is the caller's care. */
export function createReplaceableClient(first: HttpClient): ReplaceableClient {
  let current = first
  /** Those that may still have something under way. */
  const before = new Set<HttpClient>()
  return {
    origin: first.origin,
    request: (request) => current.request(request),
    reset() {
      for (const client of [...before, current]) client.reset()
      before.clear()
    },
    renewSockets: () => current.renewSockets?.(),
    replace(next) {
      before.add(current)
      current.retire?.()
      const [oldest] = before
      if (before.size > BEFORE_MAX && oldest !== undefined) {
        before.delete(oldest)
        void oldest.close()
      }
      current = next
    },
    async close() {
      await Promise.all([...before, current].map((client) => client.close()))
    },
  }
}
