/** OpenAPI v3 schemas of custom resources, in the structural form apiextensions demands. */
import { isFields, isList, listOf } from '../json.ts'
import type { FieldReason } from '../status.ts'
import { ANY, type Shape, type Struct, UNCHECKED } from './shape.ts'

/** JSONSchemaProps of apiextensions.k8s.io/v1, as far as it is read here. */
export interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly nullable?: boolean
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly uniqueItems?: boolean
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular'
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string
    readonly message?: string
    readonly fieldPath?: string
    readonly reason?: FieldReason
  }[]
}

/** The shape of a whole custom resource: the schema's fields, type and metadata. */
export function objectShape(schema: Schema | undefined, metadata: Shape): Struct {
  const root = schema === undefined ? ANY : shapeOf(schema, metadata)
  const declared = root.kind === 'struct' ? root.fields : new Map<string, Shape>()
  const open = root.kind === 'any' || (root.kind === 'struct' && root.open)
  return {
    kind: 'struct',
    name: '',
    fields: new Map([...declared, ...typeFields(metadata)]),
    open,
    atomic: false,
  }
}

const typeFields = (metadata: Shape): readonly (readonly [string, Shape])[] => [
  ['apiVersion', UNCHECKED],
  ['kind', UNCHECKED],
  ['metadata', metadata],
]

/** `metadata` is the shape of embedded objects' metadata. */
export function shapeOf(schema: Schema, metadata: Shape = ANY): Shape {
  if (schema['x-kubernetes-int-or-string'] === true) return UNCHECKED
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  const atomic = schema['x-kubernetes-map-type'] === 'atomic'
  if (schema.type === 'array')
    return {
      kind: 'list',
      items: schema.items === undefined ? ANY : shapeOf(schema.items, metadata),
      type: schema['x-kubernetes-list-type'] ?? 'atomic',
      keys: schema['x-kubernetes-list-map-keys'] ?? [],
    }
  if (schema.type !== 'object') return open ? ANY : UNCHECKED
  const { additionalProperties: extra } = schema
  if (extra === true) return { kind: 'map', values: ANY, atomic }
  if (isFields(extra)) return { kind: 'map', values: shapeOf(extra as Schema, metadata), atomic }
  const fields = Object.entries(schema.properties ?? {}).map(
    ([key, below]) => [key, shapeOf(below, metadata)] as const,
  )
  const embedded = schema['x-kubernetes-embedded-resource'] === true ? typeFields(metadata) : []
  return { kind: 'struct', name: '', fields: new Map([...fields, ...embedded]), open, atomic }
}

const ruled = new WeakMap<Schema, boolean>()

/** Whether anything in it has rules of its own; a schema is looked through once. */
export function hasRules(schema: Schema): boolean {
  const known = ruled.get(schema)
  if (known !== undefined) return known
  const found = looksRuled(schema)
  ruled.set(schema, found)
  return found
}

const looksRuled = (schema: Schema): boolean =>
  (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
  Object.values(schema.properties ?? {}).some(hasRules) ||
  (schema.items !== undefined && hasRules(schema.items)) ||
  (isFields(schema.additionalProperties) && hasRules(schema.additionalProperties as Schema)) ||
  (isList(schema.allOf) && listOf(schema, 'allOf').some((one) => hasRules(one as Schema)))
