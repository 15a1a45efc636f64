/** One call of an agent's API: with a deadline, a limit of its answer, and an error that names the agent. */
import { AdapterError, retry } from '../../errors.ts'
import { AGENT_BODY_BYTES_MAX, AGENT_CALL_TIMEOUT_MS } from '../../limits.ts'
import type { Clock, HttpClient, HttpMethod } from '../../world/index.ts'
import type { AntreaAgentInfo } from '../antrea.ts'
import { type CallRequest, callJson, callText, refusalOf } from '../call.ts'
import type { Store } from '../contract.ts'
import { type AgentPlace, type AgentPlaces, agentsOfStores } from './places.ts'

export interface AgentCall {
  /** With its query, encoded. */
  readonly path: string
  readonly signal: AbortSignal
  /** Over connecting, headers and body; AGENT_CALL_TIMEOUT_MS when absent. Of a download: until its headers. */
  readonly timeoutMs?: number
  /** Of the answer; AGENT_BODY_BYTES_MAX when absent. A download has no limit here: its reader counts. */
  readonly bytesMax?: number
}

/** A body that is read as it comes: to its end, or left by breaking the loop, else its socket stays. */
export interface AgentAnswer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * Every call rejects with an AdapterError: AGENT_UNKNOWN (retry) where the agent's place is not known, the transport's,
 * refusals as the API server's (KUBE_FORBIDDEN where the token may not), TransportError too-large over the limit, or the
 * signal's reason. Nothing is tried again here.
 */
export interface AgentClient {
  /** The parsed answer; undefined for 404. */
  get(node: string, path: string, signal: AbortSignal): Promise<unknown>
  getJson(node: string, call: AgentCall): Promise<unknown>
  /** As text (`/metrics`); undefined for 404. */
  getText(node: string, call: AgentCall): Promise<string | undefined>
  /** Sends JSON; the parsed answer. */
  post(node: string, call: AgentCall & { readonly body: unknown }): Promise<unknown>
  /** What is not there counts as deleted. */
  delete(node: string, call: AgentCall): Promise<void>
  /** `silenceMs`: the longest pause between two chunks. */
  download(node: string, call: AgentCall & { readonly silenceMs: number }): Promise<AgentAnswer>
}

export interface AgentClientDeps {
  readonly placeOf: AgentPlaces
  readonly clock: Clock
  /** A client of this place, allowed to ask there; closed after each call, so that no socket stays for each Node. */
  readonly connect: (place: AgentPlace) => HttpClient
}

/** By the watched copies. */
export const agentClientOf = (
  stores: { readonly antreaAgentInfos: Store<AntreaAgentInfo>; readonly nodes: Store },
  connect: AgentClientDeps['connect'],
  clock: Clock,
): AgentClient =>
  createAgentClient({ placeOf: agentsOfStores(stores.antreaAgentInfos, stores.nodes), clock, connect })

export function createAgentClient(deps: AgentClientDeps): AgentClient {
  const { clock } = deps
  const withClient = async <T>(
    node: string,
    { signal }: AgentCall,
    use: (http: HttpClient) => Promise<T>,
  ): Promise<T> => {
    const http = deps.connect(await known(deps, node, signal))
    try {
      return await use(http)
    } finally {
      await http.close()
    }
  }
  const getJson = (node: string, call: AgentCall) =>
    orAbsent(withClient(node, call, (http) => callJson(http, clock, requestOf('GET', node, call))))
  return {
    get: (node, path, signal) => getJson(node, { path, signal }),
    getJson,
    getText: (node, call) =>
      orAbsent(withClient(node, call, (http) => callText(http, clock, requestOf('GET', node, call, '*/*')))),
    post: (node, call) =>
      withClient(node, call, (http) => {
        const request = requestOf('POST', node, call)
        return callJson(http, clock, {
          ...request,
          headers: { ...request.headers, 'content-type': 'application/json' },
          body: JSON.stringify(call.body),
        })
      }),
    async delete(node, call) {
      await orAbsent(withClient(node, call, (http) => callText(http, clock, requestOf('DELETE', node, call))))
    },
    async download(node, call) {
      const http = deps.connect(await known(deps, node, call.signal))
      try {
        const { subject, timeoutMs, headers = {} } = requestOf('GET', node, call, '*/*')
        const response = await http.request({
          method: 'GET',
          path: call.path,
          headers,
          lane: 'probe',
          headersTimeoutMs: timeoutMs,
          bodyTimeoutMs: call.silenceMs,
          signal: call.signal,
        })
        if (response.status >= 300) throw await refusalOf(response, subject, clock)
        return { headers: response.headers, body: closing(response.body, http) }
      } catch (error) {
        await http.close()
        throw error
      }
    },
  }
}

async function known({ placeOf }: AgentClientDeps, node: string, signal: AbortSignal): Promise<AgentPlace> {
  const place = await placeOf(node, signal)
  if (place !== undefined) return place
  throw retry('AGENT_UNKNOWN', `the address or the certificate of the agent on ${node} is not known yet`)
}

const requestOf = (
  method: HttpMethod,
  node: string,
  call: AgentCall,
  accept = 'application/json',
): CallRequest => ({
  method,
  path: call.path,
  subject: `${method} ${call.path.replace(/\?.*$/, '')} of the agent on ${node}`,
  headers: { accept },
  timeoutMs: call.timeoutMs ?? AGENT_CALL_TIMEOUT_MS,
  bytesMax: call.bytesMax ?? AGENT_BODY_BYTES_MAX,
  signals: [call.signal],
})

async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND') return undefined
    throw error
  }
}

async function* closing(body: AsyncIterable<Uint8Array>, http: HttpClient): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body
  } finally {
    await http.close()
  }
}
