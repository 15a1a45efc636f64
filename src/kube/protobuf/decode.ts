/**
 * Protobuf's wire format (protobuf.dev, "Encoding"), walked by a table of kept fields: what is not in the table is
 * stepped over without being looked at. Every length is held against the end of what it is part of.
 */
import { KUBE_OBJECT_VALUES_MAX } from '../../limits.ts'
import type { Message } from '../kept/index.ts'
import { type Plan, type PlanField, planOf } from './plan.ts'
import { HASH_START, keepValue, knownValue, mix, type Share, sharedText } from './share.ts'
import { microTimeText, timeText } from './times.ts'

/** What is wrong with the bytes, in words that end a sentence. */
export class WireError extends Error {}

/** Where the walk is. `end` bounds what may be read of `bytes`, which is longer. */
export interface Cursor {
  readonly share: Share
  bytes: Buffer
  at: number
  /** Of the value read last. */
  hash: number
  /** Values read for this object. */
  values: number
}

export type ObjectDecoder = (bytes: Buffer, start: number, end: number) => Record<string, unknown>

/** Reads messages of one kind; `constants` are in each. Throws WireError. What it gives back may have frozen parts, shared with others. */
export function decoderOf(
  message: Message,
  share: Share,
  constants: Readonly<Record<string, string>> = {},
): ObjectDecoder {
  const plan = planOf(message, constants)
  const cursor: Cursor = { share, bytes: Buffer.alloc(0), at: 0, hash: 0, values: 0 }
  return (bytes, start, end) => {
    cursor.bytes = bytes
    cursor.at = start
    cursor.values = 0
    return readMessage(cursor, plan, end) as Record<string, unknown>
  }
}

const cutShort = () => new WireError('a field that is cut short')

/** A varint of at most 32 bits: a tag or a length. */
export function readSize(cursor: Cursor): number {
  const { bytes } = cursor
  let byte = bytes[cursor.at++]
  if (byte === undefined) throw cutShort()
  if (byte < 0x80) return byte
  let value = byte & 0x7f
  for (let scale = 0x80; scale <= 0x10000000; scale *= 0x80) {
    byte = bytes[cursor.at++]
    if (byte === undefined) throw cutShort()
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if (value > 0xffffffff) break
      return value
    }
  }
  throw new WireError('a number that is too long')
}

/** A varint of 64 bits as the signed number it stands for; beyond 2^53 it loses its last digits, as in JSON. */
function readInteger(cursor: Cursor): number {
  let [low, high] = [0, 0]
  for (let index = 0; index < 10; index += 1) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw cutShort()
    const part = byte & 0x7f
    if (index < 4) low += part * 2 ** (7 * index)
    else if (index === 4) {
      low += (part & 0x0f) * 2 ** 28
      high = part >>> 4
    } else high += index === 9 ? (part & 1) * 2 ** 31 : part * 2 ** (7 * index - 32)
    if (byte < 0x80) return (high | 0) * 2 ** 32 + low
  }
  throw new WireError('a number that is too long')
}

/** The end of a length-delimited field, which begins at the cursor. */
export function readEnd(cursor: Cursor, end: number): number {
  const length = readSize(cursor)
  const stop = cursor.at + length
  if (stop > end) throw new WireError('a length beyond its message')
  return stop
}

export function skip(cursor: Cursor, wireType: number, end: number): void {
  if (wireType === 2) cursor.at = readEnd(cursor, end)
  else if (wireType === 0) readInteger(cursor)
  else if (wireType === 1) cursor.at += 8
  else if (wireType === 5) cursor.at += 4
  else throw new WireError(`a field of wire type ${wireType}`)
}

function readMessage(cursor: Cursor, plan: Plan, end: number): object {
  const { byNumber, slots } = plan
  let mask = 0
  let hash = HASH_START
  while (cursor.at < end) {
    const tag = readSize(cursor)
    const number = Math.floor(tag / 8)
    const field = byNumber[number]
    if (field === undefined) {
      if (number === 0) throw new WireError('a field without a number')
      skip(cursor, tag & 7, end)
      continue
    }
    if ((tag & 7) !== field.wireType) throw new WireError(`a ${field.name} of another wire type`)
    cursor.values += 1
    if (cursor.values > KUBE_OBJECT_VALUES_MAX) throw new WireError('an object of too many parts')
    const value = readField(cursor, field, end, mask)
    if (value === undefined) continue
    if (field.inline === undefined) {
      slots[field.index] = value
      mask |= field.bit
    } else mask |= field.inline(value as object, slots)
    hash = mix(mix(hash, number), cursor.hash)
  }
  if (cursor.at !== end) throw cutShort()
  for (const field of plan.collected) if ((mask & field.bit) !== 0) slots[field.index] = finish(cursor, field)
  cursor.hash = hash
  if (!plan.shared) return plan.build(mask, slots)
  const parts = plan.parts(mask)
  return (
    knownValue(cursor.share, parts, hash) ?? keepValue(cursor.share, parts, hash, plan.build(mask, slots))
  )
}

