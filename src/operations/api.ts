/** Reads of the API server that are no single objects: aggregated lists, whose counters do not fit a double. */
import { retry, TransportError } from '../errors.ts'
import { readBytes, refusalOf } from '../kube/call.ts'
import { KUBE_BODY_BYTES_MAX, KUBE_CALL_TIMEOUT_MS } from '../limits.ts'
import type { Clock, HttpClient } from '../world/index.ts'

export interface ApiDeps {
  /** The API server. */
  readonly http: HttpClient
  readonly clock: Clock
}

/**
 * JSON of a GET; whole numbers beyond 2^53 are given as their digits. Rejects with the API server's refusal, the
 * transport's errors, KUBE_MALFORMED (retry), or the signal's reason.
 */
export async function readExact(
  { http, clock }: ApiDeps,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const subject = `GET ${path}`
  const leash = new AbortController()
  const late = () =>
    leash.abort(new TransportError('timeout', `${subject} was not answered in ${KUBE_CALL_TIMEOUT_MS} ms`))
  const timer = clock.setTimeout(late, KUBE_CALL_TIMEOUT_MS)
  const onAbort = () => leash.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const response = await http.request({
      method: 'GET',
      path,
      headers: { accept: 'application/json' },
      headersTimeoutMs: KUBE_CALL_TIMEOUT_MS,
      signal: leash.signal,
    })
    if (response.status >= 300) throw await refusalOf(response, subject, clock)
    return parseExact(await readBytes(response.body, KUBE_BODY_BYTES_MAX, subject), subject)
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

type ExactReviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown

/** ECMAScript's JSON.parse source text access. */
const exact: ExactReviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^\d+$/.test(source)
    ? source
    : value

function parseExact(bytes: Uint8Array, subject: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'), exact as (key: string, value: unknown) => unknown)
  } catch (cause) {
    throw retry('KUBE_MALFORMED', `${subject}: the answer is not JSON; it is read again`, { cause })
  }
}
