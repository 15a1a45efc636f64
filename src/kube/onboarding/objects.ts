/** What an administrator gives the adapter in a cluster: namespace, service account, rights. Compared, then made or put right. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeClient } from '../contract.ts'
import { MANAGED_BY_LABEL, MANAGER, SERVICE_ACCOUNT } from '../marks.ts'
import { RESOURCES } from '../resources.ts'
import { type ManifestObject, rbacManifest } from '../rights.ts'
import type { KubeObject, ResourceType } from '../types.ts'

const rbac = (kind: string, plural: string, namespaced: boolean): ResourceType => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced,
})

/** Of an administrator's, not among what the adapter itself asks for. */
const TYPES: Readonly<Record<string, ResourceType>> = {
  Namespace: RESOURCES.namespaces,
  ServiceAccount: RESOURCES.serviceAccounts,
  ClusterRole: rbac('ClusterRole', 'clusterroles', false),
  ClusterRoleBinding: rbac('ClusterRoleBinding', 'clusterrolebindings', false),
  Role: rbac('Role', 'roles', true),
  RoleBinding: rbac('RoleBinding', 'rolebindings', true),
}

const typeOf = (object: ManifestObject): ResourceType => {
  const type = TYPES[object.kind]
  if (type === undefined) throw new Error(`no resource ${object.kind}`)
  return type
}

/** In the order in which they can be made. */
export function onboardingObjects(namespace: string): readonly ManifestObject[] {
  const subject = { kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace } as const
  const [first, ...rights] = rbacManifest({ namespace, subject })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: SERVICE_ACCOUNT, namespace } }
  return [...(first === undefined ? [] : [first]), account, ...rights].map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { [MANAGED_BY_LABEL]: MANAGER } },
  }))
}

/** `ClusterRole antrea-nsx-adapter`. */
export const nameOf = ({ kind, metadata }: ManifestObject): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

export interface Difference {
  readonly object: ManifestObject
  readonly change: 'create' | 'update'
}

/** What is not there, or not as it must be. Rejects with the client's errors. */
export async function missingObjects(
  kube: KubeClient,
  wanted: readonly ManifestObject[],
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const found: Difference[] = []
  for (const object of wanted) {
    const stored = await read(kube, object, signal)
    if (stored === undefined) found.push({ object, change: 'create' })
    else if (!isAsWanted(stored, object)) found.push({ object, change: 'update' })
  }
  return found
}

const read = (kube: KubeClient, object: ManifestObject, signal: AbortSignal) =>
  kube.get<KubeObject & Partial<ManifestObject>>(
    typeOf(object),
    object.metadata.name,
    object.metadata.namespace,
    signal,
  )

const FIELDS = ['rules', 'roleRef', 'subjects'] as const

/** Fields that the API server fills in are left alone (apiGroup of a subject, a Namespace's spec). */
function isAsWanted(stored: Partial<ManifestObject>, wanted: ManifestObject): boolean {
  return FIELDS.every(
    (field) => wanted[field] === undefined || isDeepStrictEqual(plain(stored[field]), plain(wanted[field])),
  )
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

/** Makes it or puts it right. A binding's role cannot be changed, so that such a one is made anew. */
export async function applyObject(
  kube: KubeClient,
  object: ManifestObject,
  signal: AbortSignal,
): Promise<void> {
  const type = typeOf(object)
  const stored = await read(kube, object, signal)
  if (stored === undefined) {
    await kube.create(type, object as KubeObject, { signal })
    return
  }
  if (isAsWanted(stored, object)) return
  const isOtherRole =
    object.roleRef !== undefined && !isDeepStrictEqual(plain(stored.roleRef), plain(object.roleRef))
  if (isOtherRole) {
    await kube.delete(type, stored, { signal })
    await kube.create(type, object as KubeObject, { signal })
    return
  }
  const changed = Object.fromEntries(
    FIELDS.flatMap((field) => (object[field] === undefined ? [] : [[field, object[field]]])),
  )
  await kube.replace(type, { ...stored, ...changed } as KubeObject, { signal })
}

/** Those that are there, the last made first; the namespace stays, for it may hold what is not ours. */
export async function presentObjects(
  kube: KubeClient,
  objects: readonly ManifestObject[],
  signal: AbortSignal,
): Promise<readonly ManifestObject[]> {
  const found: ManifestObject[] = []
  for (const object of objects)
    if (object.kind !== 'Namespace' && (await read(kube, object, signal)) !== undefined) found.unshift(object)
  return found
}

export async function deleteObject(
  kube: KubeClient,
  object: ManifestObject,
  signal: AbortSignal,
): Promise<void> {
  const stored = await read(kube, object, signal)
  if (stored !== undefined) await kube.delete(typeOf(object), stored, { signal })
}
