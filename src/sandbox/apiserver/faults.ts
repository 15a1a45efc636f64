/** Faults on demand: latency and refusals for requests that match. */
import type { Clock } from '../../world/index.ts'
import { sleep } from '../../world/index.ts'
import { StatusError } from './status.ts'
import type { RequestFault } from './types.ts'

export interface FaultList {
  add(fault: RequestFault): () => void
  clear(): void
  /** Waits and throws as the first matching fault says; nothing when there is none. */
  strike(clock: Clock, path: string, verb: string, signal: AbortSignal): Promise<void>
  readonly isEmpty: boolean
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}
const WORDS: Readonly<Record<number, string>> = {
  429: 'the server has received too many requests and has asked us to try again later',
  500: 'Internal error occurred: a fault was asked for',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

export function createFaults(): FaultList {
  let faults: { readonly fault: RequestFault; left: number }[] = []
  return {
    get isEmpty() {
      return faults.length === 0
    },
    add(fault) {
      const added = { fault, left: fault.times ?? Number.POSITIVE_INFINITY }
      faults.push(added)
      return () => {
        faults = faults.filter((one) => one !== added)
      }
    },
    clear() {
      faults = []
    },
    async strike(clock, path, verb, signal) {
      const found = faults.find(
        ({ fault }) => (fault.path?.test(path) ?? true) && (fault.verbs?.includes(verb) ?? true),
      )
      if (found === undefined) return
      found.left -= 1
      if (found.left <= 0) faults = faults.filter((one) => one !== found)
      const { latencyMs = 0, status, retryAfterSeconds } = found.fault
      if (latencyMs > 0) await sleep(clock, latencyMs, signal)
      if (status === undefined) return
      const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
      throw new StatusError(status, REASONS[status], WORDS[status] ?? 'a fault was asked for', details)
    },
  }
}
