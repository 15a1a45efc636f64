/** The hour as the manager has it, and times in words. A browser's own clock may be wrong by hours. */

let aheadMs = 0

/** Milliseconds since 1970 by the manager's clock, to about a second. */
export const nowMs = () => Date.now() + aheadMs

/**
 * Hears the hour of an answer (its Date header).
 * @param {string | null} date
 */
export function hearDate(date) {
  const at = Date.parse(date ?? '')
  if (Number.isNaN(at)) return
  const ahead = at - Date.now()
  // The header has whole seconds: what is within one is no difference.
  if (Math.abs(ahead - aheadMs) > 1_500) aheadMs = Math.abs(ahead) > 1_500 ? ahead : 0
}

/**
 * Resolves after so long, or at once when the signal is aborted.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export const pause = (ms, signal) =>
  new Promise((resolve) => {
    const end = () => {
      window.clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = window.setTimeout(end, ms)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })

/**
 * Calls at most once in so long, with the last arguments, after calls have stopped coming.
 * @template {unknown[]} A
 * @param {(...values: A) => void} act
 * @param {number} ms
 */
export function calmed(act, ms) {
  /** @type {number | undefined} */
  let timer
  return (/** @type {A} */ ...values) => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => act(...values), ms)
  }
}

/** @type {readonly (readonly [limitS: number, unitS: number, name: string])[]} */
const UNITS = [
  [60, 1, 's'],
  [3_600, 60, 'min'],
  [86_400, 3_600, 'h'],
  [Number.POSITIVE_INFINITY, 86_400, 'd'],
]

/**
 * `12 s ago`, `in 3 min`, `2 d ago`.
 * @param {number} ms
 */
export function relative(ms) {
  const seconds = Math.round((nowMs() - ms) / 1_000)
  const size = Math.abs(seconds)
  if (size < 2) return 'just now'
  const [, unit, name] = UNITS.find(([limit]) => size < limit) ?? [0, 1, 's']
  const words = `${Math.floor(size / unit)} ${name}`
  return seconds < 0 ? `in ${words}` : `${words} ago`
}

const ABSOLUTE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/**
 * @param {number} ms
 */
export const absolute = (ms) => ABSOLUTE.format(ms)
