/** What the cluster is: whether Antrea's API is there, and the cluster's own identity. */
import { AdapterError, retry, waitFor } from '../errors.ts'
import { KUBE_CALL_TIMEOUT_MS } from '../limits.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import { callJson } from './call.ts'
import type { KubeClient } from './contract.ts'
import { OPTIONAL, RESOURCES, type ResourceName } from './resources.ts'

export interface AntreaServed {
  /** The group version is there with every kind the adapter needs. */
  readonly served: boolean
  /** Kinds that are not. */
  readonly missing: readonly string[]
}

const GROUP_VERSION = `${RESOURCES.tiers.group}/${RESOURCES.tiers.version}`

/** Plural names. */
const NEEDED: readonly (readonly [plural: string, kind: string])[] = Object.entries(RESOURCES)
  .filter(
    ([name, type]) =>
      `${type.group}/${type.version}` === GROUP_VERSION && !OPTIONAL.has(name as ResourceName),
  )
  .map(([, type]) => [type.plural, type.kind])

const DISCOVERY_BYTES_MAX = 1_024 * 1_024

/** Asks the API server's discovery for crd.antrea.io/v1beta1. Throws the client's errors; absence is an answer. */
export async function discoverAntrea(
  http: HttpClient,
  clock: Clock,
  userAgent: string,
  signal?: AbortSignal,
): Promise<AntreaServed> {
  const served = await servedOf(http, clock, userAgent, GROUP_VERSION, signal)
  const missing = NEEDED.filter(([plural]) => !served.has(plural)).map(([, kind]) => kind)
  return { served: missing.length === 0, missing }
}

/**
 * Which of these the API server serves, by the discovery documents of their group versions (kubernetes.io, "API
 * Discovery"): one small request for each group version. Throws the client's errors; absence is an answer.
 */
export async function discoverServed(
  http: HttpClient,
  clock: Clock,
  userAgent: string,
  names: readonly ResourceName[],
  signal?: AbortSignal,
): Promise<ReadonlySet<ResourceName>> {
  const versions = new Map<string, ResourceName[]>()
  for (const name of names) {
    const { group, version } = RESOURCES[name]
    const groupVersion = `${group}/${version}`
    versions.set(groupVersion, [...(versions.get(groupVersion) ?? []), name])
  }
  const found = new Set<ResourceName>()
  for (const [groupVersion, wanted] of versions) {
    const served = await servedOf(http, clock, userAgent, groupVersion, signal)
    for (const name of wanted) if (served.has(RESOURCES[name].plural)) found.add(name)
  }
  return found
}

/** Plural names of what a group version serves; none where it is not there. */
async function servedOf(
  http: HttpClient,
  clock: Clock,
  userAgent: string,
  groupVersion: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<unknown>> {
  const subject = `discovery of ${groupVersion}`
  let answer: unknown
  try {
    answer = await callJson(http, clock, {
      method: 'GET',
      path: `/apis/${groupVersion}`,
      headers: { accept: 'application/json', 'user-agent': userAgent },
      lane: 'call',
      subject,
      timeoutMs: KUBE_CALL_TIMEOUT_MS,
      bytesMax: DISCOVERY_BYTES_MAX,
      signals: [signal],
    })
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND') return new Set()
    throw error
  }
  const resources = (answer as { resources?: unknown } | null)?.resources
  if (!Array.isArray(resources))
    throw retry('KUBE_MALFORMED', `${subject}: the answer is not a resource list; it is asked again`)
  return new Set(resources.map((resource: { name?: unknown } | null) => resource?.name))
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
