/** Antrea's Pods: which there are, on which Node, and how often their containers were started. */

import { RESOURCES, resourcePath } from '../../kube/resources.ts'
import { ANTREA_NAMESPACE } from '../../kube/rights.ts'
import { KUBE_OBJECTS_MAX, KUBE_PAGE_OBJECTS } from '../../limits.ts'
import { type ApiDeps, readExact } from '../api.ts'
import type { Fields } from '../types.ts'
import type { WantedLogs } from './request.ts'

export interface AntreaPod {
  readonly component: 'controller' | 'agent'
  /** In answers: `controller/POD`, and for agents `agent/NODE`, for there is one a Node, whatever its Pod is called. */
  readonly source: string
  readonly name: string
  readonly uid: string
  readonly node: string
  readonly container: string
  /** Of that container. */
  readonly restarts: number
  /** Why its last run ended, in words; undefined: it has not ended yet. */
  readonly ended: string | undefined
}

/** By antrea-io/antrea build/charts/antrea: labels `app` and `component`, and the main container's name. */
const COMPONENTS = { 'antrea-controller': 'controller', 'antrea-agent': 'agent' } as const
const SELECTOR = `app=antrea,component in (${Object.keys(COMPONENTS).join(',')})`

interface ContainerStatus {
  readonly name?: unknown
  readonly restartCount?: unknown
  readonly lastState?: { readonly terminated?: Fields }
}

interface PodShape {
  readonly metadata?: {
    readonly name?: unknown
    readonly uid?: unknown
    readonly labels?: Readonly<Record<string, string>>
    readonly creationTimestamp?: unknown
    readonly deletionTimestamp?: unknown
  }
  readonly spec?: {
    readonly nodeName?: unknown
    readonly containers?: readonly { readonly name?: unknown }[]
    readonly initContainers?: readonly { readonly name?: unknown }[]
  }
  readonly status?: {
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** Those wanted, by source. Rejects with the API server's errors. */
export async function findPods(
  deps: ApiDeps,
  wanted: WantedLogs,
  signal: AbortSignal,
): Promise<readonly AntreaPod[]> {
  if (!wanted.components.has('controller') && !wanted.components.has('agent')) return []
  const found = new Map<string, { readonly pod: AntreaPod; readonly made: string }>()
  for (const shape of await listPods(deps, signal)) {
    const pod = podOf(shape, wanted)
    if (pod === undefined) continue
    // While one is replaced there are two: the newer one speaks.
    const made = String(shape.metadata?.creationTimestamp ?? '')
    const other = found.get(pod.source)
    if (other === undefined || other.made < made) found.set(pod.source, { pod, made })
  }
  return [...found.values()]
    .map(({ pod }) => pod)
    .sort((a, b) =>
      a.component === b.component ? (a.source < b.source ? -1 : 1) : a.component === 'controller' ? -1 : 1,
    )
}

async function listPods(deps: ApiDeps, signal: AbortSignal): Promise<PodShape[]> {
  const pods: PodShape[] = []
  let next: string | undefined
  do {
    const query = new URLSearchParams({ labelSelector: SELECTOR, limit: String(KUBE_PAGE_OBJECTS) })
    if (next !== undefined) query.set('continue', next)
    const path = `${resourcePath(RESOURCES.pods, ANTREA_NAMESPACE)}?${query}`
    const { items, metadata } = ((await readExact(deps, path, signal)) ?? {}) as Fields
    if (Array.isArray(items)) pods.push(...items.filter((item) => typeof item === 'object' && item !== null))
    const following = (metadata as Fields | undefined)?.['continue']
    next = typeof following === 'string' && following !== '' && following !== next ? following : undefined
  } while (next !== undefined && pods.length < KUBE_OBJECTS_MAX)
  return pods
}

function podOf({ metadata, spec, status }: PodShape, wanted: WantedLogs): AntreaPod | undefined {
  const { name, uid, labels } = metadata ?? {}
  const label = labels?.['component']
  const node = spec?.nodeName
  if (typeof name !== 'string' || typeof uid !== 'string' || typeof node !== 'string') return undefined
  if (label !== 'antrea-controller' && label !== 'antrea-agent') return undefined
  const component = COMPONENTS[label]
  if (!wanted.components.has(component)) return undefined
  if (component === 'agent' && wanted.nodes !== undefined && !wanted.nodes.has(node)) return undefined
  const container = wanted.container ?? label
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((one) => one.name)
  if (!containers.includes(container)) return undefined
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const state = statuses.find((one) => one.name === container)
  return {
    component,
    source: component === 'agent' ? `agent/${node}` : `controller/${name}`,
    name,
    uid,
    node,
    container,
    restarts: typeof state?.restartCount === 'number' ? state.restartCount : 0,
    ended: endOf(state?.lastState?.terminated),
  }
}

function endOf(terminated: Fields | undefined): string | undefined {
  if (terminated === undefined) return undefined
  const { reason, exitCode } = terminated
  const words = [typeof reason === 'string' ? reason.slice(0, 100) : 'ended']
  if (typeof exitCode === 'number') words.push(`exit code ${exitCode}`)
  return words.join(', ')
}
