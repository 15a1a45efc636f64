/** The reader of one resource: what is asked for, and how what comes is read. */
import type { Clock } from '../world/index.ts'
import { projectionOf } from './projections.ts'
import { RESOURCES, type ResourceName } from './resources.ts'
import type { WireReader } from './wire.ts'
import { createJsonReader } from './wire-json.ts'

/** `clock` paces the reading of long answers, so that the event loop is not held. */
export function createReader(name: ResourceName, _clock: Clock): WireReader {
  return createJsonReader(RESOURCES[name], projectionOf(name))
}
