/**
 * The follow port of the watch chart: reads a snapshot (in the watch itself where the server can, else in pages) and
 * then every change, into the store. What client-go's reflector does, except that when to try again is the chart's.
 */
import type { FollowEvent, FollowInput } from '../../machines/watch.ts'
import { AdapterError, needsPerson, retry } from '../errors.ts'
import {
  KUBE_CALL_TIMEOUT_MS,
  KUBE_CHECK_READ_MS,
  KUBE_CHECK_TIMEOUT_S,
  KUBE_OBJECTS_MAX,
  KUBE_PAGE_OBJECTS,
  KUBE_WATCH_TIMEOUT_S_MAX,
  KUBE_WATCH_TIMEOUT_S_MIN,
} from '../limits.ts'
import type { Clock, HttpClient, HttpResponse, Lane, Random, Timer } from '../world/index.ts'
import { refusalOf } from './call.ts'
import { resourcePath } from './resources.ts'
import { streamedStatusError } from './status.ts'
import { keyOf, type WritableStore } from './store.ts'
import type { KubeObject, ResourceType } from './types.ts'
import type { Page, WireEvent, WireReader } from './wire.ts'

export interface FollowDeps {
  readonly http: HttpClient
  readonly store: WritableStore
  readonly reader: WireReader
  readonly clock: Clock
  readonly random: Random
  readonly userAgent: string
  /** Events of the stream by type, counted up here: an addition an event. */
  readonly counts?: Record<WireEvent['type'], number>
}

type Send = (event: FollowEvent) => void

export interface Follower {
  /**
   * Follows until the stream ends (ENDED is sent), or rejects with what went wrong. Once `signal` is aborted nothing is
   * written to the store any more.
   */
  follow(input: FollowInput, send: Send, signal: AbortSignal): Promise<void>
  /** Asks the connection of the stream in hand: true when it answered, false when it cannot be asked. Rejects when lost. */
  ping(signal: AbortSignal): Promise<boolean>
  /**
   * A second watch from where the store stands, with a socket of its own: whether it was told of a change. It is left at
   * its first bookmark, which says that there is none, or after KUBE_CHECK_READ_MS. Rejects when it cannot be had.
   */
  check(signal: AbortSignal): Promise<boolean>
}

/** A busy stream would otherwise wind the chart's silence timer up for each event. */
const SEEN_PERIOD_MS = 1_000

export function createFollower(deps: FollowDeps): Follower {
  let ping: HttpResponse['ping']
  return {
    async follow(input, send, signal) {
      const opened = (response: HttpResponse) => {
        ping = response.ping
      }
      ping = undefined
      const run = { deps, send: throttled(deps, send), signal, opened }
      if (!input.resume && input.mode === 'stream') return streamList(run)
      if (!input.resume) await listPages(run, input.mode === 'whole')
      await resumeStream(run)
    },
    async ping(signal) {
      if (ping === undefined) return false
      await ping(signal)
      return true
    },
    check: (signal) => checkMissed(deps, signal),
  }
}

interface Run {
  readonly deps: FollowDeps
  readonly send: Send
  readonly signal: AbortSignal
  readonly opened: (response: HttpResponse) => void
}

function throttled(deps: FollowDeps, send: Send): Send {
  let lastSeenMs = Number.NEGATIVE_INFINITY
  return (event) => {
    if (event.type === 'SEEN') {
      const nowMs = deps.clock.monotonicMs()
      if (nowMs - lastSeenMs < SEEN_PERIOD_MS) return
      lastSeenMs = nowMs
    }
    send(event)
  }
}

