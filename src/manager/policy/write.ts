/** PUT, PATCH and DELETE of one intent object as NSX means them; the plain and the hierarchical API both write through here. */
import { MANAGER_CLUSTERS_MAX } from '../../limits.ts'
import { badRequest, isObject, type JsonObject, NsxApiError, notFound, staleRevision } from '../rest/index.ts'
import { fingerprintsOf } from './certificate.ts'
import { checkGroup } from './groups.ts'
import { checkId, childPath, type Kind, kindOf, ownFields, type Place, spanTarget } from './kinds.ts'
import { complaint } from './schema.ts'
import type { PolicyObject, PolicyReader, PolicyTransaction } from './store.ts'

export interface WriteOptions {
  /**
   * `put` replaces the object and its embedded children and minds `_revision`; `patch` replaces its own fields and
   * creates or replaces the children named; `partial` merges top-level fields (NSX's partial patch).
   */
  readonly mode: 'put' | 'patch' | 'partial'
  readonly uuid: () => string
  /** Fields only the server may write: the predefined objects. */
  readonly system?: JsonObject
}

/** Writes one object with its embedded children. Throws NSX's errors for a wrong body, revision or place. */
export function writeObject(
  tx: PolicyTransaction,
  place: Required<Place>,
  body: JsonObject,
  options: WriteOptions,
): PolicyObject {
  const { kind, path, parentPath } = place
  const id = checkId(place.id)
  const parent = parentPath === '' ? undefined : tx.get(parentPath)
  if (parentPath !== '' && parent === undefined) throw notFound(parentPath)
  const before = tx.get(path)
  if (options.mode === 'put') checkRevision(body, before)
  const own = ownOf(kind, body, before, parent, options)
  checkSpecial(tx, { kind, path, parentPath, own, before })
  const shell = () =>
    tx.set({
      kind,
      id,
      path,
      parentPath,
      own,
      ...resourceTypeOf(kind, body),
      ...(options.system === undefined ? {} : { system: options.system }),
    })
  const written = shell()
  const touched = writeChildren(tx, kind, path, body, options)
  // What is the system's may be put back as it was read, and not otherwise.
  const isSystems = before?.body['_system_owned'] === true && options.system === undefined
  const isAsRead = body['_system_owned'] === true && !touched && written === before
  if (isSystems && !isAsRead) throw systemOwned(path)
  if (!touched || written !== before) return written
  return tx.set({
    kind,
    id,
    path,
    parentPath,
    own,
    touched: true,
    ...resourceTypeOf(kind, body),
    ...(options.system === undefined ? {} : { system: options.system }),
  })
}

/** Deletes one object with everything below it. */
export function removeObject(tx: PolicyTransaction, path: string): void {
  const object = tx.get(path)
  if (object === undefined) return
  if (object.body['_system_owned'] === true || FIXED.has(object.kind)) throw systemOwned(path)
  const child = object.kind === 'Domain' ? firstChild(tx, path) : undefined
  if (child !== undefined)
    throw badRequest(
      `The object path=[${path}] cannot be deleted as either it has children or it is being referenced by other objects path=[${child.path}].`,
      500_030,
    )
  tx.remove(path)
}

const FIXED: ReadonlySet<string> = new Set(['Infra', 'Site', 'EnforcementPoint'])

const firstChild = (tx: PolicyReader, path: string) =>
  tx.children(path, 'SecurityPolicy')[0] ?? tx.children(path, 'Group')[0]

const systemOwned = (path: string) =>
  new NsxApiError(403, 289, `The object path=[${path}] is owned by the system; it cannot be changed.`, {
    moduleName: 'policy',
  })

function checkRevision(body: JsonObject, before: PolicyObject | undefined): void {
  // A public operator sends _revision 1 on its first PUT, so that a revision without an object is no error.
  if (before === undefined) return
  const revision = body['_revision']
  if (revision === undefined)
    throw badRequest(`Cannot create an object with path=[${before.path}] as it already exists.`, 500_127)
  if (revision !== before.revision) throw staleRevision(before.path, before.revision)
}

