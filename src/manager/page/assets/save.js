/** Bytes given to the browser to keep as a file. */
import { h } from './dom.js'

const KEPT_MS = 60_000

/**
 * @param {Blob} bytes
 * @param {string} name
 */
export function saveFile(bytes, name) {
  const url = URL.createObjectURL(bytes)
  h('a', { href: url, download: name }).click()
  window.setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
}

/** `1.4 MB`. @param {number} bytes */
export function sizeWords(bytes) {
  const units = ['B', 'kB', 'MB', 'GB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const size = bytes / 1_000 ** power
  return `${power === 0 ? size : size.toFixed(1)} ${units[power]}`
}
