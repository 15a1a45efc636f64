/** Light, dark, or as the system has it. */

const KEY = 'antrea-nsx-manager.theme'
const THEMES = ['system', 'light', 'dark']

export function currentTheme() {
  const kept = localStorage.getItem(KEY) ?? 'system'
  return THEMES.includes(kept) ? kept : 'system'
}

const apply = () => document.documentElement.setAttribute('data-theme', currentTheme())

export function turnTheme() {
  const next = THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length] ?? 'system'
  localStorage.setItem(KEY, next)
  apply()
}

apply()
