/**
 * Strategic merge patch of built-in resources, as kubectl sends it: keyed lists are merged by their merge key, with the
 * directives $patch, $retainKeys, $setElementOrder and $deleteFromPrimitiveList.
 */

import { goMap } from '../go-text.ts'
import { equal, type Fields, fieldsOf, isFields, isList, listOf } from '../json.ts'
import { fieldShape, type Shape } from '../schema/shape.ts'
import { badRequest, StatusError } from '../status.ts'

const ORDER = '$setElementOrder/'
const DELETE_ITEMS = '$deleteFromPrimitiveList/'

/** The object changed by the patch; throws BadRequest when the patch is not one. */
export function strategicPatch(target: Fields, patch: Fields, shape: Shape): Fields {
  return mergeFields(target, patch, shape)
}

function mergeFields(target: Fields, patch: Fields, shape: Shape): Fields {
  const directive = patch['$patch']
  if (directive === 'replace')
    return Object.fromEntries(Object.entries(patch).filter(([key]) => key !== '$patch'))
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`Unknown patch type found: ${String(directive)}`)
  const retain = listOf(patch, '$retainKeys')
  const isRetained = (key: string) => key.startsWith('$') || patch[key] === null || retain.includes(key)
  if (retain.length > 0 && !Object.keys(patch).every(isRetained))
    throw badRequest('invalid patch format of retainKeys')
  const result = new Map<string, unknown>(
    Object.entries(target).filter(([key]) => retain.length === 0 || retain.includes(key)),
  )
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_ITEMS)) {
      const name = key.slice(DELETE_ITEMS.length)
      const gone = isList(value) ? value : []
      result.set(
        name,
        listOf(Object.fromEntries(result), name).filter((item) => !gone.some((one) => equal(one, item))),
      )
    } else if (!key.startsWith('$')) mergeField(result, key, value, fieldShape(shape, key))
  }
  for (const [key, order] of Object.entries(patch))
    if (key.startsWith(ORDER) && isList(order)) {
      const name = key.slice(ORDER.length)
      const list = result.get(name)
      if (isList(list)) result.set(name, reorder(list, order, fieldShape(shape, name)))
    }
  return Object.fromEntries(result)
}

function mergeField(result: Map<string, unknown>, key: string, value: unknown, shape: Shape): void {
  const current = result.get(key)
  if (value === null) result.delete(key)
  else if (isFields(value)) {
    if (value['$patch'] === 'delete') result.delete(key)
    else result.set(key, mergeFields(fieldsOf(current), value, shape))
  } else if (isList(value) && shape.kind === 'list' && shape.mergeKey !== undefined)
    result.set(key, mergeList(isList(current) ? current : [], value, shape, shape.mergeKey))
  else result.set(key, value)
}

function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  shape: Shape & { kind: 'list' },
  mergeKey: string,
): readonly unknown[] {
  if (mergeKey === '') {
    const added = patch.filter((item) => !target.some((one) => equal(one, item)))
    return inOrder([...target, ...added], patch, target, '')
  }
  if (patch.some((item) => fieldsOf(item)['$patch'] === 'replace'))
    return patch.filter((item) => fieldsOf(item)['$patch'] === undefined)
  let result = [...target]
  const named: unknown[] = []
  for (const item of patch) {
    const fields = fieldsOf(item)
    const id = fields[mergeKey]
    if (id === undefined)
      throw new StatusError(
        500,
        undefined,
        `map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`,
      )
    const at = result.findIndex((one) => equal(fieldsOf(one)[mergeKey], id))
    if (fields['$patch'] === 'delete') {
      result = result.filter((one) => !equal(fieldsOf(one)[mergeKey], id))
      continue
    }
    if (at === -1) result.push(mergeFields({}, fields, shape.items))
    else result[at] = mergeFields(fieldsOf(result[at]), fields, shape.items)
    named.push({ [mergeKey]: id })
  }
  return inOrder(result, named, target, mergeKey)
}

function reorder(list: readonly unknown[], order: readonly unknown[], shape: Shape): readonly unknown[] {
  return inOrder(list, order, list, shape.kind === 'list' ? (shape.mergeKey ?? '') : '')
}

/**
 * Items the patch names come in its order, the others in theirs; another one goes before a named one only where both
 * were there before and stood so (strategicpatch's mergeSortedSlice).
 */
function inOrder(
  list: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string,
): readonly unknown[] {
  const idOf = (item: unknown) => (mergeKey === '' ? item : fieldsOf(item)[mergeKey])
  const indexIn = (items: readonly unknown[], item: unknown) =>
    items.findIndex((one) => equal(idOf(one), idOf(item)))
  const named = list
    .filter((item) => indexIn(order, item) !== -1)
    .sort((a, b) => indexIn(order, a) - indexIn(order, b))
  const others = list.filter((item) => indexIn(order, item) === -1)
  const result: unknown[] = []
  while (named.length > 0 || others.length > 0) {
    const [left, right] = [others[0], named[0]]
    const [leftAt, rightAt] = [indexIn(before, left), indexIn(before, right)]
    const isLeftFirst =
      named.length === 0 || (others.length > 0 && leftAt !== -1 && rightAt !== -1 && leftAt < rightAt)
    result.push(isLeftFirst ? others.shift() : named.shift())
  }
  return result
}
