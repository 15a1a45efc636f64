/** GET /transitions and /history: what is kept of the past, read by whoever asks (src/diagnostics/). */
import { type History, isRowKind, ROW_KINDS } from '../diagnostics/index.ts'
import { AdapterError, asAdapterError } from '../errors.ts'
import type { ServerRequest, ServerResponse } from '../world/index.ts'
import { fail, json } from './answers.ts'

const ROWS_MAX = 10_000
const ROWS_DEFAULT = 100

/** `?limit=&machine=&from=&until=`: the newest transitions of the range, oldest first. Times: milliseconds since 1970, or RFC 3339. */
export function showTransitions(history: History, { query }: ServerRequest): Promise<ServerResponse> {
  return answered(async () => {
    const machine = query.get('machine')
    const range = rangeOf(query)
    return { transitions: await history.read({ ...range, ...(machine === null ? {} : { machine }) }) }
  })
}

/**
 * `?kind=&limit=&subject=&from=&until=&first=oldest|newest`: rows of one kind. `?at=`: how everything was at that moment.
 * With neither: from when to when there is something, and how much of each kind.
 */
export function showHistory(history: History, { query }: ServerRequest): Promise<ServerResponse> {
  return answered(async () => {
    const at = momentOf(query, 'at')
    if (at !== undefined) return history.standing(at)
    const kind = query.get('kind')
    if (kind === null) return history.span()
    if (!isRowKind(kind)) throw badQuery(`kind must be one of ${ROW_KINDS.join(', ')}`)
    const [subject, first] = [query.get('subject'), query.get('first')]
    if (first !== null && first !== 'oldest' && first !== 'newest')
      throw badQuery('first must be oldest or newest')
    const rows = await history.select({
      kind,
      ...rangeOf(query),
      ...(subject === null ? {} : { subject }),
      ...(first === null ? {} : { first }),
    })
    return { rows }
  })
}

async function answered(work: () => Promise<unknown>): Promise<ServerResponse> {
  try {
    return json(200, await work())
  } catch (error) {
    if (error instanceof AdapterError && error.code === 'SERVE_BAD_QUERY')
      return fail(400, error.code, error.message)
    return fail(503, 'DIAGNOSTICS_LOST', asAdapterError(error).message)
  }
}

const badQuery = (words: string) => new AdapterError('needs-person', 'SERVE_BAD_QUERY', words)

function rangeOf(query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? ROWS_DEFAULT)
  if (!Number.isInteger(limit) || limit < 1 || limit > ROWS_MAX)
    throw badQuery(`limit must be a whole number from 1 to ${ROWS_MAX}`)
  const [fromMs, untilMs] = [momentOf(query, 'from'), momentOf(query, 'until')]
  return {
    limit,
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
  }
}

function momentOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const moment = /^\d+$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (!Number.isSafeInteger(moment))
    throw badQuery(`${name} must be a time as 2026-01-31T12:00:00Z, or milliseconds since 1970`)
  return moment
}
