/** NSX's search: GET search/query below both of its roots (vcf-nsx 9.1.1, SearchResponse). */
import { MANAGER_SEARCH_WORK_MAX } from '../../limits.ts'
import { badRequest, type JsonObject, NsxApiError, ok, type Route } from '../rest/index.ts'
import type { SearchFault } from '../types.ts'
import type { Searched } from './lagging.ts'
import { type Candidate, decidedByTypes, matchesQuery } from './match.ts'
import { type Parsed, parseQuery } from './query.ts'

/** Objects that are found by the same names. */
export interface SearchSource {
  readonly types: readonly string[]
  /** Its objects have a resource_type of their own beside. */
  readonly varies?: boolean
  readonly count: number
  bodies(): Iterable<JsonObject>
}

const PAGE_SIZE_MAX = 1_000

/** A fault that strikes a search, with the index that it is answered from. */
export type Struck = SearchFault & { readonly index?: Searched }

/**
 * Below each of NSX's roots. `sources` gives everything that can be found now: answers are never behind a write, but for a
 * fault that was put in.
 */
export function searchRoutes(
  sources: (index?: Searched) => readonly SearchSource[],
  fault: () => Struck | undefined = () => undefined,
): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/search/query',
      access: 'read',
      run: ({ query }) => {
        const struck = fault()
        refuseLarge(struck, query)
        const answer = search(sources(struck?.index), query)
        const { results } = answer
        const left = results.length - (struck?.lose ?? 0)
        return ok({ ...answer, results: results.slice(0, Math.max(0, left)) })
      },
    },
  ]
}

/** As NSX refuses a page that is too large for its buffers: public clients of it know both ways. */
function refuseLarge(struck: Struck | undefined, parameters: URLSearchParams): void {
  const size = numberOf(parameters, 'page_size', 0, PAGE_SIZE_MAX) || PAGE_SIZE_MAX
  if (struck?.pageSizeMax === undefined || size <= struck.pageSizeMax) return
  if (struck.refuseWith === 60_576)
    throw new NsxApiError(503, 60_576, 'The response is too large; ask for a smaller page.')
  throw badRequest('The response is too large; ask for a smaller page_size.')
}

interface Found extends JsonObject {
  readonly results: readonly JsonObject[]
}

function search(sources: readonly SearchSource[], parameters: URLSearchParams): Found {
  const found = findAll(sources, parseQuery(parameters.get('query') ?? ''))
  const sortBy = parameters.get('sort_by') || undefined
  const ascending = parameters.get('sort_ascending') !== 'false'
  if (sortBy !== undefined) sortAll(found, sortBy, ascending)
  const start = numberOf(parameters, 'cursor', 0, Number.MAX_SAFE_INTEGER)
  const size = numberOf(parameters, 'page_size', 0, PAGE_SIZE_MAX) || PAGE_SIZE_MAX
  const page = found.slice(start, start + size)
  const fields = parameters.get('included_fields')
  const included = fields === null || fields === '' ? undefined : fields.split(',').map((name) => name.trim())
  return {
    results: included === undefined ? page : page.map((body) => reduced(body, included)),
    result_count: found.length,
    // Always there, and a number: a public client reads it as one on each page, another stops where it is the count.
    cursor: String(Math.min(start + size, found.length)),
    ...(sortBy === undefined ? {} : { sort_by: sortBy, sort_ascending: ascending }),
  }
}

/** In an order that stays while nothing changes. */
function findAll(sources: readonly SearchSource[], { query, terms }: Parsed): JsonObject[] {
  const undecided = sources.filter(
    ({ types, varies }) => varies === true || decidedByTypes(query, types) !== false,
  )
  const work = undecided.reduce((sum, { count }) => sum + count, 0) * terms
  if (work > MANAGER_SEARCH_WORK_MAX)
    throw badRequest('The query asks too much of too many objects; name the resource_type.')
  const found: JsonObject[] = []
  for (const { types, bodies } of undecided)
    for (const body of bodies()) {
      const candidate: Candidate = { types: typesOf(types, body), body }
      if (matchesQuery(query, candidate)) found.push(body)
    }
  return found
}

const typesOf = (types: readonly string[], body: JsonObject): readonly string[] => {
  const own = body['resource_type']
  return typeof own !== 'string' || types.includes(own) ? types : [...types, own]
}

function sortAll(found: JsonObject[], field: string, ascending: boolean): void {
  const keys = new Map(found.map((body) => [body, sortKey(body[field])]))
  const sign = ascending ? 1 : -1
  found.sort((a, b) => {
    const [x, y] = [keys.get(a) ?? '', keys.get(b) ?? '']
    if (typeof x !== typeof y) return (typeof x === 'number' ? -1 : 1) * sign
    return x < y ? -sign : x > y ? sign : 0
  })
}

const sortKey = (value: unknown): string | number =>
  typeof value === 'number' ? value : typeof value === 'string' ? value : JSON.stringify(value ?? '')

function numberOf(parameters: URLSearchParams, name: string, min: number, max: number): number {
  const text = parameters.get(name)
  if (text === null || text === '') return min
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > max) throw badRequest(`${name} must be a number from ${min} to ${max}.`)
  return value
}

const reduced = (body: JsonObject, fields: readonly string[]): JsonObject =>
  Object.fromEntries(
    ['resource_type', ...fields.map((field) => field.split('.')[0] ?? '')].flatMap((field) =>
      Object.hasOwn(body, field) ? [[field, body[field]]] : [],
    ),
  )
