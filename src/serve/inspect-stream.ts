/** Lines to whoever looks on: everything of the moment, each transition as it comes, and everything again each second. */
import { INSPECT_BEAT_MS, INSPECT_READER_CHARS_MAX, INSPECT_READERS_MAX } from '../limits.ts'
import { type Clock, sleep, type Timer } from '../world/index.ts'
import type { LiveLine, NowView, TransitionView } from './ui/view.ts'

export interface LiveStream {
  transition(transition: TransitionView): void
  /** Lines until the signal is aborted or `close`; undefined when too many look on already. */
  read(signal: AbortSignal): AsyncIterable<string> | undefined
  /** Tells every reader why, and ends; resolves when they can have got it. */
  close(why: string): Promise<void>
}

interface Reader {
  /** Transitions not taken yet. */
  waiting: string
  /** The newest moment not taken yet: an older one is of no use. */
  now: string
  over: boolean
  wake(): void
}

/** From a last line to the end of its socket. */
const FLUSH_MS = 20

const lineOf = (line: LiveLine): string => `${JSON.stringify(line)}\n`

/** Nothing is made while nobody looks on. A reader that does not take its lines is told so in the last one, and left. */
export function createLiveStream(clock: Clock, now: () => NowView): LiveStream {
  const readers = new Set<Reader>()
  let timer: Timer | undefined
  const beat = () => {
    const line = lineOf(now())
    for (const reader of readers) {
      reader.now = line
      reader.wake()
    }
    timer = readers.size === 0 ? undefined : clock.setTimeout(beat, INSPECT_BEAT_MS)
  }
  const end = (reader: Reader, why: string) => {
    reader.waiting = lineOf({ kind: 'over', why })
    reader.now = ''
    reader.over = true
    readers.delete(reader)
    reader.wake()
  }
  const join = (signal: AbortSignal): Reader => {
    const reader: Reader = { waiting: '', now: lineOf(now()), over: false, wake: () => {} }
    readers.add(reader)
    timer ??= clock.setTimeout(beat, INSPECT_BEAT_MS)
    signal.addEventListener('abort', () => leave(reader), { once: true })
    if (signal.aborted) leave(reader)
    return reader
  }
  const leave = (reader: Reader) => {
    reader.over = true
    reader.waiting = ''
    reader.now = ''
    readers.delete(reader)
    reader.wake()
    if (readers.size > 0 || timer === undefined) return
    clock.clearTimeout(timer)
    timer = undefined
  }
  return {
    transition(transition) {
      if (readers.size === 0) return
      const line = lineOf({ kind: 'transition', ...transition })
      for (const reader of readers) {
        if (reader.waiting.length + line.length > INSPECT_READER_CHARS_MAX)
          end(
            reader,
            'this reader does not take what comes: read faster, or ask again for the moment and go on',
          )
        else {
          reader.waiting += line
          reader.wake()
        }
      }
    },
    read(signal) {
      return readers.size >= INSPECT_READERS_MAX ? undefined : linesOf(join(signal), leave)
    },
    async close(why) {
      const told = [...readers]
      for (const reader of told) end(reader, why)
      if (timer !== undefined) clock.clearTimeout(timer)
      timer = undefined
      if (told.length > 0) await sleep(clock, FLUSH_MS)
    },
  }
}

/** Transitions go before the moment that already holds them. */
function linesOf(reader: Reader, leave: (reader: Reader) => void): AsyncIterable<string> {
  const next = async (): Promise<IteratorResult<string>> => {
    while (!reader.over && reader.waiting === '' && reader.now === '')
      await new Promise<void>((resolve) => {
        reader.wake = resolve
      })
    const lines = reader.waiting + reader.now
    reader.waiting = ''
    reader.now = ''
    return lines === '' ? { done: true, value: undefined } : { done: false, value: lines }
  }
  const back = async (): Promise<IteratorResult<string>> => {
    leave(reader)
    return { done: true, value: undefined }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: back }) }
}
