/** What bodies of requests have in common. Pure. */
import type { Fields } from './types.ts'

/**
 * One name or a list of them, each of at most 253 characters; undefined where there is none. `invalid` makes the error of
 * the kind of request from a sentence.
 */
export function namesOf(
  fields: Fields,
  field: string,
  namesMax: number,
  invalid: (what: string) => Error,
): readonly string[] | undefined {
  const value = fields[field]
  if (value === undefined || value === null) return undefined
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0 || list.some((one) => typeof one !== 'string' || one === '' || one.length > 253))
    throw invalid(`${field} must be a name or a list of names`)
  if (list.length > namesMax) throw invalid(`${field} may name at most ${namesMax}`)
  return list as string[]
}
