/**
 * The levels of Antrea's processes by their own HTTPS APIs, which the API server does not pass on: of an agent at its Node
 * and port, with the certificate that its AntreaAgentInfo names; of antrea-controller at its Node and port (it is on the
 * host's network), with the authority that it publishes (pkg/apiserver/certificate).
 */
import { retry, TransportError, waitFor } from '../../errors.ts'
import type { AgentPlace, AgentPlaces } from '../../kube/agents/index.ts'
import type { AntreaControllerInfo } from '../../kube/antrea.ts'
import { readBytes, refusalOf } from '../../kube/call.ts'
import { ANTREA_NAMESPACE } from '../../kube/rights.ts'
import type { KubeObject } from '../../kube/types.ts'
import { AGENT_CALL_TIMEOUT_MS } from '../../limits.ts'
import type { Clock, HttpClient } from '../../world/index.ts'
import type { AntreaLevels, LevelTarget } from './targets.ts'

export interface AntreaPlaces {
  readonly hasAgent: (node: string, signal: AbortSignal) => Promise<boolean>
  readonly agent: AgentPlaces
  readonly controller: (signal: AbortSignal) => Promise<AntreaControllerInfo | undefined>
  readonly node: (name: string, signal: AbortSignal) => Promise<KubeObject | undefined>
  /** PEM of the authority of antrea-controller's certificate, from its ConfigMap `antrea-ca`. */
  readonly controllerCa: (signal: AbortSignal) => Promise<string | undefined>
  /** A client of this place that may read there; closed after each call. */
  readonly connect: (place: AgentPlace) => HttpClient
}

const CONTROLLER_PORT = 10_349
const CONTROLLER_SERVER = `antrea.${ANTREA_NAMESPACE}.svc`
/** A number of a few digits. */
const ANSWER_BYTES_MAX = 1_024

export function createAntreaLevels(places: AntreaPlaces, clock: Clock): AntreaLevels {
  const ask = async (
    target: LevelTarget,
    query: string,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    const place = await placeOf(places, target, signal)
    if (place === undefined) return undefined
    const http = places.connect(place)
    try {
      return await call(http, clock, target, query, signal)
    } finally {
      await http.close()
    }
  }
  return {
    async read(target, signal) {
      const text = await ask(target, '', signal)
      if (text === undefined) return undefined
      if (!/^-?\d{1,10}\s*$/.test(text))
        throw waitFor(
          'AGENT_MALFORMED',
          `${target} does not answer its log level with a number; look at what serves that address`,
        )
      return Number(text)
    },
    async set(target, level, signal) {
      await ask(target, `?level=${level}`, signal)
    },
  }
}

/** All of it within AGENT_CALL_TIMEOUT_MS. */
async function call(
  http: HttpClient,
  clock: Clock,
  target: LevelTarget,
  query: string,
  signal: AbortSignal,
): Promise<string> {
  const subject = `GET /loglevel of ${target}`
  const over = new AbortController()
  const onAbort = () => over.abort(signal.reason)
  const timer = clock.setTimeout(
    () =>
      over.abort(new TransportError('timeout', `${subject}: no answer within ${AGENT_CALL_TIMEOUT_MS} ms`)),
    AGENT_CALL_TIMEOUT_MS,
  )
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const response = await http.request({
      method: 'GET',
      path: `/loglevel${query}`,
      headersTimeoutMs: AGENT_CALL_TIMEOUT_MS,
      signal: over.signal,
    })
    if (response.status >= 300) throw await refusalOf(response, subject, clock)
    return Buffer.from(await readBytes(response.body, ANSWER_BYTES_MAX, subject)).toString('utf8')
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Undefined: there is no such process. Rejects with AGENT_UNKNOWN where it is not said how to reach it. */
async function placeOf(
  places: AntreaPlaces,
  target: LevelTarget,
  signal: AbortSignal,
): Promise<AgentPlace | undefined> {
  if (target === 'controller') {
    const info = await places.controller(signal)
    if (info === undefined) return undefined
    const ca = await places.controllerCa(signal)
    const node = info.nodeRef?.name
    const host = node === undefined ? undefined : hostOf(await places.node(node, signal))
    if (ca === undefined || host === undefined) throw unknown(target)
    const origin = `https://${host}:${info.apiPort ?? CONTROLLER_PORT}`
    return { origin, caPem: ca, servername: CONTROLLER_SERVER }
  }
  const node = target.slice('agent/'.length)
  if (!(await places.hasAgent(node, signal))) return undefined
  const place = await places.agent(node, signal)
  if (place === undefined) throw unknown(target)
  return place
}

const unknown = (target: LevelTarget) =>
  retry('AGENT_UNKNOWN', `the address or the certificate of ${target} is not known yet`)

interface NodeShape {
  readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly address?: string }[] }
}

function hostOf(node: KubeObject | undefined): string | undefined {
  const address = (node as NodeShape | undefined)?.status?.addresses?.find(
    ({ type }) => type === 'InternalIP',
  )?.address
  return address?.includes(':') ? `[${address}]` : address
}
