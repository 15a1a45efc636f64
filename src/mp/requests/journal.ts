/** What one request has to tell the manager, and how far the manager has heard it (docs/protocol.md, Answers). */
import { OPERATION_TELL_BYTES_MAX, OPERATION_WORDS_BYTES_MAX, OPERATION_WORDS_MAX } from '../../limits.ts'
import type { Fields } from '../../operations/index.ts'

/** Consecutive events as they are sent; `final` when the last one is the answer. */
export interface Batch {
  readonly events: readonly Fields[]
  readonly final: boolean
}

export interface Journal {
  /** Milliseconds since 1970. */
  readonly deadlineMs: number
  /** In which it was asked last. */
  session: string | undefined
  /** Called when there is more to tell. */
  onMore: () => void
  say(word: Fields): void
  /** The final answer, behind everything said. */
  conclude(answer: Fields): void
  hasUnsaid(): boolean
  /** A session asks anew: everything kept is told again, from seq 1. */
  begin(): void
  /** What goes next; the same until it was acknowledged. */
  batch(): Batch
  acknowledge(seq: number): boolean
}

interface Word {
  readonly fields: Fields
  readonly bytes: number
}

const wordOf = (fields: Fields): Word => ({ fields, bytes: Buffer.byteLength(JSON.stringify(fields)) })

/** Bounded: of what was said the newest is kept, and how much went is told in its place. */
export function createJournal(deadlineMs: number, session?: string): Journal {
  let words: Word[] = []
  let bytes = 0
  /** Words that are gone, of all that were said. */
  let gone = 0
  /** Place of the next word to tell, counted over all that were said. */
  let place = 0
  let answer: Word | undefined
  let seq = 0
  let isAnswered = false
  let pending: (Batch & { readonly place: number }) | undefined

  const trim = () => {
    let drop = 0
    while (
      words.length - drop > OPERATION_WORDS_MAX ||
      (bytes > OPERATION_WORDS_BYTES_MAX && words.length - drop > 1)
    ) {
      bytes -= words[drop]?.bytes ?? 0
      drop += 1
    }
    if (drop === 0) return
    words = words.slice(drop)
    gone += drop
  }
  const journal: Journal = {
    deadlineMs,
    session,
    onMore: () => {},
    say(fields) {
      if (answer !== undefined) return
      const word = wordOf(fields)
      words.push(word)
      bytes += word.bytes
      trim()
      journal.onMore()
    },
    conclude(fields) {
      answer ??= wordOf(fields)
    },
    hasUnsaid: () =>
      pending !== undefined ||
      Math.max(place, gone) < gone + words.length ||
      (answer !== undefined && !isAnswered),
    begin() {
      place = 0
      seq = 0
      isAnswered = false
      pending = undefined
    },
    batch() {
      if (pending !== undefined) return pending
      const events: Fields[] = []
      const add = (fields: Fields) => void events.push({ seq: seq + events.length + 1, ...fields })
      if (place < gone) add({ t: 'progress', dropped: gone - place })
      let next = Math.max(place, gone)
      let size = 0
      while (next - gone < words.length && size < OPERATION_TELL_BYTES_MAX) {
        const word = words[next - gone]
        if (word === undefined) break
        add(word.fields)
        size += word.bytes
        next += 1
      }
      const final = answer !== undefined && next - gone >= words.length
      if (final && answer !== undefined) add(answer.fields)
      pending = { events, final, place: next }
      return pending
    },
    acknowledge(heard) {
      if (pending === undefined || heard < seq + pending.events.length) return false
      seq += pending.events.length
      place = pending.place
      isAnswered = pending.final
      pending = undefined
      return true
    },
  }
  return journal
}
