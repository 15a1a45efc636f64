/** JSON calls for the sandbox's own parts: whoever plays the cluster's or the manager's user. */
import { AdapterError } from '../errors.ts'
import { KUBE_BODY_BYTES_MAX } from '../limits.ts'
import type { HttpClient, HttpMethod } from '../world/index.ts'

export interface RestAnswer {
  readonly status: number
  /** Parsed; undefined when empty. */
  readonly body: unknown
}

export interface RestOptions {
  /** Statuses beside 2xx that are answers and no errors. */
  readonly accept?: readonly number[]
  readonly contentType?: string
}

export interface Rest {
  /** Rejects with an AdapterError SANDBOX_CALL_FAILED that has the peer's own words. */
  call(method: HttpMethod, path: string, body?: unknown, options?: RestOptions): Promise<RestAnswer>
  get<T>(path: string): Promise<T>
}

const CALL_TIMEOUT_MS = 10_000

/** `headers` go with every call. */
export function createRest(http: HttpClient, headers: Readonly<Record<string, string>> = {}): Rest {
  const call: Rest['call'] = async (method, path, body, options = {}) => {
    const answer = await http.request({
      method,
      path,
      headers: {
        accept: 'application/json',
        'user-agent': 'sandbox',
        ...(body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headersTimeoutMs: CALL_TIMEOUT_MS,
    })
    const text = await readText(answer.body)
    const isWell = answer.status >= 200 && answer.status < 300
    if (isWell || options.accept?.includes(answer.status))
      return { status: answer.status, body: text === '' ? undefined : parse(text) }
    throw new AdapterError(
      'retry',
      'SANDBOX_CALL_FAILED',
      `${method} ${http.origin}${path} answered ${answer.status}: ${wordsOf(text)}`,
    )
  }
  return { call, get: async <T>(path: string) => (await call('GET', path)).body as T }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > KUBE_BODY_BYTES_MAX)
      throw new AdapterError('retry', 'SANDBOX_CALL_FAILED', 'the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Kubernetes' Status and NSX's error body both have a sentence. */
function wordsOf(text: string): string {
  const body = parse(text)
  if (typeof body === 'object' && body !== null) {
    const { message, error_message: nsx } = body as { message?: unknown; error_message?: unknown }
    if (typeof message === 'string') return message
    if (typeof nsx === 'string') return nsx
  }
  return text.slice(0, 300)
}