/** Undefined: as good as absent. Lists and maps are collected in their field, and finished with the message. */
function readField(cursor: Cursor, field: PlanField, end: number, mask: number): unknown {
  switch (field.kind) {
    case 'list':
      if ((mask & field.bit) === 0) beginCollecting(field)
      field.collected.push(readValue(cursor, field, end))
      field.hash = mix(field.hash, cursor.hash)
      return field.collected
    case 'map':
      if ((mask & field.bit) === 0) beginCollecting(field)
      readPair(cursor, field, readEnd(cursor, end))
      return field.collected.length === 0 ? undefined : field.collected
    default: {
      const value = readValue(cursor, field, end)
      const isZero = value === '' || value === 0 || value === false
      return isZero && !field.keepsZero ? undefined : value
    }
  }
}

function beginCollecting(field: PlanField): void {
  field.collected.length = 0
  field.hash = HASH_START
}

function readValue(cursor: Cursor, field: PlanField, end: number): unknown {
  switch (field.value) {
    case 'text':
      return readText(cursor, readEnd(cursor, end), field.unique)
    case 'integer':
    case 'boolean': {
      const value = readInteger(cursor)
      cursor.hash = value | 0
      return field.value === 'boolean' ? value !== 0 : value
    }
    case 'time':
      return readTime(cursor, field.isMicro, readEnd(cursor, end))
    case 'int-or-text':
      return readIntOrText(cursor, readEnd(cursor, end))
    case 'message':
      return readMessage(cursor, field.plan as Plan, readEnd(cursor, end))
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

export function readText(cursor: Cursor, end: number, unique: boolean): string {
  const { bytes, at: start } = cursor
  cursor.at = end
  let hash = HASH_START
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number
    if (byte >= 0x80) return readUtf8(cursor, start, end)
    hash = mix(hash, byte)
  }
  cursor.hash = hash
  if (start === end) return ''
  return unique ? bytes.toString('latin1', start, end) : sharedText(cursor.share, bytes, start, end, hash)
}

function readUtf8(cursor: Cursor, start: number, end: number): string {
  cursor.hash = end - start
  try {
    return decoder.decode(cursor.bytes.subarray(start, end))
  } catch {
    throw new WireError('a text that is not UTF-8')
  }
}

/** Timestamp{1 seconds, 2 nanos}; a zero time is written as no bytes at all. */
function readTime(cursor: Cursor, isMicro: boolean, end: number): string | undefined {
  if (cursor.at === end) return undefined
  const { seconds = 0, nanos = 0 } = readNumbers(cursor, end)
  cursor.hash = seconds | 0
  const text = isMicro ? microTimeText(seconds, nanos) : timeText(seconds)
  if (text === undefined) throw new WireError('a time out of range')
  return text
}

function readNumbers(cursor: Cursor, end: number): { seconds?: number; nanos?: number } {
  const found: { seconds?: number; nanos?: number } = {}
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 8) found.seconds = readInteger(cursor)
    else if (tag === 16) found.nanos = readInteger(cursor)
    else skip(cursor, tag & 7, end)
  }
  if (cursor.at !== end) throw cutShort()
  return found
}

/** IntOrString{1 type: 0 a number, 1 a text; 2 intVal; 3 strVal}. */
function readIntOrText(cursor: Cursor, end: number): number | string {
  let [type, number, text] = [0, 0, '']
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 8) type = readInteger(cursor)
    else if (tag === 16) number = readInteger(cursor)
    else if (tag === 26) text = readText(cursor, readEnd(cursor, end), false)
    else skip(cursor, tag & 7, end)
  }
  if (cursor.at !== end) throw cutShort()
  return type === 1 ? text : number
}

/** An entry of a map of texts: {1 key, 2 value}, each empty where it is left out. */
function readPair(cursor: Cursor, field: PlanField, end: number): void {
  let [key, value] = ['', '']
  let hash = field.hash
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 10) key = readText(cursor, readEnd(cursor, end), false)
    else if (tag === 18) value = readText(cursor, readEnd(cursor, end), !field.shared)
    else {
      skip(cursor, tag & 7, end)
      continue
    }
    hash = mix(hash, cursor.hash)
  }
  if (cursor.at !== end) throw cutShort()
  if (key === field.without && key !== '') return
  if (field.only !== '' && key !== field.only) return
  field.collected.push(key, value)
  field.hash = hash
}

function finish(cursor: Cursor, field: PlanField): object {
  const { collected, kind } = field
  if (!field.shared) return collectedValue(field)
  const hash = mix(field.hash, kind === 'list' ? 1 : 2)
  return (
    knownValue(cursor.share, collected, hash) ??
    keepValue(cursor.share, collected, hash, collectedValue(field))
  )
}

const collectedValue = ({ kind, collected }: PlanField): object =>
  kind === 'list' ? collected.slice() : mapOf(collected as string[])

function mapOf(pairs: readonly string[]): Record<string, string> {
  const map: Record<string, string> = {}
  for (let at = 0; at < pairs.length; at += 2) {
    const key = pairs[at] as string
    // An assignment to this key would set the prototype.
    if (key === '__proto__')
      Object.defineProperty(map, key, {
        value: pairs[at + 1],
        enumerable: true,
        configurable: true,
        writable: true,
      })
    else map[key] = pairs[at + 1] as string
  }
  return map
}
