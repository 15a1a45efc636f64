/** Whether an object is what a query asks for. */
import { isObject, type JsonObject } from '../rest/index.ts'
import type { Query } from './query.ts'

export interface Candidate {
  /** All names that find it: its resource_type, and the kind it is one of. */
  readonly types: readonly string[]
  readonly body: JsonObject
}

export function matchesQuery(query: Query, candidate: Candidate): boolean {
  switch (query.is) {
    case 'all':
      return query.of.every((part) => matchesQuery(part, candidate))
    case 'any':
      return query.of.some((part) => matchesQuery(part, candidate))
    case 'not':
      return !matchesQuery(query.of, candidate)
    case 'term':
      return anyValue(candidate, query.field, query.test)
  }
}

/**
 * What the types alone decide: `undefined` when the rest of the object must be looked at. Keeps a search for one type from
 * looking at objects of all others.
 */
export function decidedByTypes(query: Query, types: readonly string[]): boolean | undefined {
  switch (query.is) {
    case 'term':
      return query.field === 'resource_type' ? types.some(query.test) : undefined
    case 'not': {
      const inner = decidedByTypes(query.of, types)
      return inner === undefined ? undefined : !inner
    }
    default: {
      const parts = query.of.map((part) => decidedByTypes(part, types))
      const settles = query.is === 'any'
      if (parts.includes(settles)) return settles
      return parts.includes(undefined) ? undefined : !settles
    }
  }
}

function anyValue({ types, body }: Candidate, field: string, test: (text: string) => boolean): boolean {
  if (field === 'resource_type') return types.some(test)
  if (field === '*') return anyLeaf(body, test)
  // Objects that are no intent are never marked.
  if (field === 'marked_for_delete') return test(String(body['marked_for_delete'] ?? false))
  return anyAt(body, field.split('.'), 0, test)
}

/** In lists any element counts, so that `tags.scope` and `tags.tag` may be those of two tags. */
function anyAt(
  value: unknown,
  keys: readonly string[],
  at: number,
  test: (text: string) => boolean,
): boolean {
  if (Array.isArray(value)) return value.some((item) => anyAt(item, keys, at, test))
  const key = keys[at]
  if (key === undefined) return anyLeaf(value, test)
  return isObject(value) && Object.hasOwn(value, key) && anyAt(value[key], keys, at + 1, test)
}

function anyLeaf(value: unknown, test: (text: string) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => anyLeaf(item, test))
  if (isObject(value)) return Object.values(value).some((item) => anyLeaf(item, test))
  return value !== undefined && test(String(value))
}
