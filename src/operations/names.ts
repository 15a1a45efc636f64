/** Names of what requests write to the cluster, so that whoever comes later finds it by the request alone. Pure. */
import { CLUSTER_ID, MANAGED_BY_LABEL, MANAGER, mark } from '../kube/marks.ts'
import type { KubeObject, ObjectMeta } from '../kube/types.ts'
import { sha256Hex } from '../protocol/hash.ts'
import type { Remembered } from './types.ts'

export const OPERATION_LABEL = mark('operation')

const ANNOTATIONS = {
  cluster: CLUSTER_ID,
  request: mark('request-id'),
  deadline: mark('deadline'),
} as const

/** In front of the ids that the command line makes. */
export const COMMAND_LINE = 'command-line'

/** What the command line makes is no cluster's of NSX: any daemon of this cluster sweeps it. */
const ownerOf = (clusterId: string, request: string): string =>
  request.startsWith(`${COMMAND_LINE}-`) ? COMMAND_LINE : clusterId

/** `nsx-` and 20 hex digits of SHA-256 over cluster, kind and request: a Kubernetes name, whatever the id looks like. */
export const objectName = (clusterId: string, kind: string, request: string): string =>
  `nsx-${sha256Hex(`${ownerOf(clusterId, request)}\0${kind}\0${request}`).slice(0, 20)}`

/** Labels and annotations of what a request writes. */
export function operationMeta(
  clusterId: string,
  kind: string,
  { id, deadlineMs }: Remembered,
): Pick<ObjectMeta, 'name' | 'labels' | 'annotations'> {
  return {
    name: objectName(clusterId, kind, id),
    labels: { [MANAGED_BY_LABEL]: MANAGER, [OPERATION_LABEL]: kind },
    annotations: {
      [ANNOTATIONS.cluster]: ownerOf(clusterId, id),
      [ANNOTATIONS.request]: id,
      [ANNOTATIONS.deadline]: new Date(deadlineMs).toISOString(),
    },
  }
}

/** The request an object stands for; undefined when it is not an operation's of this kind and cluster. */
export function rememberedBy(object: KubeObject, clusterId: string, kind: string): Remembered | undefined {
  const { name, labels, annotations } = object.metadata
  const id = annotations?.[ANNOTATIONS.request]
  if (id === undefined) return undefined
  const isOurs =
    labels?.[MANAGED_BY_LABEL] === MANAGER &&
    labels[OPERATION_LABEL] === kind &&
    annotations?.[ANNOTATIONS.cluster] === ownerOf(clusterId, id)
  // The name says so too: a copy of ours under another name is somebody else's.
  if (!isOurs || name !== objectName(clusterId, kind, id)) return undefined
  const deadlineMs = Date.parse(annotations?.[ANNOTATIONS.deadline] ?? '')
  return { id, deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : 0 }
}
