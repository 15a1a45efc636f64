/** GETs within the budget of one adapter: so many at once, so many a second, each with its deadline. */
import { AdapterError } from '../../../errors.ts'
import { REST_IN_FLIGHT_MAX, REST_PER_SECOND_MAX } from '../../../limits.ts'
import type { NsxApi } from '../../../nsx/index.ts'
import { type Clock, inParallel, sleep } from '../../../world/index.ts'

export interface Asking {
  /** Rejects with the manager's error (src/nsx/contract.ts), and with the signal's reason when it is given up. */
  get<T>(path: string): Promise<T>
  /** As `get`; undefined where NSX has nothing at that path. */
  find<T>(path: string): Promise<T | undefined>
  /** As many at once as may be; results in the order of the items. */
  all<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]>
}

export interface AskingDeps {
  readonly nsx: NsxApi
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Something was answered. */
  readonly onAnswer: () => void
}

export const POLICY_API = '/policy/api/v1'

/** The URL of an object or list, from its path in NSX. */
export const urlOf = (path: string): string => POLICY_API + path.split('/').map(encodeURIComponent).join('/')

const GAP_MS = 1_000 / REST_PER_SECOND_MAX

export function createAsking({ nsx, clock, signal, onAnswer }: AskingDeps): Asking {
  let freeAtMs = clock.monotonicMs()
  const get = async <T>(path: string): Promise<T> => {
    const nowMs = clock.monotonicMs()
    const waitMs = Math.max(0, freeAtMs - nowMs)
    freeAtMs = Math.max(freeAtMs, nowMs) + GAP_MS
    if (waitMs > 0) await sleep(clock, waitMs, signal)
    const answer = await nsx.call<T>({ method: 'GET', path, signal })
    onAnswer()
    return answer
  }
  return {
    get,
    async find(path) {
      try {
        return await get(path)
      } catch (error) {
        if (error instanceof AdapterError && error.code === 'NSX_NOT_FOUND') return undefined
        throw error
      }
    },
    all: (items, work) => inParallel(items, REST_IN_FLIGHT_MAX, work),
  }
}
