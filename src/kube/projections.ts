/**
 * What the stores keep of each object. Of built-in resources: the fields of their table (kept/), in whichever format
 * they come. Of custom resources: everything but what is only bookkeeping of other writers. A new custom resource needs
 * nothing here; a new built-in one a table in kept/ and a line in KEPT.
 */
import {
  ENDPOINT_SLICE,
  INGRESS,
  type Message,
  NAMESPACE,
  NETWORK_POLICY,
  NODE,
  POD,
  pick,
  SERVICE,
} from './kept/index.ts'
import { OPTIONAL, type ResourceName } from './resources.ts'
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from './types.ts'

export type Projection = (object: KubeObject) => KubeObject

type Fields = Readonly<Record<string, unknown>>

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Those of the named fields that are there. */
function named(source: unknown, names: readonly string[]): Record<string, unknown> {
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
      ? { managedFields: managedFields.map((entry) => named(entry, MANAGER_FIELDS) as ManagedFieldsEntry) }
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

/** Only read, and not by who wrote last: nothing of the managers. */
const unmanaged: Projection = (object) => {
  const { managedFields: _managers, ...metadata } = slimMeta(object.metadata)
  return { ...object, metadata }
}

/** What is written is read with all its annotations: a PUT from the store must not take one away. */
const writable: Projection = (object) => ({ ...object, metadata: slimManagers(object.metadata) })

const WRITTEN: readonly ResourceName[] = ['clusterNetworkPolicies', 'clusterGroups', 'tiers', 'leases']

/** Of built-in resources the table of what is kept, by which both formats are read. */
const KEPT: Partial<Record<ResourceName, Message>> = {
  pods: POD,
  nodes: NODE,
  namespaces: NAMESPACE,
  services: SERVICE,
  endpointSlices: ENDPOINT_SLICE,
  ingresses: INGRESS,
  networkPolicies: NETWORK_POLICY,
}

/** Undefined for resources that are read as JSON: custom ones, and those that are written back whole. */
export const keptOf = (name: ResourceName): Message | undefined => KEPT[name]

/** What the store of this resource keeps of an object. Pure; the object is not changed. */
export function projectionOf(name: ResourceName): Projection {
  const kept = keptOf(name)
  if (kept !== undefined)
    return (object) =>
      ({ apiVersion: object.apiVersion, kind: object.kind, ...pick(kept, object) }) as unknown as KubeObject
  if (OPTIONAL.has(name)) return unmanaged
  return WRITTEN.includes(name) ? writable : whole
}
