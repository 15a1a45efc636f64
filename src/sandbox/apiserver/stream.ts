/** The body of a watch: lines that wait for their reader, bounded; what is there before them is made as it is read. */

/** A line of JSON, or a frame of protobuf; a stream has one or the other. */
export type Line = string | Uint8Array

export interface LineStream {
  readonly body: AsyncIterable<Line>
  /** False when the reader is too slow; the stream has ended then. */
  push(line: Line): boolean
  /** What waits is still read. */
  end(): void
  /** Says nothing any more and does not end: a half-open link. */
  freeze(): void
}

const joined = (lines: readonly Line[]): Line => {
  const [first = ''] = lines
  if (lines.length === 1) return first
  return typeof first === 'string' ? lines.join('') : Buffer.concat(lines as Uint8Array[])
}

/** Lines of the initial part taken at a time. */
const INITIAL_LINES = 200

/**
 * `initial` comes first, taken as the reader reads; pushed lines queue behind it. `onClose` is called once, when the
 * stream has been ended by either side.
 */
export function createLineStream(initial: Iterator<Line>, bytesMax: number, onClose: () => void): LineStream {
  const state = {
    lines: [] as Line[],
    bytes: 0,
    isStarting: true,
    isEnded: false,
    isFrozen: false,
    isClosed: false,
  }
  let wake: (() => void) | undefined

  const close = () => {
    if (state.isClosed) return
    state.isClosed = true
    onClose()
  }
  const rouse = () => {
    wake?.()
    wake = undefined
  }
  const take = (): Line | undefined => {
    if (state.isStarting) {
      const lines: Line[] = []
      while (lines.length < INITIAL_LINES) {
        const next = initial.next()
        if (next.done) {
          state.isStarting = false
          break
        }
        lines.push(next.value)
      }
      if (lines.length > 0) return joined(lines)
    }
    if (state.lines.length === 0) return undefined
    const chunk = joined(state.lines)
    state.lines = []
    state.bytes = 0
    return chunk
  }
  const next = async (): Promise<IteratorResult<Line>> => {
    while (true) {
      if (state.isClosed) return { done: true, value: undefined }
      const chunk = state.isFrozen ? undefined : take()
      if (chunk !== undefined) return { done: false, value: chunk }
      if (state.isEnded) {
        close()
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const iterator: AsyncIterator<Line> = {
    next,
    async return() {
      close()
      rouse()
      return { done: true, value: undefined }
    },
  }
  return {
    body: { [Symbol.asyncIterator]: () => iterator },
    push(line) {
      if (state.isEnded || state.isClosed || state.isFrozen) return true
      if (state.bytes + line.length > bytesMax) {
        state.isEnded = true
        rouse()
        return false
      }
      state.lines.push(line)
      state.bytes += line.length
      rouse()
      return true
    },
    end() {
      state.isEnded = true
      rouse()
    },
    freeze() {
      state.isFrozen = true
      state.lines = []
      state.bytes = 0
    },
  }
}
