/** NSX's SupportBundleResult, out of what the clusters said. Pure. */
import { isObject, type JsonObject, objects } from '../rest/index.ts'
import type { WantedCollection } from './request.ts'

/** One cluster of a collection. */
export interface Collected {
  readonly clusterId: string
  /** Of the cluster. */
  readonly name: string
  /** As the operation is shown; undefined: there is none, because of `refusal`. */
  readonly shown: JsonObject | undefined
  readonly refusal?: string
}

/** What is in an archive of a cluster lies in a folder of it. */
export const folderOf = (clusterId: string): string => `nsx_antrea_${clusterId.replace(/[^\w.-]/g, '_')}`

export function resultOf({ properties, managers }: WantedCollection, all: readonly Collected[]): JsonObject {
  const success: JsonObject[] = []
  const remaining: JsonObject[] = []
  const failed: JsonObject[] = managers.map((id) => ({
    node_id: id,
    node_display_name: id,
    error_code: 'NOT_SUPPORTED',
    error_message: 'This manager collects of Antrea clusters alone.',
  }))
  for (const one of all) {
    const ended = endOf(one)
    for (const part of partsOf(one)) {
      const node = nodeOf(one, part)
      const { state, content, bytes, sha256 } = part
      if ((state === 'done' || state === 'log') && typeof content === 'string')
        success.push({
          ...node,
          bundle_name: `${folderOf(one.clusterId)}/${content}`,
          bundle_size: bytes,
          sha256_thumbprint: sha256,
        })
      else if (state === 'failed') failed.push({ ...node, ...problemOf(part['problem']) })
      else if (ended !== undefined) failed.push({ ...node, ...ended })
      else remaining.push({ ...node, status: state === undefined ? 'PENDING' : 'PROCESSING' })
    }
  }
  return {
    success_nodes: success,
    failed_nodes: failed,
    remaining_nodes: remaining,
    request_properties: properties,
  }
}

const eventsOf = ({ shown }: Collected): readonly JsonObject[] => objects(shown?.['events'])

/** Why what is not there will not come; undefined: it may. */
function endOf(one: Collected): JsonObject | undefined {
  if (one.shown === undefined)
    return { error_code: 'NOT_COLLECTED', error_message: one.refusal ?? 'It was not asked for.' }
  const last = eventsOf(one).at(-1)
  if (last?.['t'] === 'error') return problemOf(last)
  return last?.['t'] === 'result'
    ? { error_code: 'NOT_COLLECTED', error_message: 'The cluster did not send it.' }
    : undefined
}

/** The newest of what is said of each component; where nothing was said yet the cluster as a whole. */
function partsOf(one: Collected): readonly JsonObject[] {
  const events = eventsOf(one)
  const last = events.at(-1)
  if (last?.['t'] === 'result') return objects(last['components'])
  const parts = new Map<string, JsonObject>()
  const keyOf = ({ component, node }: JsonObject) => `${String(component)}/${String(node ?? '')}`
  for (const event of events) {
    for (const part of objects(event['components'])) parts.set(keyOf(part), { ...part, state: undefined })
    if (typeof event['component'] === 'string') parts.set(keyOf(event), event)
  }
  return parts.size === 0 ? [{ component: 'cluster' }] : [...parts.values()]
}

function nodeOf({ clusterId, name }: Collected, { component, node, node_id: id }: JsonObject): JsonObject {
  const isAgent = typeof node === 'string'
  return {
    node_id: isAgent ? String(id ?? node) : `${clusterId}/${String(component)}`,
    node_display_name: isAgent ? node : `${name} ${String(component)}`,
  }
}

function problemOf(problem: unknown): JsonObject {
  const { code, message } = isObject(problem) ? problem : {}
  return {
    error_code: typeof code === 'string' ? code : 'UNKNOWN',
    error_message: typeof message === 'string' ? message : 'The cluster did not say why.',
  }
}
