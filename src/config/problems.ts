/** What is wrong with a configuration, for a person: where, what, and the nearest right spelling. */
import { AdapterError } from '../errors.ts'

export interface ConfigProblem {
  readonly code:
    | 'CONFIG_UNREADABLE'
    | 'CONFIG_SYNTAX'
    | 'CONFIG_UNKNOWN_KEY'
    | 'CONFIG_MISSING'
    | 'CONFIG_INVALID'
  /** `config.yaml:14:3`, `environment variable NAME`, `flag --name`. */
  readonly where: string
  readonly message: string
}

/** All problems of one configuration, the first in front. */
export class ConfigError extends AdapterError {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly [ConfigProblem, ...ConfigProblem[]]) {
    const [first, ...others] = problems
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`
    super('needs-person', first.code, `${first.where}: ${first.message}${more}`, { subject: first.where })
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** The known word nearest to a misspelt one, when it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((candidate) => ({ candidate, steps: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.steps - b.steps)
  const [best] = scored
  return best !== undefined && best.steps <= Math.max(1, Math.floor(best.candidate.length / 3))
    ? best.candidate
    : undefined
}

/** Words longer than this are compared by their beginning. */
const COMPARED_CHARS_MAX = 64

/** Damerau–Levenshtein (restricted): insertions, deletions, replacements, and neighbours swapped. */
function distance(left: string, right: string): number {
  const a = left.slice(0, COMPARED_CHARS_MAX)
  const b = right.slice(0, COMPARED_CHARS_MAX)
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      let steps = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) steps = Math.min(steps, beforeLast[column - 2]! + 1)
      current.push(steps)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}
