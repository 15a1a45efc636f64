/**
 * A quick look at whether a value is what a zod schema asks for, made from that schema: it copies nothing and says
 * nothing about what is wrong. Bodies nearly always fit; the others are zod's to explain.
 */
import type { z } from 'zod'

/** True only where the schema would give the value back as it is. */
export type Fits = (value: unknown) => boolean

const NEVER: Fits = () => false

/** What it does not know (checks, unions, transforms), it leaves to the schema: nothing fits then. */
export function fitsOf(schema: z.core.$ZodType): Fits {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if ((def.checks ?? []).length > 0) return NEVER
  switch (def.type) {
    case 'string':
      return (value) => typeof value === 'string'
    case 'number':
      return (value) => Number.isFinite(value)
    case 'boolean':
      return (value) => typeof value === 'boolean'
    case 'unknown':
      return () => true
    case 'optional':
      return orAbsent(fitsOf(def.innerType))
    case 'nullable':
      return orNull(fitsOf(def.innerType))
    case 'array':
      return listOf(fitsOf(def.element))
    case 'object':
      // A loose one keeps what it does not know.
      return def.catchall?._zod.def.type === 'unknown' ? fieldsOf(def.shape) : NEVER
    default:
      return NEVER
  }
}

const orAbsent =
  (inner: Fits): Fits =>
  (value) =>
    value === undefined || inner(value)

const orNull =
  (inner: Fits): Fits =>
  (value) =>
    value === null || inner(value)

const listOf =
  (inner: Fits): Fits =>
  (value) => {
    if (!Array.isArray(value)) return false
    for (const item of value) if (!inner(item)) return false
    return true
  }

function fieldsOf(shape: Readonly<Record<string, z.core.$ZodType>>): Fits {
  const fields = Object.entries(shape).map(([name, schema]) => ({ name, fits: fitsOf(schema) }))
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const members = value as Readonly<Record<string, unknown>>
    for (const { name, fits } of fields) if (!fits(members[name])) return false
    return true
  }
}
