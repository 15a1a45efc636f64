/**
 * The query dialect of NSX's search as its clients send it: `field:value`, AND, OR, NOT, parentheses, `field:(A OR B)`,
 * wildcards, `\` before any character, "quoted", ranges. Blanks inside a value need no escape.
 */
import { MANAGER_JSON_DEPTH_MAX, MANAGER_SEARCH_CHARS_MAX, MANAGER_SEARCH_TERMS_MAX } from '../../limits.ts'
import { badRequest } from '../rest/index.ts'
import { ANY, literal, matcherOf, ONE, type Pattern } from './pattern.ts'

export type Query =
  | { readonly is: 'all' | 'any'; readonly of: readonly Query[] }
  | { readonly is: 'not'; readonly of: Query }
  /** Some value at the field passes; a field `*` is every field. */
  | { readonly is: 'term'; readonly field: string; readonly test: (text: string) => boolean }

export interface Parsed {
  readonly query: Query
  readonly terms: number
}

/** Throws 400 saying what is wrong and where. */
export function parseQuery(text: string): Parsed {
  if (text.trim() === '') throw badRequest('The parameter query is required.')
  if (text.length > MANAGER_SEARCH_CHARS_MAX)
    throw badRequest(`A query may have at most ${MANAGER_SEARCH_CHARS_MAX} characters.`)
  const parser = new Parser(text)
  const query = parser.either()
  parser.end()
  return { query, terms: parser.terms }
}

