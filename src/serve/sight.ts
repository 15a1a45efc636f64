/** What may be looked at of a running adapter, and one look at a time. */
import type { CcpInsight } from '../ccp/index.ts'
import { waitFor } from '../errors.ts'
import type { Store } from '../kube/index.ts'
import { LOOK_TIMEOUT_MS, LOOKS_WAITING_MAX } from '../limits.ts'
import type { InventoryInsight } from '../mp/index.ts'
import type { Statistics } from '../operations/index.ts'
import type { Clock } from '../world/index.ts'

export interface Sight {
  readonly ccp: CcpInsight | undefined
  readonly inventory: InventoryInsight | undefined
  readonly stores: { readonly pods: Store; readonly namespaces: Store }
  /** What the rules of one policy of NSX's matched. */
  statistics(path: string, signal: AbortSignal): Promise<Statistics>
}

export interface Around {
  readonly role: string
  readonly leader: string
}

export interface Looking {
  readonly sight: () => Sight
  /** Of this instance: what it is, and who leads. */
  readonly around: () => Around
  readonly clock: Clock
}

/** Work one after the other: a plan of everything takes memory and time, and onlookers may be many. */
export interface Turns {
  /** Rejects with wait-for SERVE_BUSY when too many wait already, and with SERVE_LATE when the work takes too long. */
  run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

export function createTurns(clock: Clock): Turns {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const bounded = async <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const over = new AbortController()
    const onAbort = () => over.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const late = waitFor(
      'SERVE_LATE',
      'the plan took too long to be made; ask again, or look with `status` at what is slow',
    )
    const timer = clock.setTimeout(() => over.abort(late), LOOK_TIMEOUT_MS)
    try {
      over.signal.throwIfAborted()
      return await work(over.signal)
    } finally {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }
  return {
    async run(signal, work) {
      if (waiting >= LOOKS_WAITING_MAX)
        throw waitFor('SERVE_BUSY', 'several others are looking at plans already; ask again in a moment')
      waiting += 1
      const turn = last.catch(() => {}).then(() => bounded(signal, work))
      last = turn.catch(() => {})
      try {
        return await turn
      } finally {
        waiting -= 1
      }
    },
  }
}
