/** Lists of what the clusters hold, and of virtual machines: one kind at a time, paged, sorted and searched by the manager. */
import { CallError } from './api.js'
import { clusterChoices, loadClusters } from './clusters.js'
import { h } from './dom.js'
import { text } from './json.js'
import { KINDS, kindOf, MACHINES, objectLink, SYNCED } from './kinds.js'
import { choice, head, pager, searchField, startOf, table } from './parts.js'
import { link } from './route.js'
import { contains, equals, learnNames, nameOf, search } from './search.js'
import { wordOf } from './status.js'

/** @import { Kind } from './kinds.js' */
/** @import { Place } from './route.js' */
/** @import { Page } from './search.js' */
/** @import { View } from './views.js' */

/** @param {Place} place @returns {View} */
export const inventoryView = (place) => listView(place, 'Inventory')

/** @param {Place} place @returns {View} */
export const machinesView = (place) => listView(place, 'Virtual machines')

/** Fields by which a list is narrowed, by their names in the address. */
const FILTERS = {
  cluster: 'container_cluster_id',
  namespace: 'container_project_id',
  node: 'cluster_node_id',
}

/**
 * @param {Place} place
 * @param {string} title
 * @returns {View}
 */
function listView(place, title) {
  const kind = kindOf(place.parts)
  let words = ''
  return {
    title: kind === undefined ? title : kind.words,
    said: () => words,
    async load(signal) {
      if (kind === undefined)
        throw new CallError('missing', 'There is no such kind of inventory. Choose one of the list.')
      const [clusters, page] = await Promise.all([loadClusters(signal), loadPage(place, kind, signal)])
      const ids = (/** @type {string} */ field) => page.rows.map((row) => text(row[field]))
      const { namespace = '', node = '' } = Object.fromEntries(place.query)
      await Promise.all([
        learnNames('ContainerProject', [namespace, ...ids('container_project_id')], signal),
        learnNames('ContainerClusterNode', [node, ...ids('cluster_node_id')], signal),
      ])
      return { clusters, page }
    },
    draw({ clusters, page }) {
      if (kind === undefined) return undefined
      words = `${page.total.toLocaleString()} ${page.total === 1 ? kind.one : kind.words}`
      return [
        head(title, {
          about:
            kind === MACHINES
              ? 'Groups of machines have them as members; policies follow their addresses.'
              : undefined,
        }),
        kind !== MACHINES && kindLinks(place, kind),
        h(
          'div',
          { class: 'toolbar', key: 'tools', role: 'search', 'aria-label': kind.words },
          searchField(place, `Search ${kind.words.toLowerCase()}`, `Name, address, tag …`),
          kind !== MACHINES && choice(place, 'cluster', 'Cluster', clusterChoices(clusters)),
          kind.choices !== undefined &&
            choice(place, 'status', 'State', [
              ['', 'Any'],
              ...kind.choices.map((one) => /** @type {const} */ ([one, wordOf(one)])),
            ]),
          narrowedBy(place),
        ),
        table(kind.words, columnsOf(kind), page.rows, {
          keyOf: (row) => text(row['external_id']),
          place,
          empty: emptyWords(place, kind),
        }),
        pager(place, page.total),
      ]
    },
  }
}

/**
 * @param {Place} place
 * @param {Kind} kind
 * @param {AbortSignal} signal
 * @returns {Promise<Page>}
 */
function loadPage(place, kind, signal) {
  const asked = (/** @type {string} */ name) => place.query.get(name) ?? ''
  const state = asked('status')
  const terms = [
    ...contains(asked('q'), kind.searched),
    ...Object.entries(FILTERS).flatMap(([name, field]) =>
      asked(name) === '' ? [] : [equals(field, asked(name))],
    ),
    ...(state === '' || kind.states === undefined ? [] : [equals(kind.states, state)]),
  ]
  const sort = asked('sort') || 'display_name'
  return search(kind.type, { terms, sort, descending: asked('down') === '1', start: startOf(place), signal })
}

/** @param {Kind} kind */
const columnsOf = (kind) => [
  {
    title: 'Name',
    sort: 'display_name',
    head: true,
    cell: (/** @type {import('./json.js').Json} */ row) =>
      h(
        'a',
        { href: objectLink(kind, row['external_id']) },
        text(row['display_name']) || text(row['external_id']),
      ),
  },
  ...kind.columns,
  SYNCED,
]

/**
 * @param {Place} place
 * @param {Kind} chosen
 */
const kindLinks = (place, chosen) =>
  h(
    'nav',
    { class: 'tabs', key: 'kinds', 'aria-label': 'Kinds of inventory' },
    KINDS.map((kind) =>
      h(
        'a',
        {
          href: link(['inventory', kind.key], { cluster: place.query.get('cluster') ?? '' }),
          'aria-current': kind === chosen ? 'page' : undefined,
        },
        kind.words,
      ),
    ),
  )

/** @param {Place} place */
function narrowedBy(place) {
  return ['namespace', 'node'].map((name) => {
    const id = place.query.get(name) ?? ''
    if (id === '') return undefined
    const query = new URLSearchParams(place.query)
    query.delete(name)
    return h(
      'span',
      { class: 'narrowed', key: name },
      `of ${name} ${nameOf(id)} `,
      h('a', { href: link(place.parts, query), 'aria-label': `Show those of every ${name}` }, 'show all'),
    )
  })
}

/**
 * @param {Place} place
 * @param {Kind} kind
 */
function emptyWords(place, kind) {
  const isNarrowed = ['q', 'cluster', 'namespace', 'node', 'status'].some((name) => place.query.get(name))
  if (isNarrowed)
    return [
      'Nothing matches. ',
      h('a', { href: link(place.parts) }, 'Clear the search and filters'),
      ' to see all.',
    ]
  return kind === MACHINES
    ? 'No virtual machine is known. They come from NSX; in the sandbox, PUT one to /api/v1/fabric/virtual-machines/{id}.'
    : `No cluster has reported any ${kind.words.toLowerCase()}.`
}
