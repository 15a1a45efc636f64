/** Keeps a copy of one resource: lists it in pages, then follows its changes for as long as the signal lets it. */
import { retry } from '../../errors.ts'
import {
  KUBE_PAGE_OBJECTS,
  KUBE_WATCH_TIMEOUT_S_MIN,
  STANDIN_CALL_TIMEOUT_MS,
  STANDIN_OBJECTS_MAX,
  STANDIN_RETRY_MAX_MS,
  STANDIN_WATCH_LINE_BYTES_MAX,
  STANDIN_WATCH_SILENCE_MS,
} from '../../limits.ts'
import type { Logger } from '../../log/index.ts'
import { jsonLines } from '../../protocol/index.ts'
import { type Clock, type HttpClient, type Random, sleep } from '../../world/index.ts'
import { expect, messageOf } from './api.ts'

/** An object as the API server stores it, as far as every kind has it. */
export interface Stored {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
}

export const keyOf = ({ metadata: { namespace, name } }: Stored): string =>
  namespace === undefined ? name : `${namespace}/${name}`

export interface FollowDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
}

export interface Copy<T extends Stored> {
  readonly objects: ReadonlyMap<string, T>
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>
}

/**
 * Starts following the collection at `path`. `changed` is called for every object that came, changed or went, in order,
 * while the copy already holds the new state. Failures are retried for ever; only the signal ends it.
 */
export function follow<T extends Stored>(
  deps: FollowDeps,
  path: string,
  changed: (key: string, now: T | undefined, before: T | undefined) => void,
  signal: AbortSignal,
): Copy<T> {
  const objects = new Map<string, T>()
  const put = (key: string, now: T | undefined) => {
    const before = objects.get(key)
    if (now === undefined) objects.delete(key)
    else objects.set(key, now)
    if (before?.metadata.resourceVersion !== now?.metadata.resourceVersion) changed(key, now, before)
  }
  const { promise: synced, resolve } = Promise.withResolvers<void>()
  const run = async () => {
    let position: string | undefined
    let failures = 0
    while (!signal.aborted) {
      try {
        if (position === undefined) {
          position = await readAll<T>(deps, path, objects, put, signal)
          resolve()
        }
        const from: string = position
        position = await streamFrom<T>(deps, path, from, put, signal)
        failures = 0
        if (position === from) await pause(deps, 1, signal)
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        deps.log?.debug({ err: error, path }, 'the stand-in reads a resource again')
        await pause(deps, failures, signal)
      }
    }
  }
  void run().catch(() => {})
  return { objects, synced }
}

/** Doubles from 100 ms, with jitter, so that many followers spread out. Resolves early when the signal is aborted. */
export async function pause(
  deps: Pick<FollowDeps, 'clock' | 'random'>,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const most = Math.min(STANDIN_RETRY_MAX_MS, 100 * 2 ** Math.min(failures - 1, 10))
  await sleep(deps.clock, most * (0.5 + deps.random.next() / 2), signal).catch(() => {})
}

interface Page<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly T[] | null
}

async function readAll<T extends Stored>(
  deps: FollowDeps,
  path: string,
  objects: ReadonlyMap<string, T>,
  put: (key: string, now: T | undefined) => void,
  signal: AbortSignal,
): Promise<string> {
  const found = new Map<string, T>()
  let next: string | undefined
  while (true) {
    const query = new URLSearchParams({ limit: String(KUBE_PAGE_OBJECTS) })
    if (next !== undefined) query.set('continue', next)
    const page = (await expect(deps.http, 'GET', `${path}?${query}`, { signal })).body as Page<T>
    for (const item of page.items ?? []) found.set(keyOf(item), item)
    if (found.size > STANDIN_OBJECTS_MAX)
      throw retry('STANDIN_TOO_LARGE', `${path}: over ${STANDIN_OBJECTS_MAX} objects`)
    next = page.metadata.continue
    if (next !== undefined && next !== '') continue
    for (const key of [...objects.keys()]) if (!found.has(key)) put(key, undefined)
    for (const [key, item] of found) put(key, item)
    return page.metadata.resourceVersion
  }
}

type Line<T> = { readonly type: string; readonly object: T }

/** Resolves with the position to go on from when the stream ends, undefined when everything has to be read again. */
async function streamFrom<T extends Stored>(
  deps: FollowDeps,
  path: string,
  from: string,
  put: (key: string, now: T | undefined) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  let position = from
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: from,
    timeoutSeconds: String(KUBE_WATCH_TIMEOUT_S_MIN),
  })
  try {
    for await (const line of watchLines(deps.http, `${path}?${query}`, signal)) {
      const { type, object } = line as Line<T>
      if (type === 'ERROR') return undefined
      position = object.metadata.resourceVersion
      if (type === 'DELETED') put(keyOf(object), undefined)
      else if (type !== 'BOOKMARK') put(keyOf(object), object)
    }
  } catch (error) {
    if (error instanceof WatchRefused) return undefined
    if (position === from) throw error
  }
  return position
}

/** The server refuses to stream from there: everything has to be read again. */
class WatchRefused extends Error {}

/** The lines of a watch. Silence longer than STANDIN_WATCH_SILENCE_MS ends it with a TransportError. */
export async function* watchLines(
  http: HttpClient,
  path: string,
  signal: AbortSignal,
  silenceMs = STANDIN_WATCH_SILENCE_MS,
): AsyncGenerator<unknown, void> {
  const response = await http.request({
    method: 'GET',
    path,
    headers: { accept: 'application/json', 'user-agent': 'antrea-stand-in' },
    lane: 'stream',
    headersTimeoutMs: STANDIN_CALL_TIMEOUT_MS,
    bodyTimeoutMs: silenceMs,
    signal,
  })
  if (response.status === 410) {
    for await (const _ of response.body) break
    throw new WatchRefused('gone')
  }
  if (response.status !== 200) {
    let text = ''
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString('utf8')
      if (text.length > 2_000) break
    }
    throw retry('STANDIN_REFUSED', `WATCH ${path}: ${response.status} ${text.slice(0, 2_000)}`)
  }
  yield* jsonLines(response.body, STANDIN_WATCH_LINE_BYTES_MAX)
}

/** Repeats a call until the API server takes it; for what must be there before anything else works. */
export async function persist(
  deps: FollowDeps,
  signal: AbortSignal,
  attempt: () => Promise<{ readonly status: number; readonly body: unknown }>,
  isDone: (status: number) => boolean,
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      const answer = await attempt()
      if (isDone(answer.status)) return
      deps.log?.debug({ status: answer.status, why: messageOf(answer.body) }, 'the stand-in tries again')
    } catch (error) {
      if (signal.aborted) return
      deps.log?.debug({ err: error }, 'the stand-in tries again')
    }
    await pause(deps, failures, signal)
  }
}
