/**
 * Kubernetes' protobuf for answers: objects of built-in resources, their lists and watch events, and Status. As Go's
 * generated code writes it: what is no pointer is written when it is zero as well, and map entries in the order of keys.
 */
import { structShape } from './builtin/index.ts'
import { fieldsOf, isFields, isList } from './json.ts'
import { KINDS, MAGIC } from './protobuf.ts'
import type { ScalarType, Shape, Struct } from './schema/shape.ts'
import type { StoredObject } from './types.ts'

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'

/** Whether objects of this kind can be written: every field of theirs is numbered. */
export const isWritable = (kind: string): boolean => KINDS.has(kind)

/** An object, or a Status, as a whole body. The kind must be one of those. */
export function writeObject(object: Readonly<Record<string, unknown>>, apiVersion: string): Buffer {
  const kind = String(object['kind'])
  return wrapped(apiVersion, kind, [rawOf(object, kind)])
}

/** Objects are never changed in place: their bytes are made once. */
const known = new WeakMap<object, Buffer>()

export function rawOf(object: Readonly<Record<string, unknown>>, kind: string): Buffer {
  const before = known.get(object)
  if (before !== undefined) return before
  const raw = writeStruct(structShape(kind), object)
  known.set(object, raw)
  return raw
}

/** The bytes of a list up to its first item, for items of so many bytes in all (each with its own head). */
export function writeListHead(
  apiVersion: string,
  kind: string,
  metadata: Readonly<Record<string, unknown>>,
  itemBytes: number,
): Buffer {
  const meta = message(1, writeStruct(structShape('ListMeta'), metadata))
  return Buffer.concat([
    MAGIC,
    message(1, Buffer.concat([text(1, apiVersion), text(2, kind)])),
    varint(tag(2, 2)),
    varint(meta.length + itemBytes),
    meta,
  ])
}

/** runtime.Unknown's contentEncoding and contentType, which are empty. */
export const LIST_TAIL = Buffer.concat([text(3, ''), text(4, '')])

export const writeItem = (object: StoredObject): Buffer => message(2, rawOf(object, object.kind))

/** One frame of a watch: its length, and the event around the object. */
export function writeEvent(type: string, body: Buffer): Buffer {
  const event = Buffer.concat([text(1, type), message(2, message(1, body))])
  const head = Buffer.alloc(4)
  head.writeUInt32BE(event.length)
  return Buffer.concat([head, event])
}

function wrapped(apiVersion: string, kind: string, raw: readonly Buffer[]): Buffer {
  return Buffer.concat([
    MAGIC,
    message(1, Buffer.concat([text(1, apiVersion), text(2, kind)])),
    message(2, Buffer.concat(raw)),
    LIST_TAIL,
  ])
}

function tag(number: number, wireType: number): number {
  return number * 8 + wireType
}

function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

function message(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(tag(number, 2)), varint(bytes.length), bytes])
}

function text(number: number, value: string): Buffer {
  return message(number, Buffer.from(value))
}

const integer = (number: number, value: number): Buffer =>
  Buffer.concat([varint(tag(number, 0)), varint(BigInt(Math.trunc(value)))])

function writeStruct(struct: Struct, value: unknown): Buffer {
  const fields = fieldsOf(value)
  const parts: Buffer[] = []
  for (const [number, { name, shape }] of [...(struct.wire ?? [])].sort(([a], [b]) => a - b))
    parts.push(...writeField(number, shape, name === undefined ? fields : fields[name]))
  return Buffer.concat(parts)
}

function writeField(number: number, shape: Shape, value: unknown): Buffer[] {
  switch (shape.kind) {
    case 'list':
      return isList(value) ? value.flatMap((item) => writeField(number, always(shape.items), item)) : []
    case 'map':
      return isFields(value)
        ? Object.keys(value)
            .sort()
            .map((key) => {
              const entry = [text(1, key), ...writeField(2, always(shape.values), value[key])]
              return message(number, Buffer.concat(entry))
            })
        : []
    case 'struct':
      return isFields(value) ? [message(number, writeStruct(shape, value))] : []
    case 'scalar':
      return writeScalar(number, shape.type, value, shape.keepsZero === true)
    case 'any':
      // FieldsV1{1 raw}, whose raw is JSON; nothing else of any shape is numbered.
      return value === undefined ? [] : [message(number, text(1, JSON.stringify(value)))]
  }
}

/** Items and entries are there whatever they hold. */
const always = (shape: Shape): Shape => (shape.kind === 'scalar' ? { ...shape, keepsZero: true } : shape)

function writeScalar(number: number, type: ScalarType, value: unknown, isPointer: boolean): Buffer[] {
  const isAbsent = value === undefined || value === null
  if (isAbsent && isPointer) return []
  switch (type) {
    case 'integer':
      return [integer(number, Number(value ?? 0))]
    case 'boolean':
      return [integer(number, value === true ? 1 : 0)]
    case 'string':
      return [text(number, isAbsent ? '' : String(value))]
    case 'number': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(Number(value ?? 0))
      return [Buffer.concat([varint(tag(number, 1)), bytes])]
    }
    case 'bytes':
      return isAbsent ? [] : [message(number, Buffer.from(String(value), 'base64'))]
    case 'quantity':
      return isAbsent ? [] : [message(number, text(1, String(value)))]
    case 'time':
    case 'microtime':
      return isAbsent ? [] : [message(number, writeTime(String(value)))]
    case 'int-or-string':
      return isAbsent ? [] : [message(number, writeIntOrString(value))]
    case 'unchecked':
      return []
  }
}

/** Timestamp{1 seconds, 2 nanos} */
function writeTime(value: string): Buffer {
  const seconds = Math.floor(Date.parse(value) / 1_000)
  const fraction = /\.(\d{1,9})/.exec(value)?.[1] ?? ''
  return Buffer.concat([integer(1, seconds), integer(2, Number(fraction.padEnd(9, '0')))])
}

/** IntOrString{1 type, 2 intVal, 3 strVal} */
function writeIntOrString(value: unknown): Buffer {
  const isText = typeof value === 'string'
  return Buffer.concat([
    integer(1, isText ? 1 : 0),
    integer(2, isText ? 0 : Number(value)),
    text(3, isText ? value : ''),
  ])
}
