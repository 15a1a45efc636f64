/** A packet's way drawn: its sender, each node with what it met there, and where it ended. */
import { h } from './dom.js'
import { pathLink } from './parts.js'
import { shape } from './status.js'

/** @import { Hop, Path, Stop } from './trace-path.js' */
/** @import { Child } from './dom.js' */

/** @type {Readonly<Record<Hop['end'], 'good' | 'bad' | 'none'>>} */
const TONES = { passed: 'none', delivered: 'good', dropped: 'bad', left: 'good' }

/**
 * @param {Path} path
 * @param {{ source: Child, destination: Child, isRunning: boolean }} ends
 */
export function picture({ stops, outcome }, { source, destination, isRunning }) {
  return h(
    'ol',
    { class: `trace ${outcome}`, 'aria-label': 'The packet’s way' },
    h(
      'li',
      { class: 'end', key: 'source' },
      h('span', { class: 'end-role' }, 'From'),
      h('div', { class: 'end-name' }, source),
    ),
    stops.map((stop, at) => [
      h(
        'li',
        { class: 'wire', key: `wire ${at}` },
        at > 0 && [h('span', {}, 'tunnel'), h('span', {}, stops[at - 1]?.tunnel)],
      ),
      node(stop, at),
    ]),
    isRunning && h('li', { class: 'wire running', key: 'running' }, h('span', {}, 'waiting for Antrea …')),
    h('li', { class: `wire ${outcome === 'dropped' ? 'cut' : ''}`, key: 'last wire' }),
    h(
      'li',
      { class: `end ${outcome === 'dropped' ? 'unreached' : ''}`, key: 'destination' },
      h(
        'span',
        { class: 'end-role' },
        outcome === 'dropped' ? 'Not reached' : outcome === 'none' ? 'To' : 'Reached',
      ),
      h('div', { class: 'end-name' }, destination),
    ),
  )
}

/**
 * @param {Stop} stop
 * @param {number} at
 */
const node = ({ node: name, hops }, at) =>
  h(
    'li',
    { class: 'node', key: `node ${at}` },
    h('h3', {}, name),
    h(
      'ol',
      { class: 'hops' },
      hops.map((hop) =>
        h(
          'li',
          { class: `hop ${hop.end}` },
          shape(TONES[hop.end]),
          h(
            'div',
            {},
            h(
              'div',
              { class: 'hop-line' },
              h(
                'strong',
                {},
                hop.component,
                hop.detail !== '' && h('span', { class: 'faint' }, ` ${hop.detail}`),
              ),
              h('span', { class: 'hop-action' }, hop.action),
            ),
            who(hop),
            hop.more.length > 0 &&
              h(
                'dl',
                { class: 'hop-more' },
                hop.more.map(([words, value]) =>
                  h('div', {}, h('dt', {}, words), h('dd', { class: 'mono' }, value)),
                ),
              ),
          ),
        ),
      ),
    ),
  )

/** The policy and rule that decided. @param {Hop} hop */
function who(hop) {
  if (hop.policy === '' && hop.by === '') return undefined
  return h(
    'p',
    { class: 'hop-who' },
    'by ',
    hop.policy === '' ? h('span', { class: 'mono' }, hop.by) : pathLink(hop.policy),
    hop.rule !== '' && [
      ', rule ',
      h('span', { title: hop.rule }, hop.rule.slice(hop.rule.lastIndexOf('/') + 1)),
    ],
  )
}
