/**
 * The page's frame: signing in, the way from one view to the next, and what keeps a view true. Each view is a file
 * `view-….js`; each subject below them has its own.
 */

import { absolute, nowMs } from './clock.js'
import { byId, h, show } from './dom.js'
import { follow } from './follow.js'
import { say } from './live.js'
import { loginForm } from './login.js'
import { problem } from './parts.js'
import { link, readPlace } from './route.js'
import { forget, isSignedIn, signOut, userName } from './session.js'
import { shape } from './status.js'
import { currentTheme, turnTheme } from './theme.js'
import { viewOf } from './views.js'

/** @import { Place } from './route.js' */
/** @import { View } from './views.js' */

/** @type {readonly (readonly [name: string, words: string])[]} */
const SECTIONS = [
  ['clusters', 'Clusters'],
  ['inventory', 'Inventory'],
  ['policies', 'Policies'],
  ['groups', 'Groups'],
  ['machines', 'Virtual machines'],
  ['traceflow', 'Traceflow'],
  ['requests', 'Requests'],
  ['bundles', 'Support bundles'],
]

const app = byId('app')
/** What is on screen, and what ends it. @type {{ stop: AbortController, path: string, refresh: () => void } | undefined} */
let current

/** How the link to the manager is. @type {{ tone: 'good' | 'bad' | 'busy', words: string }} */
let state = { tone: 'busy', words: 'Loading' }

/** @param {string} [why] */
function showLogin(why) {
  current?.stop.abort()
  current = undefined
  document.title = 'Sign in · Antrea NSX manager'
  show(app, loginForm({ why, onSignedIn: () => start(true) }))
  document.getElementById('user')?.focus()
}

/** @param {boolean} [isNew] */
function start(isNew = false) {
  if (!isSignedIn()) return showLogin()
  if (isNew) say('Signed in.')
  show(app, [
    h('a', { class: 'skip', href: '#main', onclick: skip }, 'Skip to the content'),
    h('header', { class: 'top', id: 'top' }),
    h('nav', { class: 'side', id: 'side', 'aria-label': 'Sections' }),
    h('main', { id: 'main', tabindex: '-1', 'aria-labelledby': 'title' }),
  ])
  open()
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault()
  byId('main').focus()
}

function frame() {
  const [section = 'clusters'] = readPlace(location.hash).parts
  const theme = currentTheme()
  show(byId('top'), [
    h('a', { class: 'brand', href: link(['clusters']) }, 'Antrea NSX manager'),
    h('span', { class: `link-state ${state.tone}`, id: 'link-state' }, shape(state.tone), state.words),
    h(
      'button',
      { type: 'button', onclick: turn, title: 'Light, dark, or as the system has it' },
      `Theme: ${theme}`,
    ),
    h('span', { class: 'user' }, userName()),
    h('button', { type: 'button', id: 'sign-out', onclick: leave }, 'Sign out'),
  ])
  show(
    byId('side'),
    h(
      'ul',
      {},
      SECTIONS.map(([name, words]) =>
        h(
          'li',
          {},
          h('a', { href: link([name]), 'aria-current': name === section ? 'page' : undefined }, words),
        ),
      ),
    ),
  )
}

function turn() {
  turnTheme()
  frame()
}

async function leave() {
  current?.stop.abort()
  await signOut()
  location.replace('#/')
  showLogin()
  say('Signed out.')
}

/** @param {typeof state} next */
function setState(next) {
  const isChange = next.tone !== state.tone
  state = next
  if (isChange && next.tone !== 'busy') say(next.tone === 'good' ? 'The manager answers.' : next.words)
  frame()
}

/** Opens the view of the address. What is on screen stays until the next view has something to show. */
function open() {
  const place = readPlace(location.hash)
  const path = place.parts.join('/')
  const isOther = current?.path !== path
  current?.stop.abort()
  const stop = new AbortController()
  const view = viewOf(place, {
    redraw: () => redraw(),
    refresh: () => current?.refresh(),
    signal: stop.signal,
  })
  frame()
  const main = byId('main')
  main.setAttribute('aria-busy', 'true')
  /** @type {{ data: unknown } | undefined} */
  let held
  const redraw = () => {
    if (held === undefined || stop.signal.aborted) return
    show(main, view.draw(held.data))
    main.removeAttribute('aria-busy')
    document.title = `${view.title} · Antrea NSX manager`
  }
  const isFirst = () => held === undefined
  const late = window.setTimeout(() => {
    if (isFirst() && isOther && !stop.signal.aborted)
      show(main, h('p', { class: 'loading', key: 'loading' }, 'Loading…'))
  }, 200)
  const { now } = follow(
    {
      load: (signal) => view.load(signal),
      everyMs: () => view.everyMs?.() ?? 6_000,
      onData(data) {
        const first = isFirst()
        window.clearTimeout(late)
        held = { data }
        redraw()
        setState({ tone: 'good', words: `Live · ${absolute(nowMs()).split(', ').at(-1)}` })
        if (first) arrive(view, isOther)
      },
      onError(error, againMs) {
        window.clearTimeout(late)
        if (error.kind === 'signed-out') {
          forget()
          return showLogin(error.message)
        }
        if (isFirst() || error.kind === 'missing') {
          show(main, [
            h('h1', { id: 'title', tabindex: '-1' }, view.title),
            problem(error.message, () => now()),
          ])
          main.removeAttribute('aria-busy')
        }
        const wait = `asking again in ${Math.ceil(againMs / 1_000)} s`
        const words = error.kind === 'unreachable' ? `Not reachable, ${wait}` : `No answer, ${wait}`
        setState({ tone: 'bad', words })
      },
    },
    stop.signal,
  )
  current = { stop, path, refresh: now }
}

/**
 * @param {View} view
 * @param {boolean} isOther
 */
function arrive(view, isOther) {
  say(view.said?.() ?? view.title)
  if (!isOther) return
  window.scrollTo(0, 0)
  document.getElementById('title')?.focus({ preventScroll: true })
}

window.addEventListener('hashchange', () => {
  if (isSignedIn()) open()
})
document.addEventListener('keydown', (event) => {
  const target = event.target
  const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea')
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  const field = document.getElementById('search')
  if (field === null) return
  event.preventDefault()
  field.focus()
})
start()
