/** POST …?action=revise: a policy among those of its category, or a rule among those of its policy, gets another place (vcf-nsx 9.1.1). */
import { badRequest, type JsonObject, notFound, staleRevision } from '../rest/index.ts'
import { kindOf, ownFields, type Place } from './kinds.ts'
import type { PolicyObject, PolicyReader, PolicyTransaction } from './store.ts'
import { byEvaluation } from './store.ts'
import { type WriteOptions, writeObject } from './write.ts'

export interface Revision {
  /** insert_top when nobody says. */
  readonly operation: string | null
  readonly anchorPath: string | null
}

const OPERATIONS: readonly string[] = ['insert_top', 'insert_bottom', 'insert_after', 'insert_before']
/** NSX's range of sequence numbers, and the distance at which they are set anew. */
const SEQUENCE_MAX = 999_999
const DISTANCE = 10

/**
 * Writes the fields that the body has as PATCH does, and moves the object. Only where its neighbours leave no number
 * between them are all of them numbered anew. Throws 404, 412 for a stale `_revision`, 400 for an anchor that is none.
 */
export function reviseObject(
  tx: PolicyTransaction,
  place: Required<Place>,
  body: JsonObject,
  { operation, anchorPath }: Revision,
  uuid: WriteOptions['uuid'],
): void {
  const before = tx.get(place.path)
  if (before === undefined) throw notFound(place.path)
  if (body['_revision'] !== undefined && body['_revision'] !== before.revision)
    throw staleRevision(place.path, before.revision)
  const wanted = operation === null || operation === '' ? 'insert_top' : operation
  if (!OPERATIONS.includes(wanted)) throw badRequest(`operation must be one of ${OPERATIONS.join(', ')}.`)
  if (before.body['is_default'] === true)
    throw badRequest(`The default object path=[${place.path}] cannot be moved.`)
  const saysMore =
    Object.keys(ownFields(place.kind, body)).length > 0 ||
    body[place.kind.embedded?.field ?? ''] !== undefined
  if (saysMore) writeObject(tx, place, { ...body }, { mode: 'patch', uuid })
  const moved = tx.get(place.path) ?? before
  const others = siblings(tx, moved)
  others.splice(indexOf(others, moved, wanted, anchorPath), 0, moved)
  number(tx, others, moved)
}

/** In the order in which they are evaluated, without the object itself. */
function siblings(tx: PolicyReader, { path, kind, parentPath, body }: PolicyObject): PolicyObject[] {
  const all = tx.children(parentPath, kind).filter((one) => one.path !== path)
  if (kind === 'Rule') return all.sort(byEvaluation)
  return all
    .filter((one) => one.body['category'] === body['category'])
    .sort((a, b) => sequenceOf(a) - sequenceOf(b) || a.order - b.order)
}

function indexOf(
  others: readonly PolicyObject[],
  { path, kind }: PolicyObject,
  operation: string,
  anchorPath: string | null,
): number {
  if (operation === 'insert_top') return 0
  if (operation === 'insert_bottom') return others.length
  if (anchorPath === null || anchorPath === '')
    throw badRequest(`anchor_path is required with the operation ${operation}.`)
  const anchor = others.findIndex((one) => one.path === anchorPath)
  if (anchor === -1)
    throw badRequest(
      `The path=[${anchorPath.slice(0, 300)}] is invalid: the anchor of path=[${path}] must be another ${kind} beside it.`,
      500_012,
    )
  return operation === 'insert_after' ? anchor + 1 : anchor
}

const sequenceOf = ({ body }: PolicyObject): number => {
  const value = body['sequence_number']
  return typeof value === 'number' ? value : 0
}

function number(tx: PolicyTransaction, ordered: readonly PolicyObject[], moved: PolicyObject): void {
  const at = ordered.indexOf(moved)
  const [above, below] = [ordered[at - 1], ordered[at + 1]]
  const low = above === undefined ? -1 : sequenceOf(above)
  const high =
    below === undefined
      ? Math.min(low + 2 * DISTANCE, SEQUENCE_MAX + 1)
      : Math.min(sequenceOf(below), SEQUENCE_MAX + 1)
  const own = sequenceOf(moved)
  if (own > low && own < high) return
  const between = Math.floor((low + high) / 2)
  if (between > low && between < high) {
    renumber(tx, moved, between)
    return
  }
  const distance = Math.min(DISTANCE, Math.floor(SEQUENCE_MAX / ordered.length))
  for (const [index, one] of ordered.entries()) renumber(tx, one, (index + 1) * distance)
}

function renumber(tx: PolicyTransaction, one: PolicyObject, sequence: number): void {
  const { kind, id, path, parentPath, own } = one
  tx.set({ kind: kindOf(kind), id, path, parentPath, own: { ...own, sequence_number: sequence } })
}
