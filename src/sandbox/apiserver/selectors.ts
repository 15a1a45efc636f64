/** Label and field selectors of lists, watches and deletecollection. */
import { fieldsOf, textOf } from './json.ts'
import { type LabelRequirement, meets, parseLabelSelector, SelectorError } from './label-selector.ts'
import type { Resource } from './resource.ts'
import { badRequest, type StatusError } from './status.ts'
import type { StoredObject } from './types.ts'

export type Matcher = (object: StoredObject) => boolean

/** Undefined when the selector is empty and so matches everything. */
export function labelMatcher(text: string | null): Matcher | undefined {
  if (text === null || text.trim() === '') return undefined
  const requirements = labelRequirements(text)
  return ({ metadata }) => {
    const labels = metadata.labels ?? {}
    return requirements.every((one) => meets(labels, one))
  }
}

function labelRequirements(text: string): readonly LabelRequirement[] {
  try {
    return parseLabelSelector(text)
  } catch (error) {
    throw error instanceof SelectorError ? badRequest(error.message) : error
  }
}

export interface FieldTerm {
  readonly field: string
  readonly isEqual: boolean
  readonly value: string
}

function unescaped(value: string): string {
  const bad = /\\(?:\\\\)*([^,=\\]|$)/.exec(value.replaceAll('\\\\', ''))
  if (bad !== null) throw badRequest(`invalid field selector: invalid escape sequence: \\${bad[1]}`)
  return value.replace(/\\([,=\\])/g, '$1')
}

export function fieldTerms(text: string | null): readonly FieldTerm[] {
  if (text === null || text.trim() === '') return []
  return text
    .split(/(?<!\\),/)
    .filter((term) => term !== '')
    .map((term) => {
      const found = /^(.*?)(==|!=|=)(.*)$/s.exec(term)
      if (found === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
      const [, field = '', op, value = ''] = found
      return { field, isEqual: op !== '!=', value: unescaped(value) }
    })
}

/** Types without selectable fields of their own are refused in other words. */
function notSelectable(field: string, resource: Resource): StatusError {
  const hasOwn = resource.custom || Object.keys(resource.selectable(PROBE)).length > 0
  return badRequest(
    hasOwn
      ? `field label not supported: ${field}`
      : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

const PROBE = { apiVersion: '', kind: '', metadata: {} } as unknown as StoredObject

/** Undefined when it matches everything; refuses fields the resource does not offer. */
export function fieldMatcher(text: string | null, resource: Resource): Matcher | undefined {
  const terms = fieldTerms(text)
  if (terms.length === 0) return undefined
  const fieldOf = (object: StoredObject, field: string): string | undefined => {
    if (field === 'metadata.name') return object.metadata.name
    if (field === 'metadata.namespace' && resource.namespaced) return object.metadata.namespace ?? ''
    return resource.selectable(object)[field]
  }
  for (const { field } of terms) {
    const isMeta = field === 'metadata.name' || (field === 'metadata.namespace' && resource.namespaced)
    if (!isMeta && fieldOf(PROBE, field) === undefined) throw notSelectable(field, resource)
  }
  return (object) =>
    terms.every(({ field, isEqual, value }) => ((fieldOf(object, field) ?? '') === value) === isEqual)
}

/** The one name a field selector leaves, so that a list or watch of one object is told from others. */
export const nameOfSelector = (text: string | null): string | undefined =>
  fieldTerms(text).find(({ field, isEqual }) => field === 'metadata.name' && isEqual)?.value

export const selectableText = (object: unknown, ...path: readonly string[]): string => {
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => fieldsOf(at, key), object)
  const value = fieldsOf(parent)[path.at(-1) ?? '']
  return typeof value === 'boolean' || typeof value === 'number'
    ? String(value)
    : textOf(parent, path.at(-1) ?? '')
}
