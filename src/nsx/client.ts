/** NsxManager over one HttpClient whose TLS already carries this cluster's certificate. */
import { AdapterError } from '../errors.ts'
import { LINE_BYTES_MAX, NSX_CALL_TIMEOUT_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type ChannelName, Hello, jsonLines, Session } from '../protocol/index.ts'
import type { Clock, HttpClient, Random } from '../world/index.ts'
import type { NsxCall, NsxManager, NsxStream, NsxStreamCall } from './contract.ts'
import { NsxAnswerError, nsxError } from './errors.ts'
import { answerError, exchange, withoutQuery } from './exchange.ts'
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
  const pace = createPace(clock, startPerSecond === undefined ? {} : { startPerSecond })

  const call = async <T>(wanted: NsxCall, lane: 'call' | 'probe' = 'call'): Promise<T> => {
    if (lane === 'call') await pace.enter(wanted.signal)
    try {
      return (await exchange<T>(http, clock, wanted, { lane })).value
    } catch (error) {
      if (error instanceof NsxAnswerError && isSlowDown(error.status)) pace.refused()
      throw error
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
    if (isSlowDown(answer.status)) pace.refused()
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
    if (answer.status !== 200 && answer.status !== 304) throw await answerError(answer, http, clock, path)
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

const isSlowDown = (status: number): boolean => status === 429 || status === 503

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
