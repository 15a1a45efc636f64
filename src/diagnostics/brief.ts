/** State values as a person wants to read them: the one word of each region that says how it goes. */

/** Regions whose state comes first, without the region's name. */
const LEADING_REGIONS = new Set(['role', 'link', 'term', 'leading'])
/** Regions that are well so and need not be told. */
const QUIET = /^(\w+)\.(running|clear|off|idle)$/

/**
 * `link.open.phase.watching link.open.silence.listening.fresh inventory.working.work.steady` → `watching, inventory
 * steady`. The whole words are in `status --json` and in `transitions`.
 */
export function briefState(words: string): string {
  const regions = new Map<string, string>()
  for (const word of words.split(' ')) {
    const [region = ''] = word.split('.')
    if (!regions.has(region)) regions.set(region, word)
  }
  const ordered = [...regions].sort(
    ([a], [b]) => Number(LEADING_REGIONS.has(b)) - Number(LEADING_REGIONS.has(a)),
  )
  const told = ordered.flatMap(([region, word]) => {
    const last = word.split('.').at(-1) ?? word
    if (regions.size === 1 || LEADING_REGIONS.has(region)) return [last]
    return QUIET.test(word) ? [] : [`${region} ${last}`]
  })
  return told.length === 0 ? words : told.join(', ')
}
