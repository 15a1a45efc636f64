/** NsxManager over one HttpClient whose TLS already carries this cluster's certificate. */
import { AdapterError, retry, TransportError } from '../errors.ts'
import { LINE_BYTES_MAX, NSX_BODY_BYTES_MAX, NSX_CALL_TIMEOUT_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type ChannelName, Hello, jsonLines, Session } from '../protocol/index.ts'
import type { Clock, HttpClient, HttpResponse, Random } from '../world/index.ts'
import type { NsxCall, NsxManager, NsxStream, NsxStreamCall } from './contract.ts'
import { nsxError } from './errors.ts'
import { createPace } from './pace.ts'

export interface NsxManagerOptions {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Calls a second to begin with; without it as fast as the caller goes, until the manager refuses for the first time. */
  readonly startPerSecond?: number
}

/** Bodies are bounded and always consumed; errors are those of the contract. Nothing is retried here: the charts do that. */
export function createNsxManager({ http, clock, startPerSecond }: NsxManagerOptions): NsxManager {
  const pace = createPace(clock, startPerSecond)

  const fail = async (answer: HttpResponse, path: string): Promise<never> =>
    Promise.reject(
      nsxError(
        answer.status,
        answer.headers,
        await readText(answer, 64 * 1024, true),
        `${http.origin}${withoutQuery(path)}`,
        clock.now(),
      ),
    )

  const call = async <T>(
    { method, path, body, bytes, headers, signal, timeoutMs = NSX_CALL_TIMEOUT_MS }: NsxCall,
    lane: 'call' | 'probe' = 'call',
  ): Promise<T> => {
    if (lane === 'call') await pace.enter(signal)
    const answer = await http.request({
      method,
      path,
      lane,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(bytes === undefined ? {} : { body: bytes }),
      headersTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    })
    if (answer.status === 429 || answer.status === 503) pace.refused()
    if (answer.status < 200 || answer.status > 299) return fail(answer, path)
    const text = await readText(answer, NSX_BODY_BYTES_MAX, false)
    if (text === '') return undefined as T
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw retry(
        'NSX_NOT_JSON',
        `${http.origin}${withoutQuery(path)} did not answer JSON; check that this address is an NSX Manager`,
        { cause },
      )
    }
  }

  const head = async ({ path, signal }: Pick<NsxCall, 'path' | 'signal'>) => {
    await pace.enter(signal)
    const answer = await http.request({
      method: 'HEAD',
      path,
      headersTimeoutMs: NSX_CALL_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    })
    for await (const _ of answer.body) break
    if (answer.status === 429 || answer.status === 503) pace.refused()
    if (answer.status >= 200 && answer.status <= 299) return answer.headers
    const code = answer.headers['error-code']
    const text = code === undefined ? '' : JSON.stringify({ code, error_message: code })
    throw nsxError(
      answer.status,
      answer.headers,
      text,
      `HEAD ${http.origin}${withoutQuery(path)}`,
      clock.now(),
    )
  }

  const stream = async ({ path, headers, signal }: NsxStreamCall): Promise<NsxStream> => {
    const answer = await http.request({
      method: 'GET',
      path,
      lane: 'stream',
      headers: { accept: 'application/x-ndjson', ...headers },
      headersTimeoutMs: NSX_CALL_TIMEOUT_MS,
      // The chart owns the silence: 30 s probe, 45 s replace.
      bodyTimeoutMs: 0,
      signal,
    })
    if (answer.status !== 200 && answer.status !== 304) return fail(answer, path)
    return { status: answer.status, headers: answer.headers, lines: jsonLines(answer.body, LINE_BYTES_MAX) }
  }

  const hello = async (channel: ChannelName, signal: AbortSignal, lane: 'call' | 'probe' = 'call') =>
    parsed(
      Hello,
      await call<unknown>({ method: 'GET', path: `/${channel}/v1`, signal }, lane),
      `${http.origin}/${channel}/v1`,
    )

  return {
    origin: http.origin,
    call: (request) => call(request),
    head,
    stream,
    hello: (channel, signal) => hello(channel, signal),
    probe: async (channel, signal) => void (await hello(channel, signal, 'probe')),
    openSession: async (channel, clusterId, request, signal) => {
      const path = sessionsPath(channel, clusterId)
      return parsed(
        Session,
        await call<unknown>({ method: 'POST', path, body: request, signal }),
        `${http.origin}${path}`,
      )
    },
    closeSession: async (channel, clusterId, session) => {
      await call({
        method: 'DELETE',
        path: `${sessionsPath(channel, clusterId)}/${encodeURIComponent(session)}`,
        timeoutMs: 1_000,
      })
    },
    reset: () => http.reset(),
  }
}

const sessionsPath = (channel: ChannelName, clusterId: string) =>
  `/${channel}/v1/clusters/${encodeURIComponent(clusterId)}/sessions`

const withoutQuery = (path: string) => path.split('?', 1)[0]

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { message: string } }
}

function parsed<T>(schema: Schema<T>, value: unknown, subject: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new AdapterError(
    'retry',
    'NSX_PROTOCOL',
    `${subject} answered something else than docs/protocol.md says: ${result.error.message}`,
    { subject },
  )
}

/** Reads a body whole. With `cut` a longer one is cut there (error pages), without it is refused. */
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
