/** Reads of the API server that are no single objects: aggregated lists, whose counters do not fit a double. */
import { callJson, type JsonReviver } from '../kube/call.ts'
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
export const readExact = ({ http, clock }: ApiDeps, path: string, signal: AbortSignal): Promise<unknown> =>
  callJson(http, clock, {
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
    subject: `GET ${path}`,
    timeoutMs: KUBE_CALL_TIMEOUT_MS,
    bytesMax: KUBE_BODY_BYTES_MAX,
    signals: [signal],
    reviver: exact,
  })

/** By ECMAScript's JSON.parse source text access. */
const exact: JsonReviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^\d+$/.test(source)
    ? source
    : value
