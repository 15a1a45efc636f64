/** Parses the part of CEL that rules of custom resources in the sandbox use (cel-spec, langdef.md). Pure. */
export type Expression =
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly at: Expression }
  | { readonly kind: 'unary'; readonly operator: '!' | '-'; readonly of: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'choice'
      readonly when: Expression
      readonly chosen: Expression
      readonly otherwise: Expression
    }
  /** `of` is undefined for functions like has() and size(). */
  | {
      readonly kind: 'call'
      readonly of: Expression | undefined
      readonly name: string
      readonly arguments: readonly Expression[]
    }

export class CelError extends Error {}

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'symbol' | 'end'
  readonly text: string
}

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(&&|\|\||[=!<>]=|[-+*/%!<>?:.,()[\]]))/y

const RULE_CHARS_MAX = 10_000
const DEPTH_MAX = 100

function tokens(rule: string): readonly Token[] {
  if (rule.length > RULE_CHARS_MAX) throw new CelError('the rule is too long')
  const found: Token[] = []
  let at = 0
  while (rule.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(rule)
    if (match === null)
      throw new CelError(`it is not understood from ${JSON.stringify(rule.slice(at, at + 20))} on`)
    const [all, number, quotedText, name, symbol = ''] = match
    if (number !== undefined) found.push({ kind: 'number', text: number })
    else if (quotedText !== undefined) found.push({ kind: 'text', text: unquote(quotedText) })
    else found.push(name === undefined ? { kind: 'symbol', text: symbol } : { kind: 'name', text: name })
    at += all.length
  }
  return [...found, { kind: 'end', text: 'its end' }]
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

const unquote = (text: string): string =>
  text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char)

/** Weakest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<=', '>=', '<', '>', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
]

/** Throws CelError for what is not CEL or not in this part of it. */
export function parseCel(rule: string): Expression {
  const all = tokens(rule)
  let at = 0
  let depth = 0
  const peek = (): Token => all[at] ?? { kind: 'end', text: 'its end' }
  const isNext = (text: string): boolean => peek().kind !== 'text' && peek().text === text
  const take = (text: string): boolean => {
    if (!isNext(text)) return false
    at += 1
    return true
  }
  const demand = (text: string) => {
    if (!take(text)) throw new CelError(`${text} is missing before ${peek().text}`)
  }
  const nested = <T>(parse: () => T): T => {
    depth += 1
    if (depth > DEPTH_MAX) throw new CelError('it nests too deep')
    const result = parse()
    depth -= 1
    return result
  }

  const expression = (): Expression =>
    nested(() => {
      const when = binary(0)
      if (!take('?')) return when
      const chosen = binary(0)
      demand(':')
      return { kind: 'choice', when, chosen, otherwise: expression() }
    })
  const binary = (level: number): Expression => {
    const operators = LEVELS[level]
    if (operators === undefined) return unary()
    let left = binary(level + 1)
    for (let operator = operators.find(isNext); operator !== undefined; operator = operators.find(isNext)) {
      at += 1
      left = { kind: 'binary', operator, left, right: binary(level + 1) }
    }
    return left
  }
  const unary = (): Expression =>
    nested(() => {
      for (const operator of ['!', '-'] as const)
        if (take(operator)) return { kind: 'unary', operator, of: unary() }
      return member()
    })
  const list = (end: string): readonly Expression[] => {
    const items: Expression[] = []
    while (!isNext(end)) {
      items.push(expression())
      if (!take(',')) break
    }
    demand(end)
    return items
  }
  const member = (): Expression => {
    let of = primary()
    while (true) {
      if (take('.')) {
        const { kind, text: name } = peek()
        if (kind !== 'name') throw new CelError(`a field's name is missing before ${name}`)
        at += 1
        of = take('(') ? { kind: 'call', of, name, arguments: list(')') } : { kind: 'field', of, name }
      } else if (take('[')) {
        of = { kind: 'index', of, at: expression() }
        demand(']')
      } else return of
    }
  }
  const primary = (): Expression => {
    const { kind, text } = peek()
    at += 1
    if (kind === 'number') return { kind: 'value', value: Number(text) }
    if (kind === 'text') return { kind: 'value', value: text }
    if (text === '(') {
      const inner = expression()
      demand(')')
      return inner
    }
    if (text === '[') return { kind: 'list', items: list(']') }
    if (kind !== 'name') throw new CelError(`${text} stands where a value should`)
    if (text === 'true' || text === 'false') return { kind: 'value', value: text === 'true' }
    if (text === 'null') return { kind: 'value', value: null }
    return take('(')
      ? { kind: 'call', of: undefined, name: text, arguments: list(')') }
      : { kind: 'name', name: text }
  }

  const parsed = expression()
  if (peek().kind !== 'end') throw new CelError(`${peek().text} is left over`)
  return parsed
}
