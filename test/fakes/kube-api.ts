/**
 * A small API server for unit tests: versions, optimistic concurrency, paged and streamed lists, watches with a history
 * that can be compacted. It knows no kinds: whatever path is asked for is a collection.
 */
import type { KubeObject } from '../../src/kube/types.ts'
import type { Handler, ServerRequest, ServerResponse } from '../../src/world/index.ts'

type Body = KubeObject

interface Change {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly collection: string
  readonly object: Body
}

interface Watcher {
  readonly collection: string
  push(line: unknown): void
  raw(bytes: string | Uint8Array): void
  end(): void
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
}

export interface FakeKubeApi {
  readonly handler: Handler
  readonly asked: Asked[]
  /** Answers in the server's place; undefined lets the request through. */
  intercept:
    | ((request: ServerRequest) => ServerResponse | Promise<ServerResponse | undefined> | undefined)
    | undefined
  /** How a streamed list is taken: as it should be, refused with 422, or as a plain watch. */
  streamedLists: 'yes' | 'refuse' | 'ignore'
  put(path: string, object: Partial<KubeObject> & { metadata: KubeObject['metadata'] }): Body
  remove(path: string): void
  get(path: string): Body | undefined
  bookmark(): void
  /** Forgets the history up to now. */
  compact(): void
  /** Sends these very bytes to all watchers of a collection, as one chunk. */
  sayRaw(collection: string, bytes: string | Uint8Array): void
  /** Sends a line to all watchers of a collection. */
  say(collection: string, line: unknown): void
  endWatches(): void
  /** Tells the open watches nothing any more, and does not end them. */
  forgetWatches(): void
  readonly watchers: number
}

const json = (status: number, body: unknown): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export const failure = (code: number, reason: string, message: string, more: object = {}): ServerResponse =>
  json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...more })

const expired = {
  kind: 'Status',
  status: 'Failure',
  code: 410,
  reason: 'Expired',
  message: 'too old resource version',
}

/** The collection that a path belongs to, and the object's own path if it names one. */
function locate(path: string): { collection: string; name: string | undefined } {
  const parts = path.split('/')
  const rootLength = parts[1] === 'api' ? 3 : 4
  const root = parts.slice(0, rootLength)
  const rest = parts.slice(rootLength)
  const [namespace, plural, name] =
    rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(1) : [undefined, ...rest]
  const scope = namespace === undefined ? '' : `${namespace}/`
  return { collection: [...root, plural].join('/'), name: name === undefined ? undefined : `${scope}${name}` }
}

