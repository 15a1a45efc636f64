/** What came of one request: the lines of a log, or the events as they are. */
import { h } from './dom.js'
import { objects, text } from './json.js'
import { note } from './parts.js'

/** @import { Json } from './json.js' */

/** Newest lines that are shown; a browser scrolls no more than so many well. */
const LINES_SHOWN = 2_000

/** @param {Json} operation */
export function answerOf(operation) {
  const events = objects(operation['events'])
  const lines = events.flatMap((event) => objects(event['lines']))
  const last = events.findLast(({ t }) => t === 'result' || t === 'error')
  return [
    last?.['t'] === 'error' &&
      note([text(last['code']), text(last['message'])].filter(Boolean).join(': '), 'bad'),
    events.length === 0 &&
      note('The cluster has not said anything yet. It answers when its adapter is connected.'),
    events
      .filter(({ event }) => typeof event === 'string')
      .map((event) => note(`${text(event['source'])} ${text(event['event'])} ${text(event['message'])}`)),
    lines.length > 0 ? logPane(lines) : operation['kind'] === 'logs' ? undefined : fields(last),
    operation['kind'] === 'logs' && last?.['t'] === 'result' && note(summary(last, lines.length)),
  ]
}

/** @param {Json} last @param {number} shown */
function summary(last, shown) {
  const left = Number(last['lines_left_out'] ?? 0)
  if (shown === 0) return 'No line fits. Ask for a longer time or a lower level.'
  return left > 0
    ? `${left.toLocaleString()} older lines were left out; ask for more lines or fewer components.`
    : 'These are all the lines that fit.'
}

/** @param {readonly Json[]} lines */
function logPane(lines) {
  const shown = lines.slice(-LINES_SHOWN)
  const from = lines.length - shown.length
  return [
    from > 0 &&
      note(
        `The newest ${LINES_SHOWN.toLocaleString()} of ${lines.length.toLocaleString()} lines are shown; save all of them as a file.`,
      ),
    h(
      'div',
      { class: 'log', key: 'log', tabindex: '0', role: 'log', 'aria-label': 'Log lines', 'aria-live': 'off' },
      shown.map((line, at) =>
        h(
          'div',
          { class: `line ${text(line['level'])}`, key: `line ${from + at}` },
          h('span', { class: 'line-time', title: text(line['time']) }, text(line['time']).slice(11, 23)),
          h('span', { class: 'line-level' }, text(line['level'])),
          h('span', { class: 'line-source' }, text(line['source'])),
          h('span', { class: 'line-text' }, text(line['text'])),
        ),
      ),
    ),
  ]
}

/** All lines as text. @param {Json} operation */
export const logText = (operation) =>
  objects(operation['events'])
    .flatMap((event) => objects(event['lines']))
    .map((line) => ['time', 'level', 'source', 'text'].map((name) => text(line[name])).join(' '))
    .join('\n')

/** @param {Json | undefined} last */
const fields = (last) =>
  last !== undefined &&
  h(
    'pre',
    { tabindex: '0', 'aria-label': 'Answer' },
    JSON.stringify(
      Object.fromEntries(Object.entries(last).filter(([name]) => name !== 't' && name !== 'seq')),
      null,
      2,
    ),
  )
