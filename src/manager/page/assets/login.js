/** The form that signs in. */
import { h } from './dom.js'
import { signIn } from './session.js'
import { shape } from './status.js'

/**
 * @param {{ why: string | undefined, onSignedIn: () => void }} options
 */
export function loginForm({ why, onSignedIn }) {
  const message = h('p', { class: 'login-message', role: 'alert', id: 'login-message' })
  const tell = (/** @type {string | undefined} */ words) =>
    message.replaceChildren(...(words === undefined ? [] : [shape('bad'), words]))
  const name = h('input', { id: 'user', name: 'username', autocomplete: 'username', required: true })
  const password = h('input', {
    id: 'password',
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'login-message',
  })
  const button = h('button', { type: 'submit', class: 'primary' }, 'Sign in')
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    button.disabled = true
    tell(undefined)
    const problem = await signIn(name.value, password.value)
    password.value = ''
    button.disabled = false
    if (problem === undefined) return onSignedIn()
    tell(problem)
    password.focus()
  }
  if (why !== undefined) tell(why)
  return h(
    'main',
    { class: 'login' },
    h(
      'form',
      { class: 'panel', onsubmit: submit, 'aria-labelledby': 'title' },
      h('h1', { id: 'title', tabindex: '-1' }, 'Antrea NSX manager'),
      h('p', { class: 'about' }, 'Sign in as an administrator of this manager.'),
      h('label', { class: 'field' }, h('span', {}, 'User name'), name),
      h('label', { class: 'field' }, h('span', {}, 'Password'), password),
      message,
      button,
    ),
  )
}
