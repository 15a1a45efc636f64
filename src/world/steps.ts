/**
 * Long work in small steps: a generator that pauses after each, so that whoever runs it can let others go first. The steps
 * are far shorter than a slice; how many make one is for the caller, who has the clock.
 */

/** Work that pauses, and its result. Between two pauses is at most about a millisecond's work. */
export type Steps<T> = Generator<undefined, T, undefined>

/** All of it at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** Sorted in one step, or merged in one. */
const SORTED_A_STEP = 500
const MERGED_A_STEP = 4_000

/** A sorted copy. Equal ones keep their order. */
export function* sortSteps<T>(list: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = []
  for (let at = 0; at < list.length; at += SORTED_A_STEP) {
    runs.push(list.slice(at, at + SORTED_A_STEP).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const next: T[][] = []
    for (let at = 0; at < runs.length; at += 2)
      next.push(yield* mergeSteps(runs[at]!, runs[at + 1] ?? [], compare))
    runs = next
  }
  return runs[0] ?? []
}

function* mergeSteps<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const isFirst = j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0)
    merged.push(isFirst ? a[i++]! : b[j++]!)
    if (merged.length % MERGED_A_STEP === 0) yield
  }
  return merged
}
