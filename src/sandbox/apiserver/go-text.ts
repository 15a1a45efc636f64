/** Values as Go prints them inside messages. Pure. */
import { isFields } from './json.ts'

/** As Go writes maps: fields sorted. */
export const goJson = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) =>
    isFields(field) ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1))) : field,
  )

/** As Go prints a map. */
export function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`
  if (!isFields(value)) return value === null ? '<nil>' : String(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, field]) => `${key}:${goMap(field)}`).join(' ')}]`
}
