/** OpenAPI v3 schemas of custom resources, in the structural form apiextensions demands. */
import { type Fields, fieldsOf, isFields, isList, listOf, textOf } from '../json.ts'
import { denied, type FieldError, type FieldReason, required, wrong } from '../status.ts'
import { compileRule } from './cel.ts'
import { CelError } from './cel-parse.ts'
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
  const root = schema === undefined ? ANY : shapeOf(schema)
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

export function shapeOf(schema: Schema): Shape {
  if (schema['x-kubernetes-int-or-string'] === true) return UNCHECKED
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  const atomic = schema['x-kubernetes-map-type'] === 'atomic'
  if (schema.type === 'array')
    return {
      kind: 'list',
      items: schema.items === undefined ? ANY : shapeOf(schema.items),
      type: schema['x-kubernetes-list-type'] ?? 'atomic',
      keys: schema['x-kubernetes-list-map-keys'] ?? [],
    }
  if (schema.type !== 'object') return open ? ANY : UNCHECKED
  const { additionalProperties: extra } = schema
  if (extra === true) return { kind: 'map', values: ANY, atomic }
  if (isFields(extra)) return { kind: 'map', values: shapeOf(extra as Schema), atomic }
  const fields = Object.entries(schema.properties ?? {}).map(([key, below]) => [key, shapeOf(below)] as const)
  const embedded = schema['x-kubernetes-embedded-resource'] === true ? typeFields(ANY) : []
  return { kind: 'struct', name: '', fields: new Map([...fields, ...embedded]), open, atomic }
}

const SCHEMA_DEPTH_MAX = 64

/** Why a schema is not structural; empty when it is. Only what would make serving it wrong is looked for. */
export function schemaProblems(schema: unknown, path: string, depth = 0): readonly FieldError[] {
  if (!isFields(schema)) return [required(path, 'schemas are required')]
  if (depth > SCHEMA_DEPTH_MAX) return [denied(path, `nests deeper than ${SCHEMA_DEPTH_MAX} levels`)]
  const type = schema['type']
  const isFree =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  const own: FieldError[] = []
  if ((type === undefined || type === '') && !isFree)
    own.push(
      required(
        `${path}.type`,
        depth === 0 ? 'must not be empty at the root' : 'must not be empty for specified object fields',
      ),
    )
  if (typeof schema['pattern'] === 'string' && !isPattern(schema['pattern']))
    own.push({
      reason: 'FieldValueInvalid',
      field: `${path}.pattern`,
      message: `Invalid value: ${JSON.stringify(schema['pattern'])}: must be a valid regular expression`,
    })
  if (type === 'array' && !isFields(schema['items'])) own.push(required(`${path}.items`, 'must be specified'))
  const below = Object.entries(fieldsOf(schema, 'properties')).flatMap(([key, value]) =>
    schemaProblems(value, `${path}.properties[${key}]`, depth + 1),
  )
  const items = isFields(schema['items']) ? schemaProblems(schema['items'], `${path}.items`, depth + 1) : []
  const extra = isFields(schema['additionalProperties'])
    ? schemaProblems(schema['additionalProperties'], `${path}.additionalProperties`, depth + 1)
    : []
  return [...own, ...ruleProblems(schema, path), ...below, ...items, ...extra]
}

/** Rules that could not be checked are refused with the definition: taking them would be half an answer. */
function ruleProblems(schema: Fields, path: string): readonly FieldError[] {
  return listOf(schema, 'x-kubernetes-validations').flatMap((one, at) => {
    const field = `${path}.x-kubernetes-validations[${at}].rule`
    const rule = textOf(one, 'rule')
    try {
      if (textOf(one, 'messageExpression') !== '') throw new CelError('messageExpression is not evaluated')
      compileRule(rule)
      return []
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      return [
        wrong(
          field,
          JSON.stringify(rule),
          `the embedded API server does not evaluate this rule: ${error.message}`,
        ),
      ]
    }
  })
}

export function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u')
    return true
  } catch {
    return isLoosePattern(pattern)
  }
}

/** RE2 takes escapes that the strict form of JavaScript's does not (`\-`). */
function isLoosePattern(pattern: string): boolean {
  try {
    new RegExp(pattern)
    return true
  } catch {
    return false
  }
}

export const hasRules = (schema: Schema): boolean =>
  (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
  Object.values(schema.properties ?? {}).some(hasRules) ||
  (schema.items !== undefined && hasRules(schema.items)) ||
  (isFields(schema.additionalProperties) && hasRules(schema.additionalProperties as Schema)) ||
  (isList(schema.allOf) && listOf(schema, 'allOf').some((one) => hasRules(one as Schema)))
