/** Beside the drawing: since when, what comes next, what leads away from here, what is remembered; and the last transitions. */
import { byId, h, keyed, say, show } from './dom.js'
import { changed, clock, duration, eventWords, shortName } from './words.js'

/** @typedef {import('../view.ts').ActorView} ActorView */
/** @typedef {import('../chart.ts').Chart} Chart */
/** @typedef {import('./history.js').Row} Row */

const LOG_ROWS = 40

/**
 * @param {Chart | undefined} chart
 * @param {{ words: string, since: number }} shown
 * @param {ActorView | undefined} actor as it is now; undefined when the moment shown is of the past
 * @param {number} now
 */
export function drawDetail(chart, shown, actor, now) {
  show(
    byId('detail'),
    h('div', {}, h('h3', {}, 'Where it stands'), h('ul', {}, statesOf(shown, actor, now))),
    actor !== undefined &&
      h(
        'div',
        {},
        h('h3', {}, 'What comes by itself'),
        actor.timers.length === 0
          ? h('p', { class: 'quiet' }, 'No delay runs.')
          : h(
              'ul',
              {},
              actor.timers.map((timer) => timerLine(timer, now)),
            ),
      ),
    h('div', {}, h('h3', {}, 'What leads on from here'), h('ul', {}, waysFrom(chart, shown.words))),
    actor !== undefined &&
      Object.keys(actor.context).length > 0 &&
      h(
        'div',
        {},
        h('h3', {}, 'What it remembers'),
        h(
          'dl',
          {},
          Object.entries(actor.context).map(([name, words]) =>
            h('div', {}, h('dt', {}, name), h('dd', {}, words)),
          ),
        ),
      ),
  )
}

/**
 * @param {{ words: string, since: number }} shown
 * @param {ActorView | undefined} actor
 * @param {number} now
 */
function statesOf({ words, since }, actor, now) {
  const states = actor?.states ?? words.split(' ').map((path) => ({ path, since: undefined }))
  return [
    ...states.map(({ path, since: from }) =>
      h(
        'li',
        {},
        h('span', {}, path),
        from !== undefined && h('span', { class: 'quiet' }, `for ${duration(now - from)}`),
      ),
    ),
    actor === undefined && h('li', {}, h('span', { class: 'quiet' }, `since ${clock(since, true)}`)),
    actor?.last !== undefined &&
      h(
        'li',
        {},
        h('span', { class: 'quiet' }, `last event, of ${actor.events.toLocaleString('en')}`),
        h('span', {}, `${eventWords(undefined, actor.last.event)}, ${duration(now - actor.last.at)} ago`),
      ),
  ]
}

/** @param {ActorView['timers'][number]} timer @param {number} now */
const timerLine = ({ name, state, at }, now) =>
  h(
    'li',
    {},
    h('span', {}, `${name} `, h('span', { class: 'quiet' }, state)),
    h('span', { class: 'quiet' }, at <= now ? 'now' : `in ${duration(at - now)}`),
  )

/** @param {Chart | undefined} chart @param {string} words */
function waysFrom(chart, words) {
  const taken = words.split(' ')
  const states = chart?.pieces.flatMap((piece) => piece.states) ?? []
  const isTaken = (/** @type {string} */ path) =>
    taken.some((word) => word === path || word.startsWith(`${path}.`))
  return states
    .filter(({ path }) => isTaken(path))
    .flatMap((state) =>
      state.ways
        .filter(({ to }) => to.length > 0)
        .map(({ text, to }) =>
          h('li', {}, h('span', {}, text), h('span', { class: 'quiet' }, `${state.name} → ${to.join(', ')}`)),
        ),
    )
}

/**
 * The newest first; each leads to its moment.
 * @param {readonly Row[]} rows oldest first
 * @param {Row | undefined} shown
 * @param {(machine: string) => Chart | undefined} chartOf
 * @param {(row: Row) => void} onChoose
 */
export function drawLog(rows, shown, chartOf, onChoose) {
  const newest = rows.slice(-LOG_ROWS).reverse()
  keyed(
    byId('log'),
    newest,
    ({ id }) => String(id),
    (row) => {
      const button = h(
        'button',
        { type: 'button', onclick: () => onChoose(row) },
        h('span', { class: 'at' }, clock(row.at, true)),
        h('span', {}, shortName(row.machine)),
        h(
          'span',
          { class: 'what' },
          row.ended === true ? 'ends' : changed(row.from, row.to),
          h('span', { class: 'by' }, `  ${eventWords(chartOf(row.machine), row.event)}`),
        ),
      )
      return h('li', {}, button)
    },
    (item, { id }) => item.firstElementChild?.setAttribute('aria-current', String(id === shown?.id)),
  )
}

/** @param {string} text */
export const sayState = (text) => say(byId('chart-state'), text)
