/** One object of the inventory, with all that is known of it and the ways on from it. */
import { CallError } from './api.js'
import { clusterLink, loadClusters } from './clusters.js'
import { h } from './dom.js'
import { isObject, object, objects, text, texts } from './json.js'
import { kindOf, MACHINES, portsOf } from './kinds.js'
import { head, pairs, section, table, tagList } from './parts.js'
import { link } from './route.js'
import { equals, learnNames, nameOf, search } from './search.js'
import { badge, since } from './status.js'

/** @import { Json } from './json.js' */
/** @import { Kind } from './kinds.js' */
/** @import { Place } from './route.js' */
/** @import { View } from './views.js' */

/**
 * @param {Place} place
 * @returns {View}
 */
export function objectView(place) {
  const kind = kindOf(place.parts)
  const id = place.parts.at(-1) ?? ''
  let title = kind?.one ?? 'Inventory'
  return {
    get title() {
      return title
    },
    async load(signal) {
      const missing = new CallError(
        'missing',
        'It is not in the inventory any more, or never was. Go back to the list.',
      )
      if (kind === undefined) throw missing
      const [found] = await Promise.all([
        search(kind.type, { terms: [equals('external_id', id)], size: 1, signal }),
        loadClusters(signal),
      ])
      const row = found.rows.find((one) => one['external_id'] === id)
      if (row === undefined) throw missing
      await Promise.all([
        learnNames('ContainerProject', [text(row['container_project_id'])], signal),
        learnNames('ContainerClusterNode', [text(row['cluster_node_id'])], signal),
        learnNames('ContainerApplication', texts(row['container_application_ids']), signal),
      ])
      title = text(row['display_name']) || id
      return row
    },
    draw(row) {
      if (kind === undefined) return undefined
      const up = kind === MACHINES ? link(['machines']) : link(['inventory', kind.key])
      return [
        head(title, {
          trail: [[kind.words, up]],
          state: kind.states !== undefined && badge(text(row[kind.states]) || 'UNKNOWN'),
          actions: actionsOf(kind, row),
        }),
        pairs(pairsOf(kind, row)),
        errorsOf(row),
        section('Tags', tagList(row['tags'])),
        text(row['spec']) !== '' &&
          section(
            'Specification',
            h('pre', { tabindex: '0', 'aria-label': 'Specification' }, text(row['spec'])),
          ),
        section(
          'All fields',
          h(
            'details',
            {},
            h('summary', {}, 'As NSX gives it'),
            h('pre', { tabindex: '0', 'aria-label': 'All fields' }, JSON.stringify(row, null, 2)),
          ),
        ),
      ]
    },
  }
}

/**
 * @param {Kind} kind
 * @param {Json} row
 */
function actionsOf({ key }, row) {
  const id = text(row['external_id'])
  const cluster = text(row['container_cluster_id'])
  const to = (/** @type {string} */ words, /** @type {string} */ href) =>
    h('a', { class: 'button', href }, words)
  if (key === 'pods') return to('Trace from here', link(['traceflow'], { cluster, source: id }))
  if (key === 'services') return to('Trace to here', link(['traceflow'], { cluster, destination: id }))
  if (key === 'namespaces') return to('Its Pods', link(['inventory', 'pods'], { namespace: id }))
  if (key === 'nodes') return to('Its Pods', link(['inventory', 'pods'], { node: id }))
  return undefined
}

/**
 * @param {Kind} kind
 * @param {Json} row
 * @returns {readonly (readonly [string, import('./dom.js').Child])[]}
 */
function pairsOf(kind, row) {
  const mono = (/** @type {string} */ words) =>
    words === '' ? undefined : h('span', { class: 'mono' }, words)
  const project = text(row['container_project_id'])
  const node = text(row['cluster_node_id'])
  const status = text(row['status'])
  const realization = object(row['realization'])
  const services = texts(row['container_application_ids'])
  return [
    ['External id', mono(text(row['external_id']))],
    ['Cluster', text(row['container_cluster_id']) !== '' && clusterLink(row['container_cluster_id'])],
    [
      'Namespace',
      project !== '' && h('a', { href: link(['inventory', 'namespaces', project]) }, nameOf(project)),
    ],
    ['Node', node !== '' && h('a', { href: link(['inventory', 'nodes', node]) }, nameOf(node))],
    ['Status', status !== '' && badge(status)],
    [
      'Network',
      kind.states !== 'network_status' &&
        text(row['network_status']) !== '' &&
        badge(text(row['network_status'])),
    ],
    ['Realization', text(realization['state']) !== '' && badge(text(realization['state']))],
    ['Type', text(row['type']) || text(row['policy_type'])],
    [
      'Addresses',
      mono(
        [...texts(row['ip_addresses']), ...texts(row['cluster_ips']), text(row['egress_ip'])]
          .filter(Boolean)
          .join(', '),
      ),
    ],
    ['Pod CIDRs', mono(texts(row['pod_cidrs']).join(', '))],
    ['Ports', mono(portsOf(row))],
    [
      'Services',
      services.length > 0 &&
        services.map((id, index) => [
          index > 0 && ', ',
          h('a', { href: link(['inventory', 'services', id]) }, nameOf(id)),
        ]),
    ],
    ...objects(row['origin_properties']).map(
      (one) => /** @type {const} */ ([text(one['key']), mono(text(one['value']))]),
    ),
    ...(isObject(row['guest_info'])
      ? Object.entries(row['guest_info']).map(([name, value]) => /** @type {const} */ ([name, text(value)]))
      : []),
    ['Last sync', since(row['_last_sync_time'])],
  ]
}

/** @param {Json} row */
function errorsOf(row) {
  const errors = objects(row['network_errors'])
  if (errors.length === 0) return undefined
  return section(
    'What is wrong',
    table(
      'Errors',
      [
        { title: 'Code', head: true, cell: (one) => h('span', { class: 'mono' }, text(one['error_code'])) },
        { title: 'What and what to do', class: 'wide', cell: (one) => text(one['error_message']) },
      ],
      errors,
      { keyOf: (one) => text(one['error_code']), empty: '' },
    ),
  )
}
