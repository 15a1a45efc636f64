/** What a request for statistics asks, and how its answer is cut into words. Pure. */
import { needsPerson } from '../../errors.ts'
import { STATISTICS_PATHS_MAX, STATISTICS_WORD_RULES_MAX } from '../../limits.ts'
import type { Fields } from '../types.ts'
import type { PolicyFigures, Wanted } from './figures.ts'

const KINDS: readonly string[] = [
  'SecurityPolicy',
  'K8sNetworkPolicy',
  'AntreaNetworkPolicy',
  'AntreaClusterNetworkPolicy',
]

/** `{paths?, kinds?}`. Throws needs-person REQUEST_INVALID. */
export function wantedOf(body: unknown): Wanted {
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body)))
    throw invalid('the body must be an object with paths, kinds, both or neither')
  const { paths, kinds } = (body ?? {}) as Fields
  return { paths: textsOf('paths', paths), kinds: kindsOf(kinds) }
}

function textsOf(field: string, value: unknown): ReadonlySet<string> | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw invalid(`${field} must be a list of texts`)
  if (value.length > STATISTICS_PATHS_MAX)
    throw invalid(`${field} may name at most ${STATISTICS_PATHS_MAX}; leave it out to get all`)
  return new Set(value as string[])
}

function kindsOf(value: unknown): ReadonlySet<string> | undefined {
  const kinds = textsOf('kinds', value)
  const unknown = [...(kinds ?? [])].find((kind) => !KINDS.includes(kind))
  if (unknown !== undefined)
    throw invalid(`kinds may name ${KINDS.join(', ')}, not ${JSON.stringify(unknown).slice(0, 100)}`)
  return kinds
}

const invalid = (what: string) => needsPerson('REQUEST_INVALID', `statistics: ${what}`)

/** In words of about STATISTICS_WORD_RULES_MAX rules. */
export function* inWords(figures: readonly PolicyFigures[]): Generator<readonly PolicyFigures[], void> {
  let word: PolicyFigures[] = []
  let rules = 0
  for (const policy of figures) {
    word.push(policy)
    rules += 1 + (policy.rules?.length ?? 0)
    if (rules < STATISTICS_WORD_RULES_MAX) continue
    yield word
    word = []
    rules = 0
  }
  if (word.length > 0) yield word
}
