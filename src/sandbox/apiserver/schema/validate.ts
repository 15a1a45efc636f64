/**
 * Validation of custom resources by their schema, with the words of kube-openapi's validator as kube-apiserver passes
 * them on (k8s.io/kube-openapi/pkg/validation, apiextensions' validation.go).
 */
import { equal, type Fields, isFields, isList, quoted } from '../json.ts'
import { type FieldError, required, unsupported, wrong } from '../status.ts'
import { hasFormat } from './formats.ts'
import type { Schema } from './structural.ts'

/** Findings kept; a hostile object could otherwise have one for each of a million fields. */
const FINDINGS_MAX = 100

/** Everything wrong with a value. `path` is the field's, empty at the root. */
export function validateSchema(value: unknown, schema: Schema, path = ''): readonly FieldError[] {
  const found: FieldError[] = []
  validateAt(value, schema, path, found)
  return found.slice(0, FINDINGS_MAX)
}

function validateAt(value: unknown, schema: Schema, path: string, found: FieldError[]): void {
  if (found.length > FINDINGS_MAX) return
  if (value === null) {
    if (schema.nullable !== true && schema.type !== undefined)
      found.push(wrongType(path, 'null', schema.type))
    return
  }
  const isOfType = checkType(value, schema, path, found)
  checkComposites(value, schema, path, found)
  if (typeof value === 'string') checkString(value, schema, path, found)
  if (typeof value === 'number') checkNumber(value, schema, path, found)
  if (isList(value)) checkList(value, schema, path, found)
  if (schema.enum !== undefined && !schema.enum.some((one) => equal(one, value)))
    found.push(
      unsupported(
        path,
        quoted(value),
        schema.enum.map((one) => (typeof one === 'string' ? quoted(one) : `"${quoted(one)}"`)),
      ),
    )
  if (isFields(value) && schema['x-kubernetes-embedded-resource'] === true)
    for (const key of ['apiVersion', 'kind'])
      if (typeof value[key] !== 'string' || value[key] === '')
        found.push(required(path === '' ? key : `${path}.${key}`))
  if (isFields(value) && isOfType) checkFields(value, schema, path, found)
}

const wrongType = (path: string, given: string, type: string): FieldError => ({
  reason: 'FieldValueTypeInvalid',
  field: path === '' ? '<nil>' : path,
  message: `Invalid value: "${given}": ${path === '' ? '' : `${path} `}in body must be of type ${type}: "${given}"`,
})

