/** What people ask of a cluster, and what came of it: logs, the log level, a comparison of the inventory. */
import { CallError, call, get } from './api.js'
import { clusterChoices, loadClusters } from './clusters.js'
import { h, keep } from './dom.js'
import { objects, text } from './json.js'
import { say } from './live.js'
import { choice, head, note, section, table } from './parts.js'
import { answerOf, logText } from './request-answer.js'
import { operationsPath, requestForms } from './request-forms.js'
import { adjust } from './route.js'
import { saveFile } from './save.js'
import { badge, since, wordOf } from './status.js'

/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */
/** @import { Place } from './route.js' */
/** @import { Context, View } from './views.js' */

const RUNNING_MS = 1_500
const RESTING_MS = 6_000
/** The manager's own questions, which nobody asked by hand. */
const OWN = ['statistics']
const isOver = (/** @type {Json} */ one) => ['DONE', 'FAILED'].includes(text(one['state']))

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function requestsView(place, context) {
  const wanted = place.query.get('id') ?? ''
  /** @type {Element | undefined} */
  let forms
  let failed = ''
  let isRunning = false
  let before = ''
  const cancel = async (/** @type {string} */ path) => {
    failed = ''
    try {
      await call('DELETE', path)
      say('Cancelled.')
    } catch (error) {
      failed = error instanceof CallError ? error.message : String(error)
    }
    context.refresh()
  }
  return {
    title: 'Requests',
    everyMs: () => (isRunning ? RUNNING_MS : RESTING_MS),
    async load(signal) {
      const clusters = await loadClusters(signal)
      const cluster = place.query.get('cluster') || (clusters[0]?.nodeId ?? '')
      if (cluster === '') return { clusters, cluster, operations: [], chosen: undefined }
      const path = operationsPath(cluster)
      const [{ results }, chosen] = await Promise.all([
        get(`${path}?include_events=false`, { signal }),
        wanted === '' ? undefined : get(`${path}/${encodeURIComponent(wanted)}`, { signal }).catch(missing),
      ])
      forms ??= requestForms(cluster, (id) => {
        say('Asked.')
        adjust(place, { cluster, id })
      })
      const operations = objects(results)
        .filter((one) => !OWN.includes(text(one['kind'])))
        .reverse()
      isRunning = chosen !== undefined && !isOver(chosen)
      const state = text(chosen?.['state'])
      if (before !== '' && state !== before) say(`The request is ${wordOf(state)}.`)
      before = state
      return { clusters, cluster, operations, chosen }
    },
    draw({ clusters, cluster, operations, chosen }) {
      return [
        head('Requests', { about: 'Asked of one cluster’s adapter, and answered by it.' }),
        h(
          'div',
          { class: 'toolbar', key: 'tools' },
          choice(place, 'cluster', 'Cluster', clusterChoices(clusters).slice(1), {
            value: cluster,
            also: { id: '' },
          }),
        ),
        cluster === ''
          ? note('No cluster is registered; there is nobody to ask.')
          : forms !== undefined && keep('forms', forms),
        failed !== '' && note(failed, 'bad'),
        chosen !== undefined && chosenPart(cluster, chosen, cancel),
        section(
          'Asked before',
          table('Requests', columns(place, cluster), operations, {
            keyOf: (one) => text(one['id']),
            empty: 'Nothing has been asked of this cluster since the manager started.',
          }),
        ),
      ]
    },
  }
}

/** A request that was forgotten is no reason to show nothing. @param {unknown} error @returns {undefined} */
function missing(error) {
  if (error instanceof CallError && error.kind === 'missing') return undefined
  throw error
}

/** @type {Readonly<Record<string, string>>} */
const KIND_WORDS = {
  logs: 'Logs',
  'log-level': 'Log level',
  'inventory-resync': 'Inventory comparison',
  traceflow: 'Traceflow',
  'support-bundle': 'Support bundle',
}

/**
 * @param {string} cluster
 * @param {Json} chosen
 * @param {(path: string) => void} cancel
 */
function chosenPart(cluster, chosen, cancel) {
  const path = `${operationsPath(cluster)}/${encodeURIComponent(text(chosen['id']))}`
  const lines = logText(chosen)
  return h(
    'section',
    { class: 'panel', key: 'chosen', 'aria-label': 'The request' },
    h(
      'h2',
      { class: 'row' },
      KIND_WORDS[text(chosen['kind'])] ?? text(chosen['kind']),
      badge(text(chosen['state'])),
      h('span', { class: 'grow' }),
      lines !== '' &&
        h(
          'button',
          {
            type: 'button',
            onclick: () => saveFile(new Blob([lines], { type: 'text/plain' }), 'antrea-logs.txt'),
          },
          'Save as a file',
        ),
      !isOver(chosen) && h('button', { type: 'button', onclick: () => cancel(path) }, 'Cancel'),
    ),
    answerOf(chosen),
  )
}

/** @param {Place} place @param {string} cluster @returns {readonly Column[]} */
const columns = (place, cluster) => [
  {
    title: 'Request',
    head: true,
    cell: (one) =>
      h(
        'button',
        { type: 'button', class: 'as-link', onclick: () => adjust(place, { cluster, id: text(one['id']) }) },
        KIND_WORDS[text(one['kind'])] ?? text(one['kind']),
      ),
  },
  { title: 'State', cell: (one) => badge(text(one['state'])) },
  { title: 'Asked', cell: (one) => [since(one['_create_time']), ` by ${text(one['_create_user'])}`] },
  { title: 'What', class: 'wide', cell: (one) => h('span', { class: 'mono faint' }, bodyWords(one['body'])) },
]

const WORDS_MAX = 160

/** @param {unknown} body */
function bodyWords(body) {
  const words = JSON.stringify(body ?? {})
  return words.length > WORDS_MAX ? `${words.slice(0, WORDS_MAX)}…` : words
}
