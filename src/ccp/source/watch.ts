/** Reading the watch: changes become visible together, at their commit. */
import { retry } from '../../errors.ts'
import { SNAPSHOT_OBJECTS_MAX, TRANSACTION_BYTES_MAX } from '../../limits.ts'
import { WatchFrame } from '../../protocol/index.ts'
import { type DesiredObject, objectKey } from '../translate/index.ts'
import { byeError, checkPut, readFrame } from './frames.ts'
import { type DesiredState, desiredState } from './state.ts'

const KNOWN = new Set(['open', 'put', 'del', 'commit', 'bookmark', 'ping', 'reset', 'bye'])

export interface WatchLimits {
  readonly transactionBytes: number
  readonly objects: number
}

export const WATCH_LIMITS: WatchLimits = {
  transactionBytes: TRANSACTION_BYTES_MAX,
  objects: SNAPSHOT_OBJECTS_MAX,
}

/** A change waiting for its commit; undefined: the object goes. */
type Transaction = Map<string, DesiredObject | undefined>

/**
 * The states that follow `from`, one a commit. Ends only by throwing (kind retry): what came without its commit is
 * thrown away, and a full sync follows.
 */
export async function* readWatch(
  lines: AsyncIterable<unknown>,
  from: DesiredState,
  options: { onLine: () => void; onOpen: () => void; limits?: WatchLimits },
): AsyncGenerator<DesiredState, never> {
  const limits = options.limits ?? WATCH_LIMITS
  let state = from
  let changes: Transaction = new Map()
  let bytes = 0
  let isOpen = false
  for await (const line of lines) {
    options.onLine()
    const frame = readFrame(WatchFrame, KNOWN, line)
    if (frame === undefined) {
      // A change this version cannot read is part of the transaction: without it the set would be another one.
      if (changes.size > 0)
        throw retry(
          'TRANSACTION_UNKNOWN',
          'a transaction has a line of an unknown type; everything is read again',
        )
      continue
    }
    if (frame.t === 'ping') continue
    if (frame.t === 'bye') throw byeError(frame.retry_after_ms)
    if (frame.t === 'reset')
      throw retry('STREAM_RESET', `the manager asks for a full sync: ${frame.reason.slice(0, 200)}`)
    if (frame.t === 'open') {
      if (isOpen || frame.epoch !== state.epoch || frame.from !== state.version)
        throw retry(
          'STREAM_GAP',
          'the watch opened at another place than it was asked for; everything is read again',
        )
      isOpen = true
      options.onOpen()
      continue
    }
    if (!isOpen) throw retry('PROTOCOL_FRAME', `the watch starts with ${frame.t}; everything is read again`)
    switch (frame.t) {
      case 'put': {
        const checked = checkPut(frame)
        changes.set(objectKey(frame.kind, frame.path), checked.object)
        bytes += checked.bytes
        break
      }
      case 'del':
        changes.set(objectKey(frame.kind, frame.path), undefined)
        bytes += frame.path.length + frame.kind.length
        break
      case 'bookmark':
        if (changes.size > 0) throw retry('TRANSACTION_OPEN', 'a bookmark came inside a transaction')
        if (frame.version < state.version) throw behind(frame.version, state.version)
        state = { ...state, version: frame.version }
        break
      case 'commit':
        if (frame.prev !== state.version)
          throw retry(
            'STREAM_GAP',
            `a commit follows version ${frame.prev}, held is ${state.version}; everything is read again`,
          )
        if (frame.version <= state.version) throw behind(frame.version, state.version)
        state = applied(state, changes, frame.version)
        if (state.objects.size > limits.objects)
          throw retry('TRANSACTION_TOO_LARGE', `more than ${limits.objects} objects; what is in force stays`)
        changes = new Map()
        bytes = 0
        yield state
        break
    }
    if (bytes > limits.transactionBytes)
      throw retry('TRANSACTION_TOO_LARGE', 'a transaction is over its limit; everything is read again')
  }
  throw retry('STREAM_ENDED', 'the manager ended the watch; a new session follows')
}

const behind = (version: number, held: number) =>
  retry('MANAGER_BEHIND', `version ${version} came after ${held} in the same epoch; another manager is tried`)

function applied(state: DesiredState, changes: Transaction, version: number): DesiredState {
  const objects = new Map(state.objects)
  for (const [key, object] of changes) {
    if (object === undefined) objects.delete(key)
    else objects.set(key, object)
  }
  return desiredState({ ...state, version, objects })
}
