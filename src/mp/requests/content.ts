/**
 * Content of answers, sent to the manager in parts (docs/protocol.md, Content): what the manager has it says, an upload
 * that broke off goes on there, and the last part carries size and SHA-256. Memory holds one part.
 */
import { createHash } from 'node:crypto'
import { AdapterError, asAdapterError, retry, waitFor } from '../../errors.ts'
import {
  BACKOFF_BASE_MS,
  CONTENT_PART_BYTES,
  CONTENT_PART_TIMEOUT_MS,
  CONTENT_RESTARTS_MAX,
} from '../../limits.ts'
import type { NsxManager } from '../../nsx/index.ts'
import type { Content, ContentSink, ContentSum } from '../../operations/index.ts'
import { backoffMs, type Clock, type Random, sleep } from '../../world/index.ts'

export interface ContentDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly random: Random
  readonly clusterId: string
  /** Of the request. */
  readonly id: string
  /** The session in which it was asked last; undefined: there is none. */
  readonly session: () => string | undefined
}

/** What the manager has of one content. */
interface There {
  readonly upload: string
  readonly received: number
  readonly isComplete: boolean
}

/** An upload of a content whose source says its sum beforehand is called so, by whichever leader. */
const uploadOf = ({ sha256, bytes }: ContentSum): string => `${sha256}-${bytes}`

export function createContentSink(deps: ContentDeps): ContentSink {
  return {
    async held(name, signal) {
      const there = await patient(deps, signal, () => look(deps, name, signal))
      if (there === undefined) return undefined
      const [, sha256 = '', bytes = ''] = /^([0-9a-f]{64})-(\d{1,15})$/.exec(there.upload) ?? []
      const sum = sha256 === '' ? undefined : { sha256, bytes: Number(bytes) }
      return { isComplete: there.isComplete, sum }
    },
    async take(content, signal, onBytes) {
      for (let restarts = 0; ; restarts += 1) {
        try {
          return await upload(deps, content, signal, onBytes)
        } catch (thrown) {
          if (signal.aborted) throw signal.reason
          if (!(thrown instanceof Lost) || restarts >= CONTENT_RESTARTS_MAX) throw thrown
        }
      }
    },
  }
}

/** The manager has less than it had: the source is read from its start once more. */
class Lost extends AdapterError {
  constructor(name: string) {
    super('wait-for', 'CONTENT_LOST', `the manager lost what it had of ${name}; ask again`)
  }
}

async function upload(
  deps: ContentDeps,
  content: Content,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<ContentSum> {
  const { name } = content
  const id = content.sum === undefined ? deps.random.uuid() : uploadOf(content.sum)
  const there = await patient(deps, signal, () => look(deps, name, signal))
  if (there?.upload === id && there.isComplete && content.sum !== undefined) return content.sum
  const has = there?.upload === id ? there.received : 0
  const hash = createHash('sha256')
  /** One for all parts: it is sent whole before it is filled again. */
  const part = Buffer.allocUnsafeSlow(CONTENT_PART_BYTES)
  let size = 0
  /** Where the part begins. */
  let at = 0
  const flush = async (end?: ContentSum) => {
    const bytes = part.subarray(0, size)
    // What is there already is passed over, but for the last part, which the manager checks all of it by.
    if (at + size > has || end !== undefined) await sendPart(deps, { name, id, bytes, at, end }, signal)
    at += size
    size = 0
    onBytes(at)
  }
  for await (const chunk of content.open(signal)) {
    hash.update(chunk)
    for (let rest = chunk; rest.length > 0; ) {
      // A full part goes out when more is there: the last one is never empty.
      if (size === CONTENT_PART_BYTES) await flush()
      const piece = rest.subarray(0, CONTENT_PART_BYTES - size)
      part.set(piece, size)
      size += piece.length
      rest = rest.subarray(piece.length)
    }
  }
  const sum = { sha256: hash.digest('hex'), bytes: at + size }
  await flush(sum)
  return sum
}

interface PartCall {
  readonly name: string
  readonly id: string
  readonly bytes: Uint8Array
  readonly at: number
  /** Of the last part. */
  readonly end: ContentSum | undefined
}

/** Until the manager has it. Throws Lost where it has less than the part's beginning. */
async function sendPart(deps: ContentDeps, part: PartCall, signal: AbortSignal): Promise<void> {
  const { name } = part
  let left = part
  await patient(deps, signal, async () => {
    try {
      await put(deps, left, signal)
    } catch (thrown) {
      const error = asAdapterError(thrown)
      if (error.code === 'CONTENT_CHECKSUM')
        throw waitFor('CONTENT_CHECKSUM', `${name} came to the manager damaged; ask for it again`)
      if (error.code !== 'CONTENT_OFFSET') throw error
      const missing = leftOf(part, await look(deps, name, signal))
      if (missing === undefined) return
      left = missing
      throw retry('CONTENT_OFFSET', `the manager has a part of ${name} already`)
    }
  })
}

/** What the manager has not of this part; undefined when it has all: then the answer was lost. */
function leftOf(part: PartCall, there: There | undefined): PartCall | undefined {
  const { name, id, at, bytes, end } = part
  const have = there?.upload === id ? there.received : 0
  if (there?.upload !== id || have < at) throw new Lost(name)
  if (end === undefined ? have >= at + bytes.length : there.isComplete) return undefined
  if (have > at + bytes.length) throw new Lost(name)
  return { ...part, at: have, bytes: bytes.subarray(have - at) }
}

const pathOf = ({ clusterId, id }: ContentDeps, name: string): string =>
  `/mp/v1/clusters/${encodeURIComponent(clusterId)}/requests/${encodeURIComponent(id)}/content/${encodeURIComponent(name)}`

const sessionOf = ({ session }: ContentDeps): string => {
  const known = session()
  if (known === undefined) throw retry('SESSION_ENDED', 'there is no session to send content in')
  return known
}

async function put(
  deps: ContentDeps,
  { name, id, bytes, at, end }: PartCall,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ upload: id, session: sessionOf(deps) })
  if (end !== undefined) query.set('sha256', end.sha256)
  const range = bytes.length === 0 ? '*' : `${at}-${at + bytes.length - 1}`
  await deps.nsx.call({
    method: 'PUT',
    path: `${pathOf(deps, name)}?${query}`,
    headers: { 'content-range': `bytes ${range}/${end?.bytes ?? '*'}` },
    bytes,
    timeoutMs: CONTENT_PART_TIMEOUT_MS,
    signal,
  })
}

async function look(deps: ContentDeps, name: string, signal: AbortSignal): Promise<There | undefined> {
  const query = new URLSearchParams({ session: sessionOf(deps) })
  try {
    const headers = await deps.nsx.head({ path: `${pathOf(deps, name)}?${query}`, signal })
    const received = Number(headers['upload-offset'])
    const upload = headers['upload-id']
    if (upload === undefined || !Number.isSafeInteger(received) || received < 0)
      throw retry('NSX_PROTOCOL', 'the manager does not say what it has of a content')
    return { upload, received, isComplete: headers['upload-complete'] === '?1' }
  } catch (thrown) {
    if (asAdapterError(thrown).code === 'CONTENT_NONE') return undefined
    throw thrown
  }
}

/** Tried again until the request is over: a session ends, and the next one takes the content on. */
async function patient<T>(
  { clock, random }: ContentDeps,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work()
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      const error = asAdapterError(thrown)
      if (error.kind !== 'retry') throw error
      await sleep(clock, backoffMs(random, failures, BACKOFF_BASE_MS, error), signal)
    }
  }
}
