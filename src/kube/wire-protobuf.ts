/**
 * The protobuf wire of built-in resources. A list is read item by item as it comes, a watch frame by frame; of each
 * object only what its table keeps is decoded.
 */
import {
  KUBE_BATCH_EVENTS,
  KUBE_LIST_BYTES_MAX,
  KUBE_OBJECTS_MAX,
  KUBE_WATCH_LINE_BYTES_MAX,
} from '../limits.ts'
import type { Clock } from '../world/index.ts'
import { ByteSource } from './bytes.ts'
import { BOOKMARK, LIST_META, type Message, STATUS } from './kept/index.ts'
import { createPace } from './pace.ts'
import {
  createShare,
  decoderOf,
  type EventFrame,
  LIST_HEAD_BYTES_MAX,
  type ListHead,
  readEventFrame,
  readFieldHead,
  readListHead,
  unwrap,
  WireError,
} from './protobuf/index.ts'
import type { KubeObject, ResourceType } from './types.ts'
import { isText, malformed, type Page, readBookmark, tooLong, truncated, type WireEvent } from './wire.ts'

/** Media types of kube-apiserver (kubernetes.io, "API Concepts", "Kubernetes Protobuf encoding"). */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf'

export const isProtobuf = (contentType: string | undefined): boolean =>
  contentType?.toLowerCase().startsWith(PROTOBUF) ?? false

/** The JSON of a Status that came in protobuf; undefined where it is anything else. Never throws. */
export function refusalText(bytes: Buffer, contentType: string | undefined): string | undefined {
  if (!isProtobuf(contentType)) return undefined
  const share = createShare()
  try {
    const body = unwrap(share, bytes, 0, bytes.length)
    if (body.kind !== 'Status') return undefined
    return JSON.stringify(decoderOf(STATUS, share, { kind: 'Status' })(bytes, body.start, body.end))
  } catch {
    return undefined
  }
}

type Body = AsyncIterable<Uint8Array>

export interface ProtobufReader {
  readPage(body: Body): Promise<Page>
  readEvents(body: Body): AsyncIterable<readonly WireEvent[]>
}

/** A reader of one resource that keeps what `kept` keeps. `clock` paces it. */
export function createProtobufReader(type: ResourceType, kept: Message, clock: Clock): ProtobufReader {
  const decode = decodersOf(type, kept)
  const opened = (body: Body) => new ByteSource(body, createPace(clock))
  return {
    async readPage(body) {
      const source = opened(body)
      try {
        return await readList(type, decode, source)
      } catch (error) {
        throw inWords(type, error)
      } finally {
        await source.close()
      }
    },
    async *readEvents(body) {
      const source = opened(body)
      try {
        while (await source.fill(FRAME_HEAD_BYTES)) {
          await source.fill(FRAME_HEAD_BYTES + frameLength(type, source))
          const batch = takeEvents(type, decode, source)
          if (batch.length === 0) throw truncated(type)
          yield batch
        }
        if (source.held > 0) throw truncated(type)
      } catch (error) {
        throw inWords(type, error)
      } finally {
        await source.close()
      }
    },
  }
}

type Decoders = ReturnType<typeof decodersOf>

function decodersOf(type: ResourceType, kept: Message) {
  const share = createShare()
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
  const read = decoderOf(kept, share, { apiVersion, kind: type.kind })
  return {
    share,
    bookmark: decoderOf(BOOKMARK, share),
    status: decoderOf(STATUS, share),
    listMeta: decoderOf(LIST_META, share),
    object(bytes: Buffer, start: number, end: number): KubeObject {
      const object = read(bytes, start, end) as unknown as KubeObject
      const { metadata } = object as Partial<KubeObject>
      if (metadata === undefined) throw malformed(type, 'an object without metadata')
      if (metadata.name === undefined || metadata.resourceVersion === undefined)
        throw malformed(type, 'an object without name or resourceVersion')
      if (type.namespaced && metadata.namespace === undefined)
        throw malformed(type, 'an object without namespace')
      return object
    },
  }
}

const FRAME_HEAD_BYTES = 4