/** Words between terms. A value ends before them. */
const OPERATOR = /^(AND|OR|NOT|&&|\|\|)(?=[\s(]|$)/
const FIELD = /^[A-Za-z_*][\w.*-]*(?=:)/
const BLANK = /^\s+/

class Parser {
  readonly text: string
  at = 0
  terms = 0
  private depth = 0

  constructor(text: string) {
    this.text = text
  }

  either(field?: string): Query {
    return this.nested(() => {
      const parts = [this.both(field)]
      while (this.taken(/^(OR|\|\|)(?=[\s(]|$)/)) parts.push(this.both(field))
      return parts.length === 1 ? parts[0]! : { is: 'any', of: parts }
    })
  }

  end(): void {
    this.blanks()
    if (this.at < this.text.length) throw this.wrong('nothing may follow')
  }

  /** Terms next to each other without a word between them must all hold. */
  private both(field?: string): Query {
    const parts = [this.maybeNot(field)]
    for (;;) {
      const said = this.taken(/^(AND|&&)(?=[\s(]|$)/)
      this.blanks()
      const next = this.text[this.at]
      if (!said && (next === undefined || next === ')' || /^(OR|\|\|)(?=[\s(]|$)/.test(this.rest()))) break
      parts.push(this.maybeNot(field))
    }
    return parts.length === 1 ? parts[0]! : { is: 'all', of: parts }
  }

  private maybeNot(field?: string): Query {
    const said = this.taken(/^(NOT(?=[\s(]|$)|!)/) || this.taken(/^-(?=[A-Za-z_*][\w.*-]*:|\()/)
    if (said) return this.nested(() => ({ is: 'not', of: this.maybeNot(field) }))
    this.taken(/^\+(?=[A-Za-z_*][\w.*-]*:|\()/)
    return this.primary(field)
  }

  private primary(field?: string): Query {
    this.blanks()
    if (this.text[this.at] === '(') return this.parenthesis(() => this.either(field))
    if (field !== undefined) return this.value(field)
    const named = FIELD.exec(this.rest())?.[0]
    if (named === undefined) return this.value('*')
    this.at += named.length + 1
    this.blanks()
    if (this.text[this.at] === '(') return this.parenthesis(() => this.either(named))
    return this.value(named)
  }

  private parenthesis(inner: () => Query): Query {
    this.at += 1
    const query = inner()
    this.blanks()
    if (this.text[this.at] !== ')') throw this.wrong('a ) is missing')
    this.at += 1
    return query
  }

  private value(field: string): Query {
    this.terms += 1
    if (this.terms > MANAGER_SEARCH_TERMS_MAX)
      throw badRequest(`A query may have at most ${MANAGER_SEARCH_TERMS_MAX} terms.`)
    const first = this.text[this.at]
    if (first === '[' || first === '{') return { is: 'term', field, test: this.range() }
    const bound = /^(>=|<=|>|<)/.exec(this.rest())?.[0]
    if (bound !== undefined) {
      this.at += bound.length
      return { is: 'term', field, test: compared(bound, this.plain()) }
    }
    const pattern = first === '"' ? this.quoted() : this.unquoted()
    if (field === '_exists_') return { is: 'term', field: textOf(pattern), test: () => true }
    // A value without a field may stand anywhere in a text.
    const isBare = field === '*' && pattern.some((part) => part !== ANY)
    return { is: 'term', field, test: matcherOf(isBare ? [ANY, ...pattern, ANY] : pattern) }
  }

  private quoted(): Pattern {
    let text = ''
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const char = this.text[this.at]
      if (char === '"') {
        this.at += 1
        return literal(text)
      }
      if (char === '\\') this.at += 1
      text += this.text[this.at] ?? ''
    }
    throw this.wrong('a " is missing')
  }

  /** Up to an operator, the next field, a ) or the end. */
  private unquoted(): Pattern {
    if (OPERATOR.test(this.text.slice(this.at, this.at + 8))) throw this.wrong('a term is missing')
    const pattern: Pattern[number][] = []
    for (; this.at < this.text.length; this.at += 1) {
      const char = this.text[this.at] ?? ''
      if (char === ')') break
      if (char === '(') throw this.wrong('a ( in a value needs a \\ before it')
      const blanks = BLANK.exec(this.text.slice(this.at, this.at + 64))?.[0]
      if (blanks !== undefined && this.endsBehind(blanks.length)) break
      if (char === '*') pattern.push(ANY)
      else if (char === '?') pattern.push(ONE)
      else if (char === '\\' && this.at + 1 < this.text.length) {
        this.at += 1
        pattern.push(this.text[this.at] ?? '')
      } else pattern.push(char)
    }
    if (pattern.length === 0) throw this.wrong('a value is missing')
    return pattern
  }

  private endsBehind(blanks: number): boolean {
    const rest = this.text.slice(this.at + blanks, this.at + blanks + 256)
    return (
      rest === '' || rest.startsWith(')') || OPERATOR.test(rest) || FIELD.test(rest.replace(/^[-+!]/, ''))
    )
  }

  /** `[a TO b]`, or with braces without its ends; `*` is no bound. */
  private range(): (text: string) => boolean {
    const found = /^([[{])\s*(\S+)\s+TO\s+([^\s\]}]+)\s*([\]}])/.exec(this.rest())
    if (found === null) throw this.wrong('a range is written [a TO b]')
    const [whole, open, low = '*', high = '*', close] = found
    this.at += whole.length
    const from = compared(open === '[' ? '>=' : '>', low)
    const to = compared(close === ']' ? '<=' : '<', high)
    return (text) => (low === '*' || from(text)) && (high === '*' || to(text))
  }

  private plain(): string {
    return textOf(this.text[this.at] === '"' ? this.quoted() : this.unquoted())
  }

  private nested(inner: () => Query): Query {
    this.depth += 1
    if (this.depth > MANAGER_JSON_DEPTH_MAX) throw badRequest('The query is nested too deeply.')
    const query = inner()
    this.depth -= 1
    return query
  }

  private rest(): string {
    return this.text.slice(this.at)
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1
  }

  private taken(pattern: RegExp): boolean {
    this.blanks()
    // Every operator is short; the rest of a long query need not be copied to find one.
    const found = pattern.exec(this.text.slice(this.at, this.at + 256))
    if (found === null) return false
    this.at += found[0].length
    return true
  }

  private wrong(why: string) {
    return badRequest(`The query cannot be read at character ${this.at + 1}: ${why}.`)
  }
}

const textOf = (pattern: Pattern): string =>
  pattern.map((part) => (part === ANY ? '*' : part === ONE ? '?' : String(part))).join('')

/** By number where both are numbers, else by text. */
function compared(bound: string, limit: string): (text: string) => boolean {
  const number = Number(limit)
  return (text) => {
    const own = Number(text)
    const order =
      text !== '' && !Number.isNaN(own) && !Number.isNaN(number)
        ? own - number
        : text.toLowerCase() < limit.toLowerCase()
          ? -1
          : Number(text.toLowerCase() !== limit.toLowerCase())
    if (bound === '>') return order > 0
    if (bound === '<') return order < 0
    return bound === '>=' ? order >= 0 : order <= 0
  }
}
