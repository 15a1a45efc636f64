/** Reads `/inspect/live` until Ctrl-C, or until the daemon ends it. */
import { TransportError, waitFor } from '../errors.ts'
import { CONSOLE_CALL_TIMEOUT_MS, CONSOLE_SILENCE_MS } from '../limits.ts'
import type { LiveLine } from '../serve/ui/index.ts'
import { createHttpClient, createRealClock } from '../world/real.ts'
import { untilSignal } from './signals.ts'

/** Longer than any line can be: 256 charts of some 10 KiB. */
const LINE_CHARS_MAX = 8 * 1024 * 1024

/** Resolves at a signal, and when nobody reads what is written. Throws wait-for INSPECT_ENDED with the daemon's words. */
export async function followLive(socketPath: string, onLine: (line: LiveLine) => void): Promise<void> {
  const stop = new AbortController()
  void untilSignal(createRealClock()).then(() => stop.abort())
  process.stdout.once('error', () => stop.abort())
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  try {
    const answer = await client.request({
      method: 'GET',
      path: '/inspect/live',
      lane: 'stream',
      headersTimeoutMs: CONSOLE_CALL_TIMEOUT_MS,
      bodyTimeoutMs: CONSOLE_SILENCE_MS,
      signal: stop.signal,
    })
    for await (const line of linesOf(answer.body)) {
      const told = JSON.parse(line) as LiveLine & { code?: string; message?: string }
      if (answer.status >= 400)
        throw waitFor(told.code ?? 'INSPECT_ENDED', told.message ?? `it answered ${answer.status}`)
      if (told.kind === 'over') throw waitFor('INSPECT_ENDED', told.why)
      onLine(told)
    }
    throw waitFor('INSPECT_ENDED', 'the daemon has ended what it told')
  } catch (error) {
    if (stop.signal.aborted) return
    if (!(error instanceof TransportError)) throw error
    throw waitFor('INSPECT_ENDED', `the daemon does not tell any more: ${error.message}`, { cause: error })
  } finally {
    await client.close()
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_CHARS_MAX) throw new TransportError('too-large', 'a line has no end')
    yield* lines
  }
}
