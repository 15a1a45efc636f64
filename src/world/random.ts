/** Randomness as an argument: a seed gives the same run again. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** A random UUID, version 4, lower case. */
  uuid(): string
}
