/** Light, dark, or as the system has it. */
import { byId, say } from './dom.js'

const KEY = 'antrea-nsx-adapter.theme'
const THEMES = ['system', 'light', 'dark']

const current = () => {
  const kept = localStorage.getItem(KEY) ?? 'system'
  return THEMES.includes(kept) ? kept : 'system'
}

function apply() {
  document.documentElement.setAttribute('data-theme', current())
  say(byId('theme'), `Theme: ${current()}`)
}

/** Makes the button turn from one to the next. */
export function startTheme() {
  apply()
  byId('theme').onclick = () => {
    localStorage.setItem(KEY, THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length] ?? 'system')
    apply()
  }
}
