/** Many pieces of work, some of them at once. */

/**
 * Runs `work` on each item, at most `atOnce` at a time; the results are in the order of the items. After a failure none is
 * begun any more; the first one is thrown when all that runs has ended, so that nothing goes on behind an answer.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const worker = async () => {
    while (failure === undefined) {
      const at = next
      next += 1
      if (at >= items.length) return
      try {
        results[at] = await work(items[at] as T)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  if (failure !== undefined) throw failure.error
  return results
}
