/** Builders for the structural schemas of Antrea's CustomResourceDefinitions (OpenAPI v3 as apiextensions/v1 takes it). */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly format?: string
  readonly pattern?: string
  readonly enum?: readonly (string | number)[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly default?: string | number | boolean
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly 'x-kubernetes-list-type'?: 'map' | 'set'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[]
}

export const text: Schema = { type: 'string' }
export const integer: Schema = { type: 'integer' }
export const int32: Schema = { type: 'integer', format: 'int32' }
export const flag: Schema = { type: 'boolean' }
export const oneOfWords = (...words: readonly string[]): Schema => ({ type: 'string', enum: words })
export const between = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum })
export const list = (items: Schema): Schema => ({ type: 'array', items })
export const record = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
})

/** What Kubernetes takes as a label value, without its length. */
const labelValue: Schema = { type: 'string', pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' }

const expressions = (value: Schema): Schema =>
  list(
    record({
      key: text,
      operator: oneOfWords('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: list(value),
    }),
  )

/** A label selector whose values are checked by the schema, as in policies and cluster groups. */
export const selector: Schema = record({
  matchExpressions: expressions(labelValue),
  matchLabels: { type: 'object', additionalProperties: labelValue },
})

/** The selector of namespaced groups: values are left to the webhook. */
export const looseSelector: Schema = record({
  matchExpressions: expressions(text),
  matchLabels: { 'x-kubernetes-preserve-unknown-fields': true },
})

/** A selector whose labels may be anything, and whose expressions are checked. */
export const openSelector: Schema = record({
  matchExpressions: expressions(labelValue),
  matchLabels: { 'x-kubernetes-preserve-unknown-fields': true },
})

/** An address of either family. */
export const address: Schema = { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }
export const intOrString: Schema = { 'x-kubernetes-int-or-string': true }
export const optional = (schema: Schema, value: string | number | boolean): Schema => ({
  ...schema,
  default: value,
})
/** Exactly one of these fields, or sets of fields. */
export const oneOfFields = (...fields: readonly (string | readonly string[])[]): Pick<Schema, 'oneOf'> => ({
  oneOf: fields.map((field) => ({ required: typeof field === 'string' ? [field] : field })),
})
export const portNumber: Schema = between(1, 65_535)

export const ipBlock: Schema = record({
  cidr: { type: 'string', format: 'cidr' },
  except: list({ type: 'string', format: 'cidr' }),
})

export const namespacedName: Schema = record({ name: text, namespace: text }, 'name', 'namespace')

export const conditions: Schema = list(
  record({ type: text, status: text, lastTransitionTime: text, reason: text, message: text }),
)

/** core/v1 ObjectReference. */
export const reference: Schema = record({
  kind: text,
  namespace: text,
  name: text,
  uid: text,
  apiVersion: text,
  resourceVersion: text,
  fieldPath: text,
})
