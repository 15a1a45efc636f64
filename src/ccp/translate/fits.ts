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
    for (let at = 0; at < value.length; at += 1) if (!inner(value[at])) return false
    return true
  }

/** One field, with what is asked of nearly every one looked at without a call. */
interface Field {
  readonly name: string
  readonly mayBeAbsent: boolean
  readonly mayBeNull: boolean
  /** What typeof says of it; undefined: `fits` says. */
  readonly type: 'string' | 'number' | 'boolean' | undefined
  readonly fits: Fits
}

function fieldOf(name: string, schema: z.core.$ZodType): Field {
  let [inner, mayBeAbsent, mayBeNull] = [schema, false, false]
  for (;;) {
    const { def } = (inner as z.core.$ZodTypes)._zod
    if ((def.checks ?? []).length > 0) break
    if (def.type === 'optional') mayBeAbsent = true
    else if (def.type === 'nullable') mayBeNull = true
    else {
      if (def.type === 'unknown') [mayBeAbsent, mayBeNull] = [true, true]
      const type =
        def.type === 'string' || def.type === 'number' || def.type === 'boolean' ? def.type : undefined
      return { name, mayBeAbsent, mayBeNull, type, fits: fitsOf(inner) }
    }
    inner = def.innerType
  }
  return { name, mayBeAbsent, mayBeNull, type: undefined, fits: NEVER }
}

function fieldsOf(shape: Readonly<Record<string, z.core.$ZodType>>): Fits {
  const fields = Object.entries(shape).map(([name, schema]) => fieldOf(name, schema))
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const members = value as Readonly<Record<string, unknown>>
    for (let at = 0; at < fields.length; at += 1) {
      const { name, mayBeAbsent, mayBeNull, type, fits } = fields[at]!
      const member = members[name]
      if (member === undefined) {
        if (!mayBeAbsent) return false
      } else if (member === null) {
        if (!mayBeNull) return false
      } else if (type === undefined ? !fits(member) : typeof member !== type) return false
      else if (type === 'number' && !Number.isFinite(member)) return false
    }
    return true
  }
}
