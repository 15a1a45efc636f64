/**
 * What the answers of NSX mean that are no success: by `error_code` of the body where it says more than the HTTP status.
 * A value; errors.ts reads it. Sources: NSX API guide (ApiError), vendor SDK 9.1.1, terraform-provider-nsxt, nsx-operator,
 * vmware-nsxlib.
 */
import type { ErrorKind } from '../errors.ts'

/**
 * What may be done with the same call at once, by who can choose among managers (rest.ts): `again`: it was not carried out,
 * and may be sent once more; `elsewhere`: this manager cannot, another one may; `sign-in`: by a session made anew. Else
 * the caller decides, by the kind.
 */
export type NextStep = 'again' | 'elsewhere' | 'sign-in' | 'give-up'

export interface Meaning {
  readonly kind: ErrorKind
  readonly code: string
  readonly todo: string
  readonly next: NextStep
}

export interface ErrorRow extends Meaning {
  /** Absent: whatever the status. */
  readonly status?: number
  /** Absent: whatever the body says. */
  readonly errorCode?: number
  /** Only of paths that hold this. */
  readonly path?: string
}

const AGAIN = 'it is tried again'
const CREDENTIALS = 'check that this certificate is registered in NSX, or the name and password'

const retryRow = (code: string, todo: string, next: NextStep = 'give-up'): Meaning => ({
  kind: 'retry',
  code,
  todo,
  next,
})
const personRow = (code: string, todo: string, next: NextStep = 'give-up'): Meaning => ({
  kind: 'needs-person',
  code,
  todo,
  next,
})

const SEARCH = '/search/'
const searchNotReady = (what: string) =>
  retryRow('NSX_SEARCH_NOT_READY', `${what}; it is tried again, or a list is read in its place`)
const pageTooLarge = retryRow('NSX_PAGE_TOO_LARGE', 'it is asked again with smaller pages')
const stale = retryRow('NSX_REVISION', 'it is read again and tried again')
const signIn = personRow('NSX_UNAUTHORIZED', CREDENTIALS, 'sign-in')
const refusedForGood = personRow('NSX_BAD_REQUEST', 'the manager does not take this; see its reason')

/** The first row that fits counts. */
export const ERROR_TABLE: readonly ErrorRow[] = [
  // Search, which is behind what it searches.
  { errorCode: 60508, ...searchNotReady('search is being indexed') },
  { errorCode: 60514, ...searchNotReady('search timed out') },
  { errorCode: 60515, ...searchNotReady('search is out of step') },
  { errorCode: 60576, ...pageTooLarge },
  // 255 is also how a field is refused.
  { status: 400, errorCode: 255, path: SEARCH, ...pageTooLarge },
  // Objects that others hold or take away.
  { errorCode: 500045, ...retryRow('NSX_PENDING_DELETE', 'the object is being deleted; it is tried again') },
  { errorCode: 500030, ...retryRow('NSX_IN_USE', 'something still refers to the object; it is tried again') },
  { errorCode: 500087, ...stale },
  { errorCode: 500232, ...stale },
  { errorCode: 100148, ...stale },
  { status: 404, errorCode: 500090, ...stale },
  // Who asks.
  { status: 403, errorCode: 98, ...signIn },
  { status: 403, errorCode: 403, ...signIn },
  { status: 403, errorCode: 505, ...personRow('NSX_LICENSE', 'the licence of this NSX does not allow it') },
  { status: 500, errorCode: 99, ...personRow('NSX_UNAUTHORIZED', CREDENTIALS, 'sign-in') },
  { status: 401, ...signIn },
  { status: 403, ...personRow('NSX_FORBIDDEN', 'check the rights of this certificate or user in NSX') },
  // What is wrong for good, whatever its status.
  { errorCode: 8327, ...refusedForGood },
  { errorCode: 500105, ...refusedForGood },
  { errorCode: 503040, ...refusedForGood },
  // A manager that cannot just now.
  { status: 500, errorCode: 98, ...retryRow('NSX_SERVER_ERROR', AGAIN, 'elsewhere') },
  {
    errorCode: 607,
    ...retryRow('NSX_SERVER_ERROR', 'NSX gave up its transaction; it is tried again', 'again'),
  },
  { status: 429, ...retryRow('NSX_THROTTLED', 'it is tried again when the manager says so', 'again') },
  { status: 502, ...retryRow('NSX_SERVER_ERROR', AGAIN, 'elsewhere') },
  { status: 503, ...retryRow('NSX_SERVER_ERROR', AGAIN, 'elsewhere') },
  { status: 504, ...retryRow('NSX_SERVER_ERROR', AGAIN, 'elsewhere') },
  // What is left, by its status.
  {
    status: 404,
    kind: 'wait-for',
    code: 'NSX_NOT_FOUND',
    todo: 'check the cluster id and that the manager serves this',
    next: 'give-up',
  },
  { status: 408, ...retryRow('NSX_SERVER_ERROR', AGAIN, 'elsewhere') },
  { status: 409, ...retryRow('NSX_CONFLICT', 'it is read again and tried again') },
  { status: 410, ...retryRow('NSX_GONE', 'a full sync follows') },
  { status: 412, ...stale },
]

const SERVER_FAULT = retryRow('NSX_SERVER_ERROR', AGAIN)

/** Pure. `errorCode` 0 is none. */
export function meaningOf(status: number, errorCode: number | undefined, path: string): Meaning {
  const said = errorCode === 0 ? undefined : errorCode
  const row = ERROR_TABLE.find(
    (one) =>
      (one.status === undefined || one.status === status) &&
      (one.errorCode === undefined || one.errorCode === said) &&
      (one.path === undefined || path.includes(one.path)),
  )
  return row ?? (status >= 500 ? SERVER_FAULT : refusedForGood)
}
