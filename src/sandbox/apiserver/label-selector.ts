/** Parses label selectors as apimachinery does (pkg/labels/selector.go), with its words for what is none. Pure. */
import { labelKeyErrors, labelValueErrors } from './names.ts'

type Operator = 'in' | 'notin' | '=' | '==' | '!=' | '>' | '<' | 'exists' | 'absent'

export interface LabelRequirement {
  readonly key: string
  readonly operator: Operator
  /** Sorted; one of `=`, `!=`, `>` and `<`. */
  readonly values: readonly string[]
}

/** Its message is what kube-apiserver answers. */
export class SelectorError extends Error {}

type TokenKind = Exclude<Operator, 'exists' | 'absent'> | '(' | ')' | ',' | '!' | 'identifier' | 'end'

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const TOKEN = /\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))/y

function tokens(text: string): readonly Token[] {
  const found: Token[] = []
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const [, symbol, word = ''] = TOKEN.exec(text) ?? []
    if (symbol !== undefined) found.push({ kind: symbol as TokenKind, text: symbol })
    else found.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word })
  }
  return found
}

const END: Token = { kind: 'end', text: '' }

/** The requirements, all of which must hold; throws SelectorError. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  const all = tokens(text)
  let at = 0
  /** Where a value may stand, `in` and `notin` are values. */
  const asValue = (token: Token): Token =>
    token.kind === 'in' || token.kind === 'notin' ? { ...token, kind: 'identifier' } : token
  const peek = (): Token => asValue(all[at] ?? END)
  const take = (): Token => {
    const token = peek()
    at += 1
    return token
  }
  const reader = { peek, take, takeOperator: () => all[at++] ?? END }
  const found: LabelRequirement[] = []
  while (true) {
    const { kind, text: word } = peek()
    if (kind === 'end') return found
    if (kind !== 'identifier' && kind !== '!')
      throw new SelectorError(`found '${word}', expected: !, identifier, or 'end of string'`)
    found.push(requirement(reader))
    const after = take()
    if (after.kind === 'end') return found
    if (after.kind !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`)
    const next = peek()
    if (next.kind !== 'identifier' && next.kind !== '!')
      throw new SelectorError(`found '${next.text}', expected: identifier after ','`)
  }
}

interface Reader {
  peek(): Token
  take(): Token
  takeOperator(): Token
}

const fail = (words: string) => new SelectorError(`unable to parse requirement: ${words}`)

const OPERATORS: readonly string[] = ['in', 'notin', '=', '==', '!=', '>', '<']

function requirement(reader: Reader): LabelRequirement {
  const first = reader.take()
  const isAbsent = first.kind === '!'
  const { kind, text: key } = isAbsent ? reader.take() : first
  if (kind !== 'identifier') throw fail(`found '${key}', expected: identifier`)
  const problems = labelKeyErrors(key)
  if (problems.length > 0) throw fail(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join('; ')}`)
  if (isAbsent) return { key, operator: 'absent', values: [] }
  const next = reader.peek().kind
  if (next === 'end' || next === ',') return { key, operator: 'exists', values: [] }
  const sign = reader.takeOperator()
  if (!OPERATORS.includes(sign.kind))
    throw fail(`found '${sign.text}', expected: in, notin, =, ==, !=, gt, lt`)
  const operator = sign.kind as Operator
  const values = operator === 'in' || operator === 'notin' ? set(reader) : [exact(reader)]
  checkValues(key, operator, values)
  return { key, operator, values }
}

function checkValues(key: string, operator: Operator, values: readonly string[]): void {
  const [first = ''] = values
  const isOrder = operator === '>' || operator === '<'
  const found =
    isOrder && !/^[+-]?\d{1,19}$/.test(first)
      ? [
          `values[0]: Invalid value: ${JSON.stringify(first)}: for 'Gt', 'Lt' operators, the value must be an integer`,
        ]
      : []
  for (const [at, value] of values.entries()) {
    const problems = labelValueErrors(value)
    if (problems.length > 0)
      found.push(`values[${at}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problems.join('; ')}`)
  }
  if (found.length > 0) throw fail(found.length === 1 ? (found[0] ?? '') : `[${found.join(', ')}]`)
}

function exact(reader: Reader): string {
  const { kind } = reader.peek()
  if (kind === 'end' || kind === ',') return ''
  const { kind: given, text } = reader.take()
  if (given !== 'identifier') throw fail(`found '${text}', expected: identifier`)
  return text
}

/** `(a,b)`; an empty place between commas is the empty value. */
function set(reader: Reader): readonly string[] {
  const open = reader.take()
  if (open.kind !== '(') throw fail(`found '${open.text}' expected: '('`)
  const first = reader.peek()
  if (first.kind === ')') {
    reader.take()
    return ['']
  }
  if (first.kind !== 'identifier' && first.kind !== ',')
    throw fail(`found '${first.text}', expected: ',', ')' or identifier`)
  const values = new Set<string>()
  while (true) {
    const { kind, text } = reader.take()
    const next = reader.peek()
    if (kind === 'identifier') {
      values.add(text)
      if (next.kind !== ',' && next.kind !== ')') throw fail(`found '${next.text}', expected: ',' or ')'`)
    } else if (kind === ',') {
      if (values.size === 0) values.add('')
      if (next.kind === ')') values.add('')
      else if (next.kind === ',') {
        reader.take()
        values.add('')
      }
    } else throw fail(`found '${text}', expected: ',', or identifier`)
    if (reader.peek().kind !== ')') continue
    reader.take()
    return [...values].sort()
  }
}

type Labels = Readonly<Record<string, unknown>>

/** Whether an object's labels meet a requirement. */
export function meets(labels: Labels, { key, operator, values }: LabelRequirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'exists':
      return value !== undefined
    case 'absent':
      return value === undefined
    case 'in':
    case '=':
    case '==':
      return values.includes(String(value ?? '\0'))
    case 'notin':
    case '!=':
      return !values.includes(String(value ?? '\0'))
    default:
      return isOrdered(value, operator, values[0] ?? '')
  }
}

function isOrdered(value: unknown, operator: '>' | '<', bound: string): boolean {
  if (typeof value !== 'string' || !/^[+-]?\d{1,19}$/.test(value)) return false
  const [left, right] = [BigInt(value.replace('+', '')), BigInt(bound.replace('+', ''))]
  return operator === '>' ? left > right : left < right
}
