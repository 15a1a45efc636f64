/** Defaults of structural schemas: set where a field is absent, or null and not nullable. */
import { type Fields, isFields, isList } from '../json.ts'
import type { Schema } from './structural.ts'

/** The value with its defaults; the same value when nothing is added. */
export function withDefaults(value: unknown, schema: Schema): unknown {
  if (isList(value)) {
    const { items } = schema
    if (items === undefined) return value
    const changed = value.map((item) => withDefaults(item, items))
    return changed.every((item, at) => item === value[at]) ? value : changed
  }
  return isFields(value) ? fieldsWithDefaults(value, schema) : value
}

function fieldsWithDefaults(value: Fields, schema: Schema): Fields {
  const changes = new Map<string, unknown>()
  for (const [key, below] of Object.entries(schema.properties ?? {})) {
    const present = Object.hasOwn(value, key) ? value[key] : undefined
    const isMissing = present === undefined || (present === null && below.nullable !== true)
    if (isMissing && below.default !== undefined) changes.set(key, withDefaults(below.default, below))
    else if (present !== undefined) noteChange(changes, key, present, below)
  }
  const { additionalProperties: extra } = schema
  if (isFields(extra))
    for (const [key, field] of Object.entries(value)) noteChange(changes, key, field, extra as Schema)
  return changes.size === 0 ? value : { ...value, ...Object.fromEntries(changes) }
}

/** Nulls where a field is neither nullable nor has a default are as good as absent. */
export function withoutNulls(value: unknown, schema: Schema): unknown {
  if (isList(value)) {
    const { items } = schema
    return items === undefined ? value : value.map((item) => withoutNulls(item, items))
  }
  if (!isFields(value)) return value
  const { properties = {}, additionalProperties: extra } = schema
  const kept = Object.entries(value).flatMap(([key, field]) => {
    const declared = Object.hasOwn(properties, key) ? properties[key] : undefined
    const below = declared ?? (isFields(extra) ? (extra as Schema) : undefined)
    if (below === undefined) return [[key, field]]
    if (field === null && below.nullable !== true && below.default === undefined) return []
    return [[key, withoutNulls(field, below)]]
  })
  return Object.fromEntries(kept)
}

function noteChange(changes: Map<string, unknown>, key: string, present: unknown, schema: Schema): void {
  const changed = withDefaults(present, schema)
  if (changed !== present) changes.set(key, changed)
}
