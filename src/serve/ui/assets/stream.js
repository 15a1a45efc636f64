/** What the adapter tells, line by line, for as long as the page is open; a broken stream is opened again. */

/** @typedef {import('../view.ts').LiveLine} LiveLine */

const AGAIN_MS = [500, 1_000, 2_000, 5_000]
/** A line comes each second. */
const SILENCE_MS = 6_000
/** Longer than any line can be. */
const LINE_CHARS_MAX = 8 * 1024 * 1024

/**
 * @param {(line: LiveLine) => void} onLine
 * @param {(why: string) => void} onLost
 */
export async function follow(onLine, onLost) {
  let failures = 0
  for (;;) {
    const why = await readOnce((line) => {
      failures = 0
      onLine(line)
    }).catch((error) => (error instanceof Error ? error.message : String(error)))
    onLost(why)
    const pause = AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 1_000
    failures += 1
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/**
 * Until it ends; why, in words.
 * @param {(line: LiveLine) => void} onLine
 */
async function readOnce(onLine) {
  const stop = new AbortController()
  let silence = setTimeout(() => stop.abort(), SILENCE_MS)
  try {
    const answer = await fetch('/inspect/live', { signal: stop.signal, cache: 'no-store' })
    if (!answer.ok || answer.body === null) return await refusal(answer)
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'the adapter has ended what it told'
      clearTimeout(silence)
      silence = setTimeout(() => stop.abort(), SILENCE_MS)
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LINE_CHARS_MAX) return 'what was told has no end'
      for (const line of lines) {
        const told = /** @type {LiveLine} */ (JSON.parse(line))
        if (told.kind === 'over') return told.why
        onLine(told)
      }
    }
  } catch (error) {
    if (stop.signal.aborted) return 'nothing is heard'
    throw error
  } finally {
    clearTimeout(silence)
    stop.abort()
  }
}

/** @param {Response} answer */
async function refusal(answer) {
  const body = /** @type {{ message?: string }} */ (await answer.json().catch(() => ({})))
  return body.message ?? `the answer is ${answer.status}`
}

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T>}
 */
export async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store' })
  if (!answer.ok) throw new Error(await refusal(answer))
  return /** @type {T} */ (await answer.json())
}
