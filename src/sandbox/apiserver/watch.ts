/** Watches: initial events, changes, bookmarks, time-outs, and the end that a compaction or a slow reader brings. */
import {
  APISERVER_BOOKMARK_MS,
  APISERVER_WATCH_BUFFER_BYTES_MAX,
  APISERVER_WATCH_TIMEOUT_S_MIN,
  APISERVER_WATCHES_MAX,
} from '../../limits.ts'
import type { Timer } from '../../world/index.ts'
import { type Change, type Entry, jsonOf } from './collection.ts'
import { type Call, type Core, collectionOf } from './core.ts'
import { matcherOf, prefixOf, versionQuery, wholeNumber } from './list.ts'
import { type Accepted, includeOf, type Media } from './negotiate.ts'
import { writeEvent, writeObject } from './protobuf-write.ts'
import { apiVersionOf } from './resource.ts'
import { isOn } from './route.ts'
import type { Matcher } from './selectors.ts'
import { denied, expired, type FieldError, invalid, StatusError, statusBody, unsupported } from './status.ts'
import { createLineStream, type Line, type LineStream } from './stream.ts'
import { columnDefinitions, partial, tableHead, tableRow } from './table.ts'

export interface Watches {
  open(core: Core, call: Call, accepted: Accepted): AsyncIterable<Line>
  readonly size: number
  freeze(path: RegExp | undefined): number
  drop(path: RegExp | undefined): number
  close(): void
}

interface Watch {
  readonly path: string
  readonly stream: LineStream
  frozen: boolean
}

/** What a watch asks for. */
interface WatchQuery {
  readonly from: number | undefined
  readonly sendInitial: boolean
  readonly bookmarks: boolean
  readonly timeoutMs: number
}

