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
function slimManagers(metadata: ObjectMeta): ObjectMeta {
  const { managedFields, ...rest } = metadata
  return {
    ...rest,
    ...(Array.isArray(managedFields)
      ? { managedFields: managedFields.map((entry) => pick(entry, MANAGER_FIELDS) as ManagedFieldsEntry) }
      : {}),
  }
}

/** kubectl's copy of the object within the object; of no use to who only reads. */
function slimMeta(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = slimManagers(metadata)
  if (!isFields(annotations)) return rest
  const { [LAST_APPLIED]: _, ...kept } = annotations
  return { ...rest, annotations: kept as Record<string, string> }
}

const whole: Projection = (object) => ({ ...object, metadata: slimMeta(object.metadata) })

/** What is written is read with all its annotations: a PUT from the store must not take one away. */
const writable: Projection = (object) => ({ ...object, metadata: slimManagers(object.metadata) })

const WRITTEN: readonly ResourceName[] = ['clusterNetworkPolicies', 'clusterGroups', 'tiers', 'leases']

/** Without the times, of which the kubelet writes some every few minutes. */
const CONDITION_FIELDS = ['type', 'status', 'reason', 'message'] as const

function pickStatus(status: unknown, names: readonly string[]): Record<string, unknown> {
  const { conditions, ...picked } = pick(status, names)
  if (!Array.isArray(conditions)) return picked
  return { ...picked, conditions: conditions.map((each) => pick(each, CONDITION_FIELDS)) }
}

const POD_META = ['name', 'namespace', 'uid', 'labels', 'resourceVersion', 'deletionTimestamp'] as const
const POD_SPEC = ['nodeName', 'hostNetwork'] as const
const POD_STATUS = ['phase', 'podIP', 'podIPs', 'conditions', 'message', 'reason'] as const

const pod: Projection = ({ apiVersion, kind, metadata, spec, status }) => ({
  apiVersion,
  kind,
  metadata: pick(metadata, POD_META) as unknown as ObjectMeta,
  spec: pick(spec, POD_SPEC),
  status: pickStatus(status, POD_STATUS),
})

const NODE_SPEC = ['podCIDR', 'podCIDRs', 'providerID'] as const
const NODE_STATUS = ['addresses', 'conditions', 'nodeInfo'] as const

const node: Projection = ({ apiVersion, kind, metadata, spec, status }) => ({
  apiVersion,
  kind,
  metadata: slimMeta(metadata),
  spec: pick(spec, NODE_SPEC),
  status: pickStatus(status, NODE_STATUS),
})

/** What the store of this resource keeps of an object. Pure; the object is not changed. */
export function projectionOf(name: ResourceName): Projection {
  if (name === 'pods') return pod
  if (name === 'nodes') return node
  return WRITTEN.includes(name) ? writable : whole
}
