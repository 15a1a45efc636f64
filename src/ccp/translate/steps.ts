/**
 * Long work in small steps: a generator that pauses after each, so that whoever runs it can let others go first. The steps
 * are far shorter than a slice; how many make one is for the caller, who has the clock.
 */

/** Work that pauses, and its result. Between two pauses is at most about a millisecond's work. */
export type Steps<T> = Generator<undefined, T, undefined>

/** One pause. */
export function* pause(): Steps<void> {
  yield undefined
}

/** All of it at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}