/** WatchList (KEP-3157): the snapshot comes as the watch's first events and ends with a marked bookmark. */
async function streamList(run: Run): Promise<void> {
  const { store } = run.deps
  const snapshot = new Map<string, KubeObject>()
  let listed = false
  const events = await openWatch(
    run,
    { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' },
    (error) =>
      error.code === 'KUBE_INVALID' ? unsupported(store.type, 'it does not take the parameters') : error,
  )
  const takeEvent = (event: WireEvent) => {
    if (listed) return applyEvent(run, event)
    if (event.type === 'BOOKMARK') {
      if (!event.endsList) throw unsupported(store.type, 'it sent a bookmark before the end of the list')
      store.swap(snapshot, event.resourceVersion)
      listed = true
      snapshot.clear()
      run.send({ type: 'LISTED' })
    } else takeInitial(snapshot, event, store.type)
    run.send({ type: 'SEEN' })
  }
  for await (const batch of events)
    for (const event of batch) {
      if (run.signal.aborted) return
      takeEvent(event)
    }
  run.send({ type: 'ENDED', error: endedEarly(store.type) })
}

/** One of the events of which a streamed list is made. */
function takeInitial(
  snapshot: Map<string, KubeObject>,
  event: Exclude<WireEvent, { type: 'BOOKMARK' }>,
  type: ResourceType,
): void {
  if (event.type === 'ERROR') throw streamedStatusError(event.status, type.plural)
  if (event.type === 'DELETED') snapshot.delete(keyOf(event.object))
  else take(snapshot, event.object, type)
}

/**
 * Not older than what the store holds, so that a server behind the others cannot take it back in time; a server that
 * cannot have that (it is behind, or was restored from a backup) is asked for the most recent it has.
 */
async function listPages(run: Run, whole: boolean): Promise<void> {
  const { store } = run.deps
  const snapshot = new Map<string, KubeObject>()
  const limit: Record<string, string> = whole ? {} : { limit: String(KUBE_PAGE_OBJECTS) }
  let page = await firstPage(run, limit)
  while (true) {
    if (run.signal.aborted) return
    for (const item of page.items) take(snapshot, item, store.type)
    if (page.next === undefined) {
      store.swap(snapshot, page.resourceVersion)
      run.send({ type: 'LISTED' })
      return
    }
    run.send({ type: 'SEEN' })
    const from = page.next
    const next = await readPage(run, { ...limit, continue: from })
    // A server that hands out the same token for ever would keep us here.
    if (next.next === from || next.items.length === 0) throw leadsNowhere(store.type)
    page = next
  }
}

async function firstPage(run: Run, limit: Readonly<Record<string, string>>): Promise<Page> {
  const { position } = run.deps.store
  const first = async (parameters: Readonly<Record<string, string>>) => {
    const page = await readPage(run, { ...limit, ...parameters })
    if (page.next !== undefined && page.items.length === 0) throw leadsNowhere(run.deps.store.type)
    return page
  }
  if (position === undefined) return first({})
  try {
    return await first({ resourceVersion: position, resourceVersionMatch: 'NotOlderThan' })
  } catch (error) {
    if (error instanceof AdapterError && NOT_TO_BE_HAD.has(error.code)) return first({})
    throw error
  }
}

/** 410; 504 "Too large resource version" (the server's cache is behind); 400 from one that does not know the parameter. */
const NOT_TO_BE_HAD: ReadonlySet<string> = new Set(['KUBE_EXPIRED', 'KUBE_SERVER_ERROR', 'KUBE_INVALID'])

async function readPage(run: Run, parameters: Readonly<Record<string, string>>): Promise<Page> {
  const { http, store, reader, userAgent, clock } = run.deps
  const response = await http.request({
    method: 'GET',
    path: withQuery(resourcePath(store.type), new URLSearchParams(parameters)),
    headers: { accept: reader.listAccept, 'user-agent': userAgent },
    lane: 'stream' satisfies Lane,
    headersTimeoutMs: KUBE_CALL_TIMEOUT_MS,
    signal: run.signal,
  })
  if (response.status !== 200) throw await refusalOf(response, `LIST ${store.type.plural}`, clock)
  return reader.readPage(response.body, response.headers['content-type'])
}

const leadsNowhere = (type: ResourceType) =>
  retry('KUBE_MALFORMED', `${type.plural}: a page of the list leads nowhere; it is listed again`)

async function resumeStream(run: Run): Promise<void> {
  const { store } = run.deps
  if (run.signal.aborted) return
  const position = store.position
  if (position === undefined)
    throw retry('KUBE_EXPIRED', `${store.type.plural}: there is nothing to resume from`)
  const events = await openWatch(run, { resourceVersion: position }, (error) => error)
  for await (const batch of events)
    for (const event of batch) {
      if (run.signal.aborted) return
      applyEvent(run, event)
    }
  run.send({ type: 'ENDED', error: endedEarly(store.type) })
}

async function openWatch(
  run: Run,
  parameters: Readonly<Record<string, string>>,
  onRefused: (error: AdapterError) => AdapterError,
): Promise<AsyncIterable<readonly WireEvent[]>> {
  const { store, reader, random, clock } = run.deps
  const spanS = KUBE_WATCH_TIMEOUT_S_MAX - KUBE_WATCH_TIMEOUT_S_MIN
  const timeoutS = KUBE_WATCH_TIMEOUT_S_MIN + Math.floor(random.next() * (spanS + 1))
  const response = await requestWatch(run.deps, timeoutS, parameters, run.signal)
  if (response.status !== 200) throw onRefused(await refusalOf(response, `WATCH ${store.type.plural}`, clock))
  run.opened(response)
  run.send({ type: 'OPENED' })
  return reader.readEvents(response.body, response.headers['content-type'])
}

function requestWatch(
  { http, store, reader, userAgent }: FollowDeps,
  timeoutS: number,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(timeoutS),
    ...parameters,
  })
  return http.request({
    method: 'GET',
    path: withQuery(resourcePath(store.type), query),
    headers: { accept: reader.watchAccept, 'user-agent': userAgent },
    lane: 'stream',
    headersTimeoutMs: KUBE_CALL_TIMEOUT_MS,
    bodyTimeoutMs: 0,
    signal,
  })
}

