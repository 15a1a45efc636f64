/** States in a colour, a shape and a word: none of the three is alone. */
import { absolute, relative } from './clock.js'
import { h, svg } from './dom.js'

/** @typedef {'good' | 'warn' | 'bad' | 'busy' | 'none'} Tone */

/** @type {Readonly<Record<string, readonly [Tone, string]>>} */
const STATES = {
  HEALTHY: ['good', 'Healthy'],
  DEGRADED: ['warn', 'Degraded'],
  UNHEALTHY: ['bad', 'Unhealthy'],
  FAILED: ['bad', 'Failed'],
  UNKNOWN: ['none', 'Unknown'],
  UP: ['good', 'Up'],
  DOWN: ['bad', 'Down'],
  SUCCESS: ['good', 'Realized'],
  IN_PROGRESS: ['busy', 'In progress'],
  ERROR: ['bad', 'Error'],
  UNINITIALIZED: ['none', 'Not reported yet'],
  REMOVED: ['none', 'Removed'],
  SUCCEEDED: ['good', 'Succeeded'],
  QUEUED: ['busy', 'Queued'],
  SENT: ['busy', 'Sent'],
  RUNNING: ['busy', 'Running'],
  CANCELLING: ['busy', 'Cancelling'],
  DONE: ['good', 'Done'],
  VM_RUNNING: ['good', 'Running'],
  VM_STOPPED: ['none', 'Stopped'],
  VM_SUSPENDED: ['warn', 'Suspended'],
  ALLOW: ['good', 'Allow'],
  DROP: ['bad', 'Drop'],
  REJECT: ['bad', 'Reject'],
}

/** @param {string} state */
export const toneOf = (state) => STATES[state]?.[0] ?? 'none'

/** @param {string} state */
export const wordOf = (state) => STATES[state]?.[1] ?? state.toLowerCase().replaceAll('_', ' ')

/** Drawn in a square of 12. @type {Readonly<Record<Tone, () => SVGElement>>} */
const SHAPES = {
  good: () => svg('circle', { cx: 6, cy: 6, r: 4.5 }),
  warn: () => svg('path', { d: 'M6 1.2 11.4 10.8H.6Z' }),
  bad: () => svg('path', { d: 'M2 2l8 8M10 2l-8 8', class: 'cross' }),
  busy: () => svg('path', { d: 'M6 1.5A4.5 4.5 0 0 1 6 10.5Z M6 1.5a4.5 4.5 0 1 0 0 9', class: 'half' }),
  none: () => svg('circle', { cx: 6, cy: 6, r: 3.8, class: 'hollow' }),
}

/** @param {Tone} tone */
export const shape = (tone) =>
  svg('svg', { viewBox: '0 0 12 12', class: 'shape', 'aria-hidden': 'true' }, SHAPES[tone]())

/**
 * @param {string} state
 * @param {string} [words] in place of the state's own
 */
export function badge(state, words = wordOf(state)) {
  const tone = toneOf(state)
  return h('span', { class: `badge ${tone}` }, shape(tone), words)
}

/**
 * A moment, as long ago; the hour itself is in its title and in what is read aloud with it.
 * @param {unknown} ms
 */
export function since(ms) {
  if (typeof ms !== 'number' || ms <= 0) return h('span', { class: 'faint' }, 'never')
  const when = absolute(ms)
  return h('time', { datetime: new Date(ms).toISOString(), title: when }, relative(ms))
}
