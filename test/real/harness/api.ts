/** JSON over HTTP for the tests' own questions, to the API server as administrator and to the manager as its user. */
import type { HttpClient, HttpMethod } from '../../../src/world/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever object it asked for
export type AnyJson = any

export interface ApiAnswer {
  readonly status: number
  readonly body: AnyJson
}

export interface ApiCall {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A question that was refused, with the answer. */
export class RefusedError extends Error {
  readonly answer: ApiAnswer
  constructor(what: string, answer: ApiAnswer) {
    super(`${what} answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 2_000)}`)
    this.answer = answer
  }
}

export interface Api {
  readonly http: HttpClient
  /** The answer whatever its status. */
  ask(method: HttpMethod, path: string, call?: ApiCall): Promise<ApiAnswer>
  /** The answer's body; throws RefusedError over 2xx. */
  get(path: string): Promise<AnyJson>
  post(path: string, body: unknown): Promise<AnyJson>
  put(path: string, body: unknown): Promise<AnyJson>
  /** Merge patch. */
  patch(path: string, body: unknown): Promise<AnyJson>
  /** Absent counts as deleted. */
  delete(path: string): Promise<void>
}

const TIMEOUT_MS = 15_000

export function createApi(http: HttpClient): Api {
  const ask = async (method: HttpMethod, path: string, call: ApiCall = {}): Promise<ApiAnswer> => {
    const answer = await http.request({
      method,
      path,
      headersTimeoutMs: TIMEOUT_MS,
      headers: {
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    return { status: answer.status, body: parsed(Buffer.concat(chunks).toString()) }
  }
  const wanted = async (method: HttpMethod, path: string, call?: ApiCall): Promise<AnyJson> => {
    const answer = await ask(method, path, call)
    if (answer.status >= 300) throw new RefusedError(`${method} ${path}`, answer)
    return answer.body
  }
  return {
    http,
    ask,
    get: (path) => wanted('GET', path),
    post: (path, body) => wanted('POST', path, { body }),
    put: (path, body) => wanted('PUT', path, { body }),
    patch: (path, body) =>
      wanted('PATCH', path, { body, headers: { 'content-type': 'application/merge-patch+json' } }),
    async delete(path) {
      const answer = await ask('DELETE', path)
      if (answer.status >= 300 && answer.status !== 404) throw new RefusedError(`DELETE ${path}`, answer)
    },
  }
}

function parsed(text: string): AnyJson {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
