/**
 * JSON as Go's encoding/json reads and writes it into Antrea's types: its error for a wrong type word for word, and the
 * bytes that the generated rule names are made of (field order and omitempty of pkg/apis/crd/v1beta1/types.go).
 */
export type GoType =
  | { readonly kind: 'string'; readonly name?: string }
  | { readonly kind: 'bool' | 'float64' | 'int32' | 'int64' | 'intOrString' }
  | { readonly kind: 'list'; readonly of: GoType }
  | { readonly kind: 'strings' }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly GoField[] }

export interface GoField {
  readonly json: string
  readonly type: GoType
  /** A pointer: absent and zero are two things. */
  readonly pointer?: true
  /** Written even when it is zero. */
  readonly always?: true
}

export type Decoded =
  | string
  | number
  | boolean
  | null
  | readonly Decoded[]
  | { readonly [key: string]: Decoded }

/** What json.Unmarshal would say; its message is the webhook's. */
export class GoJsonError extends Error {}

interface Place {
  readonly struct: string
  readonly path: readonly string[]
}

/**
 * The value with only the fields Go knows; null is Go's zero value and so absent. Throws GoJsonError at the first value
 * (keys in order, as the API server sends them) that does not fit.
 */
export function decode(value: unknown, type: GoType, place?: Place): Decoded | undefined {
  if (value === null || value === undefined) return undefined
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? value : wrong(value, type, place)
    case 'bool':
      return typeof value === 'boolean' ? value : wrong(value, type, place)
    case 'float64':
      return typeof value === 'number' ? value : wrong(value, type, place)
    case 'int32':
    case 'int64':
      if (typeof value !== 'number') return wrong(value, type, place)
      return Number.isInteger(value) && Math.abs(value) <= INT_MAX[type.kind]
        ? value
        : wrong(value, type, place, String(value))
    case 'intOrString':
      return typeof value === 'string' ? value : decode(value, { kind: 'int32' }, place)
    case 'list':
      if (!Array.isArray(value)) return wrong(value, type, place)
      return value.map((item) => decode(item, type.of, place) ?? zero(type.of))
    case 'strings': {
      if (!isFields(value)) return wrong(value, type, place)
      const keys = Object.keys(value).sort()
      return Object.fromEntries(keys.map((key) => [key, decode(value[key], STRING, place) ?? '']))
    }
    case 'struct':
      return isFields(value) ? decodeStruct(value, type, place?.path ?? []) : wrong(value, type, place)
  }
}

const STRING: GoType = { kind: 'string' }
const INT_MAX = { int32: 2_147_483_647, int64: Number.MAX_SAFE_INTEGER }

function decodeStruct(
  value: Readonly<Record<string, unknown>>,
  type: Extract<GoType, { kind: 'struct' }>,
  path: readonly string[],
): Decoded {
  const fields = new Map(type.fields.map((field) => [field.json, field]))
  const decoded: Record<string, Decoded> = {}
  for (const key of Object.keys(value).sort()) {
    const field = fields.get(key)
    if (field === undefined) continue
    const inner = decode(value[key], field.type, { struct: type.name, path: [...path, key] })
    if (inner !== undefined) decoded[key] = inner
  }
  return decoded
}

/** A null inside a list is that type's zero value. */
function zero(type: GoType): Decoded {
  if (type.kind === 'string') return ''
  if (type.kind === 'bool') return false
  if (type.kind === 'struct' || type.kind === 'strings') return {}
  return type.kind === 'list' ? [] : 0
}

function wrong(value: unknown, type: GoType, place: Place | undefined, literal?: string): never {
  const what = Array.isArray(value)
    ? 'array'
    : typeof value === 'object'
      ? 'object'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value
  const into = place === undefined ? 'Go value' : `Go struct field ${place.struct}.${place.path.join('.')}`
  const shown = literal === undefined ? what : `number ${literal}`
  throw new GoJsonError(`json: cannot unmarshal ${shown} into ${into} of type ${goName(type)}`)
}

function goName(type: GoType): string {
  switch (type.kind) {
    case 'string':
      return type.name === undefined ? 'string' : `v1beta1.${type.name}`
    case 'list':
      return `[]${goName(type.of)}`
    case 'strings':
      return 'map[string]string'
    case 'struct':
      return `${type.name === 'LabelSelector' || type.name === 'LabelSelectorRequirement' ? 'v1' : 'v1beta1'}.${type.name}`
    case 'intOrString':
      return 'int32'
    default:
      return type.kind
  }
}

/** json.Marshal of a decoded value. */
export function encode(value: Decoded | undefined, type: GoType): string {
  switch (type.kind) {
    case 'struct': {
      const fields = (value ?? {}) as Readonly<Record<string, Decoded>>
      const parts = type.fields
        .filter((field) => field.always === true || !isEmpty(fields[field.json], field))
        .map((field) => `${quote(field.json)}:${encode(fields[field.json], field.type)}`)
      return `{${parts.join(',')}}`
    }
    case 'list':
      return value === undefined
        ? 'null'
        : `[${(value as readonly Decoded[]).map((item) => encode(item, type.of)).join(',')}]`
    case 'strings': {
      const entries = Object.entries((value ?? {}) as Readonly<Record<string, string>>)
      entries.sort(([a], [b]) => (a < b ? -1 : 1))
      return `{${entries.map(([key, text]) => `${quote(key)}:${quote(text)}`).join(',')}}`
    }
    case 'string':
      return quote((value ?? '') as string)
    case 'bool':
      return value === true ? 'true' : 'false'
    default:
      return typeof value === 'string' ? quote(value) : String(value ?? 0)
  }
}

function isEmpty(value: Decoded | undefined, field: GoField): boolean {
  if (value === undefined) return true
  if (field.pointer === true || field.type.kind === 'struct') return false
  if (Array.isArray(value)) return value.length === 0
  if (field.type.kind === 'strings') return Object.keys(value as object).length === 0
  return value === '' || value === 0 || value === false
}

/** Go escapes what could end a script element, and the two line separators. */
const quote = (text: string): string =>
  JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
