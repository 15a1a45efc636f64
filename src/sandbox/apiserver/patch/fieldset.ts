/**
 * Sets of fields as structured-merge-diff has them and FieldsV1 spells them: a tree whose nodes are `f:name`,
 * `k:{"key":…}` and `v:…`; `self` says that the node itself is in the set (`.` where it has children).
 */
import { type Fields, has, isFields, isList } from '../json.ts'
import { fieldShape, isGranular, itemsByKey, type Shape } from '../schema/shape.ts'

export interface FieldSet {
  readonly self: boolean
  readonly children: ReadonlyMap<string, FieldSet>
}

export const EMPTY: FieldSet = { self: false, children: new Map() }
const LEAF: FieldSet = { self: true, children: new Map() }

export const isEmpty = (set: FieldSet): boolean => !set.self && set.children.size === 0

const node = (self: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet => ({
  self,
  children: new Map([...children].filter(([, child]) => !isEmpty(child))),
})

export function union(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmpty(one)) return other
  if (isEmpty(other)) return one
  const children = new Map(one.children)
  for (const [key, child] of other.children) {
    const mine = children.get(key)
    children.set(key, mine === undefined ? child : union(mine, child))
  }
  return { self: one.self || other.self, children }
}

export function difference(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmpty(other) || isEmpty(one)) return one
  return node(
    one.self && !other.self,
    [...one.children].map(([key, child]) => {
      const theirs = other.children.get(key)
      return [key, theirs === undefined ? child : difference(child, theirs)] as const
    }),
  )
}

export function intersection(one: FieldSet, other: FieldSet): FieldSet {
  return node(
    one.self && other.self,
    [...one.children].flatMap(([key, child]) => {
      const theirs = other.children.get(key)
      return theirs === undefined ? [] : [[key, intersection(child, theirs)] as const]
    }),
  )
}

export function sameSet(one: FieldSet, other: FieldSet): boolean {
  if (one.self !== other.self || one.children.size !== other.children.size) return false
  return [...one.children].every(([key, child]) => {
    const theirs = other.children.get(key)
    return theirs !== undefined && sameSet(child, theirs)
  })
}

export function toFieldsV1(set: FieldSet): Fields {
  const fields: Record<string, unknown> = set.self && set.children.size > 0 ? { '.': {} } : {}
  // Keys begin with `f:`, `k:` or `v:`, so none of them is special to JavaScript.
  for (const [key, child] of set.children) fields[key] = toFieldsV1(child)
  return fields
}

export function fromFieldsV1(fields: unknown, isRoot = true): FieldSet {
  if (!isFields(fields)) return EMPTY
  const keys = Object.keys(fields).filter((key) => key !== '.')
  return {
    self: has(fields, '.') || (keys.length === 0 && !isRoot),
    children: new Map(keys.map((key) => [key, fromFieldsV1(fields[key], false)])),
  }
}

/** Whether the set may hold something of these stored fields; false is certain. */
export function touches(fields: Fields, set: FieldSet): boolean {
  if (set.self) return true
  for (const [key, child] of set.children) {
    const below = fields[key]
    if (isFields(below) && touches(below, child)) return true
  }
  return false
}

/** Paths as messages show them: `.spec.ports[name="web"].port`. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const sorted = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))
  const below = sorted.flatMap(([key, child]) => pathsOf(child, prefix + pathPart(key)))
  return set.self ? [prefix, ...below] : below
}

function pathPart(key: string): string {
  if (key.startsWith('f:')) return `.${key.slice(2)}`
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`
  const keys = Object.entries(JSON.parse(key.slice(2)) as Fields)
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`
}

/** The children of a value that are owned one by one, or undefined when it is owned as a whole. */
export function partsOf(
  shape: Shape,
  value: unknown,
): ReadonlyMap<string, readonly [unknown, Shape]> | undefined {
  if (isGranular(shape, value))
    return new Map(
      Object.entries(value).map(([key, field]) => [`f:${key}`, [field, fieldShape(shape, key)] as const]),
    )
  const items = itemsByKey(shape, value)
  if (items === undefined || shape.kind !== 'list') return undefined
  return new Map([...items].map(([key, item]) => [key, [item, shape.items] as const]))
}

/** Everything in a value, containers included: what an added subtree adds. */
function everything(shape: Shape, value: unknown): FieldSet {
  const parts = partsOf(shape, value)
  if (parts === undefined) return LEAF
  return {
    self: true,
    children: new Map([...parts].map(([key, [part, partShape]]) => [key, everything(partShape, part)])),
  }
}

export interface Comparison {
  /** Added or changed in the new value. */
  readonly changed: FieldSet
  readonly removed: FieldSet
}

const NO_PARTS: ReadonlyMap<string, readonly [unknown, Shape]> = new Map()

/** What differs between two values of one shape. */
export function compare(before: unknown, after: unknown, shape: Shape): Comparison {
  if (before === after) return { changed: EMPTY, removed: EMPTY }
  const [old, now] = [partsOf(shape, before), partsOf(shape, after)]
  if (now === undefined && old === undefined)
    return { changed: same(before, after) ? EMPTY : LEAF, removed: EMPTY }
  // A container that is there as null has no parts yet; another kind of value is replaced as a whole.
  if (now === undefined && after !== null && after !== undefined) return { changed: LEAF, removed: EMPTY }
  if (old === undefined && before !== null && before !== undefined)
    return { changed: everything(shape, after), removed: EMPTY }
  return compareParts(old ?? NO_PARTS, now ?? NO_PARTS)
}

function compareParts(
  old: ReadonlyMap<string, readonly [unknown, Shape]>,
  now: ReadonlyMap<string, readonly [unknown, Shape]>,
): Comparison {
  const changed = new Map<string, FieldSet>()
  const removed = new Map<string, FieldSet>()
  for (const [key, [value, shape]] of now) {
    const was = old.get(key)
    if (was === undefined) {
      changed.set(key, everything(shape, value))
      continue
    }
    const below = compare(was[0], value, shape)
    if (!isEmpty(below.changed)) changed.set(key, below.changed)
    if (!isEmpty(below.removed)) removed.set(key, below.removed)
  }
  for (const [key, [value, shape]] of old) if (!now.has(key)) removed.set(key, everything(shape, value))
  return { changed: { self: false, children: changed }, removed: { self: false, children: removed } }
}

function same(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (isList(one) && isList(other))
    return one.length === other.length && one.every((item, at) => same(item, other[at]))
  if (isList(one) || isList(other) || !isFields(one) || !isFields(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => has(other, key) && same(one[key], other[key]))
  )
}

/** The set an applied configuration owns: leaves, items of keyed lists, and containers that are empty. */
export function ownedBy(shape: Shape, value: unknown, isItem = false): FieldSet {
  const parts = partsOf(shape, value)
  if (parts === undefined) return LEAF
  return node(
    isItem || (parts.size === 0 && !isList(value)),
    [...parts].map(
      ([key, [part, partShape]]) => [key, ownedBy(partShape, part, isEntry(shape, key))] as const,
    ),
  )
}

/** Items and entries of maps are owned themselves, fields a type declares are not. */
const isEntry = (shape: Shape, key: string): boolean =>
  !key.startsWith('f:') || shape.kind !== 'struct' || !shape.fields.has(key.slice(2))
