/**
 * Group commit: what the stores note in one turn of the event loop becomes durable in one transaction at its end, with one
 * flush of the disk, while their answers wait for it. When the disk refuses, memory is put back and writes are refused until
 * a trial shows that it takes them again.
 */

import { MANAGER_DATA_RETRY_MS } from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import type { Clock } from '../../world/index.ts'
import { NsxApiError } from '../rest/index.ts'
import type { Room, Storage } from '../storage.ts'
import { type DatabaseOptions, isFull, openDatabase } from './database.ts'
import type { Home, StateFolder } from './folder.ts'

export interface StorageOptions extends DatabaseOptions {
  readonly folder: StateFolder
  readonly clock: Clock
  readonly log: Logger
  /** A random text; names a store that is made now. */
  readonly token: string
  /** Runs it once the requests that are there already were handled: setImmediate. */
  readonly defer: (work: () => void) => void
  /** A person says that the content comes from a backup. */
  readonly restored?: boolean
}

export interface OpenStorage extends Storage {
  /** Writes what is noted and gives the file back. */
  close(): void
}

interface Batch {
  readonly noted: Map<Room, Map<string, unknown>>
  readonly undo: (() => void)[]
  readonly settled: PromiseWithResolvers<void>
}

/** Throws with what to do when the folder's content cannot be used; it is left as it is then. */
export function openStorage(options: StorageOptions): OpenStorage {
  const { folder, clock, log, defer, token } = options
  const database = openDatabase(folder.file, options)
  let batch = newBatch()
  let scheduled = false
  let trouble: NsxApiError | undefined
  let triedAtMs = 0
  let waiting: (() => void)[] = []
  const refused: (() => void)[] = []
  let isRestored = false

  const finish = () => {
    const listeners = waiting
    waiting = []
    for (const listener of listeners) listener()
  }
  const refuse = (error: unknown, { undo, settled }: Batch) => {
    trouble = refusal(error)
    triedAtMs = clock.monotonicMs()
    log.error({ err: error, code: trouble.details.code }, trouble.message)
    // What these steps and listeners note stays for the next commit: versions and epochs that memory went on to.
    for (const step of undo.reverse()) step()
    for (const listener of refused) listener()
    settled.reject(trouble)
  }
  const commit = () => {
    if (!scheduled) return
    const written = batch
    batch = newBatch()
    try {
      database.write(written.noted)
      scheduled = false
      written.settled.resolve()
    } catch (error) {
      refuse(error, written)
      batch = { ...newBatch(), noted: batch.noted }
      scheduled = false
    }
    finish()
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    defer(commit)
  }
  const storage: OpenStorage = {
    kept: (room) => database.rows(room),
    get isRestored() {
      return isRestored
    },
    check() {
      if (trouble === undefined) return
      if (clock.monotonicMs() - triedAtMs < MANAGER_DATA_RETRY_MS) throw trouble
      triedAtMs = clock.monotonicMs()
      try {
        database.tryWriting()
      } catch (error) {
        trouble = refusal(error)
        throw trouble
      }
      trouble = undefined
      log.info({}, 'the disk takes writes again')
    },
    keep(room, key, value) {
      const values = batch.noted.get(room) ?? new Map<string, unknown>()
      batch.noted.set(room, values.set(key, value))
      if (trouble === undefined) schedule()
    },
    undo: (step) => void batch.undo.push(step),
    get isPending() {
      return scheduled
    },
    settled: () => (scheduled ? batch.settled.promise : Promise.resolve()),
    afterSettled: (listener) => void (scheduled ? waiting.push(listener) : listener()),
    onRefused: (listener) => void refused.push(listener),
    get trouble() {
      return trouble?.message
    },
    close() {
      commit()
      database.close()
    },
  }
  isRestored = isElsewhere(storage, folder.home(token), options.restored === true)
  if (isRestored)
    log.warn({}, 'the state comes from a backup: it gets a new source, and adapters ask before they delete')
  return storage
}

const newBatch = (): Batch => {
  const settled = Promise.withResolvers<void>()
  // Nobody may be waiting: what timers changed has no answer.
  settled.promise.catch(() => {})
  return { noted: new Map(), undo: [], settled }
}

/** Whether the content came here from elsewhere; from now on this is its home. */
function isElsewhere(storage: Storage, home: Home, said: boolean): boolean {
  const known = new Map(storage.kept('identity')).get('home') as Home | undefined
  const fields = ['token', 'fileInode', 'markInode', 'markChangedAt'] as const
  const isSame = known !== undefined && fields.every((field) => known[field] === home[field])
  if (!isSame) storage.keep('identity', 'home', home)
  return said || (known !== undefined && !isSame)
}

/** As NSX's clients see it; the code in words is explained by `explain`. */
function refusal(error: unknown): NsxApiError {
  const words = error instanceof Error ? error.message : String(error)
  const details = { moduleName: 'policy', headers: { 'retry-after': '5' } }
  return isFull(error)
    ? new NsxApiError(
        507,
        98,
        `The manager's disk has no room (${words}): nothing was changed. Free some space and try again.`,
        { ...details, code: 'MANAGER_DATA_FULL' },
      )
    : new NsxApiError(
        503,
        98,
        `The manager's disk takes no writes (${words}): nothing was changed. See to the disk and try again.`,
        { ...details, code: 'MANAGER_DATA_REFUSED' },
      )
}
