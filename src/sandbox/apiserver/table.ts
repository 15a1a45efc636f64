/** meta.k8s.io/v1 Table and PartialObjectMetadata: what `kubectl get` and metadata informers ask for. */
import type { Entry } from './collection.ts'
import type { Fields } from './json.ts'
import { apiVersionOf, type Column, type Resource, type Version } from './resource.ts'
import type { StoredObject } from './types.ts'

/** How an answer is written, told from the Accept header. */
export type Form = 'object' | 'table' | 'metadata'

/** kube-apiserver's wording of an age (apimachinery's duration.HumanDuration). */
export function ageText(timestamp: string, nowMs: number): string {
  const at = Date.parse(timestamp)
  return Number.isNaN(at) ? '<unknown>' : durationText(nowMs - at)
}

export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  const and = (whole: number, unit: string, rest: number, small: string) =>
    rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${small}`
  if (minutes < 10) return and(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return and(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return and(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  return years < 8 ? and(years, 'y', days % 365, 'd') : `${years}y`
}

export const columnDefinitions = (columns: readonly Column[]): readonly Fields[] =>
  columns.map(({ name, type, format = '', description = '', priority = 0 }) => ({
    name,
    type,
    format,
    description,
    priority,
  }))

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export const tableHead = { kind: 'Table', apiVersion: 'meta.k8s.io/v1' }

export function tableRow(
  entry: Entry,
  resource: Resource,
  version: Version,
  include: IncludeObject,
  nowMs: number,
): Fields {
  const cells = version.columns.map(({ cell }) => cell(entry.object, nowMs))
  if (include === 'None') return { cells, object: null }
  const object = include === 'Object' ? inVersion(entry.object, resource, version) : partial(entry.object)
  return { cells, object }
}

export const inVersion = (object: StoredObject, resource: Resource, version: Version): StoredObject => {
  const apiVersion = apiVersionOf(resource, version.name)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

export const partial = (object: StoredObject): Fields => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
})
