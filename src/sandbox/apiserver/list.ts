/** GET of one object and of collections: selectors, pages, versions. */
import { type Collection, type Entry, jsonOf } from './collection.ts'
import { type Call, type Core, collectionOf } from './core.ts'
import { type Fields, fieldsOf, textOf } from './json.ts'
import { type Accepted, includeOf } from './negotiate.ts'
import { LIST_TAIL, writeItem, writeListHead } from './protobuf-write.ts'
import { apiVersionOf, keyOf } from './resource.ts'
import { fieldMatcher, labelMatcher, type Matcher, nameOfSelector } from './selectors.ts'
import {
  badRequest,
  denied,
  expired,
  type FieldError,
  invalid,
  notFound,
  StatusError,
  tooLargeVersion,
  unsupported,
} from './status.ts'
import { columnDefinitions, type Form, partial, tableHead, tableRow } from './table.ts'

export type Body = string | AsyncIterable<string | Uint8Array>

export function matcherOf(call: Call): Matcher | undefined {
  const { query } = call.request
  const labels = labelMatcher(query.get('labelSelector'))
  const fields = fieldMatcher(query.get('fieldSelector'), call.resource)
  if (labels === undefined) return fields
  return fields === undefined ? labels : (object) => labels(object) && fields(object)
}

export const prefixOf = (call: Call): string => (call.namespace === undefined ? '' : `${call.namespace}/`)

/** A resourceVersion of the query as a number; undefined when it is not set. */
export function versionQuery(query: URLSearchParams, isServerError = false): number | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw versionError(text, isServerError)
  return Number(text)
}

/** kube-apiserver answers with 500 here, but for lists. */
function versionError(text: string, isServerError: boolean): StatusError {
  const value = JSON.stringify(text)
  const words = `resourceVersion: Invalid value: ${value}: strconv.ParseUint: parsing ${value}: invalid syntax`
  return isServerError
    ? new StatusError(500, undefined, words)
    : badRequest(`invalid resource version: ${words}`)
}

export function getOne(core: Core, call: Call, form: Form): string {
  const { resource, name = '', namespace } = call
  const wanted = versionQuery(call.request.query, true)
  if (wanted !== undefined && wanted > core.store.revision())
    throw tooLargeVersion(wanted, core.store.revision())
  const entry = collectionOf(core, resource).get(keyOf(namespace, name))
  if (entry === undefined) throw notFound(resource, name)
  return objectText(core, call, entry, form)
}

/** One object as the client wants it written. */
export function objectText(core: Core, call: Call, entry: Entry, form: Form): string {
  const { resource, version } = call
  if (form === 'metadata') return JSON.stringify(partial(entry.object))
  if (form === 'table')
    return JSON.stringify({
      ...tableHead,
      metadata: { resourceVersion: entry.object.metadata.resourceVersion },
      columnDefinitions: columnDefinitions(version.columns),
      rows: [tableRow(entry, resource, version, includeOf(call.request.query), core.clock.now())],
    })
  return jsonOf(entry.object, apiVersionOf(resource, version.name))
}

interface Page {
  readonly entries: readonly Entry[]
  readonly revision: number
  readonly next?: string
  readonly remaining?: number
}

interface ListQuery {
  readonly limit: number
  readonly token: string
  readonly wanted: number | undefined
  readonly match: string
}

