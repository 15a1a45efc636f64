/** NSX's lists: results, result_count, cursor, sort_by, sort_ascending. */
import { badRequest } from './reply.ts'

/** Default and largest page, both 1,000 in NSX. */
const PAGE_SIZE_MAX = 1_000
const CURSOR_CHARS_MAX = 4_096

type SortValue = string | number

export interface ListOptions<T> {
  /** The field lists are sorted by when the caller names none, and each object's value of a named field. */
  readonly defaultSort: string
  readonly valueOf: (item: T, field: string) => unknown
  /** Unique and stable; decides between equal values. */
  readonly keyOf: (item: T) => string
  readonly render: (item: T) => unknown
  /** The items come in the order of `defaultSort` already: a page of a long list costs no sort. */
  readonly presorted?: boolean
}

/**
 * One page. The cursor names the last object given, so that a page neither repeats nor skips what did not change
 * meanwhile; the last page has none. Throws 400 for parameters that make no sense.
 */
export function listPage<T>(items: readonly T[], query: URLSearchParams, options: ListOptions<T>): unknown {
  const size = pageSize(query)
  const field = query.get('sort_by') || options.defaultSort
  const ascending = query.get('sort_ascending') !== 'false'
  const rank = (item: T): readonly [SortValue, string] => [
    sortable(options.valueOf(item, field)),
    options.keyOf(item),
  ]
  const compare = (a: readonly [SortValue, string], b: readonly [SortValue, string]) =>
    (compareValues(a[0], b[0]) || compareValues(a[1], b[1])) * (ascending ? 1 : -1)
  const after = readCursor(query.get('cursor'))
  const inOrder = options.presorted === true && ascending && field === options.defaultSort
  const sorted = inOrder
    ? items
    : items
        .map((item) => ({ item, rank: rank(item) }))
        .sort((a, b) => compare(a.rank, b.rank))
        .map(({ item }) => item)
  const start = after === undefined ? 0 : firstAfter(sorted, (item) => compare(rank(item), after) > 0)
  const page = sorted.slice(start, start + size)
  const last = page.at(-1)
  return {
    results: page.map((item) => options.render(item)),
    result_count: items.length,
    ...(last === undefined || start + size >= sorted.length ? {} : { cursor: writeCursor(rank(last)) }),
    sort_by: field,
    sort_ascending: ascending,
  }
}

/** Index of the first item that lies behind; items that do come after all that do not. */
function firstAfter<T>(items: readonly T[], liesBehind: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (liesBehind(items[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}

function pageSize(query: URLSearchParams): number {
  const text = query.get('page_size')
  if (text === null || text === '') return PAGE_SIZE_MAX
  const size = Number(text)
  if (!Number.isInteger(size) || size < 0 || size > PAGE_SIZE_MAX)
    throw badRequest(`page_size must be between 0 and ${PAGE_SIZE_MAX}.`)
  return size === 0 ? PAGE_SIZE_MAX : size
}

const sortable = (value: unknown): SortValue =>
  typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value ?? '')

const compareValues = (a: SortValue, b: SortValue): number => {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Letters, digits, `-` and `_`: it travels unescaped. Never begins with 0000, which a public client takes for the end. */
const writeCursor = (rank: readonly [SortValue, string]): string =>
  `c${Buffer.from(JSON.stringify(rank)).toString('base64url')}`

function readCursor(cursor: string | null): readonly [SortValue, string] | undefined {
  if (cursor === null || cursor === '') return undefined
  try {
    if (cursor.length > CURSOR_CHARS_MAX || !cursor.startsWith('c')) throw new Error('not ours')
    const rank: unknown = JSON.parse(Buffer.from(cursor.slice(1), 'base64url').toString())
    if (!Array.isArray(rank) || rank.length !== 2 || typeof rank[1] !== 'string') throw new Error('not ours')
    return [sortable(rank[0]), rank[1]]
  } catch {
    throw badRequest('The cursor is not one that this manager gave.')
  }
}
