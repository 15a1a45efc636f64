/**
 * What the stores keep of each object. Pods are many and big (some 12 KiB of JSON with managedFields), so only what is
 * decided from stays; of everything, what is only bookkeeping of other writers goes.
 */
import type { ResourceName } from './resources.ts'
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from './types.ts'

export type Projection = (object: KubeObject) => KubeObject

type Fields = Readonly<Record<string, unknown>>

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Those of the named fields that are there. */
function pick(source: unknown, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  if (!isFields(source)) return picked
  for (const name of names) if (source[name] !== undefined) picked[name] = source[name]
  return picked
}

const MANAGER_FIELDS = ['manager', 'operation', 'time', 'subresource'] as const

/** Who wrote last and when is read (ownership, heartbeats); which fields it were is not. */
function slimMeta(metadata: ObjectMeta): ObjectMeta {
  const { managedFields, annotations, ...rest } = metadata
  const kept =
    annotations === undefined || annotations[LAST_APPLIED] === undefined
      ? annotations
      : Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== LAST_APPLIED))
  return {
    ...rest,
    ...(kept === undefined ? {} : { annotations: kept }),
    ...(Array.isArray(managedFields)
      ? { managedFields: managedFields.map((entry) => pick(entry, MANAGER_FIELDS) as ManagedFieldsEntry) }
      : {}),
  }
}

const whole: Projection = (object) => ({ ...object, metadata: slimMeta(object.metadata) })

const POD_META = ['name', 'namespace', 'uid', 'labels', 'resourceVersion', 'deletionTimestamp'] as const
const POD_SPEC = ['nodeName', 'hostNetwork'] as const
const POD_STATUS = ['phase', 'podIP', 'podIPs', 'conditions', 'message', 'reason'] as const

const pod: Projection = ({ apiVersion, kind, metadata, spec, status }) => ({
  apiVersion,
  kind,
  metadata: pick(metadata, POD_META) as unknown as ObjectMeta,
  spec: pick(spec, POD_SPEC),
  status: pick(status, POD_STATUS),
})

const NODE_SPEC = ['podCIDR', 'podCIDRs', 'providerID'] as const
const NODE_STATUS = ['addresses', 'conditions', 'nodeInfo'] as const

const node: Projection = ({ apiVersion, kind, metadata, spec, status }) => ({
  apiVersion,
  kind,
  metadata: slimMeta(metadata),
  spec: pick(spec, NODE_SPEC),
  status: pick(status, NODE_STATUS),
})

/** What the store of this resource keeps of an object. Pure; the object is not changed. */
export function projectionOf(name: ResourceName): Projection {
  if (name === 'pods') return pod
  if (name === 'nodes') return node
  return whole
}
