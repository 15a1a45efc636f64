/** Security policies, each with how it stands in all clusters that it spans. */
import { loadClusters } from './clusters.js'
import { h } from './dom.js'
import { text } from './json.js'
import { choice, head, pager, pathList, searchField, startOf, table } from './parts.js'
import { standingsOf } from './realization.js'
import { link, linkOfPath } from './route.js'
import { contains, equals, search } from './search.js'
import { badge, since } from './status.js'

/** @import { Json } from './json.js' */
/** @import { Place } from './route.js' */
/** @import { Context, View } from './views.js' */
/** @import { Standing } from './realization.js' */
/** @import { Column } from './parts.js' */

const CATEGORIES = ['Emergency', 'Infrastructure', 'Environment', 'Application']
const FIELDS = ['display_name', 'id', 'category', 'description', 'tags.tag', 'tags.scope']

/** Paths named in one query; a longer list is asked for without it. */
const PATHS_MAX = 300

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function policiesView(place, context) {
  /** By path; absent while it is asked for. @type {Map<string, Standing | undefined>} */
  const standings = new Map()
  const asked = (/** @type {string} */ name) => place.query.get(name) ?? ''
  let words = ''
  const load = async (/** @type {AbortSignal} */ signal) => {
    const [clusters, spanned] = await Promise.all([loadClusters(signal), spannedBy(asked('cluster'), signal)])
    const terms = [
      ...contains(asked('q'), FIELDS),
      ...(asked('category') === '' ? [] : [equals('category', asked('category'))]),
      ...(spanned === undefined
        ? []
        : [
            `path:(${[...spanned, 'none'].map((path) => path.replace(/[^A-Za-z0-9_]/g, '\\$&')).join(' OR ')})`,
          ]),
    ]
    const sort = asked('sort') || 'display_name'
    const page = await search('SecurityPolicy', {
      terms,
      sort,
      descending: asked('down') === '1',
      start: startOf(place),
      signal,
    })
    // The list does not wait for what is asked policy by policy.
    void learnStandings(
      page.rows.map((row) => text(row.path)),
      signal,
    ).catch(() => undefined)
    return { clusters, page }
  }
  const learnStandings = async (
    /** @type {readonly string[]} */ paths,
    /** @type {AbortSignal} */ signal,
  ) => {
    const answers = await standingsOf(paths, signal)
    paths.forEach((path, at) => {
      standings.set(path, answers[at])
    })
    context.redraw()
  }
  return {
    title: 'Policies',
    said: () => words,
    everyMs: () => 8_000,
    load,
    draw({ clusters, page }) {
      words = `${page.total.toLocaleString()} ${page.total === 1 ? 'policy' : 'policies'}`
      return [
        head('Policies', {
          about: 'Security policies of NSX and how they are realized in the clusters that they span.',
        }),
        h(
          'div',
          { class: 'toolbar', key: 'tools', role: 'search', 'aria-label': 'Policies' },
          searchField(place, 'Search policies', 'Name, id, tag …'),
          choice(place, 'category', 'Category', [
            ['', 'Any'],
            ...CATEGORIES.map((one) => /** @type {const} */ ([one, one])),
          ]),
          choice(place, 'cluster', 'Cluster', [
            ['', 'All clusters'],
            ...clusters.map(
              (/** @type {import('./clusters.js').Cluster} */ { name, path }) =>
                /** @type {const} */ ([path, name]),
            ),
          ]),
        ),
        table('Policies', columns(standings), page.rows, {
          keyOf: (row) => text(row['path']),
          place,
          empty: ['q', 'category', 'cluster'].some((name) => asked(name) !== '')
            ? [
                'Nothing matches. ',
                h('a', { href: link(place.parts) }, 'Clear the search and filters'),
                ' to see all.',
              ]
            : 'There is no policy yet. Make one with NSX’s Policy API, an SDK or Terraform; it appears here by itself.',
        }),
        pager(place, page.total),
      ]
    },
  }
}

/**
 * Paths of the policies that span this cluster.
 * @param {string} cluster its path
 * @param {AbortSignal} signal
 */
async function spannedBy(cluster, signal) {
  if (cluster === '') return undefined
  const terms = [equals('container_cluster_path', cluster)]
  const { rows } = await search('SecurityPolicyContainerCluster', {
    terms,
    size: PATHS_MAX,
    sort: 'path',
    signal,
  })
  return rows.map((row) => text(row['parent_path']))
}

/**
 * @param {ReadonlyMap<string, Standing | undefined>} byPath
 * @returns {readonly Column[]}
 */
const columns = (byPath) => [
  {
    title: 'Policy',
    sort: 'display_name',
    head: true,
    cell: (row) =>
      h('a', { href: linkOfPath(text(row['path'])) }, text(row['display_name']) || text(row['id'])),
  },
  { title: 'Realization', cell: (row) => standing(byPath, text(row['path'])) },
  { title: 'Clusters', class: 'wide', cell: (row) => clusterStates(byPath.get(text(row['path']))) },
  { title: 'Category', sort: 'category', cell: (row) => text(row['category']) },
  { title: 'Sequence', sort: 'sequence_number', class: 'num', cell: (row) => text(row['sequence_number']) },
  { title: 'Applied to', class: 'wide', cell: (row) => pathList(row['scope']) },
  { title: 'Changed', sort: '_last_modified_time', cell: (row) => since(row['_last_modified_time']) },
]

/**
 * @param {ReadonlyMap<string, Standing | undefined>} byPath
 * @param {string} path
 */
function standing(byPath, path) {
  if (!byPath.has(path)) return h('span', { class: 'faint' }, '…')
  const held = byPath.get(path)
  if (held === undefined) return h('span', { class: 'faint' }, 'not known')
  if (held.clusters.length === 0) return h('span', { class: 'faint' }, 'spans no cluster')
  return badge(held.state)
}

const CLUSTERS_SHOWN = 4

/** @param {Standing | undefined} held */
function clusterStates(held) {
  const all = held?.clusters ?? []
  return h(
    'span',
    { class: 'row' },
    all.slice(0, CLUSTERS_SHOWN).map((one) => {
      const status = /** @type {Json} */ (one['consolidated_status'])
      return badge(text(status['consolidated_status']), text(one['enforcement_point_id']))
    }),
    all.length > CLUSTERS_SHOWN && h('span', { class: 'faint' }, `and ${all.length - CLUSTERS_SHOWN} more`),
  )
}
