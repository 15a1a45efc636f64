/** The body of a watch: lines that wait for their reader, bounded; what is there before them is made as it is read. */

export interface LineStream {
  readonly body: AsyncIterable<string>
  /** False when the reader is too slow; the stream has ended then. */
  push(line: string): boolean
  /** What waits is still read. */
  end(): void
  /** Says nothing any more and does not end: a half-open link. */
  freeze(): void
}

/** Lines of the initial part taken at a time. */
const INITIAL_LINES = 200

/**
 * `initial` comes first, taken as the reader reads; pushed lines queue behind it. `onClose` is called once, when the
 * stream has been ended by either side.
 */
export function createLineStream(
  initial: Iterator<string>,
  bytesMax: number,
  onClose: () => void,
): LineStream {
  const state = {
    lines: [] as string[],
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
  const take = (): string | undefined => {
    if (state.isStarting) {
      const lines: string[] = []
      while (lines.length < INITIAL_LINES) {
        const next = initial.next()
        if (next.done) {
          state.isStarting = false
          break
        }
        lines.push(next.value)
      }
      if (lines.length > 0) return lines.join('')
    }
    if (state.lines.length === 0) return undefined
    const chunk = state.lines.length === 1 ? state.lines[0] : state.lines.join('')
    state.lines = []
    state.bytes = 0
    return chunk
  }
  const next = async (): Promise<IteratorResult<string>> => {
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
  const iterator: AsyncIterator<string> = {
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
