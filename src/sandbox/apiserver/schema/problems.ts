/** Why a schema is not one apiextensions takes (pkg/apis/apiextensions/validation, pkg/apiserver/schema). Pure. */
import { type Fields, fieldsOf, isFields, listOf, textOf } from '../json.ts'
import { denied, type FieldError, required, unsupported, wrong } from '../status.ts'
import { compileRule } from './cel.ts'
import { CelError } from './cel-parse.ts'
import { withDefaults } from './defaults.ts'
import type { Schema } from './structural.ts'
import { validateSchema } from './validate.ts'

const SCHEMA_DEPTH_MAX = 64

/** Why a schema is not structural; empty when it is. Only what would make serving it wrong is looked for. */
export function schemaProblems(schema: unknown, path: string, depth = 0): readonly FieldError[] {
  if (!isFields(schema)) return [required(path, 'schemas are required')]
  if (depth > SCHEMA_DEPTH_MAX) return [denied(path, `nests deeper than ${SCHEMA_DEPTH_MAX} levels`)]
  const own = [
    ...typeProblems(schema, path, depth),
    ...listProblems(schema, path),
    ...valueProblems(schema, path),
    ...combinationProblems(schema, path),
  ]
  const below = Object.entries(fieldsOf(schema, 'properties')).flatMap(([key, value]) =>
    schemaProblems(value, `${path}.properties[${key}]`, depth + 1),
  )
  const items = isFields(schema['items']) ? schemaProblems(schema['items'], `${path}.items`, depth + 1) : []
  const extra = isFields(schema['additionalProperties'])
    ? schemaProblems(schema['additionalProperties'], `${path}.additionalProperties`, depth + 1)
    : []
  return [...own, ...ruleProblems(schema, path), ...below, ...items, ...extra]
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']

function typeProblems(schema: Fields, path: string, depth: number): readonly FieldError[] {
  const type = textOf(schema, 'type')
  const field = `${path}.type`
  if (type === '') {
    const isFree =
      schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
    if (isFree && depth > 0) return []
    const words =
      depth === 0 ? 'must not be empty at the root' : 'must not be empty for specified object fields'
    return [required(field, words)]
  }
  if (!TYPES.includes(type))
    return [
      unsupported(
        field,
        JSON.stringify(type),
        TYPES.map((one) => JSON.stringify(one)),
      ),
    ]
  return depth === 0 && type !== 'object'
    ? [wrong(field, JSON.stringify(type), 'must be object at the root')]
    : []
}

const LIST_TYPES = ['atomic', 'set', 'map']

function listProblems(schema: Fields, path: string): readonly FieldError[] {
  const found: FieldError[] = []
  if (schema['type'] === 'array' && !isFields(schema['items']))
    found.push(required(`${path}.items`, 'must be specified'))
  if (schema['uniqueItems'] === true)
    found.push(
      denied(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  if (isFields(schema['additionalProperties']) && isFields(schema['properties']))
    found.push(
      denied(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
  const type = textOf(schema, 'x-kubernetes-list-type')
  if (type !== '' && !LIST_TYPES.includes(type))
    found.push(
      unsupported(
        `${path}.x-kubernetes-list-type`,
        JSON.stringify(type),
        LIST_TYPES.map((one) => JSON.stringify(one)),
      ),
    )
  return type === 'map' ? [...found, ...keyProblems(schema, path)] : found
}

function keyProblems(schema: Fields, path: string): readonly FieldError[] {
  const keys = listOf(schema, 'x-kubernetes-list-map-keys').map(String)
  if (keys.length === 0)
    return [
      required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    ]
  const items = fieldsOf(schema, 'items')
  const properties = fieldsOf(items, 'properties')
  return keys
    .filter(
      (key) => !listOf(items, 'required').includes(key) && fieldsOf(properties, key)['default'] === undefined,
    )
    .map((key) =>
      required(
        `${path}.items.properties[${key}].default`,
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ),
    )
}

/** Patterns that are none, and defaults the schema itself would refuse. */
function valueProblems(schema: Fields, path: string): readonly FieldError[] {
  const found: FieldError[] = []
  const pattern = schema['pattern']
  if (typeof pattern === 'string' && !isPattern(pattern))
    found.push(
      wrong(
        `${path}.pattern`,
        JSON.stringify(pattern),
        "must be a valid regular expression, but isn't: error parsing regexp",
      ),
    )
  const preset = schema['default']
  if (preset === undefined || !TYPES.includes(textOf(schema, 'type'))) return found
  const complete = withDefaults(preset, schema as Schema)
  const wrongs = validateSchema(complete, schema as Schema).map((one) => ({
    ...one,
    field: `${path}.default${one.field === '' || one.field === '<nil>' ? '' : `.${one.field}`}`,
    message: one.message.replace(/: in body/, ':  in body'),
  }))
  return [...found, ...wrongs]
}

/** Inside combinations values are only checked, not described. */
function combinationProblems(schema: Fields, path: string): readonly FieldError[] {
  if (schema['x-kubernetes-int-or-string'] === true) return []
  return ['allOf', 'anyOf', 'oneOf'].flatMap((key) =>
    listOf(schema, key).flatMap((one, at) =>
      textOf(one, 'type') === ''
        ? []
        : [denied(`${path}.${key}[${at}].type`, 'must be empty to be structural')],
    ),
  )
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