function frameLength(type: ResourceType, source: ByteSource): number {
  const length = source.bytes.readUInt32BE(source.at)
  if (length > KUBE_WATCH_LINE_BYTES_MAX) throw tooLong(type)
  return length
}

/** Of the frames that are there whole, as many as go into one batch. */
function takeEvents(type: ResourceType, decode: Decoders, source: ByteSource): WireEvent[] {
  const batch: WireEvent[] = []
  while (source.held >= FRAME_HEAD_BYTES && batch.length < KUBE_BATCH_EVENTS) {
    const length = frameLength(type, source)
    if (source.held < FRAME_HEAD_BYTES + length) break
    const start = source.at + FRAME_HEAD_BYTES
    batch.push(readEvent(type, decode, source.bytes, start, start + length))
    source.at = start + length
  }
  return batch
}

function readEvent(
  type: ResourceType,
  decode: Decoders,
  bytes: Buffer,
  start: number,
  end: number,
): WireEvent {
  const frame: EventFrame = readEventFrame(decode.share, bytes, start, end)
  switch (frame.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      checkKind(type, frame.kind, type.kind)
      return { type: frame.type, object: decode.object(bytes, frame.start, frame.end) }
    case 'BOOKMARK':
      return readBookmark(type, decode.bookmark(bytes, frame.start, frame.end))
    case 'ERROR':
      checkKind(type, frame.kind, 'Status')
      return { type: 'ERROR', status: decode.status(bytes, frame.start, frame.end) }
    default:
      throw malformed(type, 'a watch event of an unknown type')
  }
}

function checkKind(type: ResourceType, kind: string, wanted: string): void {
  if (kind !== wanted) throw malformed(type, `an object that is no ${wanted}`)
}

/** PodList and its like: {1 metadata: ListMeta, 2 items}. */
async function readList(type: ResourceType, decode: Decoders, source: ByteSource): Promise<Page> {
  const head = await readHead(type, decode, source)
  checkKind(type, head.kind, `${type.kind}List`)
  if (head.length > KUBE_LIST_BYTES_MAX) throw tooLong(type)
  const end = source.taken + head.length
  const items: KubeObject[] = []
  let meta: Record<string, unknown> = {}
  while (source.taken < end) {
    if (source.held < FIELD_HEAD_BYTES_MAX)
      await source.fill(Math.min(FIELD_HEAD_BYTES_MAX, end - source.taken))
    const field = readFieldHead(decode.share, source.bytes, source.at, source.end)
    if (source.taken + field.headBytes + field.length > end)
      throw new WireError('a length beyond its message')
    source.at += field.headBytes
    if (field.length > KUBE_WATCH_LINE_BYTES_MAX) throw tooLong(type)
    if (source.held < field.length && !(await source.fill(field.length))) throw truncated(type)
    const stop = source.at + field.length
    if (field.tag === ITEM_TAG) {
      if (items.length >= KUBE_OBJECTS_MAX) throw tooLong(type)
      items.push(decode.object(source.bytes, source.at, stop))
    } else if (field.tag === META_TAG) meta = decode.listMeta(source.bytes, source.at, stop)
    source.at = stop
  }
  const { resourceVersion, continue: next } = meta
  if (!isText(resourceVersion)) throw malformed(type, 'a list without resourceVersion')
  return { items, resourceVersion, ...(isText(next) ? { next } : {}) }
}

const META_TAG = 0x0a
const ITEM_TAG = 0x12
/** A tag and a length, five bytes each. */
const FIELD_HEAD_BYTES_MAX = 10

async function readHead(type: ResourceType, decode: Decoders, source: ByteSource): Promise<ListHead> {
  for (let wanted = 1; wanted <= LIST_HEAD_BYTES_MAX; wanted = source.held + 1) {
    if (!(await source.fill(wanted))) throw truncated(type)
    const head = readListHead(decode.share, source.bytes, source.at, source.end)
    if (head === undefined) continue
    source.at = head.start
    return head
  }
  throw malformed(type, 'a list that does not begin as one')
}

function inWords(type: ResourceType, error: unknown): unknown {
  return error instanceof WireError ? malformed(type, error.message) : error
}