/** kube-apiserver sends a bookmark two seconds before a watch's time-out, so a short watch gets one at once. */
async function checkMissed(deps: FollowDeps, signal: AbortSignal): Promise<boolean> {
  const { store, reader, clock } = deps
  const position = store.position
  if (position === undefined) return true
  const enough = new AbortController()
  const leave = () => enough.abort(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  let timer: Timer | undefined
  try {
    const parameters = { resourceVersion: position }
    const response = await requestWatch(deps, KUBE_CHECK_TIMEOUT_S, parameters, enough.signal)
    if (response.status !== 200) throw await refusalOf(response, `WATCH ${store.type.plural}`, clock)
    timer = clock.setTimeout(() => enough.abort(), KUBE_CHECK_READ_MS)
    for await (const batch of reader.readEvents(response.body, response.headers['content-type']))
      for (const event of batch) {
        if (event.type === 'ERROR') throw streamedStatusError(event.status, `WATCH ${store.type.plural}`)
        return event.type !== 'BOOKMARK'
      }
    return false
  } catch (error) {
    // It was open and nothing came.
    if (enough.signal.aborted && !signal.aborted) return false
    throw error
  } finally {
    if (timer !== undefined) clock.clearTimeout(timer)
    signal.removeEventListener('abort', leave)
    enough.abort()
  }
}

function applyEvent(run: Run, event: WireEvent): void {
  const { store, counts } = run.deps
  if (counts !== undefined) counts[event.type] += 1
  switch (event.type) {
    case 'ERROR':
      throw streamedStatusError(event.status, `WATCH ${store.type.plural}`)
    case 'BOOKMARK':
      store.advance(event.resourceVersion)
      break
    case 'DELETED':
      store.remove(event.object, positionOf(event.object))
      break
    default:
      if (store.size >= KUBE_OBJECTS_MAX && store.get(keyOf(event.object)) === undefined)
        throw tooMany(store.type)
      store.upsert(event.object, positionOf(event.object))
  }
  run.send({ type: 'SEEN' })
}

/** The reader lets no object through without it. */
const positionOf = (object: KubeObject): string => object.metadata.resourceVersion ?? ''

function take(snapshot: Map<string, KubeObject>, object: KubeObject, type: ResourceType): void {
  if (snapshot.size >= KUBE_OBJECTS_MAX) throw tooMany(type)
  snapshot.set(keyOf(object), object)
}

const withQuery = (path: string, query: URLSearchParams): string =>
  query.size === 0 ? path : `${path}?${query.toString()}`

const tooMany = (type: ResourceType) =>
  needsPerson(
    'KUBE_TOO_LARGE',
    `${type.plural}: there are more than ${KUBE_OBJECTS_MAX}; this cluster is larger than the adapter is made for`,
  )

const unsupported = (type: ResourceType, why: string) =>
  retry(
    'KUBE_WATCH_LIST_UNSUPPORTED',
    `${type.plural}: the API server does not stream lists (${why}); it is listed in pages`,
  )

const endedEarly = (type: ResourceType) =>
  retry(
    'KUBE_WATCH_ENDED',
    `${type.plural}: the API server ended the stream right after it began; it is tried again`,
  )
