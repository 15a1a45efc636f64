/**
 * Content that clusters upload (docs/protocol.md, Content), in files of a private folder, while its operation is kept: none
 * of it is in memory. Parts come in order; what was acknowledged is in the file. It does not outlive the process, as
 * operations do not: the folder is emptied when it is made.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { open, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  MANAGER_CONTENT_ITEM_BYTES_MAX,
  MANAGER_CONTENT_ITEMS_MAX,
  MANAGER_CONTENT_KEPT_MS,
  MANAGER_CONTENT_TOTAL_BYTES_MAX,
} from '../../limits.ts'
import type { Clock, Timer } from '../../world/index.ts'
import { badRequest, type JsonObject, NsxApiError } from '../rest/index.ts'

export interface ContentView {
  readonly name: string
  readonly upload: string
  readonly received: number
  readonly isComplete: boolean
  /** Of a complete one. */
  readonly sha256: string | undefined
}

export interface ContentPart {
  readonly upload: string
  readonly bytes: Uint8Array
  /** Of the part's first byte; undefined: the part is empty. */
  readonly at: number | undefined
  /** Of the last part alone. */
  readonly total: number | undefined
  readonly sha256: string | undefined
}

/** Of all operations, by their ids, which are unique over all clusters. */
export interface Contents {
  /** Throws 400 for what breaks the rules, 409 CONTENT_OFFSET or CONTENT_CHECKSUM with `received`, 413, 507. */
  take(operation: string, name: string, part: ContentPart): Promise<ContentView>
  find(operation: string, name: string): ContentView | undefined
  all(operation: string): readonly ContentView[]
  /** A complete one, from its file; undefined: there is none. */
  read(operation: string, name: string): AsyncIterable<Uint8Array> | undefined
  /** It got its final answer: what is not complete goes now, the rest in MANAGER_CONTENT_KEPT_MS, or for want of room. */
  finish(operation: string): void
  forget(operation: string): void
  close(): void
}

interface Item {
  readonly name: string
  readonly file: string
  upload: string
  received: number
  hash: Hash
  sha256: string | undefined
  /** Parts are written one after the other; one may come from a leader that is gone by now. Never rejects. */
  writing: Promise<unknown>
}

interface Held {
  readonly items: Map<string, Item>
  finishedAtMs: number | undefined
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,299}$/
const UPLOAD = /^[A-Za-z0-9-]{1,100}$/
const SWEEP_MS = 600_000
/** Left free on the disk, which others use too. */
const DISK_FREE_BYTES_MIN = 256 * 1_024 * 1_024

/** `folder` is this room's alone and emptied; without it one is made among the temporary files. */
export function createContents({
  clock,
  folder,
}: {
  readonly clock: Clock
  readonly folder?: string
}): Contents {
  const held = new Map<string, Held>()
  let made = folder
  let files = 0
  let isOpen = false
  let timer: Timer | undefined

  const place = (): string => {
    made ??= mkdtempSync(join(tmpdir(), 'antrea-nsx-content-'))
    if (!isOpen && folder !== undefined) {
      rmSync(made, { recursive: true, force: true })
      mkdirSync(made, { mode: 0o700, recursive: true })
    }
    isOpen = true
    return made
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })

  const total = (): number => {
    let bytes = 0
    for (const { items } of held.values()) for (const { received } of items.values()) bytes += received
    return bytes
  }
  const drop = (operation: string) => {
    const known = held.get(operation)
    held.delete(operation)
    for (const { file } of known?.items.values() ?? []) void rm(file, { force: true }).catch(() => {})
  }
  const makeRoom = (bytes: number) => {
    const finished = [...held].filter(([, { finishedAtMs }]) => finishedAtMs !== undefined)
    for (const [operation] of finished) {
      if (total() + bytes <= MANAGER_CONTENT_TOTAL_BYTES_MAX) break
      drop(operation)
    }
    const { bavail, bsize } = statfsSync(place())
    if (total() + bytes > MANAGER_CONTENT_TOTAL_BYTES_MAX || bavail * bsize - bytes < DISK_FREE_BYTES_MIN)
      throw new NsxApiError(507, 507, 'There is no room for this content; delete operations or make room.', {
        code: 'CONTENT_NO_ROOM',
      })
  }
  const sweep = () => {
    timer = undefined
    for (const [operation, { finishedAtMs }] of [...held])
      if (finishedAtMs !== undefined && clock.monotonicMs() - finishedAtMs >= MANAGER_CONTENT_KEPT_MS)
        drop(operation)
    if (held.size > 0) timer = clock.setTimeout(sweep, SWEEP_MS)
  }
  const itemOf = (operation: string, name: string, upload: string): Item => {
    if (!NAME.test(name)) throw badRequest('A content is named by letters, digits, dots, - and _.')
    if (!UPLOAD.test(upload)) throw badRequest('upload must be 1 to 100 letters, digits and -.')
    const known = held.get(operation) ?? { items: new Map<string, Item>(), finishedAtMs: undefined }
    held.set(operation, known)
    timer ??= clock.setTimeout(sweep, SWEEP_MS)
    const there = known.items.get(name)
    if (there !== undefined) return there
    if (known.items.size >= MANAGER_CONTENT_ITEMS_MAX)
      throw badRequest(`An operation holds at most ${MANAGER_CONTENT_ITEMS_MAX} contents.`)
    files += 1
    const file = join(place(), `${files}.part`)
    const item = {
      name,
      file,
      upload,
      received: 0,
      hash: createHash('sha256'),
      sha256: undefined,
      writing: Promise.resolve(),
    }
    known.items.set(name, item)
    return item
  }
  return {
    async take(operation, name, part) {
      const item = itemOf(operation, name, part.upload)
      const taking = item.writing.then(async () => {
        if (held.get(operation)?.items.get(name) !== item)
          throw offset({ ...item, received: 0 }, 'What there was of it was thrown away.')
        if (item.upload !== part.upload) await beginAnew(item, part)
        if (!isAgain(item, part)) await append(item, part, makeRoom)
        return viewOf(item)
      })
      item.writing = taking.catch(() => {})
      return taking
    },
    find(operation, name) {
      const item = held.get(operation)?.items.get(name)
      return item === undefined ? undefined : viewOf(item)
    },
    all: (operation) => [...(held.get(operation)?.items.values() ?? [])].map(viewOf),
    read(operation, name) {
      const item = held.get(operation)?.items.get(name)
      return item?.sha256 === undefined ? undefined : readFile(item)
    },
    finish(operation) {
      const known = held.get(operation)
      if (known === undefined) return
      known.finishedAtMs ??= clock.monotonicMs()
      for (const item of [...known.items.values()]) {
        if (item.sha256 !== undefined) continue
        known.items.delete(item.name)
        void rm(item.file, { force: true }).catch(() => {})
      }
    },
    forget: drop,
    close() {
      clock.clearTimeout(timer)
      held.clear()
      if (isOpen && made !== undefined) rmSync(made, { recursive: true, force: true })
      isOpen = false
    },
  }
}

