/** Forms of what can be asked of a cluster beside policy: its logs, another log level, its inventory compared anew. */
import { CallError, call } from './api.js'
import { h } from './dom.js'
import { text } from './json.js'

/** @import { Json } from './json.js' */

/** @type {readonly (readonly [string, string])[]} */
const COMPONENTS = [
  ['', 'All'],
  ['controller', 'antrea-controller'],
  ['agent', 'antrea-agent'],
  ['adapter', 'The adapter'],
]
const LEVELS = ['debug', 'info', 'warn', 'error']
const SINCE = ['10m', '1h', '6h', '1d']

/** A followed log ends with its time; this long is the longest that is offered. */
const FOLLOW_MS = 600_000
const ONCE_MS = 120_000
const DURATIONS = /** @type {const} */ ([
  ['300', '5 min'],
  ['900', '15 min'],
  ['1800', '30 min'],
])
/** klog's verbosity, of Antrea's own processes. */
const VERBOSITIES = ['0', '2', '4', '6', '8', '10']

/** The operations of a cluster. @param {string} cluster its node id */
export const operationsPath = (cluster) => `/mp/v1/clusters/${encodeURIComponent(cluster)}/operations`

/** @param {string} label @param {Element} control @param {string} [size] */
const field = (label, control, size = 'narrow') =>
  h('label', { class: `field ${size}` }, h('span', {}, label), control)

/** @param {string} name @param {readonly (readonly [string, string])[]} choices @param {string} [value] */
const select = (name, choices, value) =>
  h(
    'select',
    { name, value: value ?? choices[0]?.[0] },
    choices.map(([one, words]) => h('option', { value: one }, words)),
  )

/** @param {readonly string[]} values */
const same = (values) => values.map((one) => /** @type {const} */ ([one, one]))

/**
 * A form that makes one request.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.about
 * @param {string} options.button
 * @param {readonly Element[]} options.fields
 * @param {(data: FormData) => { kind: string, body: Json, timeout_ms: number }} options.request throws a CallError with words
 * @param {string} options.cluster
 * @param {(id: string) => void} options.onAsked
 */
function requestForm({ title, about, button: words, fields, request, cluster, onAsked }) {
  const message = h('p', { class: 'form-message', role: 'alert' })
  const button = h('button', { type: 'submit', class: 'primary' }, words)
  const ask = async (/** @type {Event} */ event) => {
    event.preventDefault()
    message.textContent = ''
    button.disabled = true
    try {
      const made = await call('POST', operationsPath(cluster), request(new FormData(form)))
      onAsked(text(made['id']))
    } catch (error) {
      message.textContent = error instanceof CallError ? error.message : String(error)
    } finally {
      button.disabled = false
    }
  }
  const form = h(
    'form',
    { class: 'panel form stacked', onsubmit: ask, 'aria-label': title },
    h('h2', {}, title),
    h('p', { class: 'about' }, about),
    h('div', { class: 'form-fields' }, fields, h('div', { class: 'form-end' }, button)),
    message,
  )
  return form
}

/** @param {FormData} data @param {string} name */
const given = (data, name) => String(data.get(name) ?? '').trim()

/**
 * @param {string} cluster its node id
 * @param {(id: string) => void} onAsked
 */
export const requestForms = (cluster, onAsked) =>
  h(
    'div',
    { class: 'forms' },
    requestForm({
      title: 'Logs',
      about: 'The newest lines of Antrea and of the adapter, merged by time.',
      button: 'Ask for logs',
      cluster,
      onAsked,
      fields: [
        field('Of', select('component', COMPONENTS)),
        field(
          'Nodes',
          h('input', { name: 'nodes', placeholder: 'all, or node-1, node-2', autocomplete: 'off' }),
          '',
        ),
        field('Since', select('since', same(SINCE), '1h')),
        field('Level', select('level', same(LEVELS), 'info')),
        field('Lines', h('input', { name: 'limit', inputmode: 'numeric', value: '500' })),
        h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'follow' }), 'Follow for 10 min'),
      ],
      request: logsRequest,
    }),
    requestForm({
      title: 'Log level',
      about: 'More is written, or less, for a while; then the level is put back by itself.',
      button: 'Change the level',
      cluster,
      onAsked,
      fields: levelFields(),
      request: levelRequest,
    }),
    requestForm({
      title: 'Inventory',
      about: 'The adapter compares all it has reported with what there is, and corrects what differs.',
      button: 'Compare the inventory',
      cluster,
      onAsked,
      fields: [],
      request: () => ({ kind: 'inventory-resync', body: {}, timeout_ms: ONCE_MS }),
    }),
  )

/** The adapter's levels have names, those of Antrea's processes are numbers. */
function levelFields() {
  const levels = select('level', same(LEVELS), 'debug')
  const components = select('component', [
    ['adapter', 'The adapter'],
    ['controller', 'antrea-controller'],
    ['agent', 'antrea-agent'],
  ])
  components.onchange = () => {
    const values = components.value === 'adapter' ? LEVELS : VERBOSITIES
    levels.replaceChildren(...values.map((value) => h('option', { value }, value)))
    levels.value = components.value === 'adapter' ? 'debug' : '4'
  }
  return [field('Of', components), field('Level', levels), field('For', select('duration', DURATIONS))]
}

/** @param {FormData} data */
function levelRequest(data) {
  const component = given(data, 'component')
  const level = given(data, 'level')
  const duration = Number(given(data, 'duration'))
  return {
    kind: 'log-level',
    body: { component, level: component === 'adapter' ? level : Number(level), duration },
    // Answered when it is put back.
    timeout_ms: (duration + 60) * 1_000,
  }
}

/** @param {FormData} data */
function logsRequest(data) {
  const limit = Number(given(data, 'limit'))
  if (!Number.isInteger(limit) || limit < 1)
    throw new CallError('refused', 'Lines is a whole number from 1; ask for some hundreds first.')
  const nodes = given(data, 'nodes')
    .split(/[\s,]+/)
    .filter(Boolean)
  const follow = data.has('follow')
  return {
    kind: 'logs',
    body: {
      ...(given(data, 'component') === '' ? {} : { component: given(data, 'component') }),
      ...(nodes.length === 0 ? {} : { nodes }),
      since: given(data, 'since'),
      level: given(data, 'level'),
      limit,
      follow,
    },
    timeout_ms: follow ? FOLLOW_MS : ONCE_MS,
  }
}