export function createFakeKubeApi(): FakeKubeApi {
  const objects = new Map<string, Map<string, Body>>()
  const history: Change[] = []
  const watchers = new Set<Watcher>()
  const asked: Asked[] = []
  let version = 100
  let floor = 0

  const of = (collection: string) => {
    const found = objects.get(collection) ?? new Map<string, Body>()
    objects.set(collection, found)
    return found
  }
  const record = (type: Change['type'], collection: string, object: Body) => {
    history.push({ version, type, collection, object })
    for (const watcher of watchers) if (watcher.collection === collection) watcher.push({ type, object })
  }
  const store = (collection: string, name: string, object: Body): Body => {
    const before = of(collection).get(name)
    version += 1
    const uid = before?.metadata.uid ?? `uid-${version}`
    const stored: Body = {
      ...object,
      metadata: {
        ...object.metadata,
        uid,
        resourceVersion: String(version),
        creationTimestamp: before?.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
      },
    }
    of(collection).set(name, stored)
    record(before === undefined ? 'ADDED' : 'MODIFIED', collection, stored)
    return stored
  }
  const drop = (collection: string, name: string) => {
    const before = of(collection).get(name)
    if (before === undefined) return
    of(collection).delete(name)
    version += 1
    record('DELETED', collection, {
      ...before,
      metadata: { ...before.metadata, resourceVersion: String(version) },
    })
  }

  function list(collection: string, query: URLSearchParams): ServerResponse {
    const names = [...of(collection).keys()].sort()
    const limit = Number(query.get('limit') ?? names.length)
    const [at, from] = (query.get('continue') ?? `${version}:0`).split(':').map(Number) as [number, number]
    if (at < floor) return json(410, expired)
    const items = names.slice(from, from + limit).map((name) => of(collection).get(name))
    const next = from + limit < names.length ? `${at}:${from + limit}` : ''
    return json(200, { kind: 'List', metadata: { resourceVersion: String(at), continue: next }, items })
  }

  function watch(collection: string, query: URLSearchParams, signal: AbortSignal): ServerResponse {
    const streams = query.get('sendInitialEvents') === 'true'
    if (streams && api.streamedLists === 'refuse')
      return failure(422, 'Invalid', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden')
    const from = query.get('resourceVersion')
    const chunks: (string | Uint8Array)[] = []
    let wake = () => {}
    let ended = false
    const watcher: Watcher = {
      collection,
      push: (line) => watcher.raw(`${JSON.stringify(line)}\n`),
      raw(bytes) {
        chunks.push(bytes)
        wake()
      },
      end() {
        ended = true
        wake()
      },
    }
    if (from === null) {
      for (const object of of(collection).values()) watcher.push({ type: 'ADDED', object })
      if (streams && api.streamedLists === 'yes') watcher.push(mark(version, true))
    } else if (Number(from) < floor) watcher.push({ type: 'ERROR', object: expired })
    else {
      for (const change of history)
        if (change.collection === collection && change.version > Number(from)) watcher.push(change)
    }
    watchers.add(watcher)
    signal.addEventListener('abort', () => watcher.end(), { once: true })
    async function* body() {
      try {
        while (!ended || chunks.length > 0) {
          if (chunks.length === 0) {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
            continue
          }
          yield chunks.shift() ?? ''
        }
      } finally {
        watchers.delete(watcher)
      }
    }
    return { status: 200, body: body() }
  }

  async function write(request: ServerRequest, collection: string, name: string | undefined, body: unknown) {
    const object = body as Body
    const namespace = object?.metadata?.namespace
    const key =
      name ?? (namespace === undefined ? object.metadata.name : `${namespace}/${object.metadata.name}`)
    const before = of(collection).get(key)
    if (request.method === 'POST')
      return before === undefined
        ? json(201, store(collection, key, object))
        : failure(409, 'AlreadyExists', `${key} already exists`)
    if (before === undefined) return failure(404, 'NotFound', `${key} not found`)
    const wanted =
      request.method === 'PUT' ? object.metadata : (body as { preconditions: Body['metadata'] }).preconditions
    if (wanted.resourceVersion !== before.metadata.resourceVersion || wanted.uid !== before.metadata.uid)
      return failure(409, 'Conflict', 'the object has been modified')
    if (request.method === 'PUT') return json(200, store(collection, key, object))
    drop(collection, key)
    return json(200, { kind: 'Status', status: 'Success' })
  }

  const api: FakeKubeApi = {
    asked,
    intercept: undefined,
    streamedLists: 'yes',
    async handler(request) {
      const text = Buffer.from(await request.body(1_000_000)).toString()
      const body: unknown = text === '' ? undefined : JSON.parse(text)
      const { method, path, query, headers } = request
      asked.push({ method, path, query: Object.fromEntries(query), body, headers })
      const instead = await api.intercept?.(request)
      if (instead !== undefined) return instead
      if (path === '/version') return json(200, { major: '1' })
      const { collection, name } = locate(path)
      if (method !== 'GET') return write(request, collection, name, body)
      if (name !== undefined) {
        const object = of(collection).get(name)
        return object === undefined ? failure(404, 'NotFound', `${name} not found`) : json(200, object)
      }
      return query.get('watch') === 'true'
        ? watch(collection, query, request.signal)
        : list(collection, query)
    },
    put(path, object) {
      const { collection, name } = locate(path)
      return store(collection, name ?? '', { apiVersion: 'v1', kind: 'Any', ...object })
    },
    remove(path) {
      const { collection, name } = locate(path)
      drop(collection, name ?? '')
    },
    get(path) {
      const { collection, name } = locate(path)
      return of(collection).get(name ?? '')
    },
    bookmark() {
      for (const watcher of watchers) watcher.push(mark(version, false))
    },
    compact() {
      version += 1
      floor = version
      history.length = 0
    },
    say(collection, line) {
      for (const watcher of watchers) if (watcher.collection === collection) watcher.push(line)
    },
    sayRaw(collection, bytes) {
      for (const watcher of watchers) if (watcher.collection === collection) watcher.raw(bytes)
    },
    endWatches() {
      for (const watcher of [...watchers]) watcher.end()
    },
    forgetWatches: () => watchers.clear(),
    get watchers() {
      return watchers.size
    },
  }
  return api
}

const mark = (version: number, endsList: boolean) => ({
  type: 'BOOKMARK',
  object: {
    metadata: {
      resourceVersion: String(version),
      ...(endsList ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  },
})
