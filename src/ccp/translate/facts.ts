/**
 * What the translation knows of the cluster: which fields its Antrea can hold, read from the CRDs' own schemas (never from
 * a version), and which IP families its Pods have. Pure values; who reads them is outside.
 */
import type { Family } from './addresses.ts'

/** The fields that a schema lists; `any`: it takes what comes, or is no object. Lists stand for their items. */
export type FieldTree = ReadonlyMap<string, FieldTree> | 'any'

/** What the `spec` of each kind can hold. undefined: not known, and then everything is taken to be. */
export interface AntreaFeatures {
  readonly policy: FieldTree | undefined
  readonly group: FieldTree | undefined
}

export interface ClusterFacts {
  readonly features: AntreaFeatures
  /** Of the Pods' addresses: no other family reaches a Pod. */
  readonly families: readonly Family[]
}

/** A cluster of which nothing is known: both families, every field. The write itself still finds a pruned field. */
export const UNKNOWN_CLUSTER: ClusterFacts = {
  features: { policy: undefined, group: undefined },
  families: [4, 6],
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Schemas nest some ten levels; a hostile one ends here and takes everything below. */
const SCHEMA_DEPTH_MAX = 40

/** The fields of an OpenAPI v3 schema as apiextensions.k8s.io/v1 has it. */
export function fieldsOf(schema: unknown, depth = 0): FieldTree {
  if (!isFields(schema) || depth > SCHEMA_DEPTH_MAX) return 'any'
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'any'
  if (schema['type'] === 'array') return fieldsOf(schema['items'], depth + 1)
  const { properties, additionalProperties } = schema
  if (!isFields(properties) || isFields(additionalProperties) || additionalProperties === true) return 'any'
  return new Map(Object.entries(properties).map(([name, inner]) => [name, fieldsOf(inner, depth + 1)]))
}

/** The `spec` of one version of a CustomResourceDefinition; undefined: that version is not served. */
export function specFieldsOf(crd: unknown, version: string): FieldTree | undefined {
  const versions = isFields(crd) && isFields(crd['spec']) ? crd['spec']['versions'] : undefined
  if (!Array.isArray(versions)) return undefined
  const found = versions.filter(isFields).find((one) => one['name'] === version && one['served'] === true)
  const schema = isFields(found?.['schema']) ? found['schema']['openAPIV3Schema'] : undefined
  const spec = isFields(schema) && isFields(schema['properties']) ? schema['properties']['spec'] : undefined
  return spec === undefined ? undefined : fieldsOf(spec)
}

/** The first field that a value has and the tree does not, as a path; undefined: it can hold all of it. */
export function missingField(tree: FieldTree | undefined, value: unknown): string | undefined {
  const below = tree === undefined ? undefined : missingBelow(tree, value)
  return below === undefined ? undefined : `spec${below}`
}

/** The path is put together on the way back only: nearly always there is none. */
function missingBelow(tree: FieldTree, value: unknown): string | undefined {
  if (tree === 'any' || typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    for (const item of value) {
      const missing = missingBelow(tree, item)
      if (missing !== undefined) return `[]${missing}`
    }
    return undefined
  }
  for (const name in value) {
    const inner = (value as Fields)[name]
    if (inner === undefined) continue
    const below = tree.get(name)
    if (below === undefined) return `.${name}`
    const missing = missingBelow(below, inner)
    if (missing !== undefined) return `.${name}${missing}`
  }
  return undefined
}
