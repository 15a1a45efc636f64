/** Waiting for what comes true by itself. */
import { AssertionError } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

export { sleep }

export interface EventuallyOptions {
  readonly withinMs?: number
  readonly everyMs?: number
}

/** Asks again until `look` neither throws nor returns undefined; gives up with its last error. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { withinMs = 30_000, everyMs = 100 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = Date.now() + withinMs
  for (let last: unknown; ; ) {
    try {
      const seen = await look()
      if (seen !== undefined) return seen
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() >= deadline) throw gaveUp(what, withinMs, last)
    await sleep(everyMs)
  }
}

/** Looks again and again for `forMs`; throws as soon as `look` throws. */
export async function always(look: () => Promise<void> | void, forMs: number, everyMs = 200): Promise<void> {
  for (const deadline = Date.now() + forMs; Date.now() < deadline; await sleep(everyMs)) await look()
}

function gaveUp(what: string, withinMs: number, last: unknown): Error {
  const because = last instanceof Error ? `: ${last.message}` : ''
  const message = `not within ${withinMs} ms: ${what}${because}`
  if (last instanceof AssertionError)
    return new AssertionError({
      message,
      actual: last.actual,
      expected: last.expected,
      operator: last.operator,
    })
  return new Error(message, { cause: last })
}
