/** What must hold of every path that one object names in another; judged on the state after the transaction. */
import { badRequest } from '../rest/index.ts'
import type { PolicyObject, PolicyReader } from './store.ts'

/**
 * `after` reads the state as it would be, `pending` is what changes. Throws 400 with NSX's codes: 500012 for a path that
 * nothing is at, 500030 for a delete of what others name, 255 for a group or service that would hold itself.
 */
export function checkTransaction(
  after: PolicyReader,
  pending: ReadonlyMap<string, PolicyObject | undefined>,
): void {
  for (const [path, object] of pending) {
    if (object === undefined) refuseInUse(after, path)
    else refuseMissing(after, object)
  }
  for (const object of pending.values()) if (object !== undefined) refuseLoop(after, object)
}

function refuseInUse(after: PolicyReader, path: string): void {
  const users = after.referrers(path).map((user) => user.path)
  if (users.length > 0)
    throw badRequest(
      `The object path=[${path}] cannot be deleted as either it has children or it is being referenced by other objects path=[${users.slice(0, 10).join(',')}].`,
      500_030,
    )
}

function refuseMissing(after: PolicyReader, object: PolicyObject): void {
  if (object.parentPath !== '' && after.get(object.parentPath) === undefined)
    throw badRequest(`The path=[${object.parentPath}] is invalid`, 500_012)
  const missing = object.references.find((path) => after.get(path) === undefined)
  if (missing !== undefined) throw badRequest(`The path=[${missing}] is invalid`, 500_012)
}

/** Groups nest through PathExpressions, services through their entries' nested_service_path. */
function refuseLoop(after: PolicyReader, object: PolicyObject): void {
  if (object.kind !== 'Group' && object.kind !== 'ServiceEntry') return
  const first = object.kind === 'Group' ? object.path : object.parentPath
  const seen = new Set<string>()
  const queue = [...membersOf(after, first)]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (next === first) throw badRequest(`The object path=[${first}] cannot be a member of itself.`)
    if (seen.has(next)) continue
    seen.add(next)
    queue.push(...membersOf(after, next))
  }
}

/** The paths that an object holds by itself or by its service entries. */
export const membersOf = (reader: PolicyReader, path: string): readonly string[] => [
  ...(reader.get(path)?.references ?? []),
  ...reader.children(path, 'ServiceEntry').flatMap((entry) => entry.references),
]