function readQuery(query: URLSearchParams): ListQuery {
  const match = query.get('resourceVersionMatch') ?? ''
  const token = query.get('continue') ?? ''
  const errors = queryErrors(token, query.get('resourceVersion') ?? '', match)
  if (query.has('sendInitialEvents'))
    errors.push(denied('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  const wanted = versionQuery(query)
  // What is read from the cache of a kube-apiserver comes whole, whatever the limit.
  const limit = wanted === 0 && token === '' ? 0 : wholeNumber(query, 'limit')
  return { limit, token, wanted, match }
}

/** A number of the query; 0 when it is not there. */
export function wholeNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  if (text === '') return 0
  if (!/^[+-]?\d{1,18}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Math.max(0, Number(text))
}

function queryErrors(token: string, version: string, match: string): FieldError[] {
  const errors: FieldError[] = []
  const field = 'resourceVersionMatch'
  if (match !== '') {
    if (version === '')
      errors.push(denied(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if (token !== '')
      errors.push(denied(field, 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(unsupported(field, JSON.stringify(match), ['"Exact"', '"NotOlderThan"', '""']))
    if (match === 'Exact' && version === '0')
      errors.push(denied(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  return errors
}

const TOKEN_VERSION = 'meta.k8s.io/v1'

/** `start` is the first key that is still to come, within the namespace that is listed. */
const encodeToken = (revision: number, start: string): string =>
  Buffer.from(JSON.stringify({ v: TOKEN_VERSION, rv: revision, start })).toString('base64url')

const badToken = (words: string) => badRequest(`invalid continue token: continue key is not valid: ${words}`)

function decodeToken(token: string): { revision: number; start: string } {
  const bad = token.search(/[^\w-]/)
  if (bad !== -1) throw badToken(`illegal base64 data at input byte ${bad}`)
  let value: unknown
  const text = Buffer.from(token, 'base64url').toString('utf8')
  try {
    value = JSON.parse(text)
  } catch {
    throw badToken(`invalid character '${text.slice(0, 1)}' looking for beginning of value`)
  }
  const version = textOf(value, 'v')
  if (version !== TOKEN_VERSION) throw badToken(`server does not recognize this encoded version ${version}`)
  const revision = Number(fieldsOf(value)['rv'] ?? 0)
  if (!Number.isInteger(revision) || revision === 0)
    throw badToken(`incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`)
  const start = textOf(value, 'start')
  if (start === '') throw badToken(`encoded start key empty (version ${TOKEN_VERSION})`)
  if (start.split('/').some((part) => part === '' || part === '.' || part === '..')) throw badToken(start)
  return { revision, start }
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** The revision to read at, and the key to go on from. */
function startOf(
  core: Core,
  { token, wanted, match, limit }: ListQuery,
): { revision: number | undefined; start: string } {
  const now = core.store.revision()
  if (token !== '') {
    const { revision, start } = decodeToken(token)
    // -1: the rest of an expired list, as it is now.
    if (revision === -1) return { revision: undefined, start }
    if (wanted !== undefined && wanted !== 0)
      throw badRequest('specifying resource version is not allowed when using continue')
    if (revision < core.store.compacted() || revision > now)
      throw expired(CONTINUE_EXPIRED, { continue: encodeToken(-1, start) })
    return { revision, start }
  }
  if (wanted === undefined || wanted === 0) return { revision: undefined, start: '' }
  if (wanted > now) throw tooLargeVersion(wanted, now)
  // A page that asks for a version and no match asks for exactly that one.
  if (match !== 'Exact' && (match !== '' || limit === 0)) return { revision: undefined, start: '' }
  if (wanted < core.store.compacted()) throw expired(`The resourceVersion for the provided list is too old.`)
  return { revision: wanted, start: '' }
}

function pageOf(core: Core, collection: Collection, call: Call, matches: Matcher | undefined): Page {
  const query = readQuery(call.request.query)
  const { revision, start } = startOf(core, query)
  const prefix = prefixOf(call)
  const at = revision ?? core.store.revision()
  const all = revision === undefined ? collection.entries(prefix) : collection.entriesAt(prefix, revision)
  const rest = start === '' ? all : all.filter(({ key }) => key >= `${prefix}${start}`)
  const found = matches === undefined ? rest : rest.filter(({ object }) => matches(object))
  const entries = query.limit === 0 ? found : found.slice(0, query.limit)
  const last = entries.at(-1)
  const isFull = query.limit > 0 && entries.length === query.limit && last !== undefined
  // Whether what is left matches is not known before it is read; one object by its name is never a page.
  if (
    !isFull ||
    last === rest.at(-1) ||
    nameOfSelector(call.request.query.get('fieldSelector')) !== undefined
  )
    return { entries, revision: at }
  return {
    entries,
    revision: at,
    next: encodeToken(at, `${last.key.slice(prefix.length)}\0`),
    ...(matches === undefined ? { remaining: found.length - query.limit } : {}),
  }
}

/** Objects a chunk; a list of many is written in chunks, each as one string. */
const CHUNK_OBJECTS = 500

export function listAll(core: Core, call: Call, { form, media }: Accepted): Body {
  const { resource, version } = call
  const page = pageOf(core, collectionOf(core, resource), call, matcherOf(call))
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.next !== undefined
      ? { continue: page.next }
      : resource.custom && form === 'object'
        ? { continue: '' }
        : {}),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
  if (form === 'table') {
    const include = includeOf(call.request.query)
    const rows = page.entries.map((entry) => tableRow(entry, resource, version, include, core.clock.now()))
    return JSON.stringify({
      ...tableHead,
      metadata,
      columnDefinitions: columnDefinitions(version.columns),
      rows,
    })
  }
  if (media === 'protobuf') return protobufList(call, metadata, page.entries)
  const isMeta = form === 'metadata'
  const apiVersion = isMeta ? 'meta.k8s.io/v1' : apiVersionOf(resource, version.name)
  const kind = isMeta ? 'PartialObjectMetadataList' : resource.listKind
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`
  const text = (entry: Entry): string =>
    isMeta ? JSON.stringify(partial(entry.object)) : jsonOf(entry.object, apiVersion, resource.custom)
  // Go writes an empty list of this type as null.
  if (isMeta && page.entries.length === 0) return `${head.slice(0, -1)}null}`
  if (page.entries.length <= CHUNK_OBJECTS) return `${head}${page.entries.map(text).join(',')}]}`
  return chunks(head, page.entries, text)
}

async function* chunks(
  head: string,
  entries: readonly Entry[],
  text: (entry: Entry) => string,
): AsyncGenerator<string, void> {
  yield head
  for (let at = 0; at < entries.length; at += CHUNK_OBJECTS)
    yield (at === 0 ? '' : ',') +
      entries
        .slice(at, at + CHUNK_OBJECTS)
        .map(text)
        .join(',')
  yield ']}'
}

/** Its length is told ahead, so all items are made first; their bytes are kept with the objects. */
async function* protobufList(
  { resource, version }: Call,
  metadata: Fields,
  entries: readonly Entry[],
): AsyncGenerator<Uint8Array, void> {
  const items = entries.map(({ object }) => writeItem(object))
  const bytes = items.reduce((sum, { length }) => sum + length, 0)
  yield writeListHead(apiVersionOf(resource, version.name), resource.listKind, metadata, bytes)
  for (let at = 0; at < items.length; at += CHUNK_OBJECTS)
    yield Buffer.concat(items.slice(at, at + CHUNK_OBJECTS))
  yield LIST_TAIL
}
