/** Reading a snapshot: it counts whole or not at all. */
import { retry } from '../../errors.ts'
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_OBJECTS_MAX } from '../../limits.ts'
import { SnapshotFrame, setDigest } from '../../protocol/index.ts'
import { type DesiredObject, objectKey } from '../translate/index.ts'
import { byeError, checkPut, readFrame } from './frames.ts'
import { type DesiredState, desiredState } from './state.ts'

const KNOWN = new Set(['begin', 'put', 'end', 'ping', 'bye'])

export interface SnapshotLimits {
  readonly objects: number
  readonly bytes: number
}

export const SNAPSHOT_LIMITS: SnapshotLimits = { objects: SNAPSHOT_OBJECTS_MAX, bytes: SNAPSHOT_BYTES_MAX }

type Begin = Extract<SnapshotFrame, { t: 'begin' }>
type End = Extract<SnapshotFrame, { t: 'end' }>

/**
 * The state of a snapshot whose `end` came with counts and digest that agree with what was read. Otherwise it throws
 * (kind retry; SNAPSHOT_TRUNCATED, _MALFORMED, _COUNTS, _DIGEST, _TOO_LARGE, PROTOCOL_…) and nothing was changed by it.
 * `onLine` is called for every line.
 */
export async function readSnapshot(
  lines: AsyncIterable<unknown>,
  options: { snapshotMs: number; onLine: () => void; limits?: SnapshotLimits },
): Promise<DesiredState> {
  const limits = options.limits ?? SNAPSHOT_LIMITS
  const objects = new Map<string, DesiredObject>()
  let begin: Begin | undefined
  let bytes = 0
  for await (const line of lines) {
    options.onLine()
    const frame = readFrame(SnapshotFrame, KNOWN, line)
    if (frame === undefined || frame.t === 'ping') continue
    if (frame.t === 'bye') throw byeError(frame.retry_after_ms)
    if (frame.t === 'begin') {
      if (begin !== undefined) throw malformed('it begins twice')
      begin = frame
      continue
    }
    if (begin === undefined) throw malformed(`it starts with ${frame.t}`)
    if (frame.t === 'end') return finish(begin, frame, objects, options.snapshotMs)
    const checked = checkPut(frame)
    const key = objectKey(frame.kind, frame.path)
    if (objects.has(key)) throw malformed(`${frame.kind} ${frame.path} is there twice`)
    objects.set(key, checked.object)
    bytes += checked.bytes
    if (objects.size > limits.objects || bytes > limits.bytes)
      throw retry(
        'SNAPSHOT_TOO_LARGE',
        `the snapshot is over ${limits.objects} objects or ${limits.bytes} bytes; what is in force stays`,
      )
  }
  throw retry(
    'SNAPSHOT_TRUNCATED',
    'the snapshot ended without its end; it was thrown away and is read again',
  )
}

function finish(
  begin: Begin,
  end: End,
  objects: ReadonlyMap<string, DesiredObject>,
  snapshotMs: number,
): DesiredState {
  if (end.version !== begin.version)
    throw malformed(`it begins at ${begin.version} and ends at ${end.version}`)
  const counts = new Map<string, number>()
  for (const { kind } of objects.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const kinds = new Set([...counts.keys(), ...Object.keys(end.counts)])
  for (const kind of kinds) {
    const [came, said] = [counts.get(kind) ?? 0, Object.hasOwn(end.counts, kind) ? end.counts[kind] : 0]
    if (came !== said)
      throw retry(
        'SNAPSHOT_COUNTS',
        `${came} objects of kind ${kind.slice(0, 40)} came, ${said} were announced; it was thrown away and is read again`,
      )
  }
  const digest = setDigest(objects.values())
  if (digest !== end.digest)
    throw retry(
      'SNAPSHOT_DIGEST',
      "the snapshot's digest does not agree; it was thrown away and is read again",
    )
  const { source, epoch, version } = begin
  return desiredState({ source, epoch, version, objects, snapshotMs }, digest)
}

const malformed = (why: string) =>
  retry('SNAPSHOT_MALFORMED', `the snapshot breaks the protocol: ${why.slice(0, 300)}; it is read again`)
