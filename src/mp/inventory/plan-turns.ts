/**
 * Long pure work in turns: tens of thousands of objects are compared in some hundred milliseconds, and meanwhile the lease has to
 * be renewed and streams read. A generator yields after each turn's worth; what it works on is nobody else's until its end.
 */

/** Comparing one takes some 10 µs: 2 to 3 ms a turn. */
export const OBJECTS_A_TURN = 250

/** All of it at once. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