function readQuery(core: Core, query: URLSearchParams): WatchQuery {
  const from = versionQuery(query, true)
  const initial = query.get('sendInitialEvents')
  const match = query.get('resourceVersionMatch') ?? ''
  const errors: FieldError[] = []
  const field = 'resourceVersionMatch'
  if (initial === null) {
    if (match !== '')
      errors.push(
        denied(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      )
  } else {
    if (match !== 'NotOlderThan')
      errors.push(denied(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
    if (match !== '' && match !== 'NotOlderThan')
      errors.push(unsupported(field, JSON.stringify(match), ['"NotOlderThan"']))
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  const seconds = wholeNumber(query, 'timeoutSeconds')
  const usual = APISERVER_WATCH_TIMEOUT_S_MIN * (1 + core.random.next())
  const isFresh = from === undefined || from === 0
  return {
    from: isFresh ? undefined : from,
    sendInitial: initial === null ? isFresh : isOn(initial),
    bookmarks: isOn(query.get('allowWatchBookmarks')),
    timeoutMs: (seconds > 0 ? seconds : usual) * 1_000,
  }
}

/** How a watch writes events; a line of one change is made once for all watches that see the same. */
interface Writer {
  line(type: string, entry: Entry): Line
  bookmark(revision: number, endsList: boolean): Line
}

const lines = new WeakMap<Entry, Map<string, Line>>()

function shared(entry: Entry, key: string, make: () => Line): Line {
  const known = lines.get(entry) ?? new Map<string, Line>()
  lines.set(entry, known)
  const line = known.get(key) ?? make()
  known.set(key, line)
  return line
}

function writerOf(core: Core, call: Call, { form, media }: Accepted): Writer {
  const { resource, version } = call
  const apiVersion = apiVersionOf(resource, version.name)
  const event = (type: string, object: string) => `{"type":"${type}","object":${object}}\n`
  const bookmarkMeta = (revision: number, endsList: boolean) => ({
    resourceVersion: String(revision),
    ...(endsList ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  })
  if (media === 'protobuf')
    return {
      line: (type, entry) =>
        shared(entry, `${type} ${apiVersion} in protobuf`, () =>
          writeEvent(type, writeObject(entry.object, apiVersion)),
        ),
      bookmark: (revision, endsList) =>
        writeEvent(
          'BOOKMARK',
          writeObject({ kind: resource.kind, metadata: bookmarkMeta(revision, endsList) }, apiVersion),
        ),
    }
  if (form === 'object')
    return {
      line: (type, entry) =>
        shared(entry, `${type} ${apiVersion}`, () => event(type, jsonOf(entry.object, apiVersion))),
      bookmark: (revision, endsList) =>
        event(
          'BOOKMARK',
          JSON.stringify({
            kind: resource.kind,
            apiVersion,
            metadata: bookmarkMeta(revision, endsList),
            ...resource.empty,
          }),
        ),
    }
  if (form === 'metadata')
    return {
      line: (type, entry) => event(type, JSON.stringify(partial(entry.object))),
      bookmark: (revision, endsList) =>
        event(
          'BOOKMARK',
          JSON.stringify({
            kind: 'PartialObjectMetadata',
            apiVersion: 'meta.k8s.io/v1',
            metadata: bookmarkMeta(revision, endsList),
          }),
        ),
    }
  return tableWriter(core, call, event, bookmarkMeta)
}

/** Column definitions come with the first event only. */
function tableWriter(
  core: Core,
  call: Call,
  event: (type: string, object: string) => string,
  metaOf: (revision: number, endsList: boolean) => object,
): Writer {
  const { resource, version } = call
  let isFirst = true
  const head = () => {
    const definitions = isFirst ? columnDefinitions(version.columns) : null
    isFirst = false
    return { ...tableHead, columnDefinitions: definitions }
  }
  return {
    line: (type, entry) =>
      event(
        type,
        JSON.stringify({
          ...head(),
          metadata: { resourceVersion: entry.object.metadata.resourceVersion },
          rows: [tableRow(entry, resource, version, includeOf(call.request.query), core.clock.now())],
        }),
      ),
    bookmark: (revision, endsList) =>
      event(
        'BOOKMARK',
        JSON.stringify({
          ...head(),
          metadata: metaOf(revision, false),
          rows: [
            {
              cells: version.columns.map((_, at) => (at > 0 && resource.custom ? null : '')),
              object: {
                kind: 'PartialObjectMetadata',
                apiVersion: 'meta.k8s.io/v1',
                metadata: metaOf(revision, endsList),
              },
            },
          ],
        }),
      ),
  }
}

/** The event a change is to a watch with a selector: what leaves the selection is deleted, what enters it added. */
function seenAs(change: Change, matches: Matcher | undefined): { type: string; entry: Entry } | undefined {
  const { entry, previous, type } = change
  if (matches === undefined) return { type, entry }
  const was = previous !== undefined && matches(previous.object)
  const is = type !== 'DELETED' && matches(entry.object)
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', entry }
  if (!was) return undefined
  return { type: 'DELETED', entry: type === 'DELETED' ? entry : leftEntry(previous as Entry, entry.revision) }
}

/** The last state that was selected, at the revision of the change that ended it. */
function leftEntry(previous: Entry, revision: number): Entry {
  const metadata = { ...previous.object.metadata, resourceVersion: String(revision) }
  return { key: previous.key, revision, object: { ...previous.object, metadata } }
}

/** A watch that only says that its version is too old, as kube-apiserver answers: 200, then an ERROR event. */
function expiredStream(from: number, oldest: number, media: Media): AsyncIterable<Line> {
  const object = statusBody(expired(`too old resource version: ${from} (${oldest})`))
  const line =
    media === 'protobuf'
      ? writeEvent('ERROR', writeObject(object, 'v1'))
      : `${JSON.stringify({ type: 'ERROR', object })}\n`
  const stream = createLineStream([line].values(), APISERVER_WATCH_BUFFER_BYTES_MAX, () => {})
  stream.end()
  return stream.body
}

export function createWatches(): Watches {
  const open = new Set<Watch>()

  const start = (core: Core, call: Call, accepted: Accepted): AsyncIterable<Line> => {
    const query = readQuery(core, call.request.query)
    const matches = matcherOf(call)
    if (open.size >= APISERVER_WATCHES_MAX)
      throw new StatusError(429, 'TooManyRequests', 'too many open watches, please try again later', {
        retryAfterSeconds: 1,
      })
    const { store } = core
    // Initial events are of the present state: of them a version says only that they must not be older.
    if (!query.sendInitial && query.from !== undefined && query.from < store.compacted())
      return expiredStream(query.from, store.compacted(), accepted.media)
    return follow(core, call, query, matches, writerOf(core, call, accepted), open)
  }
  const each = (path: RegExp | undefined, act: (watch: Watch) => void): number => {
    const found = [...open].filter((watch) => path === undefined || path.test(watch.path))
    for (const watch of found) act(watch)
    return found.length
  }
  return {
    open: start,
    get size() {
      return open.size
    },
    freeze: (path) =>
      each(path, (watch) => {
        watch.frozen = true
        watch.stream.freeze()
      }),
    drop: (path) => each(path, (watch) => watch.stream.end()),
    close: () => void each(undefined, (watch) => watch.stream.end()),
  }
}

/** kube-apiserver's cacher sends a last bookmark so long before a watch ends. */
const BOOKMARK_BEFORE_END_MS = 2_000

function follow(
  core: Core,
  call: Call,
  query: WatchQuery,
  matches: Matcher | undefined,
  writer: Writer,
  open: Set<Watch>,
): AsyncIterable<Line> {
  const collection = collectionOf(core, call.resource)
  const prefix = prefixOf(call)
  const timers = new Set<Timer>()
  const sees = (key: string) => prefix === '' || key.startsWith(prefix)
  const send = (change: Change) => {
    if (!sees(change.entry.key)) return
    const seen = seenAs(change, matches)
    if (seen === undefined || watch.stream.push(writer.line(seen.type, seen.entry))) return
    core.log.warn({ path: watch.path }, 'a watch is read too slowly and is ended')
    stop()
  }
  const initial = initialLines(core, call, query, matches, writer)
  const unsubscribe = collection.subscribe(send)
  const stop = () => {
    unsubscribe()
    open.delete(watch)
    for (const timer of timers) core.clock.clearTimeout(timer)
    timers.clear()
    call.request.signal.removeEventListener('abort', leave)
  }
  const stream = createLineStream(initial, APISERVER_WATCH_BUFFER_BYTES_MAX, stop)
  const watch: Watch = { path: call.request.path, stream, frozen: false }
  const leave = () => {
    stop()
    stream.end()
  }
  open.add(watch)
  call.request.signal.addEventListener('abort', leave, { once: true })
  const after = (delayMs: number, act: () => void) => {
    const timer = core.clock.setTimeout(() => {
      timers.delete(timer)
      if (!watch.frozen) act()
    }, delayMs)
    timers.add(timer)
  }
  const startedAt = query.from ?? core.store.revision()
  const endsAt = core.clock.now() + query.timeoutMs
  /** Each minute, and once shortly before the end. */
  const planBookmark = () => {
    const left = endsAt - core.clock.now() - BOOKMARK_BEFORE_END_MS
    after(left > 0 ? Math.min(left, APISERVER_BOOKMARK_MS) : APISERVER_BOOKMARK_MS, () => {
      // A bookmark that says no more than the client's own version is not sent.
      if (core.store.revision() > startedAt) stream.push(writer.bookmark(core.store.revision(), false))
      planBookmark()
    })
  }
  if (query.bookmarks) planBookmark()
  after(query.timeoutMs, () => {
    stop()
    stream.end()
  })
  return stream.body
}

/** Objects that are there, or changes since the client's version; then the mark that a streamed list is complete. */
function initialLines(
  core: Core,
  call: Call,
  query: WatchQuery,
  matches: Matcher | undefined,
  writer: Writer,
): Iterator<Line> {
  const collection = collectionOf(core, call.resource)
  const prefix = prefixOf(call)
  const revision = core.store.revision()
  const isAsked = call.request.query.get('sendInitialEvents') !== null
  const entries = query.sendInitial ? collection.entries(prefix) : []
  const changes = query.sendInitial || query.from === undefined ? [] : collection.changesAfter(query.from)
  function* generate(): Generator<Line, void> {
    for (const entry of entries)
      if (matches === undefined || matches(entry.object)) yield writer.line('ADDED', entry)
    for (const change of changes) {
      if (prefix !== '' && !change.entry.key.startsWith(prefix)) continue
      const seen = seenAs(change, matches)
      if (seen !== undefined) yield writer.line(seen.type, seen.entry)
    }
    if (query.sendInitial && isAsked && query.bookmarks) yield writer.bookmark(revision, true)
  }
  return generate()
}
