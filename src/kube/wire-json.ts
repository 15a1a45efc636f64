/** The JSON wire: lists item by item as they come, watch streams as one JSON object a line. */
import { KUBE_LIST_BYTES_MAX, KUBE_OBJECTS_MAX, KUBE_WATCH_LINE_BYTES_MAX } from '../limits.ts'
import { jsonLines } from '../protocol/index.ts'
import { ByteSource } from './bytes.ts'
import { parseJson } from './call.ts'
import { JsonListError, readJsonList } from './json-list.ts'
import { NO_PACE, type Pace } from './pace.ts'
import type { Projection } from './projections.ts'
import type { KubeObject, ObjectMeta, ResourceType } from './types.ts'
import {
  isFields,
  isText,
  malformed,
  type Page,
  readBookmark,
  tooLong,
  type WireEvent,
  type WireReader,
} from './wire.ts'

/** A reader of one resource that keeps what `project` keeps; long answers are read at the pace that is made for each. */
export function createJsonReader(
  type: ResourceType,
  project: Projection,
  createPace: () => Pace = () => NO_PACE,
): WireReader {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`

  /** Items of a list of built-in resources come without kind and apiVersion. */
  const readObject = (value: unknown): KubeObject => {
    const metadata = isFields(value) ? value['metadata'] : undefined
    if (!isFields(value) || !isFields(metadata)) throw malformed(type, 'an object without metadata')
    if (!isText(metadata['name']) || !isText(metadata['resourceVersion']))
      throw malformed(type, 'an object without name or resourceVersion')
    if (type.namespaced && !isText(metadata['namespace']))
      throw malformed(type, 'an object without namespace')
    return project({ ...value, apiVersion, kind: type.kind, metadata: metadata as unknown as ObjectMeta })
  }

  const readEvent = (line: unknown): WireEvent => {
    if (!isFields(line)) throw malformed(type, 'a line that is not a watch event')
    switch (line['type']) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        return { type: line['type'], object: readObject(line['object']) }
      case 'BOOKMARK':
        return readBookmark(type, line['object'])
      case 'ERROR':
        return { type: 'ERROR', status: line['object'] }
      default:
        throw malformed(type, 'a watch event of an unknown type')
    }
  }

  return {
    listAccept: 'application/json',
    watchAccept: 'application/json',
    async readPage(body): Promise<Page> {
      const source = new ByteSource(body, createPace())
      try {
        return await readList(type, source, readObject)
      } catch (error) {
        throw error instanceof JsonListError ? malformed(type, error.message) : error
      } finally {
        await source.close()
      }
    },
    async *readEvents(body) {
      for await (const line of jsonLines(body, KUBE_WATCH_LINE_BYTES_MAX)) yield [readEvent(line)]
    },
  }
}

async function readList(
  type: ResourceType,
  source: ByteSource,
  readObject: (value: unknown) => KubeObject,
): Promise<Page> {
  const items: KubeObject[] = []
  const rest = await readJsonList(source, {
    item(bytes) {
      if (items.length >= KUBE_OBJECTS_MAX || source.taken > KUBE_LIST_BYTES_MAX) throw tooLong(type)
      items.push(readObject(parseJson(bytes, type.plural)))
    },
    bytesMax: KUBE_WATCH_LINE_BYTES_MAX,
    tooLong: () => tooLong(type),
  })
  const list = parseJson(rest, type.plural)
  const metadata = isFields(list) ? list['metadata'] : undefined
  if (!isFields(list) || !isFields(metadata) || !isText(metadata['resourceVersion']))
    throw malformed(type, 'a list without resourceVersion')
  // Go writes an empty list as null in places.
  if (!Array.isArray(list['items'] ?? [])) throw malformed(type, 'a list without items')
  const next = metadata['continue']
  return { items, resourceVersion: metadata['resourceVersion'], ...(isText(next) ? { next } : {}) }
}
