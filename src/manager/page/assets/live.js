/** Says in words, to who listens in place of looking, what has changed. */
import { byId } from './dom.js'

let last = ''

/** @param {string} words */
export function say(words) {
  if (words === last) return
  last = words
  byId('live').textContent = words
}
