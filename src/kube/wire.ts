/**
 * How lists and watch streams are read off the wire: JSON (wire-json.ts), and Kubernetes' protobuf for built-in
 * resources (protobuf/). Objects are projected while they are read.
 */
import { retry } from '../errors.ts'
import type { KubeObject, ResourceType } from './types.ts'

export interface Page {
  readonly items: readonly KubeObject[]
  readonly resourceVersion: string
  /** Token of the next page; absent on the last one. */
  readonly next?: string
}

export type WireEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | {
      readonly type: 'BOOKMARK'
      readonly resourceVersion: string
      /** Everything that was there when a streamed list began has been sent. */
      readonly endsList: boolean
    }
  /** `status` is a meta/v1 Status, not yet looked at. */
  | { readonly type: 'ERROR'; readonly status: unknown }

export interface WireReader {
  /** Accept header of a list and of a watch. */
  readonly listAccept: string
  readonly watchAccept: string
  /** `contentType` is the answer's, and tells the format. Throws KUBE_MALFORMED, or TransportError too-large. */
  readPage(body: AsyncIterable<Uint8Array>, contentType?: string): Promise<Page>
  /**
   * Events in their order, as many at a time as came together. Ends when the stream ends in good order; throws
   * KUBE_MALFORMED, LINE_* or TransportError otherwise.
   */
  readEvents(body: AsyncIterable<Uint8Array>, contentType?: string): AsyncIterable<readonly WireEvent[]>
}

export const malformed = (type: ResourceType, what: string) =>
  retry('KUBE_MALFORMED', `${type.plural}: the API server sent ${what}; the resource is listed again`, {
    subject: type.plural,
  })

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

export const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Marks the bookmark at which a streamed list is complete (KEP-3157). */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

/** `object`: of the resource's kind, of which only metadata is looked at. Throws KUBE_MALFORMED. */
export function readBookmark(type: ResourceType, object: unknown): WireEvent {
  const metadata = isFields(object) ? object['metadata'] : undefined
  if (!isFields(metadata) || !isText(metadata['resourceVersion']))
    throw malformed(type, 'a bookmark without resourceVersion')
  const annotations = metadata['annotations']
  return {
    type: 'BOOKMARK',
    resourceVersion: metadata['resourceVersion'],
    endsList: isFields(annotations) && annotations[INITIAL_EVENTS_END] === 'true',
  }
}

export const truncated = (type: ResourceType) =>
  retry(
    'KUBE_FRAME_TRUNCATED',
    `${type.plural}: the answer of the API server ended within an object; the resource is read again`,
    { subject: type.plural },
  )

export const tooLong = (type: ResourceType) =>
  retry(
    'KUBE_FRAME_TOO_LONG',
    `${type.plural}: the API server announced an object or a list over the adapter’s limit; it is read again`,
    { subject: type.plural },
  )
