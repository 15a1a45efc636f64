/** Decoding against a shape: unknown fields are named and dropped, wrong types of built-in resources refused. */

import { type Fields, isFields, isList } from '../json.ts'
import { badRequest } from '../status.ts'
import { hasFormat } from './formats.ts'
import type { ScalarType, Shape } from './shape.ts'

export interface Pruned {
  readonly value: unknown
  /** Paths of dropped fields, in order. */
  readonly unknown: readonly string[]
}

/** A copy without what the shape does not declare. Custom resources: types are left to the schema's validation. */
export function prune(value: unknown, shape: Shape): Pruned {
  const unknown: string[] = []
  return { value: pruneAt(value, shape, '', unknown), unknown }
}

function pruneAt(value: unknown, shape: Shape, path: string, unknown: string[]): unknown {
  if (shape.kind === 'list' && isList(value))
    return value.map((item, at) => pruneAt(item, shape.items, `${path}[${at}]`, unknown))
  if (shape.kind === 'map' && isFields(value))
    return mapFields(value, (key, field) => pruneAt(field, shape.values, join(path, key), unknown))
  if (shape.kind !== 'struct' || !isFields(value)) return value
  const kept: [string, unknown][] = []
  for (const [key, field] of Object.entries(value)) {
    const known = shape.fields.get(key)
    if (known !== undefined) kept.push([key, pruneAt(field, known, join(path, key), unknown)])
    else if (shape.open) kept.push([key, field])
    else unknown.push(join(path, key))
  }
  return Object.fromEntries(kept)
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const mapFields = (value: Fields, change: (key: string, field: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(value).map(([key, field]) => [key, change(key, field)]))

/**
 * As Go decodes into a typed object and encodes it again: unknown fields go, wrong types are refused with 400, nulls and
 * empty lists, maps and texts go (`omitempty`). `subject` is `Pod in version "v1"`'s kind and version.
 */
export function decodeTyped(
  value: unknown,
  shape: Shape,
  subject: { kind: string; version: string },
): Pruned {
  const unknown: string[] = []
  const refuse = (words: string) =>
    badRequest(
      `${subject.kind} in version "${subject.version}" cannot be handled as a ${subject.kind}: json: cannot unmarshal ${words}`,
    )
  return { value: decodeAt(value, shape, { path: '', owner: subject.kind }, unknown, refuse) ?? {}, unknown }
}

interface At {
  readonly path: string
  /** Go's struct the field stands in. */
  readonly owner: string
}

type Refuse = (words: string) => Error

/** A value that is right as it is, is given back itself: what a change left alone stays the same object. */
function decodeAt(value: unknown, shape: Shape, at: At, unknown: string[], refuse: Refuse): unknown {
  if (value === null || value === undefined) return undefined
  const mismatch = (): Error =>
    refuse(
      `${jsonType(value)} into Go struct field ${at.owner}.${at.path.replace(/\[\d+\]/g, '')} of type ${goType(shape)}`,
    )
  switch (shape.kind) {
    case 'any':
      return value
    case 'scalar':
      if (!fits(value, shape.type)) throw mismatch()
      return isZero(value) && shape.keepsZero !== true ? undefined : value
    case 'list': {
      if (!isList(value)) throw mismatch()
      if (value.length === 0) return undefined
      const items = value.map((item, index) =>
        decodeItem(item, shape.items, { ...at, path: `${at.path}[${index}]` }, unknown, refuse),
      )
      return items.every((item, index) => item === value[index]) ? value : items
    }
    case 'map': {
      if (!isFields(value)) throw mismatch()
      let isSame = true
      const entries = Object.entries(value).map(([key, field]) => {
        const decoded = decodeItem(field, shape.values, { ...at, path: `${at.path}.${key}` }, unknown, refuse)
        if (decoded !== field) isSame = false
        return [key, decoded]
      })
      if (entries.length === 0) return undefined
      return isSame ? value : Object.fromEntries(entries)
    }
    case 'struct': {
      if (!isFields(value)) throw mismatch()
      const kept: [string, unknown][] = []
      let isSame = true
      for (const [key, field] of Object.entries(value)) {
        const known = shape.fields.get(key)
        const path = join(at.path, key)
        if (known === undefined) {
          unknown.push(path)
          isSame = false
          continue
        }
        const decoded = decodeAt(field, known, { path, owner: shape.name || at.owner }, unknown, refuse)
        if (decoded !== field) isSame = false
        if (decoded !== undefined) kept.push([key, decoded])
      }
      return isSame ? value : Object.fromEntries(kept)
    }
  }
}

/** Inside lists and maps an empty value is a value. */
function decodeItem(item: unknown, shape: Shape, at: At, unknown: string[], refuse: Refuse): unknown {
  const decoded = decodeAt(item, shape, at, unknown, refuse)
  if (decoded !== undefined) return decoded
  if (shape.kind === 'scalar' && shape.type === 'string') return ''
  return shape.kind === 'struct' ? {} : (item ?? null)
}

const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false

function fits(value: unknown, type: ScalarType): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value)
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number'
    case 'unchecked':
      return true
    case 'bytes':
      return typeof value === 'string' && (value === '' || hasFormat(value, 'byte'))
    case 'time':
    case 'microtime':
      return typeof value === 'string' && (value === '' || hasFormat(value, 'date-time'))
    default:
      return typeof value === 'string'
  }
}

const jsonType = (value: unknown): string =>
  isList(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'number' && !Number.isInteger(value)
        ? `number ${value}`
        : typeof value

const GO_SCALARS: Partial<Record<ScalarType, string>> = {
  integer: 'int32',
  number: 'float64',
  boolean: 'bool',
  time: 'v1.Time',
  bytes: '[]uint8',
}

function goType(shape: Shape): string {
  switch (shape.kind) {
    case 'scalar':
      return GO_SCALARS[shape.type] ?? 'string'
    case 'list':
      return `[]${goType(shape.items)}`
    case 'map':
      return `map[string]${goType(shape.values)}`
    case 'struct':
      return `v1.${shape.name}`
    default:
      return 'object'
  }
}
