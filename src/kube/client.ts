/** Single objects of the API server. Every write goes through the gate, with a deadline and both preconditions. */
import { AdapterError, needsPerson, retry } from '../errors.ts'
import {
  KUBE_BODY_BYTES_MAX,
  KUBE_CALL_TIMEOUT_MS,
  KUBE_OBJECTS_MAX,
  KUBE_PAGE_OBJECTS,
  KUBE_WRITE_TIMEOUT_MS,
  KUBE_WRITES_IN_FLIGHT_MAX,
} from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock, HttpClient, HttpMethod, Lane } from '../world/index.ts'
import { callJson } from './call.ts'
import type { KubeClient, WriteGate, WriteOptions } from './contract.ts'
import { MANAGER } from './marks.ts'
import { whileThrottled } from './patience.ts'
import { resourcePath } from './resources.ts'
import { createSlots } from './slots.ts'
import type { KubeObject, ResourceType } from './types.ts'

export interface KubeClientOptions {
  readonly http: HttpClient
  /** OPEN_GATE for the lease's own client. */
  readonly gate: WriteGate
  readonly clock: Clock
  readonly log: Logger
  readonly userAgent: string
  /** Default `call`; the lease has sockets of its own, so that a burst of writes cannot hold it up. */
  readonly lane?: Lane
  /** Deadline of a read; writes have KUBE_WRITE_TIMEOUT_MS. */
  readonly readTimeoutMs?: number
  /** False for the lease: its chart decides when it asks again, so a 429 is told at once. Default true. */
  readonly waitsWhenThrottled?: boolean
  /** Whether a call of this verb on this resource was allowed; `problem` is the API server's refusal for want of rights. */
  readonly onRight?: (verb: Verb, type: ResourceType, problem: AdapterError | undefined) => void
}

/** The API server's words for what may be done (kubernetes.io, Authorization, "Determine the request verb"). */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'delete'

/** kubernetes.io, API concepts, "Metadata-only fetches". */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

const WRITE_QUERY = new URLSearchParams({
  fieldManager: MANAGER,
  fieldValidation: 'Strict',
  timeout: `${KUBE_WRITE_TIMEOUT_MS / 1_000}s`,
}).toString()

const METHODS = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const

