/** Values of a query: text compared without case, `*` for any characters and `?` for one. */

/** Wildcards of a pattern, next to characters. */
export const ANY = Symbol('any characters')
export const ONE = Symbol('one character')

export type Pattern = readonly (string | typeof ANY | typeof ONE)[]

/** The characters of a text, as a pattern without wildcards. */
export const literal = (text: string): Pattern => [...text]

/** Whether a text is what the pattern says. Costs at most the product of both lengths, whatever the wildcards. */
export function matcherOf(pattern: Pattern): (text: string) => boolean {
  const folded: Pattern = pattern.flatMap(
    (part): Pattern => (typeof part === 'string' ? [...part.toLowerCase()] : [part]),
  )
  if (folded.every((part) => part === ANY) && folded.length > 0) return () => true
  if (folded.every((part) => typeof part === 'string')) {
    const whole = folded.join('')
    return (text) => text.toLowerCase() === whole
  }
  return (text) => matches(folded, [...text.toLowerCase()])
}

/** Greedy with one way back, to the last `*`: enough, since a later `*` can do all that an earlier one could. */
function matches(pattern: Pattern, text: readonly string[]): boolean {
  let [at, index] = [0, 0]
  let [star, retry] = [-1, 0]
  while (index < text.length) {
    const part = pattern[at]
    if (part === ANY) {
      star = at
      retry = index
      at += 1
    } else if (part === ONE || (part !== undefined && part === text[index])) {
      at += 1
      index += 1
    } else if (star !== -1) {
      retry += 1
      index = retry
      at = star + 1
    } else return false
  }
  return pattern.slice(at).every((part) => part === ANY)
}
