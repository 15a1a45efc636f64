/** What the cluster is: whether Antrea's API is there, and the cluster's own identity. */
import { AdapterError, retry, waitFor } from '../errors.ts'
import { KUBE_CALL_TIMEOUT_MS } from '../limits.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import { callJson } from './call.ts'
import type { KubeClient } from './contract.ts'
import { RESOURCES } from './resources.ts'

export interface AntreaServed {
  /** The group version is there with every kind the adapter needs. */
  readonly served: boolean
  /** Kinds that are not. */
  readonly missing: readonly string[]
}

const GROUP_VERSION = `${RESOURCES.tiers.group}/${RESOURCES.tiers.version}`

const NEEDED: readonly string[] = Object.values(RESOURCES)
  .filter((type) => `${type.group}/${type.version}` === GROUP_VERSION)
  .map((type) => type.kind)

const DISCOVERY_BYTES_MAX = 1_024 * 1_024

/** Asks the API server's discovery for crd.antrea.io/v1beta1. Throws the client's errors; absence is an answer. */
export async function discoverAntrea(
  http: HttpClient,
  clock: Clock,
  userAgent: string,
  signal?: AbortSignal,
): Promise<AntreaServed> {
  const subject = `discovery of ${GROUP_VERSION}`
  let answer: unknown
  try {
    answer = await callJson(http, clock, {
      method: 'GET',
      path: `/apis/${GROUP_VERSION}`,
      headers: { accept: 'application/json', 'user-agent': userAgent },
      lane: 'call',
      subject,
      timeoutMs: KUBE_CALL_TIMEOUT_MS,
      bytesMax: DISCOVERY_BYTES_MAX,
      signals: [signal],
    })
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND')
      return { served: false, missing: NEEDED }
    throw error
  }
  const resources = (answer as { resources?: unknown } | null)?.resources
  if (!Array.isArray(resources))
    throw retry('KUBE_MALFORMED', `${subject}: the answer is not a resource list`)
  const served = new Set(resources.map((resource: { kind?: unknown } | null) => resource?.kind))
  const missing = NEEDED.filter((kind) => !served.has(kind))
  return { served: missing.length === 0, missing }
}

/** uid of the namespace kube-system: what identifies a cluster for as long as its etcd lives. */
export async function readClusterUid(client: KubeClient, signal?: AbortSignal): Promise<string> {
  const namespace = await client.get(RESOURCES.namespaces, 'kube-system', undefined, signal)
  const uid = namespace?.metadata.uid
  if (uid === undefined)
    throw waitFor(
      'KUBE_NOT_FOUND',
      'the namespace kube-system is not there yet; the API server is still starting',
    )
  return uid
}
