/** The API server as the stand-in calls it: one short JSON exchange, or a stream of watch lines. */
import { retry } from '../../errors.ts'
import { parseJson, readBytes } from '../../kube/call.ts'
import { STANDIN_BODY_BYTES_MAX, STANDIN_CALL_TIMEOUT_MS } from '../../limits.ts'
import type { HttpClient, HttpMethod } from '../../world/index.ts'

export interface Answer {
  readonly status: number
  /** Parsed JSON; a Status when the request was refused. */
  readonly body: unknown
}

const CONTENT_TYPES = {
  json: 'application/json',
  merge: 'application/merge-patch+json',
} as const

/**
 * Sends and reads one answer whole, within STANDIN_CALL_TIMEOUT_MS between any two bytes. A refusal is an answer;
 * rejects with TransportError, KUBE_MALFORMED or the signal's reason.
 */
export async function call(
  http: HttpClient,
  method: HttpMethod,
  path: string,
  options: { body?: unknown; type?: keyof typeof CONTENT_TYPES; signal?: AbortSignal } = {},
): Promise<Answer> {
  const response = await http.request({
    method,
    path,
    headers: {
      accept: 'application/json',
      'user-agent': 'antrea-stand-in',
      ...(options.body === undefined ? {} : { 'content-type': CONTENT_TYPES[options.type ?? 'json'] }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    headersTimeoutMs: STANDIN_CALL_TIMEOUT_MS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const bytes = await readBytes(response.body, STANDIN_BODY_BYTES_MAX, path)
  // Between kube-apiserver and its backends there are errors in plain text.
  if (response.status >= 400) return { status: response.status, body: softJson(bytes) }
  return { status: response.status, body: parseJson(bytes, path) }
}

/** As `call`, and throws an error that names the refusal when the status is none of those allowed. */
export async function expect(
  http: HttpClient,
  method: HttpMethod,
  path: string,
  options: Parameters<typeof call>[3] & { also?: readonly number[] } = {},
): Promise<Answer> {
  const answer = await call(http, method, path, options)
  if (answer.status < 300 || options.also?.includes(answer.status)) return answer
  throw retry('STANDIN_REFUSED', `${method} ${path}: ${answer.status} ${messageOf(answer.body)}`)
}

/** The message of a Status, or what there is. */
export function messageOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message)
  return JSON.stringify(body) ?? ''
}

function softJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return { message: Buffer.from(bytes.subarray(0, 1_024)).toString('utf8') }
  }
}
