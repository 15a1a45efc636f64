/** What the server knows of a resource it serves: names, versions, and the rules its writes follow. */
import type { Fields } from './json.ts'
import type { NameRule } from './names.ts'
import type { Schema, Struct } from './schema/index.ts'
import type { FieldError } from './status.ts'

/** One column of `kubectl get`. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  /** Above 0: shown by `-o wide` only. */
  readonly priority?: number
  /** A cell: text, number, boolean or null. `nowMs` for ages. */
  readonly cell: (object: Fields, nowMs: number) => unknown
}

export interface Version {
  readonly name: string
  readonly served: boolean
  readonly shape: Struct
  readonly columns: readonly Column[]
  /** Custom resources only. */
  readonly schema?: Schema
  /** Sent as a warning with each answer. */
  readonly deprecation?: string
  /** Why the version cannot be served although it is declared. */
  readonly refusal?: string
}

export interface Resource {
  readonly group: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly versions: readonly Version[]
  /** Name of the version objects are stored in. */
  readonly storage: string
  readonly custom: boolean
  readonly hasStatus: boolean
  readonly nameRule: NameRule
  /** The server counts changes of the spec in metadata.generation. */
  readonly hasGeneration: boolean
  /** A PUT of what is not there creates it. */
  readonly createOnUpdate: boolean
  /** A PUT may leave resourceVersion out. */
  readonly unconditionalUpdate: boolean
  /** Fields Go writes even when nothing is set. */
  readonly empty: Fields
  /** Defaults of the API version; its fields count as written by the client. */
  readonly defaults: (object: Fields) => Fields
  /** What the server itself sets or keeps on create (no `previous`) and update. */
  readonly prepare: (object: Fields, previous: Fields | undefined) => Fields
  readonly validate: (object: Fields, previous: Fields | undefined) => readonly FieldError[]
  /** Fields a field selector may name, besides metadata.name and metadata.namespace. */
  readonly selectable: (object: Fields) => Readonly<Record<string, string>>
  /** Seconds a delete without gracePeriodSeconds leaves the object; 0 removes it at once. Absent: always at once. */
  readonly graceSeconds?: (object: Fields) => number
}

export const STANDARD_VERBS: readonly string[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
]

export const apiVersionOf = (resource: Resource, version: string): string =>
  resource.group === '' ? version : `${resource.group}/${version}`

export const versionOf = (resource: Resource, name: string): Version | undefined =>
  resource.versions.find((version) => version.name === name)

export const storageVersion = (resource: Resource): Version => {
  const version = versionOf(resource, resource.storage)
  if (version === undefined) throw new Error(`${resource.plural} has no storage version`)
  return version
}

export const keyOf = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
