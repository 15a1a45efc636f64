/** The JSON wire: lists as one document, watch streams as one JSON object a line. */
import { KUBE_BODY_BYTES_MAX, KUBE_WATCH_LINE_BYTES_MAX } from '../limits.ts'
import { jsonLines } from '../protocol/index.ts'
import { parseJson, readBytes } from './call.ts'
import type { Projection } from './projections.ts'
import type { KubeObject, ObjectMeta, ResourceType } from './types.ts'
import {
  isFields,
  isText,
  malformed,
  type Page,
  readBookmark,
  type WireEvent,
  type WireReader,
} from './wire.ts'

/** A reader of one resource that keeps what `project` keeps. */
export function createJsonReader(type: ResourceType, project: Projection): WireReader {
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
      const list = parseJson(await readBytes(body, KUBE_BODY_BYTES_MAX, type.plural), type.plural)
      const metadata = isFields(list) ? list['metadata'] : undefined
      if (!isFields(list) || !isFields(metadata) || !isText(metadata['resourceVersion']))
        throw malformed(type, 'a list without resourceVersion')
      const items = list['items'] ?? []
      if (!Array.isArray(items)) throw malformed(type, 'a list without items')
      const next = metadata['continue']
      return {
        items: items.map(readObject),
        resourceVersion: metadata['resourceVersion'],
        ...(isText(next) ? { next } : {}),
      }
    },
    async *readEvents(body) {
      for await (const line of jsonLines(body, KUBE_WATCH_LINE_BYTES_MAX)) yield [readEvent(line)]
    },
  }
}
