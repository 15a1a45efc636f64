/** One call over one client: JSON there and back, bodies bounded and always consumed. Both drivers are made of it. */
import { retry, TransportError } from '../errors.ts'
import { NSX_BODY_BYTES_MAX, NSX_CALL_TIMEOUT_MS, NSX_CALL_WHOLE_FACTOR } from '../limits.ts'
import type { Clock, HttpClient, HttpRequest, HttpResponse, Lane } from '../world/index.ts'
import type { NsxCall } from './contract.ts'
import { type NsxAnswerError, nsxError } from './errors.ts'

export interface ExchangeOptions {
  readonly lane?: Lane
  /** Beside those of the call. */
  readonly headers?: Readonly<Record<string, string>>
  /** A connection is there, and nothing has been written to it. */
  readonly onSend?: () => void
}

export interface Exchanged<T> {
  readonly value: T
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Sends the call, once. Rejects with the transport's error, an NsxAnswerError, NSX_NOT_JSON, or the signal's reason.
 */
export async function exchange<T>(
  http: HttpClient,
  clock: Clock,
  wanted: NsxCall,
  options: ExchangeOptions = {},
): Promise<Exchanged<T>> {
  const { method, path, body, bytes, headers, signal, timeoutMs = NSX_CALL_TIMEOUT_MS } = wanted
  const request: HttpRequest = {
    method,
    path,
    lane: options.lane ?? 'call',
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
      ...options.headers,
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(bytes === undefined ? {} : { body: bytes }),
    headersTimeoutMs: timeoutMs,
    bodyTimeoutMs: timeoutMs,
    ...(signal === undefined ? {} : { signal }),
    ...(options.onSend === undefined ? {} : { beforeSend: options.onSend }),
  }
  const answer = await sendWhole(http, clock, request)
  return { value: parsed<T>(answer.text, `${http.origin}${withoutQuery(path)}`), headers: answer.headers }
}

export interface WholeAnswer {
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/**
 * Sends the request and reads its answer whole, within a time in all: a manager that drips keeps nobody waiting. Rejects
 * with the transport's error, an NsxAnswerError where it is no success, or the signal's reason.
 */
export async function sendWhole(http: HttpClient, clock: Clock, request: HttpRequest): Promise<WholeAnswer> {
  const { signal: given, headersTimeoutMs, path } = request
  const stop = new AbortController()
  const onAbort = () => stop.abort(given?.reason)
  if (given?.aborted) onAbort()
  given?.addEventListener('abort', onAbort, { once: true })
  const late = new TransportError('timeout', `${http.origin}: its answer did not come to an end in time`)
  const timer = clock.setTimeout(() => stop.abort(late), headersTimeoutMs * NSX_CALL_WHOLE_FACTOR)
  try {
    const answer = await http.request({ ...request, signal: stop.signal })
    if (answer.status < 200 || answer.status > 299) throw await answerError(answer, http, clock, path)
    return { headers: answer.headers, text: await readText(answer, NSX_BODY_BYTES_MAX, false) }
  } finally {
    clock.clearTimeout(timer)
    given?.removeEventListener('abort', onAbort)
  }
}

function parsed<T>(text: string, subject: string): T {
  if (text === '') return undefined as T
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw retry('NSX_NOT_JSON', `${subject} did not answer JSON; check that this address is an NSX Manager`, {
      cause,
    })
  }
}

/** What an answer that is no success means; its body is read as far as a reason goes. */
export const answerError = async (
  answer: HttpResponse,
  http: HttpClient,
  clock: Clock,
  path: string,
): Promise<NsxAnswerError> =>
  nsxError(
    answer.status,
    answer.headers,
    await readText(answer, REASON_BYTES_MAX, true),
    `${http.origin}${withoutQuery(path)}`,
    clock.now(),
  )

const REASON_BYTES_MAX = 64 * 1024

export const withoutQuery = (path: string): string => path.split('?', 1)[0] ?? ''

/** With `cut` a longer one is cut there (error pages), without it is refused. */
async function readText(answer: HttpResponse, bytesMax: number, cut: boolean): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body) {
    chunks.push(chunk)
    size += chunk.length
    if (size <= bytesMax) continue
    if (cut) break
    throw new TransportError('too-large', `the manager's answer is over ${bytesMax} bytes; it was not read`)
  }
  return Buffer.concat(chunks).subarray(0, bytesMax).toString('utf8')
}
