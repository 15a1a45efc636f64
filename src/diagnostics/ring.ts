/** A bounded queue that drops its oldest rows: who writes never waits. */
export interface Ring<T> {
  /** Takes a row; at the limit the oldest goes and is counted. */
  push(row: T): void
  /** The oldest rows, at most `count`, and a mark for `release`. They stay until released. */
  peek(count: number): { readonly rows: readonly T[]; readonly mark: number }
  /** Removes what was peeked up to this mark, as far as it was not dropped meanwhile. */
  release(mark: number): void
  readonly size: number
  readonly dropped: number
}

export function createRing<T>(rowsMax: number): Ring<T> {
  const rows = new Map<number, T>()
  let next = 0
  let dropped = 0
  return {
    push(row) {
      rows.set(next, row)
      next += 1
      if (rows.size <= rowsMax) return
      rows.delete(next - rows.size)
      dropped += 1
    },
    peek(count) {
      const first = next - rows.size
      const taken: T[] = []
      for (let at = first; at < next && taken.length < count; at += 1) taken.push(rows.get(at)!)
      return { rows: taken, mark: first + taken.length }
    },
    release(mark) {
      for (let at = next - rows.size; at < mark; at += 1) rows.delete(at)
    },
    get size() {
      return rows.size
    },
    get dropped() {
      return dropped
    },
  }
}
