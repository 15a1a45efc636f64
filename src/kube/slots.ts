/** So many at once, the others in the order they came. */
export interface Slots {
  /** Resolves with the function that frees the slot; rejects with the signal's reason when it is aborted first. */
  take(signal?: AbortSignal): Promise<() => void>
}

/** Who waits is bounded by who calls: every caller awaits its own writes. */
export function createSlots(slotsMax: number): Slots {
  const waiting = new Set<() => void>()
  let taken = 0
  const free = () => {
    taken -= 1
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    next()
  }
  const once = (): (() => void) => {
    let isFreed = false
    taken += 1
    return () => {
      if (isFreed) return
      isFreed = true
      free()
    }
  }
  return {
    take(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      if (taken < slotsMax) return Promise.resolve(once())
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiting.delete(enter)
          reject(signal?.reason)
        }
        const enter = () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(once())
        }
        waiting.add(enter)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}