const viewOf = ({ name, upload, received, sha256 }: Item): ContentView => ({
  name,
  upload,
  received,
  isComplete: sha256 !== undefined,
  sha256,
})

const offset = ({ received }: Item, message: string) =>
  new NsxApiError(409, 409, message, { code: 'CONTENT_OFFSET', extra: { received } })

/** A new id discards the old bytes; it begins at the first one. */
async function beginAnew(item: Item, { upload, at }: ContentPart): Promise<void> {
  if ((at ?? 0) !== 0)
    throw new NsxApiError(409, 409, 'This upload is not known; begin with its first byte.', {
      code: 'CONTENT_OFFSET',
      extra: { received: 0 },
    })
  await empty(item)
  item.upload = upload
}

async function empty(item: Item): Promise<void> {
  if (item.received > 0) await truncate(item.file, 0)
  item.received = 0
  item.hash = createHash('sha256')
  item.sha256 = undefined
}

/** A part whose answer was lost is sent again. */
function isAgain(item: Item, { at, bytes, total }: ContentPart): boolean {
  const end = (at ?? item.received) + bytes.length
  if (item.sha256 !== undefined) {
    if (end === item.received && total === item.received) return true
    throw offset(item, 'It is complete already.')
  }
  return total === undefined && bytes.length > 0 && end === item.received && end > (at ?? 0)
}

async function append(item: Item, part: ContentPart, makeRoom: (bytes: number) => void): Promise<void> {
  const { bytes, at = item.received, total, sha256 } = part
  if (at !== item.received) throw offset(item, `The byte ${item.received} was expected.`)
  if (item.received + bytes.length > MANAGER_CONTENT_ITEM_BYTES_MAX)
    throw new NsxApiError(413, 413, `A content has at most ${MANAGER_CONTENT_ITEM_BYTES_MAX} bytes.`, {
      code: 'CONTENT_TOO_LARGE',
    })
  makeRoom(bytes.length)
  await write(item, bytes)
  item.hash.update(bytes)
  item.received += bytes.length
  if (total === undefined) return
  if (total !== item.received) throw offset(item, `It has ${item.received} bytes, not ${total}.`)
  const sum = item.hash.copy().digest('hex')
  if (sum !== sha256) {
    await empty(item)
    throw new NsxApiError(409, 409, 'The content does not have this SHA-256; it was thrown away.', {
      code: 'CONTENT_CHECKSUM',
      extra: { received: 0 },
    })
  }
  item.sha256 = sum
}

/** At its place, so that a write that failed half is written over. */
async function write(item: Item, bytes: Uint8Array): Promise<void> {
  const file = await open(item.file, item.received === 0 ? 'w' : 'r+', 0o600)
  try {
    let done = 0
    while (done < bytes.length)
      done += (await file.write(bytes, done, bytes.length - done, item.received + done)).bytesWritten
  } catch (cause) {
    throw new NsxApiError(507, 507, 'The content could not be written; make room on the disk.', {
      code: 'CONTENT_NO_ROOM',
      extra: { reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' },
    })
  } finally {
    await file.close()
  }
}

/** To its size as it is now: a file that goes meanwhile ends the stream with an error. */
async function* readFile({ file, received }: Item): AsyncGenerator<Uint8Array, void> {
  if (received === 0) return
  for await (const chunk of createReadStream(file, { end: received - 1 })) yield chunk as Uint8Array
}

/** As operations and the request stream show it. */
export const shownContent = ({ name, upload, received, isComplete, sha256 }: ContentView): JsonObject => ({
  name,
  upload,
  received,
  complete: isComplete,
  ...(sha256 === undefined ? {} : { sha256 }),
})
