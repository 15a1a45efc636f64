/** One short HTTP exchange with a deadline over all of it, and bodies that cannot grow without end. */
import { type AdapterError, retry, TransportError } from '../errors.ts'
import type { Clock, HttpClient, HttpRequest, HttpResponse } from '../world/index.ts'
import { refusalError } from './status.ts'
import { refusalText } from './wire-protobuf.ts'

/** An error's body is a Status of some hundred bytes; what is longer is cut. */
const REFUSAL_BYTES_MAX = 64 * 1_024

export interface CallRequest
  extends Pick<HttpRequest, 'method' | 'path' | 'headers' | 'body' | 'lane' | 'beforeSend'> {
  /** For messages: `PUT clustergroups/web`. */
  readonly subject: string
  /** Over everything: connecting, headers and body. */
  readonly timeoutMs: number
  readonly bytesMax: number
  /** Any of them ends the call with its reason. */
  readonly signals?: readonly (AbortSignal | undefined)[]
  /** As JSON.parse takes it, with the source text of each value. */
  readonly reviver?: JsonReviver
}

export type JsonReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/**
 * The parsed JSON of a 2xx answer. Throws the AdapterError of the refusal (status.ts), TransportError, or the reason of
 * the signal that was aborted.
 */
export async function callJson(http: HttpClient, clock: Clock, request: CallRequest): Promise<unknown> {
  return parseJson(await callBytes(http, clock, request), request.subject, request.reviver)
}

/** The text of a 2xx answer, whatever it is; throws as callJson does. */
export async function callText(http: HttpClient, clock: Clock, request: CallRequest): Promise<string> {
  return Buffer.from(await callBytes(http, clock, request)).toString('utf8')
}

async function callBytes(http: HttpClient, clock: Clock, request: CallRequest): Promise<Uint8Array> {
  const { subject, timeoutMs, bytesMax, signals = [], reviver: _, ...wanted } = request
  const leash = leashOf(clock, timeoutMs, subject, signals)
  try {
    const response = await http.request({ ...wanted, headersTimeoutMs: timeoutMs, signal: leash.signal })
    if (response.status >= 300) throw await refusalOf(response, subject, clock)
    return await readBytes(response.body, bytesMax, subject)
  } finally {
    leash.release()
  }
}

/** The error for an answer that refuses; reads what it needs of the body. */
export async function refusalOf(
  response: HttpResponse,
  subject: string,
  clock: Clock,
): Promise<AdapterError> {
  const bytes = Buffer.from(await readStart(response.body, REFUSAL_BYTES_MAX))
  // A Status comes in the format that was asked for.
  const body = refusalText(bytes, response.headers['content-type']) ?? bytes.toString('utf8')
  return refusalError({
    status: response.status,
    headers: response.headers,
    body,
    subject,
    nowMs: clock.now(),
  })
}

/** Throws TransportError too-large over `bytesMax`; leaving the loop cancels the rest. */
export async function readBytes(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  subject: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > bytesMax)
      throw new TransportError(
        'too-large',
        `${subject}: the answer is over ${bytesMax} bytes; it is not read`,
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** At most the first `bytesMax` bytes; the rest is cancelled. */
async function readStart(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= bytesMax) break
  }
  return Buffer.concat(chunks).subarray(0, bytesMax)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Throws KUBE_MALFORMED (retry) when it is not JSON. */
export function parseJson(bytes: Uint8Array, subject: string, reviver?: JsonReviver): unknown {
  try {
    // TypeScript's own types of JSON.parse leave the reviver's third argument out.
    return JSON.parse(
      decoder.decode(bytes),
      reviver as ((key: string, value: unknown) => unknown) | undefined,
    )
  } catch (cause) {
    throw retry(
      'KUBE_MALFORMED',
      `${subject}: the answer is not JSON; check what stands between the adapter and the API server`,
      { subject, cause },
    )
  }
}

/**
 * One signal out of a time-out and several others, whose listeners go when it is released: AbortSignal.any on a signal
 * that lives as long as the process keeps every call alive with it.
 */
function leashOf(
  clock: Clock,
  timeoutMs: number,
  subject: string,
  signals: readonly (AbortSignal | undefined)[],
): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const follow = new Map<AbortSignal, () => void>()
  for (const signal of signals) {
    if (signal === undefined || follow.has(signal)) continue
    if (signal.aborted) controller.abort(signal.reason)
    const onAbort = () => controller.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    follow.set(signal, onAbort)
  }
  const timer = clock.setTimeout(
    () =>
      controller.abort(
        new TransportError('timeout', `${subject}: no complete answer within ${timeoutMs} ms`, { subject }),
      ),
    timeoutMs,
  )
  return {
    signal: controller.signal,
    release() {
      clock.clearTimeout(timer)
      for (const [signal, onAbort] of follow) signal.removeEventListener('abort', onAbort)
    },
  }
}
