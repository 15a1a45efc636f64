/** Support bundles: what Antrea keeps on each node for those who help, collected and given as one file. */
import { CallError, fetchFile, get } from './api.js'
import { clusterChoices, loadClusters } from './clusters.js'
import { h, keep } from './dom.js'
import { objects, text } from './json.js'
import { say } from './live.js'
import { choice, head, note, searchField, section, table } from './parts.js'
import { saveFile, sizeWords } from './save.js'
import { contains, equals, search } from './search.js'
import { badge } from './status.js'

/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */
/** @import { Place } from './route.js' */
/** @import { Context, View } from './views.js' */

/** NSX takes so many nodes of a cluster at once. */
const NODES_MAX = 24
/** Collecting is as slow as the slowest node. */
const DEADLINE_MS = 15 * 60_000
const BUNDLES = '/api/v1/administration/support-bundles'

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function bundlesView(place, context) {
  /** What is chosen, by id. @type {Map<string, string>} */
  const chosen = new Map()
  /** @type {{ is: 'resting' } | { is: 'collecting', stop: AbortController } | { is: 'done', words: string } | { is: 'failed', words: string }} */
  let state = { is: 'resting' }
  const days = h('input', { id: 'bundle-days', inputmode: 'numeric', value: '1' })
  const collect = async (/** @type {string} */ cluster) => {
    const stop = new AbortController()
    state = { is: 'collecting', stop }
    say('Collecting.')
    context.redraw()
    context.refresh()
    try {
      const { bytes, headers } = await fetchFile(
        'POST',
        `${BUNDLES}?action=collect`,
        bundleRequest(cluster, [...chosen.keys()], days.value),
        {
          signal: stop.signal,
          deadlineMs: DEADLINE_MS,
        },
      )
      saveFile(bytes, nameIn(headers) ?? 'support-bundle.tar.gz')
      state = { is: 'done', words: `The bundle is saved (${sizeWords(bytes.size)}).` }
    } catch (error) {
      state = {
        is: 'failed',
        words: stop.signal.aborted
          ? 'Not collected: it was stopped.'
          : error instanceof CallError
            ? error.message
            : String(error),
      }
    }
    say(state.words)
    context.refresh()
    context.redraw()
  }
  return {
    title: 'Support bundles',
    everyMs: () => (state.is === 'collecting' ? 1_500 : 15_000),
    async load(signal) {
      const clusters = await loadClusters(signal)
      const cluster = place.query.get('cluster') || (clusters[0]?.nodeId ?? '')
      const terms = [
        equals('container_cluster_id', cluster),
        ...contains(place.query.get('q') ?? '', ['display_name', 'ip_addresses']),
      ]
      const nodes =
        cluster === ''
          ? { rows: [], total: 0 }
          : await search('ContainerClusterNode', { terms, size: 200, signal })
      // Also of one that somebody else began; who serves no status has none to show.
      const status = await get(`${BUNDLES}/status`, { signal }).catch(() => ({}))
      return { clusters, cluster, nodes, status }
    },
    draw({ clusters, cluster, nodes, status }) {
      return [
        head('Support bundles', {
          about:
            'Logs, flows and state of Antrea’s Controller and Agents, as one archive. What it holds may be confidential.',
        }),
        h(
          'section',
          { class: 'panel', key: 'bundle', 'aria-label': 'Collect a bundle' },
          h(
            'div',
            { class: 'toolbar', key: 'tools' },
            choice(place, 'cluster', 'Cluster', clusterChoices(clusters).slice(1), { value: cluster }),
            searchField(place, 'Search nodes'),
            h(
              'label',
              { class: 'field narrow', for: 'bundle-days' },
              h('span', {}, 'Logs of days'),
              keep('days', days),
            ),
          ),
          nodeChoice(nodes.rows, chosen, context.redraw),
          nodes.total > nodes.rows.length &&
            note(`The first ${nodes.rows.length} of ${nodes.total} nodes are listed; search for others.`),
          h(
            'div',
            { class: 'form-end row' },
            h(
              'button',
              {
                type: 'button',
                class: 'primary',
                id: 'collect',
                disabled: state.is === 'collecting' || chosen.size === 0 || chosen.size > NODES_MAX,
                onclick: () => collect(cluster),
              },
              chosen.size === 0
                ? 'Choose nodes to collect from'
                : `Collect from ${chosen.size} ${chosen.size === 1 ? 'node' : 'nodes'}`,
            ),
            state.is === 'collecting' &&
              h('button', { type: 'button', onclick: state.stop.abort.bind(state.stop) }, 'Stop'),
          ),
          chosen.size > NODES_MAX &&
            note(`NSX takes at most ${NODES_MAX} nodes of a cluster at once.`, 'warn'),
          state.is === 'collecting' &&
            note('Collecting; it takes as long as the slowest node. Keep this page open.'),
          state.is === 'done' && note(state.words),
          state.is === 'failed' && note(state.words, 'bad'),
        ),
        progressPart(status),
      ]
    },
  }
}

