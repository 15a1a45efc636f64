/** Bodies as GET gives them: which of NSX's objects policy is made of, what each refers to, and which of two is newer. Pure. */

import { retry } from '../../../errors.ts'
import { LINE_BYTES_MAX } from '../../../limits.ts'
import { canonicalJson, type ObjectKind, sha256Hex } from '../../../protocol/index.ts'
import type { DesiredObject } from '../../translate/index.ts'
import { keyOf, markOf } from './prints.ts'

type Fields = Readonly<Record<string, unknown>>

/** One revision of an object, with the revisions of its rules or entries. */
export interface Revision {
  readonly uniqueId: string
  readonly createdMs: number
  readonly revision: number
  readonly parts: ReadonlyMap<string, { readonly uniqueId: string; readonly revision: number }>
}

export interface Body {
  readonly object: DesiredObject
  /** Paths of the objects it refers to, of the kinds that policy is made of. */
  readonly references: readonly string[]
  /** As `keyAt` of a view that shows this revision. */
  readonly key: string
  readonly revision: Revision
}

const KINDS: readonly (readonly [RegExp, ObjectKind])[] = [
  [/^\/infra\/domains\/[^/]+\/security-policies\/[^/]+$/, 'SecurityPolicy'],
  [/^\/infra\/domains\/[^/]+\/groups\/[^/]+$/, 'Group'],
  [/^\/infra\/services\/[^/]+$/, 'Service'],
  [/^\/infra\/context-profiles\/[^/]+$/, 'ContextProfile'],
]

/** The kind of what is at a path; undefined for what policy is not made of (segments, VMs, other spaces). */
export const kindAt = (path: string): ObjectKind | undefined =>
  KINDS.find(([pattern]) => pattern.test(path))?.[1]

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const objects = (value: unknown): readonly Fields[] => list(value).filter(isFields)
const textOf = (value: unknown): readonly string[] => list(value).filter((item) => typeof item === 'string')
const nested = (entries: unknown): readonly string[] =>
  objects(entries).flatMap(({ nested_service_path: path }) => (typeof path === 'string' ? [path] : []))

const RULE_PATHS = ['source_groups', 'destination_groups', 'scope', 'services', 'profiles'] as const

/** What stands inside another object, by the kind of that: where an object's rules or entries are. */
const PARTS: Partial<Record<ObjectKind, string>> = { SecurityPolicy: 'rules', Service: 'service_entries' }

const NAMED: Record<string, (body: Fields) => readonly string[]> = {
  SecurityPolicy: ({ scope, rules }) => [
    ...textOf(scope),
    ...objects(rules).flatMap((rule) => [
      ...RULE_PATHS.flatMap((field) => textOf(rule[field])),
      ...nested(rule['service_entries']),
    ]),
  ],
  Group: ({ expression }) =>
    objects(expression).flatMap((part) => [...textOf(part['paths']), ...textOf(part['member_group_paths'])]),
  Service: ({ service_entries: entries }) => nested(entries),
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

/**
 * Undefined for an object that is marked for deletion. Throws NSX_PROTOCOL (retry) for what is not the object at this path:
 * somebody between answered in NSX's place.
 */
export function bodyFrom(path: string, value: unknown): Body | undefined {
  const kind = kindAt(path)
  if (kind === undefined || !isFields(value) || value['path'] !== path)
    throw retry('NSX_PROTOCOL', `the answer to GET ${path} is not the object at that path; it is read again`)
  if (value['marked_for_delete'] === true) return undefined
  const parts = objects(value[PARTS[kind] ?? ''])
  const marks = parts.map((part) => [String(part['path']), markOf(part)] as const)
  return {
    object: desiredObject(kind, path, value),
    references: [...new Set(NAMED[kind]?.(value) ?? [])].filter((target) => kindAt(target) !== undefined),
    key: keyOf(markOf(value), marks),
    revision: {
      uniqueId: String(value['unique_id']),
      createdMs: numberOf(value['_create_time']),
      revision: numberOf(value['_revision']),
      parts: new Map(
        parts.map((part) => [
          String(part['path']),
          { uniqueId: String(part['unique_id']), revision: numberOf(part['_revision']) },
        ]),
      ),
    },
  }
}

/** As the channel has it; over its limit of one line without a body: what uses it is held. */
export function desiredObject(kind: ObjectKind, path: string, body: Fields): DesiredObject {
  const text = canonicalOf(path, body)
  const isOversize = Buffer.byteLength(text) + Buffer.byteLength(path) + FRAME_BYTES > LINE_BYTES_MAX
  return { kind, path, hash: sha256Hex(text), body: isOversize ? undefined : body }
}

/** Of a line that carries a body: type, kind, hash and their names. */
const FRAME_BYTES = 160

function canonicalOf(path: string, body: Fields): string {
  try {
    return canonicalJson(body)
  } catch (cause) {
    throw retry('NSX_PROTOCOL', `the body of ${path} has no canonical form; it is read again`, { cause })
  }
}

/**
 * Whether `next` cannot have come after `held`: a revision of the same object that went back, or an object at the same path
 * that was made before it. A manager that is behind the others answers so.
 */
export function isBehind(next: Revision, held: Revision): boolean {
  if (next.uniqueId !== held.uniqueId) return next.createdMs < held.createdMs
  if (next.revision !== held.revision) return next.revision < held.revision
  for (const [path, { uniqueId, revision }] of next.parts) {
    const before = held.parts.get(path)
    if (before?.uniqueId === uniqueId && revision < before.revision) return true
  }
  return false
}
