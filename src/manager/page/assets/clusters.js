/** The clusters there are, by id and by name; what most views need to name them. */
import { CONTROL_PLANES, get } from './api.js'
import { h } from './dom.js'
import { objects, text } from './json.js'
import { linkOfPath } from './route.js'

/** @typedef {{ name: string, nodeId: string, path: string }} Cluster */

/** @type {Map<string, Cluster>} */
let known = new Map()

/**
 * All registered clusters, by name.
 * @param {AbortSignal} signal
 * @returns {Promise<readonly Cluster[]>}
 */
export async function loadClusters(signal) {
  /** @type {Cluster[]} */
  const all = []
  let cursor = ''
  do {
    const page = await get(`${CONTROL_PLANES}?included_fields=node_id&cursor=${cursor}`, { signal })
    for (const one of objects(page['results']))
      all.push({
        name: text(one['display_name']) || text(one['id']),
        nodeId: text(one['node_id']),
        path: text(one['path']),
      })
    cursor = text(page['cursor'])
  } while (cursor !== '')
  known = new Map(all.map((cluster) => [cluster.nodeId, cluster]))
  return all
}

/**
 * A cluster's link by its external id.
 * @param {unknown} id
 */
export function clusterLink(id) {
  const cluster = known.get(text(id))
  if (cluster === undefined) return h('span', { class: 'mono' }, text(id))
  return h('a', { href: linkOfPath(cluster.path) }, cluster.name)
}

/**
 * Choices of a cluster for a filter.
 * @param {readonly Cluster[]} clusters
 * @returns {readonly (readonly [string, string])[]}
 */
export const clusterChoices = (clusters) => [
  ['', 'All clusters'],
  ...clusters.map(({ name, nodeId }) => /** @type {const} */ ([nodeId, name])),
]
