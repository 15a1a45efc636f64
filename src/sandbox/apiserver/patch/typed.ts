/** What structured-merge-diff refuses in an applied configuration, in its words (typed/helpers.go, typed/validate.go). Pure. */
import { type Fields, isFields, isList } from '../json.ts'
import { fieldShape, itemKey, type Shape } from '../schema/shape.ts'
import type { Schema } from '../schema/structural.ts'

type ListShape = Shape & { readonly kind: 'list' }

/** The first list item without a key, or whose key comes twice; undefined when there is none. */
export function keyProblem(value: unknown, shape: Shape, path = ''): string | undefined {
  if (isList(value)) return shape.kind === 'list' ? listProblem(value, shape, path) : undefined
  if (!isFields(value)) return undefined
  for (const [key, field] of Object.entries(value)) {
    const below = keyProblem(field, fieldShape(shape, key), `${path}.${key}`)
    if (below !== undefined) return below
  }
  return undefined
}

function listProblem(list: readonly unknown[], shape: ListShape, path: string): string | undefined {
  const seen = new Set<string>()
  for (const [at, item] of list.entries()) {
    if (shape.type === 'atomic') continue
    const key = itemKey(shape, item)
    if (key === undefined)
      return `${path}: element ${at}: associative list with keys has an element that omits all key fields [${shape.keys.map((one) => JSON.stringify(one)).join(' ')}] (and doesn't have default values for any key fields)`
    if (seen.has(key)) return `${path}: duplicate entries for key ${keyText(key)}`
    seen.add(key)
    const below = keyProblem(item, shape.items, path + keyText(key))
    if (below !== undefined) return below
  }
  return undefined
}

function keyText(key: string): string {
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`
  const keys = Object.entries(JSON.parse(key.slice(2)) as Fields)
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`
}

const goType = (value: unknown): string => {
  if (isList(value)) return 'list'
  if (isFields(value)) return 'map'
  return typeof value === 'number' && !Number.isInteger(value) ? 'float' : typeof value
}

const EXPECTED: Readonly<Record<string, readonly [type: string, words: string]>> = {
  integer: ['number', 'numeric (int or float)'],
  number: ['number', 'numeric (int or float)'],
  string: ['string', 'string'],
  boolean: ['boolean', 'boolean'],
}

/** The first value of a custom resource that is of another type than its schema's; undefined when there is none. */
export function typeProblem(value: unknown, schema: Schema, path = ''): string | undefined {
  if (value === null || schema['x-kubernetes-int-or-string'] === true) return undefined
  const expected = EXPECTED[schema.type ?? '']
  if (expected !== undefined)
    return typeof value === expected[0] ? undefined : `${path}: expected ${expected[1]}, got ${goType(value)}`
  if (isList(value)) {
    const { items } = schema
    if (items === undefined || schema['x-kubernetes-list-type'] === undefined) return undefined
    return firstOf(value.map((item) => () => typeProblem(item, items, path)))
  }
  if (!isFields(value)) return undefined
  const { properties = {} } = schema
  return firstOf(
    Object.entries(value).map(([key, field]) => () => {
      const below = Object.hasOwn(properties, key) ? properties[key] : undefined
      return below === undefined ? undefined : typeProblem(field, below, `${path}.${key}`)
    }),
  )
}

function firstOf(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const found = look()
    if (found !== undefined) return found
  }
  return undefined
}
