/** What views are put together from: heads, tables, pages of lists, filters, pairs, panels. */
import { calmed } from './clock.js'
import { h } from './dom.js'
import { objects, text, texts } from './json.js'
import { adjust, link, linkOfPath } from './route.js'
import { PAGE_SIZE } from './search.js'
import { shape } from './status.js'

/** @import { Child } from './dom.js' */
/** @import { Json } from './json.js' */
/** @import { Place } from './route.js' */

/** @typedef {{ title: string, cell: (row: Json) => Child, sort?: string, class?: string, head?: boolean }} Column */

/**
 * @param {string} title
 * @param {{ trail?: readonly (readonly [string, string])[], about?: Child, actions?: Child, state?: Child }} [options]
 */
export const head = (title, { trail = [], about, actions, state } = {}) =>
  h(
    'header',
    { class: 'head' },
    trail.length > 0 &&
      h(
        'nav',
        { class: 'trail', 'aria-label': 'Breadcrumb' },
        trail.map(([words, to]) => [
          h('a', { href: to }, words),
          h('span', { 'aria-hidden': 'true' }, ' / '),
        ]),
      ),
    h(
      'div',
      { class: 'head-row' },
      h('h1', { id: 'title', tabindex: '-1' }, title),
      state,
      h('div', { class: 'actions' }, actions),
    ),
    about !== undefined && h('p', { class: 'about' }, about),
  )

/**
 * @param {string} title
 * @param {...Child} children
 */
export const section = (title, ...children) =>
  h('section', { class: 'panel', key: title, 'aria-label': title }, h('h2', {}, title), children)

/**
 * A table that scrolls sideways by itself when it is wider than the window; `label` is its name when read aloud.
 * @param {string} label
 * @param {readonly Column[]} columns
 * @param {readonly Json[]} rows
 * @param {{ keyOf: (row: Json) => string, empty: Child, place?: Place }} options
 */
export function table(label, columns, rows, { keyOf, empty, place }) {
  if (rows.length === 0) return h('div', { class: 'empty', key: `empty ${label}` }, empty)
  return h(
    'div',
    { class: 'table-wrap', key: `table ${label}`, tabindex: '0', role: 'region', 'aria-label': label },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, label),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((column) => headCell(column, place)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            { key: keyOf(row) },
            columns.map(({ cell, class: name, head: isHead }) =>
              isHead === true
                ? h('th', { scope: 'row', class: name }, cell(row))
                : h('td', { class: name }, cell(row)),
            ),
          ),
        ),
      ),
    ),
  )
}

/**
 * @param {Column} column
 * @param {Place | undefined} place
 */
function headCell({ title, sort, class: name }, place) {
  if (sort === undefined || place === undefined) return h('th', { scope: 'col', class: name }, title)
  const isSorted = (place.query.get('sort') ?? 'display_name') === sort
  const isDown = isSorted && place.query.get('down') === '1'
  const order = !isSorted ? 'none' : isDown ? 'descending' : 'ascending'
  const turn = () => adjust(place, { sort, down: isSorted && !isDown ? '1' : '', page: '' })
  return h(
    'th',
    { scope: 'col', class: name, 'aria-sort': order },
    h(
      'button',
      { type: 'button', class: 'sort', onclick: turn },
      title,
      h('span', { 'aria-hidden': 'true', class: 'order' }, !isSorted ? '' : isDown ? '▼' : '▲'),
    ),
  )
}

/**
 * Where a place's list begins.
 * @param {Place} place
 */
export const startOf = (place) => Math.max(0, (Number(place.query.get('page')) || 1) - 1) * PAGE_SIZE

/**
 * @param {Place} place
 * @param {number} total
 */
export function pager(place, total) {
  const start = startOf(place)
  const page = start / PAGE_SIZE + 1
  const pages = Math.max(1, Math.ceil(total / PAGE_SIZE))
  const to = (/** @type {number} */ wanted) => adjust(place, { page: wanted === 1 ? '' : wanted })
  const step = (/** @type {string} */ words, /** @type {number} */ wanted, /** @type {boolean} */ can) =>
    h('button', { type: 'button', disabled: !can, onclick: () => to(wanted) }, words)
  const shown =
    total === 0
      ? 'None'
      : `${(start + 1).toLocaleString()}–${Math.min(start + PAGE_SIZE, total).toLocaleString()} of ${total.toLocaleString()}`
  return h(
    'nav',
    { class: 'pager', key: 'pager', 'aria-label': 'Pages' },
    h('span', { class: 'count', id: 'count' }, shown),
    pages > 1 && [
      step('First', 1, page > 1),
      step('Previous', page - 1, page > 1),
      h('span', { class: 'faint' }, `page ${page} of ${pages}`),
      step('Next', page + 1, page < pages),
      step('Last', pages, page < pages),
    ],
  )
}

