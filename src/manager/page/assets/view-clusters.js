/** All clusters with their health, and what there is in them. */
import { CONTROL_PLANES, get } from './api.js'
import { loadClusters } from './clusters.js'
import { h } from './dom.js'
import { number, object, objects, text } from './json.js'
import { head, table } from './parts.js'
import { link } from './route.js'
import { count } from './search.js'
import { badge, shape, since, wordOf } from './status.js'

/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */
/** @import { Context, View } from './views.js' */
/** @import { Place } from './route.js' */

/** Each a tile: what is counted, and where it is listed. @type {readonly (readonly [words: string, type: string, terms: readonly string[], to: string])[]} */
const TILES = [
  ['Policies', 'SecurityPolicy', [], link(['policies'])],
  ['Groups', 'Group', [], link(['groups'])],
  ['Pods', 'ContainerApplicationInstance', [], link(['inventory', 'pods'])],
  ['Services', 'ContainerApplication', [], link(['inventory', 'services'])],
  ['Virtual machines', 'VirtualMachine', [], link(['machines'])],
  [
    'Unhealthy cluster policies',
    'ContainerNetworkPolicy',
    ['network_status:UNHEALTHY'],
    link(['inventory', 'network-policies'], { status: 'UNHEALTHY' }),
  ],
]

/** The newest word of a cluster's conditions. @param {Json} info */
export function lastHeard(info) {
  const conditions = ['mp_adapter_status', 'ccp_adapter_status', 'controller_status'].flatMap((part) =>
    objects(object(info[part])['conditions']),
  )
  return Math.max(0, ...conditions.map((one) => number(one['last_heartbeat_time']) ?? 0))
}

/** @param {Json} info */
export function agentCounts(info) {
  const counts = object(info['agent_info'])
  const of = (/** @type {string} */ name) => number(counts[`${name}_agent_num`]) ?? 0
  return { healthy: of('healthy'), degraded: of('degraded'), failed: of('failed') }
}

/** @param {Json} info */
function agents(info) {
  const { healthy, degraded, failed } = agentCounts(info)
  const part = (
    /** @type {'good' | 'warn' | 'bad'} */ tone,
    /** @type {number} */ size,
    /** @type {string} */ words,
  ) => size > 0 && h('span', { class: `badge ${tone}` }, shape(tone), `${size} ${words}`)
  if (healthy + degraded + failed === 0) return h('span', { class: 'faint' }, 'none heard')
  return h(
    'span',
    { class: 'row' },
    part('good', healthy, 'healthy'),
    part('warn', degraded, 'degraded'),
    part('bad', failed, 'failed'),
  )
}

/** @param {string} part */
const component = (part) => (/** @type {Json} */ info) =>
  badge(text(object(info[part])['status']) || 'UNKNOWN')

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    title: 'Cluster',
    head: true,
    cell: (info) => h('a', { href: link(['clusters', text(info['id'])]) }, text(info['display_name'])),
  },
  { title: 'Health', cell: (info) => badge(text(info['status'])) },
  { title: 'MP adapter', cell: component('mp_adapter_status') },
  { title: 'CCP adapter', cell: component('ccp_adapter_status') },
  { title: 'Antrea Controller', cell: component('controller_status') },
  { title: 'Antrea Agents', cell: agents },
  { title: 'Last heartbeat', cell: (info) => since(lastHeard(info)) },
]

/**
 * @param {Place} _place
 * @param {Context} _context
 * @returns {View}
 */
export function clustersView(_place, _context) {
  let words = ''
  return {
    title: 'Clusters',
    everyMs: () => 5_000,
    said: () => words,
    async load(signal) {
      await loadClusters(signal)
      const { results } = await get(`${CONTROL_PLANES}-status`, { signal })
      const counts = await Promise.all(TILES.map(([, type, terms]) => count(type, terms, signal)))
      return { infos: objects(results), counts }
    },
    draw({ infos, counts }) {
      words = summary(infos)
      return [
        head('Clusters', { about: words }),
        h(
          'ul',
          { class: 'tiles', key: 'tiles' },
          TILES.map(([name, , , to], index) =>
            h(
              'li',
              {},
              h(
                'a',
                { href: to },
                h('strong', {}, Number(counts[index]).toLocaleString()),
                h('span', {}, name),
              ),
            ),
          ),
        ),
        table('Clusters with their health', COLUMNS, infos, {
          keyOf: (info) => text(info['path']),
          empty:
            'No cluster is registered yet. Register one with a ClusterControlPlane, or start an adapter with its certificate.',
        }),
      ]
    },
  }
}

/** @param {readonly Json[]} infos */
function summary(infos) {
  const by = Map.groupBy(infos, (info) => text(info['status']))
  const parts = [...by].map(([state, of]) => `${of.length} ${wordOf(state).toLowerCase()}`)
  return `${infos.length} ${infos.length === 1 ? 'cluster' : 'clusters'}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
}
