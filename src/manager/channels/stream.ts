/** One open stream of lines. It holds no queue: it asks its source for more when the reader has taken what there was. */
import { jsonLine } from '../../protocol/index.ts'
import type { Clock, Timer } from '../../world/index.ts'

export interface StreamOptions {
  readonly clock: Clock
  /** A ping goes out after so much silence. */
  readonly heartbeatMs: number
  /** Aborted when the reader is gone. */
  readonly signal: AbortSignal
  /** The next lines; undefined when there is nothing now; `last` ends the stream after them. */
  readonly pull: () => { readonly text: string; readonly last?: boolean } | undefined
  /** The reader took something: it lives. */
  readonly onTaken: () => void
  readonly onEnd: () => void
}

export interface LineStream {
  readonly body: AsyncIterable<string>
  /** There may be something to pull. */
  wake(): void
  /** Ends it, after `text` when given and the reader still takes it. */
  end(text?: string): void
  /** Stays open and says nothing any more. */
  freeze(): void
}

const DONE: IteratorResult<string> = { done: true, value: undefined }

export function createLineStream(options: StreamOptions): LineStream {
  /** `closing` has a last word to hand over. */
  let phase: { is: 'open' } | { is: 'frozen' } | { is: 'closing'; text: string } | { is: 'ended' } = {
    is: 'open',
  }
  let waiting: { resolve: (result: IteratorResult<string>) => void; timer: Timer } | undefined

  const answer = (result: IteratorResult<string>) => {
    if (waiting === undefined) return
    const { resolve, timer } = waiting
    waiting = undefined
    options.clock.clearTimeout(timer)
    resolve(result)
  }
  const close = () => {
    if (phase.is === 'ended') return
    phase = { is: 'ended' }
    options.signal.removeEventListener('abort', finish)
    options.onEnd()
  }
  const finish = () => {
    close()
    answer(DONE)
  }
  /** What can be said now; undefined: wait. */
  const take = (): IteratorResult<string> | undefined => {
    if (phase.is === 'ended') return DONE
    if (phase.is === 'frozen') return undefined
    if (phase.is === 'closing') {
      const { text } = phase
      // The reader who waits gets the last word first.
      close()
      return { done: false, value: text }
    }
    const pulled = options.pull()
    if (pulled === undefined) return undefined
    if (pulled.last === true) close()
    return { done: false, value: pulled.text }
  }
  const wake = () => {
    if (waiting === undefined) return
    const result = take()
    if (result !== undefined) answer(result)
  }
  /** The source may end the stream by now without anybody having woken it: a certificate expired. */
  const beat = () => {
    if (phase.is === 'frozen') return
    answer(take() ?? { done: false, value: jsonLine({ t: 'ping' }) })
  }
  const iterator: AsyncIterator<string> = {
    next() {
      options.onTaken()
      const result = take()
      if (result !== undefined) return Promise.resolve(result)
      return new Promise((resolve) => {
        waiting = { resolve, timer: options.clock.setTimeout(beat, options.heartbeatMs) }
      })
    },
    return() {
      finish()
      return Promise.resolve(DONE)
    },
  }
  options.signal.addEventListener('abort', finish, { once: true })
  if (options.signal.aborted) finish()
  return {
    body: { [Symbol.asyncIterator]: () => iterator },
    wake,
    end(text) {
      if (phase.is === 'ended' || phase.is === 'closing') return
      if (text === undefined || phase.is === 'frozen') return finish()
      phase = { is: 'closing', text }
      wake()
    },
    freeze() {
      if (phase.is === 'open') phase = { is: 'frozen' }
    },
  }
}
