/** Faults on demand: latency, refusals, slow and broken bodies for requests that match. */
import { TransportError } from '../../errors.ts'
import type { Clock, ServerResponse } from '../../world/index.ts'
import { sleep } from '../../world/index.ts'
import { StatusError } from './status.ts'
import type { RequestFault } from './types.ts'

/** What becomes of the answer. */
type Spoil = (response: ServerResponse) => ServerResponse

const UNSPOILT: Spoil = (response) => response

export interface FaultList {
  add(fault: RequestFault): () => void
  clear(): void
  /** Waits and throws as the first matching fault says; gives what it does to the answer's body. */
  strike(clock: Clock, path: string, verb: string, signal: AbortSignal): Promise<Spoil>
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
      if (found === undefined) return UNSPOILT
      found.left -= 1
      if (found.left <= 0) faults = faults.filter((one) => one !== found)
      const { latencyMs = 0, status, retryAfterSeconds } = found.fault
      if (latencyMs > 0) await sleep(clock, latencyMs, signal)
      if (status === undefined) return spoilOf(clock, found.fault, signal)
      const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
      throw new StatusError(status, REASONS[status], WORDS[status] ?? 'a fault was asked for', details)
    },
  }
}

/** The body goes out in pieces of a tenth of a second's worth, or breaks where the fault says. */
function spoilOf(clock: Clock, fault: RequestFault, signal: AbortSignal): Spoil {
  const { bodyBytesPerSecond, resetAfterBytes } = fault
  if (bodyBytesPerSecond === undefined && resetAfterBytes === undefined) return UNSPOILT
  const pieceBytes = Math.max(1, Math.floor((bodyBytesPerSecond ?? Number.MAX_SAFE_INTEGER) / 10))
  async function* spoilt(body: NonNullable<ServerResponse['body']>): AsyncGenerator<Uint8Array, void> {
    let sent = 0
    for await (const chunk of chunksOf(body)) {
      for (let start = 0; start < chunk.length; ) {
        const left = resetAfterBytes === undefined ? Number.MAX_SAFE_INTEGER : resetAfterBytes - sent
        if (left <= 0) break
        const piece = chunk.subarray(start, start + Math.min(pieceBytes, left))
        if (bodyBytesPerSecond !== undefined) await sleep(clock, 100, signal)
        yield piece
        start += piece.length
        sent += piece.length
      }
      if (resetAfterBytes !== undefined && sent >= resetAfterBytes) break
    }
    if (resetAfterBytes !== undefined)
      throw new TransportError('reset', 'the connection breaks: a fault was asked for')
  }
  return (response) => (response.body === undefined ? response : { ...response, body: spoilt(response.body) })
}

async function* chunksOf(body: NonNullable<ServerResponse['body']>): AsyncGenerator<Uint8Array, void> {
  const bytesOf = (part: string | Uint8Array) => (typeof part === 'string' ? Buffer.from(part) : part)
  if (typeof body === 'string' || body instanceof Uint8Array) yield bytesOf(body)
  else for await (const part of body) yield bytesOf(part)
}
