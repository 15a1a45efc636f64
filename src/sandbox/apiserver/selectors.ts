/** Label and field selectors of lists, watches and deletecollection. */
import { fieldsOf, own, textOf } from './json.ts'
import type { Resource } from './resource.ts'
import { badRequest } from './status.ts'
import type { StoredObject } from './types.ts'

export type Matcher = (object: StoredObject) => boolean

const REQUIREMENT =
  /^\s*(?:(!)\s*([^\s!=,()]+)|([^\s!=<>,()]+)\s+(in|notin)\s*\(([^)]*)\)|([^\s!=<>,()]+)\s*(==|!=|=)\s*([^\s,()=!]*)|([^\s!=<>,()]+))\s*$/

type Labels = Readonly<Record<string, unknown>>

/** Requirements are parted by commas outside parentheses. */
function splitRequirements(text: string): string[] {
  const parts: string[] = []
  let [depth, from] = [0, 0]
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '(') depth += 1
    else if (char === ')') depth -= 1
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)]
}

function labelRequirement(text: string): (labels: Labels) => boolean {
  const found = REQUIREMENT.exec(text)
  if (found === null)
    throw badRequest(`unable to parse requirement: found '${text.trim()}', which is not a requirement`)
  const [, not, absent, setKey, setOp, setValues, key, op, value, present] = found
  const labelOf = (labels: Labels, name: string) => own(labels, name)
  if (not !== undefined && absent !== undefined) return (labels) => labelOf(labels, absent) === undefined
  if (present !== undefined) return (labels) => labelOf(labels, present) !== undefined
  if (setKey !== undefined) {
    const values = new Set((setValues ?? '').split(',').map((one) => one.trim()))
    return setOp === 'in'
      ? (labels) => values.has(String(labelOf(labels, setKey) ?? '\0'))
      : (labels) => !values.has(String(labelOf(labels, setKey) ?? '\0'))
  }
  const name = key ?? ''
  return op === '!='
    ? (labels) => labelOf(labels, name) !== value
    : (labels) => labelOf(labels, name) === value
}

/** Undefined when the selector is empty and so matches everything. */
export function labelMatcher(text: string | null): Matcher | undefined {
  if (text === null || text.trim() === '') return undefined
  const requirements = splitRequirements(text).map(labelRequirement)
  return (object) => {
    const labels = fieldsOf(object.metadata, 'labels')
    return requirements.every((requirement) => requirement(labels))
  }
}

export interface FieldTerm {
  readonly field: string
  readonly isEqual: boolean
  readonly value: string
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
      return { field, isEqual: op !== '!=', value: value.replace(/\\([,=\\])/g, '$1') }
    })
}

/** Undefined when it matches everything; refuses fields the resource does not offer. */
export function fieldMatcher(text: string | null, resource: Resource): Matcher | undefined {
  const terms = fieldTerms(text)
  if (terms.length === 0) return undefined
  const fieldOf = (object: StoredObject, field: string): string | undefined => {
    if (field === 'metadata.name') return object.metadata.name
    if (field === 'metadata.namespace' && resource.namespaced) return object.metadata.namespace ?? ''
    return resource.selectable(object)[field]
  }
  const probe = { apiVersion: '', kind: '', metadata: {} } as unknown as StoredObject
  for (const { field } of terms) {
    const isMeta = field === 'metadata.name' || (field === 'metadata.namespace' && resource.namespaced)
    if (!isMeta && fieldOf(probe, field) === undefined) {
      throw badRequest(`field label not supported: ${field}`)
    }
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
