/** JSON values as they travel: small helpers that never change their arguments. */
export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** The field as an object; an empty one when it is absent or something else. */
export const fieldsOf = (value: unknown, key?: string): Fields => {
  const found = key === undefined ? value : isFields(value) ? value[key] : undefined
  return isFields(found) ? found : {}
}

export const listOf = (value: unknown, key: string): readonly unknown[] => {
  const found = isFields(value) ? value[key] : undefined
  return isList(found) ? found : []
}

export const textOf = (value: unknown, key: string): string => {
  const found = isFields(value) ? value[key] : undefined
  return typeof found === 'string' ? found : ''
}

/** Own fields only: `constructor` and `__proto__` of a hostile body are fields like others. */
export const has = (value: Fields, key: string): boolean => Object.hasOwn(value, key)

export const own = (value: unknown, key: string): unknown =>
  isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined

export const omit = (value: Fields, ...keys: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))

/** Deep equality of JSON values; the order of fields does not matter. */
export function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (isList(one)) {
    return isList(other) && one.length === other.length && one.every((item, at) => equal(item, other[at]))
  }
  if (isList(other)) return false
  const [a, b] = [one as Fields, other as Fields]
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
}

/** As Go's encoding prints a value inside a message. */
export const quoted = (value: unknown): string => JSON.stringify(value) ?? 'null'