const SEARCH_PAUSE_MS = 250

/**
 * A list's search field. It searches as one types.
 * @param {Place} place
 * @param {string} label
 * @param {string} [hint]
 */
export function searchField(place, label, hint) {
  const look = calmed((/** @type {string} */ q) => adjust(place, { q, page: '' }), SEARCH_PAUSE_MS)
  return h(
    'label',
    { class: 'field search', key: 'search' },
    h('span', { class: 'unseen' }, label),
    h('input', {
      type: 'search',
      id: 'search',
      placeholder: hint ?? label,
      autocomplete: 'off',
      spellcheck: 'false',
      value: place.query.get('q') ?? '',
      oninput: (/** @type {Event & { target: HTMLInputElement }} */ event) => look(event.target.value),
    }),
  )
}

/**
 * A choice that is kept in the address.
 * @param {Place} place
 * @param {string} name
 * @param {string} label
 * @param {readonly (readonly [value: string, words: string])[]} choices
 * @param {object} [options]
 * @param {string} [options.value] where it is not the address's: the first choice is then one too
 * @param {Readonly<Record<string, string>>} [options.also] what else is set in the address with a choice
 */
export const choice = (place, name, label, choices, { value, also = {} } = {}) =>
  h(
    'label',
    { class: 'field', key: name },
    h('span', {}, label),
    h(
      'select',
      {
        value: value ?? place.query.get(name) ?? '',
        onchange: (/** @type {Event & { target: HTMLSelectElement }} */ event) =>
          adjust(place, { [name]: event.target.value, page: '', ...also }),
      },
      choices.map(([value, words]) => h('option', { value }, words)),
    ),
  )

/**
 * Names and values; a pair without a value is left out.
 * @param {readonly (readonly [string, Child])[]} list
 */
export const pairs = (list) =>
  h(
    'dl',
    { class: 'pairs' },
    list
      .filter(([, value]) => value !== undefined && value !== '' && value !== false)
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )

/**
 * @param {unknown} tags
 * @param {number} [most]
 */
export function tagList(tags, most = 30) {
  const all = objects(tags)
  if (all.length === 0) return h('span', { class: 'faint' }, 'none')
  return h(
    'ul',
    { class: 'tags' },
    all.slice(0, most).map((tag) => {
      const scope = text(tag['scope'])
      return h('li', {}, scope !== '' && h('span', { class: 'scope' }, scope), text(tag['tag']))
    }),
    all.length > most && h('li', { class: 'faint' }, `+${all.length - most}`),
  )
}

/**
 * A path of intent as its last word, linked where it has a page of its own; the whole in its title.
 * @param {string} path
 */
export function pathLink(path) {
  if (!path.startsWith('/')) return path === 'ANY' ? h('span', { class: 'faint' }, 'Any') : path
  const words = path.slice(path.lastIndexOf('/') + 1)
  const to = linkOfPath(path)
  return to === undefined ? h('span', { title: path }, words) : h('a', { href: to, title: path }, words)
}

/** @param {unknown} paths */
export function pathList(paths) {
  const all = texts(paths)
  if (all.length === 0) return h('span', { class: 'faint' }, 'Any')
  return all.map((path, index) => [index > 0 && ', ', pathLink(path)])
}

/**
 * What went wrong and what to do, where there is nothing else to show.
 * @param {string} words
 * @param {() => void} again
 */
export const problem = (words, again) =>
  h(
    'div',
    { class: 'panel problem', role: 'alert', key: 'problem' },
    shape('bad'),
    h('p', {}, words),
    h('button', { type: 'button', onclick: again }, 'Try again'),
  )

/**
 * @param {string} words
 * @param {'bad' | 'warn' | 'none'} [tone]
 */
export const note = (words, tone = 'none') =>
  h('p', { class: `note ${tone}` }, tone !== 'none' && shape(tone), words)

export const CLUSTERS = link(['clusters'])
