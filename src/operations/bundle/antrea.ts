/**
 * Antrea's own bundle of one process (antrea-io/antrea pkg/apiserver/registry/system/supportbundle): made by a POST, which
 * cancels one that is being made; looked at until it is Collected; downloaded; deleted. The process keeps it for an hour.
 */
import { AdapterError, asAdapterError, retry, waitFor } from '../../errors.ts'
import type { AgentClient } from '../../kube/agents/index.ts'
import { callText, refusalOf } from '../../kube/call.ts'
import type { KubeClient, WriteGate } from '../../kube/contract.ts'
import { RESOURCES, resourcePath } from '../../kube/resources.ts'
import type { KubeObject } from '../../kube/types.ts'
import {
  BUNDLE_BYTES_MAX,
  BUNDLE_COLLECT_MS_MAX,
  BUNDLE_POLL_MS,
  BUNDLE_TRIES_WITHOUT_GAIN,
  CONTENT_SILENCE_MS,
  KUBE_BODY_BYTES_MAX,
  KUBE_WRITE_TIMEOUT_MS,
} from '../../limits.ts'
import { type Clock, type HttpClient, sleep } from '../../world/index.ts'
import type { ContentSum } from '../types.ts'

/** One process that makes bundles. Calls reject as KubeClient's and AgentClient's do. */
export interface BundleSource {
  /** For messages. */
  readonly who: string
  create(sinceS: number | undefined, signal: AbortSignal): Promise<unknown>
  /** As it answers; undefined: there is none. */
  read(signal: AbortSignal): Promise<unknown>
  remove(signal: AbortSignal): Promise<void>
  download(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

export interface ControllerDeps {
  /** Fenced where there is a lease. */
  readonly kube: KubeClient
  readonly http: HttpClient
  readonly clock: Clock
  readonly gate: WriteGate
}

const PATH = resourcePath(RESOURCES.supportBundles)
const bundleOf = (name: string, sinceS: number | undefined) => ({
  apiVersion: `${RESOURCES.supportBundles.group}/${RESOURCES.supportBundles.version}`,
  kind: RESOURCES.supportBundles.kind,
  metadata: { name },
  // A Go duration.
  ...(sinceS === undefined ? {} : { since: `${sinceS}s` }),
})

/** antrea-controller's, through the API server, which passes the download on as it comes. */
export function controllerSource({ kube, http, clock, gate }: ControllerDeps): BundleSource {
  const name = 'controller'
  const path = `${PATH}/${name}`
  return {
    who: 'antrea-controller',
    create: (sinceS, signal) =>
      kube.create(RESOURCES.supportBundles, bundleOf(name, sinceS) as KubeObject, { signal }),
    read: (signal) => kube.get(RESOURCES.supportBundles, name, undefined, signal),
    async remove(signal) {
      gate.check()
      try {
        await callText(http, clock, {
          method: 'DELETE',
          path,
          headers: { accept: 'application/json' },
          subject: `DELETE supportbundles ${name}`,
          timeoutMs: KUBE_WRITE_TIMEOUT_MS,
          bytesMax: KUBE_BODY_BYTES_MAX,
          signals: [gate.signal, signal],
          beforeSend: () => gate.check(),
        })
      } catch (error) {
        if (!(error instanceof AdapterError) || error.code !== 'KUBE_NOT_FOUND') throw error
      }
    },
    async download(signal) {
      const response = await http.request({
        method: 'GET',
        path: `${path}/download`,
        lane: 'stream',
        headers: { accept: '*/*' },
        headersTimeoutMs: CONTENT_SILENCE_MS,
        bodyTimeoutMs: CONTENT_SILENCE_MS,
        signal,
      })
      if (response.status >= 300)
        throw await refusalOf(response, 'GET the bundle of antrea-controller', clock)
      return response.body
    },
  }
}

/** An agent's, by its own API. */
export function agentSource(agents: AgentClient, node: string, gate: WriteGate): BundleSource {
  const name = 'agent'
  const path = `${PATH}/${name}`
  return {
    who: `the agent on ${node}`,
    create(sinceS, signal) {
      gate.check()
      return agents.post(node, { path: PATH, body: bundleOf(name, sinceS), signal })
    },
    read: (signal) => agents.get(node, path, signal),
    remove(signal) {
      gate.check()
      return agents.delete(node, { path, signal })
    },
    download: async (signal) =>
      (
        await agents.download(node, {
          path: `${path}/download`,
          signal,
          timeoutMs: CONTENT_SILENCE_MS,
          silenceMs: CONTENT_SILENCE_MS,
        })
      ).body,
  }
}

interface BundleState {
  readonly status: 'None' | 'Collecting' | 'Collected'
  readonly sum?: ContentSum
}

/** Throws BUNDLE_MALFORMED for what no antrea process answers. */
export function stateOf(answer: unknown, who: string): BundleState {
  const { status, sum, size } = (answer ?? {}) as { status?: unknown; sum?: unknown; size?: unknown }
  if (answer === undefined || status === 'None' || status === '') return { status: 'None' }
  if (status === 'Collecting') return { status }
  if (
    status === 'Collected' &&
    typeof sum === 'string' &&
    /^[0-9a-f]{64}$/i.test(sum) &&
    typeof size === 'number' &&
    Number.isInteger(size) &&
    size > 0 &&
    size <= BUNDLE_BYTES_MAX
  )
    return { status, sum: { sha256: sum.toLowerCase(), bytes: size } }
  throw waitFor(
    'BUNDLE_MALFORMED',
    `${who} answers something else than a support bundle with its sum and size; look at what serves that address`,
  )
}

/** Where none is there whose sum is `held`, one is made. Resolves with the sum of what can be downloaded. */
export async function collect(
  source: BundleSource,
  clock: Clock,
  wanted: { readonly sinceS: number | undefined; readonly held: ContentSum | undefined },
  signal: AbortSignal,
): Promise<ContentSum> {
  if (wanted.held !== undefined) {
    const { sum } = stateOf(await source.read(signal), source.who)
    if (sum?.sha256 === wanted.held.sha256) return sum
  }
  const endMs = clock.monotonicMs() + BUNDLE_COLLECT_MS_MAX
  await patiently(clock, signal, () => source.create(wanted.sinceS, signal))
  for (;;) {
    await sleep(clock, BUNDLE_POLL_MS, signal)
    const state = stateOf(await patiently(clock, signal, () => source.read(signal)), source.who)
    if (state.sum !== undefined) return state.sum
    if (state.status === 'None')
      throw retry(
        'BUNDLE_NOT_COLLECTED',
        `${source.who} gave up collecting its bundle; it has the reason in its log, or somebody else asked for one`,
      )
    if (clock.monotonicMs() > endMs)
      throw waitFor(
        'BUNDLE_NOT_COLLECTED',
        `${source.who} did not collect its bundle within ${BUNDLE_COLLECT_MS_MAX / 1_000} s`,
      )
  }
}

/** A call that fails for the moment is made again, a few times. */
export async function patiently<T>(clock: Clock, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call()
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      const error = asAdapterError(thrown)
      if (error.kind !== 'retry' || error.code === 'AGENT_UNKNOWN' || tries >= BUNDLE_TRIES_WITHOUT_GAIN)
        throw error
      await sleep(clock, Math.max(error.retryAfterMs ?? 0, 1_000 * tries), signal)
    }
  }
}
