/** Runs long pure work in its turns (plan-turns.ts). */

/** Lets others run between the turns. Rejects with the signal's reason. */
export async function inTurns<T>(work: Generator<void, T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    await new Promise<void>((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  }
}
