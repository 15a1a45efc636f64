/** NSX's cursor lists (`results`, `cursor`, `result_count`), read page by page. */
import { retry } from '../errors.ts'
import type { NsxApi } from './contract.ts'
import type { ListResult } from './model.ts'

const PAGE_SIZE = 1_000
/** 1,000 pages of 1,000: more than any manager holds of one cluster; a cursor that never ends stops here. */
const PAGES_MAX = 1_000

/**
 * Every object of a list, in order. Complete or it throws: NSX_LIST_INCOMPLETE when pages give fewer objects than the
 * first page's `result_count` promised or no list at all, NSX_LIST_ENDLESS when the cursor never ends.
 */
export async function* paginate<T>(
  manager: Pick<NsxApi, 'call'>,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<T, void> {
  let cursor: string | undefined
  let promised: number | undefined
  let seen = 0
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = `page_size=${PAGE_SIZE}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    const result = await manager.call<ListResult<T>>({
      method: 'GET',
      path: `${path}${path.includes('?') ? '&' : '?'}${query}`,
      ...(signal === undefined ? {} : { signal }),
    })
    promised ??= result.result_count
    // A list says so when it is empty; an answer without any is somebody else's, and would empty what it is compared with.
    if (!Array.isArray(result?.results) && result?.result_count !== 0)
      throw retry('NSX_LIST_INCOMPLETE', `${path}: the answer has no results; the list is read again`)
    const results = result.results ?? []
    seen += results.length
    yield* results
    cursor = result.cursor === '' ? undefined : result.cursor
    if (cursor === undefined || results.length === 0) {
      if (promised !== undefined && seen < promised)
        throw retry(
          'NSX_LIST_INCOMPLETE',
          `${path}: ${seen} of ${promised} objects came; the list changed meanwhile and is read again`,
        )
      return
    }
  }
  throw retry('NSX_LIST_ENDLESS', `${path}: the manager's cursor does not end; the list is thrown away`)
}
