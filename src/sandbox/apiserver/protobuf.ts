/**
 * Kubernetes' protobuf for request bodies of built-in resources: client-go's typed clients (kubectl create) send it.
 * Answers in it are made in protobuf-write.ts.
 */
import { structShape } from './builtin/index.ts'
import { timeText } from './core.ts'
import type { Fields } from './json.ts'
import type { ScalarType, Shape, Struct } from './schema/shape.ts'
import { badRequest } from './status.ts'

/** runtime.Unknown behind four bytes, `k8s\0`. */
export const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0])

/** Kinds whose every field the table of fields numbers. */
export const KINDS: ReadonlySet<string> = new Set([
  'ConfigMap',
  'DaemonSet',
  'DeleteOptions',
  'Deployment',
  'EndpointSlice',
  'Endpoints',
  'Event',
  'Ingress',
  'Lease',
  'Namespace',
  'NetworkPolicy',
  'Node',
  'Pod',
  'ReplicaSet',
  'Secret',
  'SelfSubjectAccessReview',
  'SelfSubjectReview',
  'Service',
  'ServiceAccount',
  'StatefulSet',
  'SubjectAccessReview',
])

/** The body as the JSON it stands for. Throws BadRequest when it is malformed or of another kind. */
export function decodeProtobuf(bytes: Uint8Array): Fields {
  const buffer = Buffer.from(bytes)
  if (!buffer.subarray(0, 4).equals(MAGIC)) throw malformed('it does not begin as Kubernetes’ protobuf does')
  let [type, raw]: [Buffer | undefined, Buffer | undefined] = [undefined, undefined]
  for (const field of readFields(buffer.subarray(4))) {
    if (field.number === 1) type = bytesOf(field)
    else if (field.number === 2) raw = bytesOf(field)
  }
  const names = new Map([...readFields(type ?? Buffer.alloc(0))].map((field) => [field.number, field]))
  const [apiVersion, kind] = [1, 2].map((number) => {
    const field = names.get(number)
    return field === undefined ? '' : bytesOf(field).toString('utf8')
  }) as [string, string]
  if (!KINDS.has(kind)) throw malformed(`the kind ${JSON.stringify(kind)} is taken as JSON only`)
  return { apiVersion, kind, ...readStruct(raw ?? Buffer.alloc(0), structShape(kind)) }
}

const malformed = (why: string) => badRequest(`the protobuf body is not understood: ${why}`)

interface WireValue {
  readonly number: number
  /** 0 a varint, 1 eight bytes, 2 a length and bytes, 5 four bytes. */
  readonly wireType: number
  readonly value: bigint | Buffer
}

function* readFields(buffer: Buffer): Generator<WireValue, void> {
  let at = 0
  const varint = (): bigint => {
    let [result, shift] = [0n, 0n]
    while (true) {
      const byte = buffer[at]
      if (byte === undefined || shift > 63n) throw malformed('a number is cut short')
      at += 1
      result |= BigInt(byte & 0x7f) << shift
      if ((byte & 0x80) === 0) return BigInt.asIntN(64, result)
      shift += 7n
    }
  }
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > buffer.length) throw malformed('a field is cut short')
    at += length
    return buffer.subarray(at - length, at)
  }
  while (at < buffer.length) {
    const tag = Number(varint())
    const [number, wireType] = [tag >>> 3, tag & 7]
    if (wireType === 0) yield { number, wireType, value: varint() }
    else if (wireType === 1) yield { number, wireType, value: take(8) }
    else if (wireType === 2) yield { number, wireType, value: take(Number(varint())) }
    else if (wireType === 5) yield { number, wireType, value: take(4) }
    else throw malformed(`wire type ${wireType}`)
  }
}

function bytesOf(field: WireValue): Buffer {
  if (typeof field.value === 'bigint') throw malformed('a number stands where bytes should')
  return field.value
}

function numberOf(field: WireValue): number {
  if (typeof field.value === 'bigint') return Number(field.value)
  return field.wireType === 1 ? field.value.readDoubleLE() : field.value.readFloatLE()
}

function readStruct(buffer: Buffer, struct: Struct): Fields {
  const found = new Map<string, unknown>()
  for (const field of readFields(buffer)) {
    const known = struct.wire?.get(field.number)
    if (known === undefined) continue
    const { name, shape } = known
    if (name === undefined) {
      if (shape.kind === 'struct')
        for (const [key, value] of Object.entries(readStruct(bytesOf(field), shape))) found.set(key, value)
    } else if (shape.kind === 'list') {
      const before = (found.get(name) as unknown[] | undefined) ?? []
      before.push(readValue(field, shape.items))
      found.set(name, before)
    } else if (shape.kind === 'map') {
      const [key, value] = readPair(bytesOf(field), shape.values)
      found.set(name, { ...(found.get(name) as Fields | undefined), [key]: value })
    } else {
      const value = readValue(field, shape)
      if (value !== undefined) found.set(name, value)
    }
  }
  return Object.fromEntries(found)
}

function readPair(buffer: Buffer, shape: Shape): readonly [string, unknown] {
  let [key, value]: [string, unknown] = ['', shape.kind === 'scalar' ? '' : {}]
  for (const field of readFields(buffer)) {
    if (field.number === 1) key = bytesOf(field).toString('utf8')
    else if (field.number === 2) value = readValue(field, shape)
  }
  return [key, value]
}

/** Undefined where Go's zero means that nothing is set. */
function readValue(field: WireValue, shape: Shape): unknown {
  switch (shape.kind) {
    case 'struct':
      return readStruct(bytesOf(field), shape)
    case 'scalar':
      return readScalar(field, shape.type)
    default:
      return undefined
  }
}

function readScalar(field: WireValue, type: ScalarType): unknown {
  switch (type) {
    case 'integer':
    case 'number':
      return numberOf(field)
    case 'boolean':
      return numberOf(field) !== 0
    case 'bytes':
      return bytesOf(field).toString('base64')
    case 'time':
    case 'microtime':
      return readTime(bytesOf(field), type === 'microtime')
    case 'quantity':
      return readParts(bytesOf(field)).texts.get(1) ?? '0'
    case 'int-or-string': {
      const { numbers, texts } = readParts(bytesOf(field))
      return (numbers.get(1) ?? 0) === 1 ? (texts.get(3) ?? '') : (numbers.get(2) ?? 0)
    }
    default:
      return bytesOf(field).toString('utf8')
  }
}

function readParts(buffer: Buffer): { numbers: Map<number, number>; texts: Map<number, string> } {
  const [numbers, texts] = [new Map<number, number>(), new Map<number, string>()]
  for (const field of readFields(buffer)) {
    if (typeof field.value === 'bigint') numbers.set(field.number, Number(field.value))
    else texts.set(field.number, field.value.toString('utf8'))
  }
  return { numbers, texts }
}

const SECONDS_MAX = 253_402_300_799

function readTime(buffer: Buffer, isMicro: boolean): string | undefined {
  const { numbers } = readParts(buffer)
  const seconds = numbers.get(1)
  if (seconds === undefined) return undefined
  if (Math.abs(seconds) > SECONDS_MAX) throw malformed('a time is out of range')
  const text = timeText(seconds * 1_000)
  const micros = Math.floor((numbers.get(2) ?? 0) / 1_000)
  return isMicro ? text.replace('Z', `.${String(micros).padStart(6, '0')}Z`) : text
}
