/**
 * A table of kept fields, prepared for the walk: fields by their number, and objects made at their final size. An object
 * that grows field by field has room in it that is never used; one that is copied from a template has not.
 */
import type { Message, Shape } from '../kept/index.ts'
import { HASH_START } from './share.ts'

export interface PlanField {
  readonly name: string
  readonly index: number
  readonly bit: number
  readonly wireType: 0 | 2
  readonly kind: 'value' | 'list' | 'map'
  /** Of a list: what its items are. */
  readonly value: 'text' | 'integer' | 'boolean' | 'time' | 'int-or-text' | 'message'
  readonly keepsZero: boolean
  readonly unique: boolean
  readonly isMicro: boolean
  readonly shared: boolean
  readonly without: string
  /** Of a map: the only key that is kept; '' for all. */
  readonly only: string
  readonly plan: Plan | undefined
  /** Puts the fields of an inline message into the slots of the message around it; the bits of what it put. */
  readonly inline: ((value: object, slots: unknown[]) => number) | undefined
  /** Items, or keys and values by turns, of the message that is being read. */
  readonly collected: unknown[]
  hash: number
}

export interface Plan {
  readonly byNumber: readonly (PlanField | undefined)[]
  /** Values of the message that is being read; those whose bit is not set are old. */
  readonly slots: unknown[]
  readonly collected: readonly PlanField[]
  readonly shared: boolean
  build(mask: number, slots: readonly unknown[]): object
  /** The mask and the values it names. */
  parts(mask: number): readonly unknown[]
}

/** Bits of a mask. */
const FIELDS_MAX = 30

/** Throws on a table that cannot be walked: too many fields, or a message within itself. */
export function planOf(message: Message, constants: Readonly<Record<string, string>> = {}): Plan {
  const entries = Object.entries(message.fields)
  const names = entries.flatMap(([name, [, shape]]) =>
    name === '+' && shape.kind === 'message' ? Object.keys(shape.fields) : [name],
  )
  if (names.length > FIELDS_MAX) throw new Error(`a message of more than ${FIELDS_MAX} kept fields`)
  const slots: unknown[] = names.map(() => undefined)
  const byNumber: (PlanField | undefined)[] = []
  for (const [name, [number, shape]] of entries) byNumber[number] = fieldOf(name, shape, names)
  // A list with holes is read more slowly.
  const dense = Array.from({ length: byNumber.length }, (_, number) => byNumber[number])
  const buffer: unknown[] = []
  return {
    byNumber: dense,
    slots,
    collected: dense.filter((field) => field !== undefined && field.kind !== 'value') as PlanField[],
    shared: message.shared,
    build: builderOf(names, constants),
    parts(mask) {
      buffer.length = 0
      buffer.push(mask)
      for (let index = 0; index < names.length; index += 1)
        if ((mask & (1 << index)) !== 0) buffer.push(slots[index])
      return buffer
    },
  }
}

function fieldOf(name: string, shape: Shape, names: readonly string[]): PlanField {
  const index = names.indexOf(name)
  const inner = shape.kind === 'list' ? shape.items : shape
  if (inner.kind === 'list' || (shape.kind === 'list' && inner.kind === 'map'))
    throw new Error(`${name}: protobuf has no lists of lists or of maps`)
  const isNumber = inner.kind === 'integer' || inner.kind === 'boolean'
  if (shape.kind === 'list' && isNumber)
    throw new Error(`${name}: lists of numbers, which may be packed, are not read`)
  return {
    name,
    index,
    bit: index === -1 ? 0 : 1 << index,
    wireType: isNumber ? 0 : 2,
    kind: shape.kind === 'list' || shape.kind === 'map' ? shape.kind : 'value',
    value: inner.kind === 'map' ? 'text' : inner.kind,
    keepsZero: 'keepsZero' in inner ? inner.keepsZero : true,
    unique: inner.kind === 'text' && inner.unique,
    isMicro: inner.kind === 'time' && inner.isMicro,
    shared: (shape.kind === 'list' || shape.kind === 'map') && shape.shared,
    without: shape.kind === 'map' ? shape.without : '',
    only: shape.kind === 'map' ? (shape.only ?? '') : '',
    plan: inner.kind === 'message' ? planOf(inner) : undefined,
    inline: name === '+' && inner.kind === 'message' ? inlineOf(inner, names) : undefined,
    collected: [],
    hash: HASH_START,
  }
}

function inlineOf(message: Message, names: readonly string[]) {
  const places = Object.keys(message.fields).map((name) => [name, names.indexOf(name)] as const)
  return (value: object, slots: unknown[]): number => {
    let bits = 0
    for (const [name, index] of places) {
      const inner = (value as Record<string, unknown>)[name]
      if (inner === undefined) continue
      slots[index] = inner
      bits |= 1 << index
    }
    return bits
  }
}

/** One template for each set of fields that is met: JSON.parse gives an object just the room its fields need. */
function builderOf(names: readonly string[], constants: Readonly<Record<string, string>>) {
  const templates = new Map<number, { readonly template: object; readonly indexes: readonly number[] }>()
  const templateOf = (mask: number) => {
    const indexes = names.flatMap((_, index) => ((mask & (1 << index)) === 0 ? [] : [index]))
    const template = JSON.parse(
      JSON.stringify({ ...constants, ...Object.fromEntries(indexes.map((index) => [names[index], null])) }),
    ) as object
    const made = { template, indexes }
    if (templates.size < TEMPLATES_MAX) templates.set(mask, made)
    return made
  }
  return (mask: number, slots: readonly unknown[]): object => {
    const { template, indexes } = templates.get(mask) ?? templateOf(mask)
    const object = { ...template } as Record<string, unknown>
    for (const index of indexes) object[names[index] as string] = slots[index]
    return object
  }
}

/** Sets of fields that have a template of their own; a hostile server would otherwise make 2^30. */
const TEMPLATES_MAX = 256
