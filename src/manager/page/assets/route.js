/** The address of what is shown: `#/policies/default/web?cluster=…`. It can be kept, sent on and gone back to. */

/** @typedef {{ parts: string[], query: URLSearchParams }} Place */

/**
 * @param {string} hash
 * @returns {Place}
 */
export function readPlace(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const parts = path.split('/').filter(Boolean).map(decoded)
  return { parts, query: new URLSearchParams(query) }
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/**
 * @param {readonly string[]} parts
 * @param {Readonly<Record<string, string | number | undefined>> | URLSearchParams} [query]
 */
export function link(parts, query = {}) {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query)
  const kept = entries.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  )
  const words = new URLSearchParams(kept).toString()
  return `#/${parts.map(encodeURIComponent).join('/')}${words === '' ? '' : `?${words}`}`
}

/**
 * The same place with other parameters; going back leaves the place, not each letter of a search.
 * @param {Place} place
 * @param {Readonly<Record<string, string | number | undefined>>} changes
 */
export function adjust(place, changes) {
  const query = Object.fromEntries(place.query)
  location.replace(link(place.parts, { ...query, ...changes }))
}

/**
 * Where the page of an intent path is: groups and policies have one.
 * @param {string} path
 */
export function linkOfPath(path) {
  const group = /^\/infra\/domains\/([^/]+)\/groups\/([^/]+)$/.exec(path)
  if (group !== null) return link(['groups', group[1] ?? '', group[2] ?? ''])
  const policy = /^\/infra\/domains\/([^/]+)\/security-policies\/([^/]+)(?:\/rules\/[^/]+)?$/.exec(path)
  if (policy !== null) return link(['policies', policy[1] ?? '', policy[2] ?? ''])
  const cluster = /\/cluster-control-planes\/([^/]+)$/.exec(path)
  return cluster === null ? undefined : link(['clusters', cluster[1] ?? ''])
}
