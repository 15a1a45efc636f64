/** One cluster: its components with their conditions, and its agents node by node. */
import { CONTROL_PLANES, get } from './api.js'
import { h } from './dom.js'
import { number, object, objects, text } from './json.js'
import { CLUSTERS, head, pager, pairs, searchField, section, startOf, table } from './parts.js'
import { link } from './route.js'
import { PAGE_SIZE } from './search.js'
import { badge, since } from './status.js'
import { agentCounts } from './view-clusters.js'

/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */
/** @import { Context, View } from './views.js' */
/** @import { Place } from './route.js' */

/** @type {readonly (readonly [field: string, words: string])[]} */
const COMPONENTS = [
  ['mp_adapter_status', 'MP adapter: inventory and health up'],
  ['ccp_adapter_status', 'CCP adapter: policy down, realization up'],
  ['controller_status', 'Antrea Controller'],
]

/** @type {readonly Column[]} */
const CONDITIONS = [
  {
    title: 'Condition',
    head: true,
    cell: (one) => h('span', { class: 'mono' }, text(one['condition_type'])),
  },
  { title: 'Status', cell: (one) => badge(text(one['status'])) },
  { title: 'Heartbeat', cell: (one) => since(one['last_heartbeat_time']) },
  {
    title: 'Reason',
    class: 'wide',
    cell: (one) =>
      [text(one['reason']), text(one['message'])].filter(Boolean).join(': ') ||
      h('span', { class: 'faint' }, '–'),
  },
]

/** @type {readonly Column[]} */
const NODES = [
  { title: 'Node', head: true, cell: (node) => text(node['name']) },
  { title: 'Agent', cell: (node) => badge(text(node['status'])) },
  {
    title: 'Reason',
    class: 'wide',
    cell: (node) => text(node['reason']) || h('span', { class: 'faint' }, '–'),
  },
]

/** The worst first: they are what one looks for. */
const WORST = ['FAILED', 'DEGRADED', 'UNKNOWN', 'HEALTHY']
const rank = (/** @type {Json} */ node) => WORST.indexOf(text(node['status']))

/**
 * @param {Place} place
 * @param {Context} _context
 * @returns {View}
 */
export function clusterView(place, _context) {
  const [, id = ''] = place.parts
  const path = `${CONTROL_PLANES}/${encodeURIComponent(id)}`
  return {
    title: id,
    everyMs: () => 5_000,
    async load(signal) {
      const [cluster, info, heartbeat] = await Promise.all([
        get(path, { signal }),
        get(`${path}/status`, { signal }),
        get(`${path}/heartbeat-config`, { signal }),
      ])
      return { cluster, info, heartbeat }
    },
    draw({ cluster, info, heartbeat }) {
      const nodeId = text(cluster['node_id'])
      return [
        head(text(cluster['display_name']), {
          trail: [['Clusters', CLUSTERS]],
          state: badge(text(info['status'])),
          actions: [
            h('a', { class: 'button', href: link(['inventory', 'pods'], { cluster: nodeId }) }, 'Inventory'),
            h(
              'a',
              { class: 'button', href: link(['policies'], { cluster: text(cluster['path']) }) },
              'Policies',
            ),
            h('a', { class: 'button', href: link(['traceflow'], { cluster: nodeId }) }, 'Traceflow'),
            h('a', { class: 'button', href: link(['requests'], { cluster: nodeId }) }, 'Logs and requests'),
            h('a', { class: 'button', href: link(['bundles'], { cluster: nodeId }) }, 'Support bundle'),
          ],
        }),
        pairs([
          ['Cluster id', h('span', { class: 'mono' }, nodeId)],
          ['Reports every', `${number(heartbeat['report_interval']) ?? 60} s`],
          ['Registered', since(cluster['_create_time'])],
        ]),
        componentsPanel(info),
        agentsPanel(place, info),
      ]
    },
  }
}

/** What stands between NSX and the agents, and each one's conditions. @param {Json} info */
const componentsPanel = (info) =>
  section(
    'Adapter and Controller',
    pairs(COMPONENTS.map(([field, words]) => [words, badge(text(object(info[field]).status) || 'UNKNOWN')])),
    table(
      'Conditions',
      CONDITIONS,
      COMPONENTS.flatMap(([field]) => objects(object(info[field]).conditions)),
      { keyOf: (one) => text(one.condition_type), empty: 'No condition has been reported yet.' },
    ),
  )

/**
 * @param {Place} place
 * @param {Json} info
 */
function agentsPanel(place, info) {
  const words = (place.query.get('q') ?? '').toLowerCase()
  const { healthy, degraded, failed } = agentCounts(info)
  const nodes = objects(info['nodes'])
    .filter((node) =>
      `${text(node['name'])} ${text(node['reason'])} ${text(node['status'])}`.toLowerCase().includes(words),
    )
    .sort((a, b) => rank(a) - rank(b) || text(a['name']).localeCompare(text(b['name'])))
  const start = startOf(place)
  return section(
    'Antrea Agents',
    h('p', { class: 'about' }, `${healthy} healthy, ${degraded} degraded, ${failed} failed`),
    h('div', { class: 'toolbar', key: 'tools' }, searchField(place, 'Search nodes')),
    table('Agents by node', NODES, nodes.slice(start, start + PAGE_SIZE), {
      keyOf: (node) => text(node['name']),
      empty:
        words === '' ? 'No node has been reported yet.' : 'No node matches. Clear the search to see all.',
    }),
    pager(place, nodes.length),
  )
}
