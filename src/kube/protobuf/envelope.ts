/**
 * What objects travel in. Every body begins with four bytes and a runtime.Unknown{1 typeMeta{1 apiVersion, 2 kind},
 * 2 raw, 3 contentEncoding} (k8s.io/apimachinery pkg/runtime/generated.proto and
 * pkg/runtime/serializer/protobuf/doc.go). A watch stream is frames: a length of four bytes, big-endian, and a
 * WatchEvent{1 type, 2 object: RawExtension{1 raw}} (pkg/apis/meta/v1/generated.proto), whose raw is such a body.
 */
import { type Cursor, readEnd, readSize, readText, skip, WireError } from './decode.ts'
import type { Share } from './share.ts'

/** `k8s\0` */
const MAGIC = [0x6b, 0x38, 0x73, 0]

const cursorOf = (share: Share, bytes: Buffer, at: number): Cursor => ({
  share,
  bytes,
  at,
  hash: 0,
  values: 0,
})

function readMagic(cursor: Cursor, end: number): void {
  if (end - cursor.at < MAGIC.length) throw new WireError('a body that is cut short')
  for (const byte of MAGIC)
    if (cursor.bytes[cursor.at++] !== byte) throw new WireError('a body that is not Kubernetes’ protobuf')
}

/** Where an object's bytes are, and which kind they say it is. */
export interface Wrapped {
  readonly kind: string
  readonly start: number
  readonly end: number
}

/** Opens a whole body. Throws WireError. */
export function unwrap(share: Share, bytes: Buffer, start: number, end: number): Wrapped {
  const cursor = cursorOf(share, bytes, start)
  readMagic(cursor, end)
  let kind = ''
  let from = end
  let to = end
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 10) kind = readKind(cursor, readEnd(cursor, end))
    else if (tag === 18) {
      to = readEnd(cursor, end)
      from = cursor.at
      cursor.at = to
    } else if (tag === 26) refuseEncoding(cursor, end)
    else skip(cursor, tag & 7, end)
  }
  if (cursor.at !== end) throw new WireError('a body that is cut short')
  return { kind, start: from, end: to }
}

function refuseEncoding(cursor: Cursor, end: number): void {
  if (readText(cursor, readEnd(cursor, end), true) !== '') throw new WireError('a body in another encoding')
}

function readKind(cursor: Cursor, end: number): string {
  let kind = ''
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 18) kind = readText(cursor, readEnd(cursor, end), false)
    else skip(cursor, tag & 7, end)
  }
  return kind
}

export interface EventFrame extends Wrapped {
  readonly type: string
}

/** Opens the frame of one watch event, without its length. Throws WireError. */
export function readEventFrame(share: Share, bytes: Buffer, start: number, end: number): EventFrame {
  const cursor = cursorOf(share, bytes, start)
  let type = ''
  let object: Wrapped | undefined
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 10) type = readText(cursor, readEnd(cursor, end), false)
    else if (tag === 18) object = readRaw(share, cursor, readEnd(cursor, end))
    else skip(cursor, tag & 7, end)
  }
  if (cursor.at !== end) throw new WireError('a frame that is cut short')
  if (object === undefined) throw new WireError('a watch event without an object')
  return { type, kind: object.kind, start: object.start, end: object.end }
}

function readRaw(share: Share, cursor: Cursor, end: number): Wrapped | undefined {
  let object: Wrapped | undefined
  while (cursor.at < end) {
    const tag = readSize(cursor)
    if (tag === 10) {
      const stop = readEnd(cursor, end)
      object = unwrap(share, cursor.bytes, cursor.at, stop)
      cursor.at = stop
    } else skip(cursor, tag & 7, end)
  }
  if (cursor.at !== end) throw new WireError('a frame that is cut short')
  return object
}

export interface ListHead {
  readonly kind: string
  /** Where the list's own fields begin, and how many bytes they are. */
  readonly start: number
  readonly length: number
}

/** Opens the beginning of a list, whose raw need not be there yet; undefined when more bytes are needed. */
export function readListHead(share: Share, bytes: Buffer, start: number, end: number): ListHead | undefined {
  const cursor = cursorOf(share, bytes.subarray(0, end), start)
  if (end - start < MAGIC.length) return undefined
  readMagic(cursor, end)
  let kind = ''
  try {
    while (true) {
      const tag = readSize(cursor)
      if (tag === 18) return { kind, length: readSize(cursor), start: cursor.at }
      const stop = readEnd(cursor, end)
      if (tag === 10) kind = readKind(cursor, stop)
      else if (tag === 26) throw new WireError('a body in another encoding')
      cursor.at = stop
    }
  } catch (error) {
    // It may be cut short only because the rest is still on its way.
    if (error instanceof WireError && end - start < LIST_HEAD_BYTES_MAX) return undefined
    throw error
  }
}

/** A length-delimited field whose bytes need not be there yet. Throws WireError. */
export function readFieldHead(
  share: Share,
  bytes: Buffer,
  start: number,
  end: number,
): { readonly tag: number; readonly length: number; readonly headBytes: number } {
  const cursor = cursorOf(share, bytes, start)
  const tag = readSize(cursor)
  if ((tag & 7) !== 2) throw new WireError(`a list’s field of wire type ${tag & 7}`)
  const length = readSize(cursor)
  if (cursor.at > end) throw new WireError('a list that is cut short')
  return { tag, length, headBytes: cursor.at - start }
}

/** Four bytes, the names of version and kind, and a length. */
export const LIST_HEAD_BYTES_MAX = 256
