/** Ratcheting: an update is not refused for what it leaves as it was (apiextensions' CRDValidationRatcheting). Pure. */
import { equal, isFields } from '../json.ts'
import type { FieldError } from '../status.ts'

/** The findings about values that differ from the former object; all of them when there is none. */
export function newFindings(
  found: readonly FieldError[],
  value: unknown,
  before: unknown,
): readonly FieldError[] {
  if (before === undefined) return found
  return found.filter((one) => {
    const path = pathOf(one)
    if (path === undefined) return true
    const now = at(value, path)
    return now === undefined || !equal(now, at(before, path))
  })
}

/** Where the finding stands; items of lists are not known again, so that a list counts as a whole. */
function pathOf({ reason, field, message }: FieldError): readonly string[] | undefined {
  const named =
    field === '<nil>' ? (/"([^"]+)" must /.exec(message)?.[1] ?? / in (\S+)$/.exec(message)?.[1]) : field
  if (named === undefined || named === '') return undefined
  const parts = (named.split('[')[0] ?? '').split('.')
  return reason === 'FieldValueRequired' && !named.includes('[') ? parts.slice(0, -1) : parts
}

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (found, key) => (isFields(found) && Object.hasOwn(found, key) ? found[key] : undefined),
    value,
  )
