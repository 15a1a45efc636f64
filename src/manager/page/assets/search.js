/** Lists through NSX's search: pages, sorting and words are the manager's work, whatever the number of objects. */
import { get } from './api.js'
import { number, objects, text } from './json.js'

/** @import { Json } from './json.js' */
/** @typedef {{ rows: Json[], total: number, start: number }} Page */

export const PAGE_SIZE = 50
const WORDS_MAX = 6

/**
 * Every character that could mean something to the query is taken as itself.
 * @param {string} word
 */
export const literal = (word) => word.replace(/[^A-Za-z0-9_]/gu, (character) => `\\${character}`)

/**
 * One term: a field has exactly this value.
 * @param {string} field
 * @param {string} value
 */
export const equals = (field, value) => `${field}:${literal(value)}`

/**
 * Each of the words is somewhere in one of the fields.
 * @param {string} words
 * @param {readonly string[]} fields
 */
export const contains = (words, fields) =>
  words
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, WORDS_MAX)
    .map((word) => `(${fields.map((field) => `${field}:*${literal(word)}*`).join(' OR ')})`)

/**
 * @param {string} type
 * @param {{ terms?: readonly string[], sort?: string, descending?: boolean, start?: number, size?: number, signal?: AbortSignal }} [options]
 * @returns {Promise<Page>}
 */
export async function search(type, options = {}) {
  const {
    terms = [],
    sort = 'display_name',
    descending = false,
    start = 0,
    size = PAGE_SIZE,
    signal,
  } = options
  const query = new URLSearchParams({
    query: [`resource_type:${type}`, ...terms].join(' AND '),
    page_size: String(size),
    sort_by: sort,
    sort_ascending: String(!descending),
    ...(start === 0 ? {} : { cursor: String(start) }),
  })
  const answer = await get(`/policy/api/v1/search/query?${query}`, { signal })
  return { rows: objects(answer['results']), total: number(answer['result_count']) ?? 0, start }
}

/**
 * How many there are.
 * @param {string} type
 * @param {readonly string[]} terms
 * @param {AbortSignal} signal
 */
export const count = async (type, terms, signal) =>
  (await search(type, { terms, size: 1, sort: 'id', signal })).total

/** Names of what others name by id; a name that changes is right after a while. @type {Map<string, string>} */
const known = new Map()
const KNOWN_MAX = 20_000
const IDS_A_CALL = 100

/**
 * Looks up the names of these external ids, those that are not known yet.
 * @param {string} type
 * @param {readonly string[]} ids
 * @param {AbortSignal} signal
 */
export async function learnNames(type, ids, signal) {
  const wanted = [...new Set(ids)].filter((id) => id !== '' && !known.has(id))
  if (known.size > KNOWN_MAX) known.clear()
  for (let at = 0; at < wanted.length; at += IDS_A_CALL) {
    const some = wanted.slice(at, at + IDS_A_CALL)
    const terms = [`external_id:(${some.map(literal).join(' OR ')})`]
    const { rows } = await search(type, { terms, size: IDS_A_CALL, signal })
    for (const row of rows) known.set(text(row['external_id']), text(row['display_name']))
  }
}

/**
 * The name of an external id, else the id.
 * @param {unknown} id
 */
export const nameOf = (id) => known.get(text(id)) ?? text(id)
