/** The hierarchical API: one PATCH of /infra that creates, replaces and deletes a tree of intent, all or nothing. */
import { badRequest, isObject, type JsonObject, notFound } from '../rest/index.ts'
import { checkId, childPath, findKind, type Kind, kindOf } from './kinds.ts'
import type { PolicyTransaction } from './store.ts'
import { removeObject, type WriteOptions, writeObject } from './write.ts'

export interface HierarchyOptions {
  readonly mode: WriteOptions['mode']
  readonly uuid: () => string
  /** `_revision` is minded as PUT minds it. */
  readonly enforceRevisions: boolean
}

/** NSX's limit of intents in one call on a local manager (vcf-nsx 9.1.1). */
const INTENTS_MAX = 5_000

/** Keys of a child's payload that are not its kind's name; ServiceEntry's is deprecated. */
const OTHER_KEYS: Readonly<Record<string, string>> = {
  ServiceEntry: 'Service',
  AntreaTraceflowConfig: 'TraceflowConfig',
}

interface Walk extends HierarchyOptions {
  readonly tx: PolicyTransaction
  intents: number
}

/**
 * Applies an Infra body. Order in the body does not matter, since references are judged on the end state. Throws for one
 * bad child, and the caller's transaction then leaves everything as it was.
 */
export function applyHierarchy(tx: PolicyTransaction, infra: JsonObject, options: HierarchyOptions): void {
  if (infra['resource_type'] !== undefined && infra['resource_type'] !== 'Infra')
    throw badRequest('The body of this call must be an Infra object.')
  const walk: Walk = { ...options, tx, intents: 0 }
  applyChildren(walk, kindOf('Infra'), '/infra', infra['children'])
}

function applyChildren(walk: Walk, parent: Kind, parentPath: string, children: unknown): void {
  if (children === undefined) return
  if (!Array.isArray(children)) throw badRequest('children must be a list.')
  for (const wrapper of children) {
    if (!isObject(wrapper)) throw badRequest('The elements of children must be objects.')
    walk.intents += 1
    if (walk.intents > INTENTS_MAX)
      throw badRequest(`A hierarchical call may hold at most ${INTENTS_MAX} intents.`)
    if (wrapper['resource_type'] === 'ChildResourceReference')
      applyReference(walk, parent, parentPath, wrapper)
    else applyChild(walk, parent, parentPath, wrapper)
  }
}

/** Walks to an object that exists, without touching it. */
function applyReference(walk: Walk, parent: Kind, parentPath: string, wrapper: JsonObject): void {
  const kind = childKind(parent, String(wrapper['target_type']))
  const path = childPath(parentPath, kind, checkId(String(wrapper['id'])))
  if (walk.tx.get(path) === undefined) throw notFound(path)
  applyChildren(walk, kind, path, wrapper['children'])
}

function applyChild(walk: Walk, parent: Kind, parentPath: string, wrapper: JsonObject): void {
  const type = String(wrapper['resource_type'])
  if (!type.startsWith('Child')) throw badRequest(`The resource_type ${type.slice(0, 64)} is not a child's.`)
  const kind = childKind(parent, type.slice('Child'.length))
  const payload =
    wrapper[kind.name] ??
    (OTHER_KEYS[kind.name] === undefined ? undefined : wrapper[OTHER_KEYS[kind.name] ?? '']) ??
    {}
  if (!isObject(payload)) throw badRequest(`${kind.name} must be an object.`)
  const id = checkId(String(payload['id'] ?? wrapper['id'] ?? ''))
  const path = childPath(parentPath, kind, id)
  if (wrapper['marked_for_delete'] === true || payload['marked_for_delete'] === true) {
    removeObject(walk.tx, path)
    return
  }
  const before = walk.tx.get(path)
  // A domain that exists is walked through: clients name it only to reach what is below.
  if (kind.name !== 'Domain' || before === undefined)
    writeObject(
      walk.tx,
      { kind, id, path, parentPath },
      payload,
      writeOptions(walk, payload, before?.revision),
    )
  applyChildren(walk, kind, path, payload['children'])
}

function writeOptions(walk: Walk, payload: JsonObject, revision: number | undefined): WriteOptions {
  const stale = walk.enforceRevisions && revision !== undefined && payload['_revision'] !== revision
  // `put` refuses with NSX's error for a stale or missing revision.
  return { mode: stale ? 'put' : walk.mode, uuid: walk.uuid }
}

function childKind(parent: Kind, name: string): Kind {
  const kind = findKind(name)
  if (kind === undefined || kind.parent !== parent.name || kind.name === 'ClusterControlPlane')
    throw badRequest(`A ${name.slice(0, 64)} cannot be a child of ${parent.name} here.`)
  return kind
}
