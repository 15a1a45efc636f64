/** Keeps a view as the manager has it: asks again and again, less often while nobody looks or nothing answers. */
import { CallError } from './api.js'
import { pause } from './clock.js'

const BACK_OFF_MS_MAX = 60_000
const FIRST_MS = 1_000

/**
 * @template T
 * @typedef {object} Following
 * @property {(signal: AbortSignal) => Promise<T>} load
 * @property {() => number} everyMs asked after each answer; Infinity asks no more
 * @property {(data: T) => void} onData
 * @property {(error: CallError, againMs: number) => void} onError
 */

/**
 * Follows until the signal is aborted. `now` asks at once.
 * @template T
 * @param {Following<T>} following
 * @param {AbortSignal} signal
 */
export function follow({ load, everyMs, onData, onError }, signal) {
  let wake = new AbortController()
  let failures = 0
  const once = async () => {
    try {
      const data = await load(signal)
      if (signal.aborted) return 0
      failures = 0
      onData(data)
      return everyMs()
    } catch (error) {
      if (signal.aborted) return 0
      const known = error instanceof CallError ? error : undefined
      failures += 1
      const waitMs = known?.retryAfterMs ?? Math.min(BACK_OFF_MS_MAX, FIRST_MS * 2 ** (failures - 1))
      onError(known ?? new CallError('refused', `The page could not show this: ${error}`), waitMs)
      return waitMs
    }
  }
  const run = async () => {
    while (!signal.aborted) {
      wake = new AbortController()
      const waitMs = await once()
      await rest(waitMs, AbortSignal.any([signal, wake.signal]))
    }
  }
  void run()
  return { now: () => wake.abort() }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
async function rest(ms, signal) {
  if (ms === Number.POSITIVE_INFINITY)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  else await pause(ms, signal)
  while (document.hidden && !signal.aborted)
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true })
      signal.addEventListener('abort', resolve, { once: true })
    })
}
