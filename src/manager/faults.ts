/** Faults that a test or a person puts in: late answers and wrong ones. */
import { type Clock, sleep } from '../world/index.ts'
import { KIND_NAMES, type PolicyStore } from './policy/index.ts'
import { NsxApiError } from './rest/index.ts'
import { createLagging } from './search/index.ts'
import type { Struck } from './search/routes.ts'
import type { ManagerFault } from './types.ts'

export interface FaultTable {
  add(fault: ManagerFault): () => void
  clear(): void
  /** Waits and throws as the first fault that matches says. */
  strike(method: string, path: string, signal: AbortSignal): Promise<void>
  /** How the next search is answered; undefined: as it should be. */
  search(): Struck | undefined
}

interface Armed {
  readonly fault: ManagerFault
  left: number
  toPass: number
  readonly draw: () => number
  readonly struck: Struck | undefined
  readonly stop: () => void
}

export function createFaultTable(clock: Clock, store: PolicyStore): FaultTable {
  let armed: Armed[] = []
  const drop = (gone: Armed) => {
    gone.stop()
    armed = armed.filter((entry) => entry !== gone)
  }
  /** The first one whose turn it is; one that is used up goes. */
  const take = (matches: (fault: ManagerFault) => boolean): Armed | undefined => {
    const entry = armed.find((one) => matches(one.fault) && isItsTurn(one))
    if (entry === undefined) return undefined
    entry.left -= 1
    if (entry.left <= 0) drop(entry)
    return entry
  }
  return {
    add(fault) {
      const entry = arm(fault, clock, store)
      armed.push(entry)
      return () => drop(entry)
    },
    clear() {
      for (const { stop } of armed) stop()
      armed = []
    },
    async strike(method, path, signal) {
      const entry = take((fault) => fault.search === undefined && matches(fault, method, path))
      if (entry === undefined) return
      const { latencyMs, status, errorCode, retryAfterSeconds } = entry.fault
      if (latencyMs !== undefined) await sleep(clock, latencyMs, signal)
      if (status === undefined) return
      throw new NsxApiError(status, errorCode ?? status, 'A fault was put in here.', {
        ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
      })
    },
    search: () => take((fault) => fault.search !== undefined)?.struck,
  }
}

function arm(fault: ManagerFault, clock: Clock, store: PolicyStore): Armed {
  const draw = drawing(fault.seed ?? 0)
  const { lagMs } = fault.search ?? {}
  const index =
    lagMs === undefined
      ? undefined
      : createLagging(store, KIND_NAMES, clock, () => lagMs[0] + draw() * (lagMs[1] - lagMs[0]))
  return {
    fault,
    left: fault.times ?? Number.POSITIVE_INFINITY,
    toPass: fault.after ?? 0,
    draw,
    struck:
      fault.search === undefined ? undefined : { ...fault.search, ...(index === undefined ? {} : { index }) },
    stop: () => index?.stop(),
  }
}

function isItsTurn(entry: Armed): boolean {
  if (entry.toPass > 0) {
    entry.toPass -= 1
    return false
  }
  return entry.fault.share === undefined || entry.draw() < entry.fault.share
}

const matches = ({ path: pattern, methods }: ManagerFault, method: string, path: string): boolean => {
  if (pattern !== undefined) pattern.lastIndex = 0
  return (pattern === undefined || pattern.test(path)) && (methods === undefined || methods.includes(method))
}

/** Numbers in [0, 1), the same for the same seed (a linear congruential generator: Numerical Recipes' constants). */
function drawing(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}
