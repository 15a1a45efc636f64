/**
 * A field that finds an object by its name: a combobox with a list below, by mouse or by keys (WAI-ARIA APG, combobox with
 * list autocomplete). It keeps itself; who uses it is told what was chosen.
 */
import { calmed } from './clock.js'
import { h } from './dom.js'
import { say } from './live.js'

/** @typedef {{ id: string, name: string, about: string }} Choice */

const PAUSE_MS = 150

/**
 * @param {object} options
 * @param {string} options.id
 * @param {string} options.label
 * @param {string} options.hint
 * @param {(words: string) => Promise<readonly Choice[]>} options.find
 * @param {(choice: Choice | undefined, words: string) => void} options.onChoice undefined while what is typed is no choice
 */
export function picker({ id, label, hint, find, onChoice }) {
  /** @type {readonly Choice[]} */
  let choices = []
  let active = -1
  let asked = 0
  const list = h('ul', { id: `${id}-list`, role: 'listbox', 'aria-label': label, hidden: true })
  const input = h('input', {
    id,
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: hint,
    'aria-expanded': 'false',
    'aria-controls': `${id}-list`,
    'aria-autocomplete': 'list',
  })
  const close = () => {
    list.hidden = true
    active = -1
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
  }
  const take = (/** @type {number} */ at) => {
    const choice = choices[at]
    if (choice === undefined) return
    input.value = choice.name
    onChoice(choice, choice.name)
    close()
  }
  const mark = (/** @type {number} */ at) => {
    active = at
    ;[...list.children].forEach((child, place) => {
      child.setAttribute('aria-selected', String(place === at))
      if (place === at) child.scrollIntoView({ block: 'nearest' })
    })
    if (at >= 0) input.setAttribute('aria-activedescendant', `${id}-${at}`)
    else input.removeAttribute('aria-activedescendant')
  }
  const open = (/** @type {readonly Choice[]} */ found) => {
    choices = found
    list.replaceChildren(
      ...found.map((choice, at) =>
        h(
          'li',
          {
            id: `${id}-${at}`,
            role: 'option',
            'aria-selected': 'false',
            onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
            onclick: () => take(at),
          },
          h('span', {}, choice.name),
          h('span', { class: 'faint' }, choice.about),
        ),
      ),
    )
    list.hidden = found.length === 0
    input.setAttribute('aria-expanded', String(found.length > 0))
    mark(-1)
    say(found.length === 0 ? 'Nothing found' : `${found.length} found; use the arrow keys`)
  }
  const look = calmed(async () => {
    const turn = ++asked
    const found = await find(input.value).catch(() => [])
    if (turn === asked && document.activeElement === input) open(found)
  }, PAUSE_MS)
  input.oninput = () => {
    onChoice(undefined, input.value.trim())
    look()
  }
  input.onfocus = look
  input.onblur = close
  input.onkeydown = (event) => {
    const isOpen = !list.hidden
    if (event.key === 'Escape' && isOpen) close()
    else if (event.key === 'Enter' && isOpen && active >= 0) take(active)
    else if (event.key === 'ArrowDown' && isOpen) mark((active + 1) % choices.length)
    else if (event.key === 'ArrowUp' && isOpen) mark((active + choices.length - 1) % choices.length)
    else if (event.key === 'ArrowDown') look()
    else return
    event.preventDefault()
  }
  return {
    element: h('div', { class: 'field picker' }, h('label', { for: id }, label), input, list),
    /** Shows what was chosen elsewhere. @param {string} words */
    set(words) {
      input.value = words
    },
  }
}
