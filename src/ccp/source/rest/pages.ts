/** Lists of NSX read page by page: whole, or not at all. */
import { AdapterError, retry } from '../../../errors.ts'
import { REST_PAGE_SIZE, REST_PAGE_STEP, REST_PRINTS_MAX } from '../../../limits.ts'
import { type Asking, POLICY_API, urlOf } from './asking.ts'

interface Page {
  readonly results?: readonly unknown[]
  readonly result_count?: number
  readonly cursor?: string
}

export interface Pages {
  /**
   * Everything a query finds. Undefined: the list changed between its pages, so that some may be missing or there twice;
   * it has to be read again.
   */
  search(query: string, fields: readonly string[]): Promise<readonly unknown[] | undefined>
  /** The newest changes among what a query finds, and how many objects that are in all. */
  newest(
    query: string,
    fields: readonly string[],
    size: number,
  ): Promise<{ readonly results: readonly unknown[]; readonly count: number } | undefined>
  /** Everything in a plain list; undefined as in `search`, or when there is nothing at that path. */
  list(path: string): Promise<readonly unknown[] | 'absent' | undefined>
}

export function createPages(asking: Asking): Pages {
  /** What the manager last found small enough. */
  let size = REST_PAGE_SIZE

  const page = async (url: string, cursor: string | undefined): Promise<Page> => {
    for (;;) {
      const rest = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
      try {
        return await asking.get<Page>(`${url}page_size=${size}${rest}`)
      } catch (error) {
        if (!isTooLarge(error) || size <= REST_PAGE_STEP) throw error
        size -= REST_PAGE_STEP
      }
    }
  }

  const read = async (url: string): Promise<readonly unknown[] | undefined> => {
    const found = new Map<unknown, unknown>()
    let promised: number | undefined
    let cursor: string | undefined
    for (;;) {
      const { results, result_count: count, cursor: next } = checked(await page(url, cursor), url)
      promised ??= count
      if (count !== undefined && count !== promised) return undefined
      for (const item of results) {
        const id = identityOf(item)
        if (found.has(id)) return undefined
        found.set(id, item)
      }
      if (found.size > REST_PRINTS_MAX) throw tooMany()
      const isLast = results.length === 0 || next === undefined || next === '' || found.size === promised
      if (isLast) return promised === undefined || promised === found.size ? [...found.values()] : undefined
      // A cursor that stands still would never end.
      if (next === cursor) return undefined
      cursor = next
    }
  }

  return {
    search: (query, fields) => read(`${searchUrl(query, fields)}&sort_by=path&sort_ascending=true&`),
    async newest(query, fields, most) {
      const url = `${searchUrl(query, fields)}&sort_by=_last_modified_time&sort_ascending=false&page_size=${most}`
      const { results, result_count: count } = checked(await asking.get<Page>(url), url)
      if (count === undefined || results.length !== Math.min(most, count)) return undefined
      return { results, count }
    },
    async list(path) {
      try {
        return await read(`${urlOf(path)}?`)
      } catch (error) {
        if (error instanceof AdapterError && error.code === 'NSX_NOT_FOUND') return 'absent'
        throw error
      }
    },
  }
}

/** Objects by their path, addresses by themselves. */
const identityOf = (item: unknown): unknown =>
  typeof item === 'string' ? item : ((item as { path?: unknown } | null)?.path ?? JSON.stringify(item))

const searchUrl = (query: string, fields: readonly string[]) =>
  `${POLICY_API}/search/query?query=${encodeURIComponent(query)}&included_fields=${fields.join(',')}`

/** An answer without any results is somebody else's, and would empty what it is compared with. */
function checked(answer: Page | undefined, url: string): Page & { readonly results: readonly unknown[] } {
  if (!Array.isArray(answer?.results) && answer?.result_count !== 0)
    throw retry(
      'NSX_LIST_INCOMPLETE',
      `${url.split('?', 1)[0]}: the answer has no results; the list is read again`,
    )
  const { result_count: count, cursor } = answer
  return {
    results: answer.results ?? [],
    ...(typeof count === 'number' ? { result_count: count } : {}),
    ...(typeof cursor === 'string' ? { cursor } : {}),
  }
}

/** NSX says so in two ways: 400 with 255, 503 with 60576 (src/nsx/error-table.ts). */
const isTooLarge = (error: unknown): boolean =>
  error instanceof AdapterError && error.code === 'NSX_PAGE_TOO_LARGE'

const tooMany = () =>
  retry(
    'REST_TOO_MANY',
    `search finds more than ${REST_PRINTS_MAX} objects; what is in force stays: use a manager with the channels for an NSX of this size`,
  )
