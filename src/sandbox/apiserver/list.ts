/** GET of one object and of collections: selectors, pages, versions. */
import { type Collection, type Entry, jsonOf } from './collection.ts'
import { type Call, type Core, collectionOf } from './core.ts'
import { isFields } from './json.ts'
import { includeOf } from './negotiate.ts'
import { apiVersionOf, keyOf } from './resource.ts'
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.ts'
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

export type Body = string | AsyncIterable<string>

export function matcherOf(call: Call): Matcher | undefined {
  const { query } = call.request
  const labels = labelMatcher(query.get('labelSelector'))
  const fields = fieldMatcher(query.get('fieldSelector'), call.resource)
  if (labels === undefined) return fields
  return fields === undefined ? labels : (object) => labels(object) && fields(object)
}

export const prefixOf = (call: Call): string => (call.namespace === undefined ? '' : `${call.namespace}/`)

/** A resourceVersion of the query as a number; undefined when it is not set. */
export function versionQuery(query: URLSearchParams, isWatch = false): number | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw versionError(text, isWatch)
  return Number(text)
}

/** kube-apiserver answers a watch with 500 here. */
function versionError(text: string, isWatch: boolean): StatusError {
  const value = JSON.stringify(text)
  const words = `resourceVersion: Invalid value: ${value}: strconv.ParseUint: parsing ${value}: invalid syntax`
  return isWatch ? new StatusError(500, undefined, words) : badRequest(`invalid resource version: ${words}`)
}

export function getOne(core: Core, call: Call, form: Form): string {
  const { resource, version, name = '', namespace } = call
  const wanted = versionQuery(call.request.query)
  if (wanted !== undefined && wanted > core.store.revision())
    throw tooLargeVersion(wanted, core.store.revision())
  const entry = collectionOf(core, resource).get(keyOf(namespace, name))
  if (entry === undefined) throw notFound(resource, name)
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
  const limitText = query.get('limit') ?? ''
  const limit = /^\d{1,9}$/.test(limitText) ? Number(limitText) : 0
  const read = {
    limit,
    token: query.get('continue') ?? '',
    wanted: versionQuery(query),
    match: query.get('resourceVersionMatch') ?? '',
  }
  const errors = queryErrors(read)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  return read
}

function queryErrors({ token, wanted, match }: ListQuery): readonly FieldError[] {
  const errors: FieldError[] = []
  const field = 'resourceVersionMatch'
  if (match !== '') {
    if (wanted === undefined)
      errors.push(denied(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if (token !== '')
      errors.push(denied(field, 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(unsupported(field, JSON.stringify(match), ['"Exact"', '"NotOlderThan"', '""']))
    if (match === 'Exact' && wanted === 0)
      errors.push(denied(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  return errors
}

const encodeToken = (revision: number, start: string): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')

function decodeToken(token: string): { revision: number; start: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (isFields(value) && Number.isInteger(value['rv']) && typeof value['start'] === 'string')
      return { revision: Number(value['rv']), start: value['start'] }
  } catch {
    // Falls through to the refusal.
  }
  throw badRequest('continue key is not valid: the token was not made by this server')
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** The revision to read at, and the key to go on after. */
function startOf(
  core: Core,
  { token, wanted, match }: ListQuery,
): { revision: number | undefined; after: string } {
  const now = core.store.revision()
  if (token !== '') {
    const { revision, start } = decodeToken(token)
    // -1: the rest of an expired list, as it is now.
    if (revision === -1) return { revision: undefined, after: start }
    if (wanted !== undefined && wanted !== 0)
      throw badRequest('specifying resource version is not allowed when using continue')
    if (revision < core.store.compacted() || revision > now)
      throw expired(CONTINUE_EXPIRED, { continue: encodeToken(-1, start) })
    return { revision, after: start }
  }
  if (wanted === undefined || wanted === 0) return { revision: undefined, after: '' }
  if (wanted > now) throw tooLargeVersion(wanted, now)
  if (match !== 'Exact') return { revision: undefined, after: '' }
  if (wanted < core.store.compacted()) throw expired(`The resourceVersion for the provided list is too old.`)
  return { revision: wanted, after: '' }
}

function pageOf(core: Core, collection: Collection, call: Call, matches: Matcher | undefined): Page {
  const query = readQuery(call.request.query)
  const { revision, after } = startOf(core, query)
  const prefix = prefixOf(call)
  const at = revision ?? core.store.revision()
  const all = revision === undefined ? collection.entries(prefix) : collection.entriesAt(prefix, revision)
  const rest = after === '' ? all : all.filter(({ key }) => key > after)
  const found = matches === undefined ? rest : rest.filter(({ object }) => matches(object))
  if (query.limit === 0 || found.length <= query.limit) return { entries: found, revision: at }
  const entries = found.slice(0, query.limit)
  return {
    entries,
    revision: at,
    next: encodeToken(at, entries.at(-1)?.key ?? ''),
    ...(matches === undefined ? { remaining: found.length - query.limit } : {}),
  }
}

/** Objects a chunk; a list of many is written in chunks, each as one string. */
const CHUNK_OBJECTS = 500

export function listAll(core: Core, call: Call, form: Form): Body {
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
