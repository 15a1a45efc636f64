/** The reader of one resource: what is asked for, and how what comes is read. */
import type { Clock } from '../world/index.ts'
import { createPace } from './pace.ts'
import { keptOf, projectionOf } from './projections.ts'
import { RESOURCES, type ResourceName } from './resources.ts'
import type { WireReader } from './wire.ts'
import { createJsonReader } from './wire-json.ts'
import { createProtobufReader, isProtobuf, PROTOBUF } from './wire-protobuf.ts'

/**
 * Built-in resources are asked for in protobuf and taken in either format; custom resources are served as JSON only.
 * `clock` paces the reading of long answers, so that the event loop is not held.
 */
export function createReader(name: ResourceName, clock: Clock): WireReader {
  const type = RESOURCES[name]
  const json = createJsonReader(type, projectionOf(name), () => createPace(clock))
  const kept = keptOf(name)
  if (kept === undefined) return json
  const protobuf = createProtobufReader(type, kept, clock)
  const readerFor = (contentType: string | undefined) => (isProtobuf(contentType) ? protobuf : json)
  return {
    listAccept: `${PROTOBUF}, ${json.listAccept}`,
    watchAccept: `${PROTOBUF};stream=watch, ${json.watchAccept}`,
    readPage: (body, contentType) => readerFor(contentType).readPage(body, contentType),
    readEvents: (body, contentType) => readerFor(contentType).readEvents(body, contentType),
  }
}
