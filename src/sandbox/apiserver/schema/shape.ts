/** What a resource's fields are, as far as pruning, strict decoding, ownership and patches must know it. */
import { type Fields, isFields, isList } from '../json.ts'

export type ScalarType =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'time'
  | 'microtime'
  | 'bytes'
  | 'int-or-string'
  | 'quantity'
  /** Of a custom resource: validated by its schema, not here. */
  | 'unchecked'

/** A field as protobuf numbers it; without a name its fields are the struct's own in JSON. */
export interface WireField {
  readonly name: string | undefined
  readonly shape: Shape
}

export interface Struct {
  readonly kind: 'struct'
  /** Go's name of the type, for messages; empty for custom resources. */
  readonly name: string
  readonly fields: ReadonlyMap<string, Shape>
  /** Built-in types only. */
  readonly wire?: ReadonlyMap<number, WireField>
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields). */
  readonly open: boolean
  readonly atomic: boolean
}

export type Shape =
  | { readonly kind: 'any' }
  /** `keepsZero`: a pointer, or without omitempty, in Go; else an empty text, 0 and false are as good as absent. */
  | { readonly kind: 'scalar'; readonly type: ScalarType; readonly keepsZero?: boolean }
  | Struct
  | { readonly kind: 'map'; readonly values: Shape; readonly atomic: boolean }
  | {
      readonly kind: 'list'
      readonly items: Shape
      /** x-kubernetes-list-type: who owns and merges what. */
      readonly type: 'atomic' | 'set' | 'map'
      readonly keys: readonly string[]
      /** What a key is where an item leaves it out. */
      readonly keyDefaults?: Readonly<Record<string, unknown>>
      /** Strategic merge: undefined replaces the list, an empty text merges scalars. */
      readonly mergeKey?: string
    }

export const ANY: Shape = { kind: 'any' }
export const UNCHECKED: Shape = { kind: 'scalar', type: 'unchecked' }

/** The shape of one field; of what is not declared, `any`. */
export function fieldShape(shape: Shape, key: string): Shape {
  if (shape.kind === 'struct') return shape.fields.get(key) ?? ANY
  return shape.kind === 'map' ? shape.values : ANY
}

/** Maps of unknown shape are granular, lists of unknown shape are atomic (structured-merge-diff's deduced schema). */
export const isGranular = (shape: Shape, value: unknown): value is Fields =>
  isFields(value) &&
  (shape.kind === 'any' || ((shape.kind === 'struct' || shape.kind === 'map') && !shape.atomic))

/** The key of a list item in FieldsV1, `k:{…}` or `v:…`; undefined where the list is atomic or the item has no key. */
export function itemKey(shape: Shape, item: unknown): string | undefined {
  if (shape.kind !== 'list' || shape.type === 'atomic') return undefined
  if (shape.type === 'set') return `v:${JSON.stringify(item)}`
  if (!isFields(item)) return undefined
  const { keys, keyDefaults = {} } = shape
  const parts = [...keys].sort().flatMap((key) => {
    if (Object.hasOwn(item, key)) return [[key, item[key]]]
    return Object.hasOwn(keyDefaults, key) ? [[key, keyDefaults[key]]] : []
  })
  return parts.length === 0 ? undefined : `k:${JSON.stringify(Object.fromEntries(parts))}`
}

/** The items by key, or undefined when the list is atomic, an item has no key, or a key comes twice. */
export function itemsByKey(shape: Shape, value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (shape.kind !== 'list' || shape.type === 'atomic' || !isList(value)) return undefined
  const found = new Map<string, unknown>()
  for (const item of value) {
    const key = itemKey(shape, item)
    if (key === undefined || found.has(key)) return undefined
    found.set(key, item)
  }
  return found
}
