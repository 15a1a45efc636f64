/** Faults that a test or a person puts in: late answers and wrong ones. */
import { type Clock, sleep } from '../world/index.ts'
import { NsxApiError } from './rest/index.ts'
import type { ManagerFault } from './types.ts'

export interface FaultTable {
  add(fault: ManagerFault): () => void
  clear(): void
  /** Waits and throws as the first fault that matches says. */
  strike(method: string, path: string, signal: AbortSignal): Promise<void>
}

interface Armed {
  readonly fault: ManagerFault
  left: number
}

export function createFaultTable(clock: Clock): FaultTable {
  let armed: Armed[] = []
  const drop = (gone: Armed) => {
    armed = armed.filter((entry) => entry !== gone)
  }
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY }
      armed.push(entry)
      return () => drop(entry)
    },
    clear() {
      armed = []
    },
    async strike(method, path, signal) {
      const entry = armed.find(({ fault }) => matches(fault, method, path))
      if (entry === undefined) return
      entry.left -= 1
      if (entry.left <= 0) drop(entry)
      const { latencyMs, status, retryAfterSeconds } = entry.fault
      if (latencyMs !== undefined) await sleep(clock, latencyMs, signal)
      if (status === undefined) return
      throw new NsxApiError(status, status, 'A fault was put in here.', {
        ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
      })
    },
  }
}

const matches = ({ path: pattern, methods }: ManagerFault, method: string, path: string): boolean => {
  if (pattern !== undefined) pattern.lastIndex = 0
  return (pattern === undefined || pattern.test(path)) && (methods === undefined || methods.includes(method))
}
