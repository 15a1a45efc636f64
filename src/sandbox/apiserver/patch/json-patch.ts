/** JSON Patch (RFC 6902) with the words of evanphx/json-patch, which kube-apiserver uses. */
import { equal, isFields, isList } from '../json.ts'

/** `malformed`: the patch itself (400); otherwise it does not fit the object (422). */
export class PatchError extends Error {
  readonly malformed: boolean

  constructor(message: string, malformed = false) {
    super(message)
    this.malformed = malformed
  }
}

interface Operation {
  readonly op: string
  readonly path: string
  readonly from: string | undefined
  readonly value: unknown
}

/** kube-apiserver's limit on operations. */
const OPERATIONS_MAX = 10_000

/** The document changed by the operations in order; throws PatchError and changes nothing when one does not fit. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (patch === null) return document
  if (!isList(patch)) throw new PatchError('the patch is not a list of operations', true)
  if (patch.length > OPERATIONS_MAX)
    throw new PatchError(
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`,
      true,
    )
  return patch.map(readOperation).reduce(applyOperation, document)
}

function readOperation(value: unknown): Operation {
  if (!isFields(value))
    throw new PatchError(
      `error decoding patch: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type handlers.jsonPatchOp`,
      true,
    )
  if (typeof value['op'] !== 'string' || typeof value['path'] !== 'string')
    throw new PatchError('an operation needs op and path')
  const from = value['from']
  return {
    op: value['op'],
    path: value['path'],
    from: typeof from === 'string' ? from : undefined,
    value: Object.hasOwn(value, 'value') ? value['value'] : null,
  }
}

function applyOperation(document: unknown, operation: Operation): unknown {
  const { op, path, value } = operation
  const fail = (words: string) => new PatchError(`${op} operation does not apply: ${words}`)
  switch (op) {
    case 'add':
      return change(document, path, fail, { add: value })
    case 'remove':
      return change(document, path, fail, 'remove')
    case 'replace':
      return change(document, path, fail, { replace: value })
    case 'move':
    case 'copy': {
      const from = operation.from ?? ''
      if (operation.from === undefined) throw fail('it needs from')
      // A copy of what is not there is null.
      const found = op === 'copy' ? (readOr(document, from) ?? null) : read(document, from, fail)
      const base = op === 'move' ? change(document, from, fail, 'remove') : document
      return change(base, path, fail, { add: found })
    }
    case 'test': {
      // Null is as good as absent, but what leads there has to be there.
      if (equal(readOr(document, path) ?? null, value)) return document
      throw new PatchError(`testing value ${path} failed: test failed`)
    }
    default:
      throw new PatchError(`Unexpected kind: ${op}`)
  }
}

type Fail = (words: string) => PatchError

const segmentsOf = (path: string): string[] =>
  path === ''
    ? []
    : path
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

const missing = (path: string) => `doc is missing path: ${path}: missing value`

function read(document: unknown, path: string, fail: Fail): unknown {
  const found = readOr(document, path)
  if (found === undefined) throw fail(missing(path))
  return found
}

function readOr(document: unknown, path: string): unknown {
  let at = document
  for (const key of segmentsOf(path)) {
    if (isList(at)) at = at[Number(key)]
    else if (isFields(at) && Object.hasOwn(at, key)) at = at[key]
    else return undefined
  }
  return at
}

type Change = { readonly add: unknown } | { readonly replace: unknown } | 'remove'

function change(document: unknown, path: string, fail: Fail, what: Change): unknown {
  const segments = segmentsOf(path)
  if (segments.length === 0 && what === 'remove') throw fail('the whole cannot be removed')
  if (segments.length === 0) return what === 'remove' ? null : 'add' in what ? what.add : what.replace
  return changeAt(document, segments, path, fail, what)
}

function changeAt(at: unknown, segments: readonly string[], path: string, fail: Fail, what: Change): unknown {
  const [key = '', ...rest] = segments
  if (rest.length > 0) {
    const below = isList(at) ? at[Number(key)] : isFields(at) && Object.hasOwn(at, key) ? at[key] : undefined
    if (below === undefined || below === null) throw fail(missing(path))
    const changed = changeAt(below, rest, path, fail, what)
    return isList(at) ? at.with(Number(key), changed) : { ...(at as object), [key]: changed }
  }
  if (isList(at)) return changeItem(at, key, fail, what)
  if (!isFields(at)) throw fail(missing(path))
  // As in that library, `replace` sets a key that is not there; only what leads to it has to be.
  if (what !== 'remove') return { ...at, [key]: 'add' in what ? what.add : what.replace }
  if (!Object.hasOwn(at, key)) throw fail(`unable to remove nonexistent key: ${key}: missing value`)
  return Object.fromEntries(Object.entries(at).filter(([name]) => name !== key))
}

function changeItem(list: readonly unknown[], key: string, fail: Fail, what: Change): unknown {
  const isAdd = what !== 'remove' && 'add' in what
  if (key === '-' && isAdd) return [...list, what.add]
  if (!/^-?\d+$/.test(key)) throw fail(`strconv.Atoi: parsing "${key}": invalid syntax`)
  const at = Number(key) < 0 ? Number(key) + list.length : Number(key)
  if (at < 0 || at > list.length || (at === list.length && !isAdd))
    throw fail(`Unable to access invalid index: ${key}: invalid index referenced`)
  if (isAdd) return list.toSpliced(at, 0, what.add)
  return what === 'remove' ? list.toSpliced(at, 1) : list.with(at, what.replace)
}
