/** A download as one whole stream, however often its connection breaks. */
import { createHash } from 'node:crypto'
import { asAdapterError, retry, waitFor } from '../../errors.ts'
import { BUNDLE_TRIES_WITHOUT_GAIN } from '../../limits.ts'
import { type Clock, sleep } from '../../world/index.ts'
import type { ContentSum } from '../types.ts'

const PAUSE_MS = 1_000

/**
 * The bytes of `download`, each once: a download that breaks off is begun again and what was given is passed over, for
 * Antrea's has no ranges. Given up after some tries that brought nothing new. Rejects with BUNDLE_CHANGED when at its end it
 * is not what `sum` says, so that nobody takes it for whole. Holds no more than one chunk.
 */
export async function* wholeOf(
  download: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
  sum: ContentSum,
  who: string,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256')
  let given = 0
  for (let failures = 0; given < sum.bytes; ) {
    const before = given
    try {
      let passOver = given
      for await (const chunk of await download(signal)) {
        const fresh = chunk.subarray(Math.min(passOver, chunk.length))
        passOver -= chunk.length - fresh.length
        if (fresh.length === 0) continue
        given += fresh.length
        if (given > sum.bytes) break
        hash.update(fresh)
        yield fresh
      }
      if (given < sum.bytes) throw retry('BUNDLE_CUT', `the download of ${who} ended before its end`)
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      const error = asAdapterError(thrown)
      failures = given > before ? 0 : failures + 1
      if (error.kind !== 'retry' || failures >= BUNDLE_TRIES_WITHOUT_GAIN) throw error
      await sleep(clock, PAUSE_MS * (failures + 1), signal)
    }
  }
  if (given !== sum.bytes || hash.digest('hex') !== sum.sha256)
    throw waitFor(
      'BUNDLE_CHANGED',
      `what ${who} gave is not the bundle whose sum it told: another one was asked for meanwhile, or it came damaged`,
    )
}
