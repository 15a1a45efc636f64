/** Reads the table of fields into shapes, each type when it is first asked for. */
import { ANY, type ScalarType, type Shape, type Struct, type WireField } from '../schema/shape.ts'
import { FIELDS } from './fields.ts'

const LINES = new Map(
  FIELDS.trim()
    .split('\n')
    .map((line) => {
      const at = line.indexOf(' ')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
)

const SCALARS: Readonly<Record<string, ScalarType>> = {
  s: 'string',
  i: 'integer',
  n: 'number',
  b: 'boolean',
  t: 'time',
  m: 'microtime',
  y: 'bytes',
  x: 'int-or-string',
  q: 'quantity',
}

const structs = new Map<string, Struct>()

/** The shape of a Go type by its name, for example `PodSpec`. */
export function structShape(name: string): Struct {
  const known = structs.get(name)
  if (known !== undefined) return known
  const line = LINES.get(name)
  if (line === undefined) throw new Error(`the table of fields has no type ${name}`)
  const fields = new Map<string, Shape>()
  const wire = new Map<number, WireField>()
  for (const text of line.split(' ')) {
    const [head = '', type = ''] = splitAt(text, ':')
    const [field = '', number] = splitAt(head, '#')
    const shape = parseShape(type)
    if (field !== '+') fields.set(field, shape)
    if (number !== undefined) wire.set(Number(number), { name: field === '+' ? undefined : field, shape })
  }
  const struct: Struct = { kind: 'struct', name, fields, wire, open: false, atomic: false }
  structs.set(name, struct)
  return struct
}

function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function parseShape(text: string): Shape {
  if (text === '*') return ANY
  if (text.startsWith('[')) return parseList(text)
  if (text.startsWith('{')) {
    const atomic = text.endsWith('!')
    return { kind: 'map', values: parseShape(text.slice(1, text.lastIndexOf('}'))), atomic }
  }
  const keepsZero = text.endsWith('?')
  const scalar = SCALARS[keepsZero ? text.slice(0, -1) : text]
  if (scalar !== undefined) return { kind: 'scalar', type: scalar, keepsZero }
  const atomic = text.endsWith('!')
  const name = atomic ? text.slice(0, -1) : text
  if (LINES.get(name) === '*') return ANY
  return atomic ? { ...structShape(name), atomic } : structShape(name)
}

const LIST = /^\[(.*)\](?:\{([^}]*)\}|(set))?(?:~(\w*))?(-)?$/

function parseList(text: string): Shape {
  const [, item = '*', keyText, set, mergeBy, noMerge] = LIST.exec(text) ?? []
  const items = parseShape(item)
  const pairs = (keyText?.split(',') ?? []).map((key) => splitAt(key, '='))
  const keys = pairs.map(([key]) => key)
  const mergeKey = mergeBy ?? (noMerge === undefined ? (set === undefined ? keys[0] : '') : undefined)
  return {
    kind: 'list',
    items,
    type: set !== undefined ? 'set' : keys.length > 0 ? 'map' : 'atomic',
    keys,
    keyDefaults: Object.fromEntries(pairs.filter(([, value]) => value !== undefined)),
    ...(mergeKey === undefined ? {} : { mergeKey }),
  }
}