function typeOf(value: unknown): string {
  if (isList(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function checkType(value: unknown, schema: Schema, path: string, found: FieldError[]): boolean {
  const given = typeOf(value)
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (given === 'integer' || given === 'string') return true
    found.push(wrongType(path, given, 'integer,string'))
    return false
  }
  const { type, format } = schema
  if (type === undefined || type === given || (type === 'number' && given === 'integer')) return true
  const isNumeric = type === 'integer' || type === 'number'
  if (typeof value !== 'string' && !isList(value) && format !== undefined) {
    found.push(wrongType(path, GO_FORMATS[given] ?? '', format))
  } else if (format === undefined || isNumeric) found.push(wrongType(path, given, type))
  if (type === 'integer' && given === 'number') {
    const words = format === undefined ? '(default format)' : `with format ${format}`
    found.push(wrong('<nil>', '""', `Checked value must be of type integer ${words} in ${path}`))
  }
  return false
}

/** What Go takes a value for that should have had a format. */
const GO_FORMATS: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' }

const composite = (path: string, words: string): FieldError => wrong('<nil>', '""', `"${path}" ${words}`)

function checkComposites(value: unknown, schema: Schema, path: string, found: FieldError[]): void {
  const { allOf, anyOf, oneOf, not } = schema
  const results = (schemas: readonly Schema[]) => schemas.map((one) => validateSchema(value, one, path))
  if (anyOf !== undefined && anyOf.length > 0) {
    const all = results(anyOf)
    if (all.every((errors) => errors.length > 0))
      found.push(composite(path, 'must validate at least one schema (anyOf)'), ...(all[0] ?? []))
  }
  if (oneOf !== undefined && oneOf.length > 0) {
    const all = results(oneOf)
    const valid = all.filter((errors) => errors.length === 0).length
    const words = 'must validate one and only one schema (oneOf). Found'
    if (valid === 0) found.push(composite(path, `${words} none valid`), ...(all[0] ?? []))
    else if (valid > 1) found.push(composite(path, `${words} ${valid} valid alternatives`))
  }
  if (allOf !== undefined && allOf.length > 0) {
    const failed = results(allOf).filter((errors) => errors.length > 0)
    if (failed.length > 0)
      found.push(
        ...failed.flat(),
        composite(
          path,
          `must validate all the schemas (allOf)${failed.length === allOf.length ? '. None validated' : ''}`,
        ),
      )
  }
  if (not !== undefined && validateSchema(value, not, path).length === 0)
    found.push(composite(path, 'must not validate the schema (not)'))
}

function checkString(value: string, schema: Schema, path: string, found: FieldError[]): void {
  const { minLength, maxLength, pattern, format } = schema
  const length = minLength === undefined && maxLength === undefined ? 0 : [...value].length
  if (maxLength !== undefined && length > maxLength)
    found.push({
      reason: 'FieldValueTooLong',
      field: path,
      message: `Too long: may not be more than ${maxLength} bytes`,
    })
  if (minLength !== undefined && length < minLength)
    found.push(wrong(path, quoted(value), `${path} in body should be at least ${minLength} chars long`))
  if (pattern !== undefined && !patternOf(pattern).test(value))
    found.push(wrong(path, quoted(value), `${path} in body should match '${pattern}'`))
  if (format !== undefined && !hasFormat(value, format))
    found.push({
      reason: 'FieldValueTypeInvalid',
      field: path,
      message: `Invalid value: ${quoted(value)}: ${path} in body must be of type ${format}: ${quoted(value)}`,
    })
}

const patterns = new Map<string, RegExp>()
const PATTERNS_MAX = 1_000

function patternOf(pattern: string): RegExp {
  const known = patterns.get(pattern)
  if (known !== undefined) return known
  const made = new RegExp(pattern)
  if (patterns.size >= PATTERNS_MAX) patterns.clear()
  patterns.set(pattern, made)
  return made
}

function checkNumber(value: number, schema: Schema, path: string, found: FieldError[]): void {
  const { minimum, maximum, multipleOf } = schema
  const fail = (words: string) => found.push(wrong(path, String(value), `${path} in body should be ${words}`))
  checkFactor(value, multipleOf, path, found)
  if (maximum !== undefined && schema.exclusiveMaximum === true && value >= maximum)
    fail(`less than ${maximum}`)
  else if (maximum !== undefined && value > maximum) fail(`less than or equal to ${maximum}`)
  if (minimum !== undefined && schema.exclusiveMinimum === true && value <= minimum)
    fail(`greater than ${minimum}`)
  else if (minimum !== undefined && value < minimum) fail(`greater than or equal to ${minimum}`)
  if (schema.format === 'int32' && Number.isInteger(value) && Math.abs(value) > 2 ** 31)
    found.push(wrong('<nil>', '""', `Checked value must be of type integer with format int32 in ${path}`))
}

/** An integer is divided by the factor's whole part, as kube-openapi does it. */
function checkFactor(value: number, factor: number | undefined, path: string, found: FieldError[]): void {
  if (factor === undefined) return
  const divisor = Number.isInteger(value) ? Math.trunc(factor) : factor
  if (divisor <= 0)
    found.push(
      wrong(path, String(divisor), `factor MultipleOf declared for ${path} must be positive: ${divisor}`),
    )
  else if (!Number.isInteger(value / divisor))
    found.push(wrong(path, String(value), `${path} in body should be a multiple of ${factor}`))
}

const tooMany = (path: string, count: number, max: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field: path,
  message: `Too many: ${count}: must have at most ${max} item${max === 1 ? '' : 's'}`,
})

function checkList(value: readonly unknown[], schema: Schema, path: string, found: FieldError[]): void {
  const { items, minItems, maxItems } = schema
  if (items !== undefined)
    for (const [at, item] of value.entries()) validateAt(item, items, `${path}[${at}]`, found)
  if (minItems !== undefined && value.length < minItems)
    found.push(wrong(path, String(value.length), `${path} in body should have at least ${minItems} items`))
  if (maxItems !== undefined && value.length > maxItems) found.push(tooMany(path, value.length, maxItems))
  checkDuplicates(value, schema, path, found)
}

/** Items of sets and keyed lists come once. */
function checkDuplicates(value: readonly unknown[], schema: Schema, path: string, found: FieldError[]): void {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  for (const [at, item] of value.entries()) {
    const id =
      type === 'map' && isFields(item)
        ? Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(item, key) ? [[key, item[key]]] : [])))
        : item
    const text = quoted(id)
    if (seen.has(text))
      found.push({
        reason: 'FieldValueDuplicate',
        field: `${path}[${at}]`,
        message: `Duplicate value: ${text}`,
      })
    seen.add(text)
  }
}

function checkFields(value: Fields, schema: Schema, path: string, found: FieldError[]): void {
  const { properties = {}, minProperties, maxProperties, additionalProperties: extra } = schema
  const count = Object.keys(value).length
  const below = (key: string) => (path === '' ? key : `${path}.${key}`)
  if (minProperties !== undefined && count < minProperties)
    found.push(wrong(path, String(count), `${path} in body should have at least ${minProperties} properties`))
  if (maxProperties !== undefined && count > maxProperties) found.push(tooMany(path, count, maxProperties))
  for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) found.push(required(below(key)))
  for (const [key, field] of Object.entries(value)) {
    const declared = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (declared !== undefined) validateAt(field, declared, below(key), found)
    else if (isFields(extra)) validateAt(field, extra as Schema, below(key), found)
  }
}