/** A client as contract.ts promises it. Two of them never share their limit of writes in flight. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { http, gate, clock, log } = options
  const slots = createSlots(KUBE_WRITES_IN_FLIGHT_MAX)
  const headers = { accept: 'application/json', 'user-agent': options.userAgent }
  const lane = options.lane ?? 'call'

  /** Waits where the server asks for it, and says whether the right was there. */
  const asked = async (
    verb: Verb,
    type: ResourceType,
    signals: () => readonly (AbortSignal | undefined)[],
    call: () => Promise<unknown>,
  ): Promise<unknown> => {
    try {
      const answer = await (options.waitsWhenThrottled === false
        ? call()
        : whileThrottled(clock, signals, call))
      options.onRight?.(verb, type, undefined)
      return answer
    } catch (error) {
      if (error instanceof AdapterError && error.code === 'KUBE_FORBIDDEN' && error.kind === 'needs-person')
        options.onRight?.(verb, type, error)
      throw error
    }
  }

  const read = (
    verb: 'get' | 'list',
    type: ResourceType,
    path: string,
    subject: string,
    signal: AbortSignal | undefined,
    accept = headers.accept,
  ): Promise<unknown> =>
    asked(
      verb,
      type,
      () => [signal],
      () =>
        callJson(http, clock, {
          method: 'GET',
          path,
          headers: { ...headers, accept },
          lane,
          subject,
          timeoutMs: options.readTimeoutMs ?? KUBE_CALL_TIMEOUT_MS,
          bytesMax: KUBE_BODY_BYTES_MAX,
          signals: [signal],
        }),
    )

  const write = (
    verb: 'create' | 'update' | 'delete',
    type: ResourceType,
    path: string,
    body: unknown,
    subject: string,
    signal: AbortSignal | undefined,
  ): Promise<unknown> =>
    asked(
      verb,
      type,
      () => [gate.signal, signal],
      () => writeOnce(METHODS[verb], path, body, subject, signal),
    )

  const writeOnce = async (
    method: HttpMethod,
    path: string,
    body: unknown,
    subject: string,
    signal: AbortSignal | undefined,
  ): Promise<unknown> => {
    const free = await slots.take(signal)
    try {
      gate.check()
      return await callJson(http, clock, {
        method,
        path: `${path}?${WRITE_QUERY}`,
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        lane,
        subject,
        timeoutMs: KUBE_WRITE_TIMEOUT_MS,
        bytesMax: KUBE_BODY_BYTES_MAX,
        signals: [gate.signal, signal],
        beforeSend: () => gate.check(),
      })
    } catch (error) {
      if (error instanceof AdapterError) log.debug({ code: error.code, subject }, `${method} failed`)
      throw error
    } finally {
      free()
    }
  }

  return {
    async get<T extends KubeObject>(
      type: ResourceType,
      name: string,
      namespace?: string,
      signal?: AbortSignal,
    ) {
      const subject = subjectOf('GET', type, name, namespace)
      try {
        return asObject<T>(
          await read('get', type, resourcePath(type, namespace, name), subject, signal),
          subject,
        )
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    },
    list: (type, namespace, signal) =>
      listAll(type, resourcePath(type, namespace), (path, subject) =>
        read('list', type, path, subject, signal),
      ),
    listMetadata: (type, signal) =>
      listAll(type, resourcePath(type), (path, subject) =>
        read('list', type, path, subject, signal, METADATA_ONLY),
      ),
    async create<T extends KubeObject>(type: ResourceType, object: T, writeOptions: WriteOptions = {}) {
      const { name, namespace } = object.metadata
      const subject = subjectOf('POST', type, name, namespace)
      const path = resourcePath(type, namespace)
      return asObject<T>(
        await write('create', type, path, withoutManagers(object), subject, writeOptions.signal),
        subject,
      )
    },
    async replace<T extends KubeObject>(type: ResourceType, object: T, writeOptions: WriteOptions = {}) {
      const { name, namespace } = object.metadata
      const subject = subjectOf('PUT', type, name, namespace)
      requirePreconditions(object, subject)
      const path = resourcePath(type, namespace, name)
      return asObject<T>(
        await write('update', type, path, withoutManagers(object), subject, writeOptions.signal),
        subject,
      )
    },
    async delete(type, object, writeOptions = {}) {
      const { name, namespace } = object.metadata
      const subject = subjectOf('DELETE', type, name, namespace)
      const preconditions = requirePreconditions(object, subject)
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: 'Background' }
      try {
        await write('delete', type, resourcePath(type, namespace, name), body, subject, writeOptions.signal)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
  }
}

/** A list that a 410 cuts in the middle is begun again once, as one answer. */
async function listAll<T extends KubeObject>(
  type: ResourceType,
  path: string,
  read: (path: string, subject: string) => Promise<unknown>,
): Promise<T[]> {
  const subject = `LIST ${type.plural}`
  const items: T[] = []
  let next: string | undefined
  do {
    const query = new URLSearchParams({ limit: String(KUBE_PAGE_OBJECTS) })
    if (next !== undefined) query.set('continue', next)
    let page: RawList
    try {
      page = (await read(`${path}?${query.toString()}`, subject)) as RawList
    } catch (error) {
      if (next === undefined || !(error instanceof AdapterError) || error.code !== 'KUBE_EXPIRED') throw error
      return itemsOf<T>((await read(path, subject)) as RawList, type, subject)
    }
    items.push(...itemsOf<T>(page, type, subject))
    const following = page?.metadata?.continue
    // A page that leads nowhere must not end the list: what is not in it would count as deleted.
    if (following !== undefined && following !== '' && following === next) throw notAnObject(subject)
    if (items.length > KUBE_OBJECTS_MAX) throw tooMany(subject)
    next = following === '' ? undefined : following
  } while (next !== undefined)
  return items
}

interface RawList {
  readonly metadata?: { readonly continue?: string }
  readonly items?: unknown
}

/** Items of built-in lists come without kind and apiVersion. */
function itemsOf<T extends KubeObject>(list: RawList | null, type: ResourceType, subject: string): T[] {
  const items = list?.items ?? []
  if (!Array.isArray(items)) throw notAnObject(subject)
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
  return items.map((item: unknown) => ({
    ...asObject<T>(item, subject),
    apiVersion,
    kind: type.kind,
  }))
}

const subjectOf = (verb: string, type: ResourceType, name: string, namespace: string | undefined): string =>
  `${verb} ${type.plural} ${namespace === undefined ? name : `${namespace}/${name}`}`

const isNotFound = (error: unknown): boolean =>
  error instanceof AdapterError && error.code === 'KUBE_NOT_FOUND'

function requirePreconditions(object: KubeObject, subject: string): { uid: string; resourceVersion: string } {
  const { uid, resourceVersion } = object.metadata
  if (uid === undefined || resourceVersion === undefined)
    throw needsPerson(
      'KUBE_INVALID',
      `${subject}: an object is only changed with the uid and resourceVersion it was read with`,
    )
  return { uid, resourceVersion }
}

/**
 * managedFields are the API server's own, and the stores keep them without the fields they name. Left out of a write, the
 * server goes on with those it has; sent with an entry that names no field, its manager would own nothing any more
 * (kubernetes.io, Server-Side Apply, "Clearing managedFields").
 */
function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function asObject<T extends KubeObject>(value: unknown, subject: string): T {
  const metadata = (value as { metadata?: { name?: unknown } } | null)?.metadata
  if (typeof metadata !== 'object' || metadata === null || typeof metadata.name !== 'string')
    throw notAnObject(subject)
  return value as T
}

const tooMany = (subject: string) =>
  needsPerson(
    'KUBE_TOO_LARGE',
    `${subject}: there are more than ${KUBE_OBJECTS_MAX}; this cluster is larger than the adapter is made for`,
  )

const notAnObject = (subject: string) =>
  retry('KUBE_MALFORMED', `${subject}: the answer is not a Kubernetes object; the cluster is read again`, {
    subject,
  })