function ownOf(
  kind: Kind,
  body: JsonObject,
  before: PolicyObject | undefined,
  parent: PolicyObject | undefined,
  options: WriteOptions,
): JsonObject {
  const named = body['resource_type']
  const literals = kind.name === 'ServiceEntry' ? undefined : (kind.aliases ?? [kind.name])
  if (named !== undefined && literals !== undefined && !literals.includes(String(named)))
    throw badRequest(
      `Field level validation errors: {property resource_type: must be ${literals.join(' or ')}}`,
    )
  const merged = options.mode === 'partial' && before !== undefined ? { ...before.body, ...body } : body
  const result = kind.schema.safeParse(merged)
  if (!result.success) throw badRequest(complaint(result.error))
  const own = ownFields(kind, merged)
  // An entry's type decides what its fields mean, so it counts as its own.
  const typed =
    kind.name === 'ServiceEntry' ? { ...own, resource_type: named ?? merged['resource_type'] } : own
  const kept = kind.name === 'ClusterControlPlane' ? controlPlaneIdentity(typed, before, options) : typed
  return kind.defaults?.(kept, parent?.body) ?? kept
}

/** NSX gives the node_id at creation and never changes it; a later PUT replaces the certificate. */
const controlPlaneIdentity = (
  own: JsonObject,
  before: PolicyObject | undefined,
  { uuid }: WriteOptions,
): JsonObject => ({ ...own, node_id: before?.own['node_id'] ?? own['node_id'] ?? uuid() })

const resourceTypeOf = (kind: Kind, body: JsonObject): { resourceType?: string } => {
  const named = body['resource_type']
  return kind.aliases !== undefined && typeof named === 'string' ? { resourceType: named } : {}
}

interface Written {
  readonly kind: Kind
  readonly path: string
  readonly parentPath: string
  readonly own: JsonObject
  readonly before: PolicyObject | undefined
}

function checkSpecial(tx: PolicyReader, written: Written): void {
  if (written.kind.name === 'SecurityPolicyContainerCluster') checkSpan(tx, written)
  if (written.kind.name === 'ClusterControlPlane') checkControlPlane(tx, written)
  if (written.kind.name === 'Group') checkGroup(written.path, written.own, written.before?.own)
}

function checkSpan(tx: PolicyReader, { path, parentPath, own, before }: Written): void {
  const target = spanTarget(own['container_cluster_path'])
  if (before !== undefined && spanTarget(before.own['container_cluster_path']) !== target)
    throw badRequest(`The container_cluster_path of path=[${path}] cannot be changed; delete and create it.`)
  const twin = tx
    .children(parentPath, 'SecurityPolicyContainerCluster')
    .find((span) => span.path !== path && spanTarget(span.own['container_cluster_path']) === target)
  if (twin !== undefined)
    throw badRequest(`The container_cluster_path=[${target}] is already named by path=[${twin.path}].`)
}

function checkControlPlane(tx: PolicyReader, { path, parentPath, own, before }: Written): void {
  const fingerprints = fingerprintsOf(own['certificate'])
  const all = tx.children(parentPath, 'ClusterControlPlane')
  if (before === undefined && all.length >= MANAGER_CLUSTERS_MAX)
    throw badRequest(`At most ${MANAGER_CLUSTERS_MAX} clusters may be registered.`)
  for (const other of all) {
    if (other.path === path) continue
    if (other.own['node_id'] === own['node_id'])
      throw badRequest(`The node_id=[${String(own['node_id'])}] belongs to path=[${other.path}].`)
    if (fingerprintsOf(other.own['certificate']).some((print) => fingerprints.includes(print)))
      throw badRequest(`The certificate belongs to path=[${other.path}]; each cluster needs its own.`)
  }
}

/** Creates and replaces the children named; a PUT deletes the others. Returns whether anything differs. */
function writeChildren(
  tx: PolicyTransaction,
  kind: Kind,
  path: string,
  body: JsonObject,
  options: WriteOptions,
): boolean {
  if (kind.embedded === undefined) return false
  const named = body[kind.embedded.field]
  if (named === undefined && options.mode !== 'put') return false
  const childKind = kindOf(kind.embedded.kind)
  const children = Array.isArray(named) ? named : []
  const before = new Map(tx.children(path, childKind.name).map((child) => [child.path, child]))
  const kept = new Set<string>()
  for (const child of children) {
    if (!isObject(child)) throw badRequest(`The elements of ${kind.embedded.field} must be objects.`)
    const id = checkId(typeof child['id'] === 'string' && child['id'] !== '' ? child['id'] : options.uuid())
    const childAt = childPath(path, childKind, id)
    if (kept.has(childAt)) throw badRequest(`The id ${id} occurs twice in ${kind.embedded.field}.`)
    kept.add(childAt)
    const mode = options.mode === 'put' ? 'patch' : options.mode
    writeObject(tx, { kind: childKind, id, path: childAt, parentPath: path }, child, { ...options, mode })
  }
  if (options.mode === 'put') for (const child of before.keys()) if (!kept.has(child)) tx.remove(child)
  const after = tx.children(path, childKind.name)
  return after.length !== before.size || after.some((child) => before.get(child.path) !== child)
}
