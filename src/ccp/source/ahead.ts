/** A watch that is opened before the snapshot: what comes is kept, within the limit, until the snapshot says from where. */
import { retry } from '../../errors.ts'
import { AHEAD_BYTES_MAX } from '../../limits.ts'
import type { DesiredState } from './state.ts'

export interface Ahead {
  /** The lines of a watch that opens at this state: commits that it holds already are left out. */
  after(state: DesiredState): AsyncIterable<unknown>
  stop(): void
}

interface Frame {
  readonly t?: unknown
  readonly epoch?: unknown
  readonly from?: unknown
  readonly version?: unknown
  readonly prev?: unknown
}

/**
 * Reads at once and goes on reading. Over the limit the iteration ends with WATCH_AHEAD_TOO_LARGE (retry), as with
 * whatever ended the stream.
 */
export function readAhead(
  lines: AsyncIterable<unknown>,
  onLine: () => void,
  signal: AbortSignal,
  bytesMax = AHEAD_BYTES_MAX,
): Ahead {
  const kept: { readonly line: unknown; readonly bytes: number }[] = []
  let bytes = 0
  let ended: { readonly error: unknown } | undefined
  let isStopped = false
  let wake = () => {}
  const read = async () => {
    for await (const line of lines) {
      if (isStopped) return
      onLine()
      const size = sizeOf(line)
      kept.push({ line, bytes: size })
      bytes += size
      if (bytes > bytesMax)
        throw retry(
          'WATCH_AHEAD_TOO_LARGE',
          `more than ${bytesMax} bytes of changes wait for the snapshot; everything is read again`,
        )
      wake()
    }
    throw retry('STREAM_ENDED', 'the manager ended the watch; a new session follows')
  }
  read().catch((error: unknown) => {
    ended = { error }
    wake()
  })
  const next = async (): Promise<unknown> => {
    while (kept.length === 0) {
      if (ended !== undefined) throw ended.error
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const first = kept.shift()
    bytes -= first?.bytes ?? 0
    return first?.line
  }
  async function* after({ epoch, version }: DesiredState): AsyncGenerator<unknown> {
    let transaction: unknown[] = []
    let at: number | undefined
    for (;;) {
      const line = await next()
      const frame = line as Frame
      if (frame.t === 'open') {
        at = Number(frame.from)
        // What a reader of this state asks for; a watch of another epoch, or one that began later, has a gap.
        yield frame.epoch === epoch && at <= version ? { t: 'open', epoch, from: version } : line
      } else if (at !== undefined && at < version) {
        if (frame.t !== 'commit' && frame.t !== 'bookmark') transaction.push(line)
        else {
          at = Number(frame.version)
          // A snapshot stands between two commits, never within one.
          if (at > version) yield* [...transaction, line]
          transaction = []
        }
      } else yield line
    }
  }
  return {
    after,
    stop() {
      isStopped = true
      kept.length = 0
      wake()
    },
  }
}

const sizeOf = (line: unknown): number => JSON.stringify(line)?.length ?? 0
