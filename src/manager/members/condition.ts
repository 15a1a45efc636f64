/** One condition of a group, held against one thing. NSX compares without case; an empty side of `scope|tag` asks nothing. */
import type { JsonObject } from '../rest/index.ts'

/** What conditions can be asked of. */
export interface Thing {
  readonly name: string
  readonly tags: readonly { readonly scope: string; readonly tag: string }[]
  readonly osName?: string | undefined
  readonly computerName?: string | undefined
}

/** Scope under which the inventory shows a label; a condition may leave it out. */
const LABEL_SCOPE = 'dis:k8s:'

export function matchesCondition(condition: JsonObject, thing: Thing): boolean {
  const value = String(condition['value'] ?? '')
  const operator = String(condition['operator'] ?? 'EQUALS')
  switch (condition['key']) {
    case 'ALL':
      return true
    case 'Tag':
      return matchesTag(value, operator, condition['scope_operator'] === 'NOTEQUALS', thing)
    case 'Name':
      return compare(operator, thing.name, value)
    case 'OSName':
      return thing.osName !== undefined && compare(operator, thing.osName, value)
    case 'ComputerName':
      return thing.computerName !== undefined && compare(operator, thing.computerName, value)
    default:
      return false
  }
}

/** Asked of the tags as a whole: NOTEQUALS and NOTIN hold where no tag would be EQUALS or IN. */
function matchesTag(value: string, operator: string, otherScope: boolean, { tags }: Thing): boolean {
  const bar = value.indexOf('|')
  const scope = (bar === -1 ? '' : value.slice(0, bar)).toLowerCase()
  const wanted = bar === -1 ? value : value.slice(bar + 1)
  const isScope = (own: string) => own === scope || own === LABEL_SCOPE + scope
  const isNegative = operator === 'NOTEQUALS' || operator === 'NOTIN'
  const positive = operator === 'NOTIN' ? 'IN' : isNegative ? 'EQUALS' : operator
  const found = tags.some(
    (one) =>
      (scope === '' || isScope(one.scope.toLowerCase()) !== otherScope) &&
      (wanted === '' || compare(positive, one.tag, wanted)),
  )
  return found !== isNegative
}

function compare(operator: string, own: string, wanted: string): boolean {
  const [a, b] = [own.toLowerCase(), wanted.toLowerCase()]
  const list = () => b.split(',').map((part) => part.trim())
  switch (operator) {
    case 'EQUALS':
      return a === b
    case 'NOTEQUALS':
      return a !== b
    case 'CONTAINS':
      return a.includes(b)
    case 'STARTSWITH':
      return a.startsWith(b)
    case 'ENDSWITH':
      return a.endsWith(b)
    case 'IN':
      return list().includes(a)
    case 'NOTIN':
      return !list().includes(a)
    default:
      // MATCHES: a regular expression of somebody else's is run nowhere here.
      return false
  }
}
