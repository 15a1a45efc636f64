/** Applies the CEL rules of a schema to a value and its former state (apiextensions' cel/validation.go). Pure. */
import { isFields, isList } from '../json.ts'
import { type FieldError, wrong } from '../status.ts'
import { compileRule } from './cel.ts'
import { CelError } from './cel-parse.ts'
import { itemsByKey } from './shape.ts'
import type { Schema } from './structural.ts'
import { shapeOf } from './structural.ts'

interface Place {
  readonly value: unknown
  /** The former value at the same place; undefined where there was none, or none can be told. */
  readonly before: unknown
  readonly schema: Schema
  readonly path: string
}

/** What kube-apiserver adds when a value is so wrong that its rules are not looked at. */
export const rulesNotChecked: FieldError = wrong(
  '<nil>',
  'null',
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

export function ruleErrors(place: Place): readonly FieldError[] {
  const { value, schema } = place
  if (value === undefined || value === null) return []
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => checkRule(rule, place))
  if (isList(value)) return [...own, ...itemErrors(value, place)]
  return isFields(value) ? [...own, ...fieldErrors(value, place)] : own
}

function fieldErrors(
  value: Readonly<Record<string, unknown>>,
  { before, schema, path }: Place,
): readonly FieldError[] {
  const { properties = {}, additionalProperties: extra } = schema
  return Object.entries(value).flatMap(([key, field]) => {
    const declared = Object.hasOwn(properties, key) ? properties[key] : undefined
    const below = declared ?? (isFields(extra) ? (extra as Schema) : undefined)
    if (below === undefined) return []
    const former = isFields(before) && Object.hasOwn(before, key) ? before[key] : undefined
    return ruleErrors({
      value: field,
      before: former,
      schema: below,
      path: path === '' ? key : `${path}.${key}`,
    })
  })
}

/** Only items of keyed lists are known again. */
function itemErrors(value: readonly unknown[], { before, schema, path }: Place): readonly FieldError[] {
  const { items } = schema
  if (items === undefined) return []
  const shape = shapeOf(schema)
  const former = itemsByKey(shape, before)
  const keys = [...(itemsByKey(shape, value)?.keys() ?? [])]
  return value.flatMap((item, at) =>
    ruleErrors({ value: item, before: former?.get(keys[at] ?? ''), schema: items, path: `${path}[${at}]` }),
  )
}

/** Objects and lists are not shown in a finding. */
const REASON_WORDS: Readonly<Record<string, string>> = {
  FieldValueForbidden: 'Forbidden: ',
  FieldValueRequired: 'Required value: ',
}

function checkRule(
  { rule, message, fieldPath, reason }: NonNullable<Schema['x-kubernetes-validations']>[number],
  { value, before, schema, path }: Place,
): readonly FieldError[] {
  const compiled = compileRule(rule)
  if (compiled.isTransition && before === undefined) return []
  const field = `${path === '' ? '<nil>' : path}${fieldPath ?? ''}`
  const refuse = (words: string): FieldError => ({
    reason: reason ?? 'FieldValueInvalid',
    field,
    message: `${REASON_WORDS[reason ?? ''] ?? `Invalid value: ${typeof value === 'object' ? '' : `${JSON.stringify(value)}: `}`}${words}`,
  })
  try {
    if (compiled.holds(value, before)) return []
    return [refuse(message ?? `failed rule: ${rule}`)]
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    return [
      wrong(
        field,
        JSON.stringify(schema.type ?? 'object'),
        `${error.message} evaluating rule: ${message ?? rule}`,
      ),
    ]
  }
}
