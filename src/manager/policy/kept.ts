/** Intent objects as they are kept: what can be worked out again is left out. */
import type { JsonObject } from '../rest/index.ts'
import { type KindName, kindOf } from './kinds.ts'
import type { PolicyObject } from './store.ts'

export interface KeptObject {
  readonly kind: KindName
  readonly id: string
  readonly parentPath: string
  readonly own: JsonObject
  /** The members of the body that are not those of `own`. */
  readonly more: JsonObject
  readonly order: number
}

export const keptFrom = ({ kind, id, parentPath, own, body, order }: PolicyObject): KeptObject => ({
  kind,
  id,
  parentPath,
  own,
  more: Object.fromEntries(Object.entries(body).filter(([key, value]) => own[key] !== value)),
  order,
})

/** Throws for a kind that does not exist. */
export function objectFrom(
  path: string,
  { kind, id, parentPath, own, more, order }: KeptObject,
): PolicyObject {
  const body = { ...own, ...more }
  return {
    kind,
    id,
    path,
    parentPath,
    own,
    body,
    revision: Number(body['_revision']),
    references: referencesOf(kindOf(kind), own),
    order,
    bytes: bytesOf(body),
  }
}

export const referencesOf = (kind: ReturnType<typeof kindOf>, own: JsonObject): readonly string[] => [
  ...new Set(kind.references?.(own) ?? []),
]

export const bytesOf = (body: JsonObject): number => JSON.stringify(body).length