/** @type {Readonly<Record<string, string>>} */
const WAITING = { PENDING: 'QUEUED', PROCESSING: 'RUNNING' }

/** How the last collection stands, node by node. @param {Json} status NSX's SupportBundleResult */
function progressPart(status) {
  const of = (/** @type {string} */ field, /** @type {(node: Json) => Json} */ more) =>
    objects(status[field]).map((node) => ({ ...node, ...more(node) }))
  const nodes = [
    ...of('failed_nodes', (node) => ({
      state: 'FAILED',
      words: text(node.error_message) || text(node.error_code),
    })),
    ...of('remaining_nodes', (node) => ({ state: WAITING[text(node.status)] ?? 'QUEUED', words: '' })),
    ...of('success_nodes', (node) => ({ state: 'DONE', words: sizeWords(Number(node.bundle_size ?? 0)) })),
  ]
  if (nodes.length === 0) return undefined
  return section(
    'The last collection',
    table('Nodes of the last collection', PROGRESS, nodes, {
      keyOf: (node) => `${text(node.node_id)} ${text(node.bundle_name)}`,
      empty: '',
    }),
  )
}

/** @type {readonly Column[]} */
const PROGRESS = [
  { title: 'Node', head: true, cell: (node) => text(node.node_display_name) || text(node.node_id) },
  { title: 'State', cell: (node) => badge(text(node.state)) },
  { title: 'Size, or why not', class: 'wide', cell: (node) => text(node.words) },
]

/**
 * @param {readonly Json[]} nodes
 * @param {Map<string, string>} chosen
 * @param {() => void} redraw
 */
const nodeChoice = (nodes, chosen, redraw) =>
  h(
    'fieldset',
    { class: 'node-choice' },
    h('legend', {}, 'Nodes'),
    nodes.map((node) => {
      const id = text(node['external_id'])
      const name = text(node['display_name'])
      const toggle = (/** @type {Event & { target: HTMLInputElement }} */ event) => {
        if (event.target.checked) chosen.set(id, name)
        else chosen.delete(id)
        redraw()
      }
      return h(
        'label',
        { class: 'check', key: id },
        h('input', { type: 'checkbox', checked: chosen.has(id), onchange: toggle }),
        name,
      )
    }),
    nodes.length === 0 && note('No node matches.'),
  )

/**
 * @param {string} cluster
 * @param {readonly string[]} nodes
 * @param {string} days
 */
function bundleRequest(cluster, nodes, days) {
  const limit = Number(days)
  if (days.trim() !== '' && !(Number.isInteger(limit) && limit >= 1 && limit <= 365))
    throw new CallError('refused', 'Days is a whole number from 1 to 365, or empty for all there is.')
  return {
    container_nodes: [{ container_type: 'ANTREA', clusters: [{ cluster_id: cluster, nodes }] }],
    content_filters: ['ALL'],
    ...(days.trim() === '' ? {} : { log_age_limit: limit }),
  }
}

/** @param {Headers} headers */
const nameIn = (headers) => /filename="?([\w.-]{1,100})"?/.exec(headers.get('content-disposition') ?? '')?.[1]
