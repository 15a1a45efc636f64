/** Computed objects with their span: the Nodes whose agents get them. Watchers see every change with what was before. */
export interface Spanned<T> {
  readonly object: T
  readonly span: ReadonlySet<string>
}

export interface Change<T> {
  readonly name: string
  readonly before?: Spanned<T>
  readonly now?: Spanned<T>
}

export interface SpanStore<T> {
  readonly size: number
  get(name: string): Spanned<T> | undefined
  entries(): IterableIterator<[string, Spanned<T>]>
  put(name: string, object: T, span: ReadonlySet<string>): void
  remove(name: string): void
  subscribe(listener: (change: Change<T>) => void): () => void
}

export function createSpanStore<T>(): SpanStore<T> {
  const items = new Map<string, Spanned<T>>()
  const listeners = new Set<(change: Change<T>) => void>()
  const tell = (change: Change<T>) => {
    for (const listener of [...listeners]) listener(change)
  }
  return {
    get size() {
      return items.size
    },
    get: (name) => items.get(name),
    entries: () => items.entries(),
    put(name, object, span) {
      const before = items.get(name)
      const now = { object, span }
      items.set(name, now)
      tell({ name, now, ...(before === undefined ? {} : { before }) })
    },
    remove(name) {
      const before = items.get(name)
      if (!items.delete(name) || before === undefined) return
      tell({ name, before })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => {
  if (a.size !== b.size) return false
  for (const item of a) if (!b.has(item)) return false
  return true
}

export const NOWHERE: ReadonlySet<string> = new Set()
