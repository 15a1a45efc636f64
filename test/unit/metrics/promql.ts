/**
 * A strict reader of the part of PromQL (prometheus.io, "Querying basics", "Operators") that the rules and the dashboard
 * use. It throws where Prometheus would, and tells which metrics and labels an expression names.
 */
export interface Selector {
  readonly metric: string
  readonly matchers: readonly { readonly label: string; readonly op: string; readonly value: string }[]
  readonly isRange: boolean
}

export interface Expression {
  readonly selectors: readonly Selector[]
  /** Labels that results are grouped or matched by, with the metrics below them. */
  readonly groups: readonly { readonly labels: readonly string[]; readonly metrics: readonly string[] }[]
}

const AGGREGATIONS = new Set(['sum', 'max', 'min', 'avg', 'count'])
/** By name: how many arguments, and whether they are ranges (r), vectors (v) or numbers (n). */
const FUNCTIONS: Readonly<Record<string, string>> = {
  rate: 'r',
  increase: 'r',
  time: '',
  histogram_quantile: 'nv',
  absent: 'v',
}
const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:e\d+)?)|(?<duration>\[\d+[smhd]\])|(?<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?<text>"(?:[^"\\]|\\.)*")|(?<sign>=~|!~|==|!=|>=|<=|[-+*/(){},=<>]))/y
const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '<': 3,
  '>=': 3,
  '<=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
}

type Type = 'vector' | 'range' | 'number'
interface Found {
  readonly type: Type
  readonly metrics: readonly string[]
}

export function parsePromql(text: string): Expression {
  const tokens = tokensOf(text)
  const selectors: Selector[] = []
  const groups: { labels: string[]; metrics: readonly string[] }[] = []
  let at = 0
  const peek = () => tokens[at]
  const fail = (why: string): never => {
    throw new Error(`${text}: ${why} at ${tokens.slice(at, at + 3).join(' ') || 'its end'}`)
  }
  const expect = (token: string) => {
    if (tokens[at] !== token) fail(`${token} is missing`)
    at += 1
  }
  const labels = (): string[] => {
    expect('(')
    const found: string[] = []
    while (peek() !== ')') {
      const label = tokens[at] ?? ''
      if (!/^[a-zA-Z_]\w*$/.test(label)) fail('a label is missing')
      found.push(label)
      at += 1
      if (peek() === ',') at += 1
      else if (peek() !== ')') fail(', or ) is missing')
    }
    expect(')')
    return found
  }
  const selector = (metric: string): Found => {
    const matchers: { label: string; op: string; value: string }[] = []
    if (peek() === '{') {
      at += 1
      while (peek() !== '}') {
        const [label = '', op = '', value = ''] = tokens.slice(at, at + 3)
        if (!/^[a-zA-Z_]\w*$/.test(label) || !['=', '!=', '=~', '!~'].includes(op) || !value.startsWith('"'))
          fail('a matcher is missing')
        matchers.push({ label, op, value: JSON.parse(value) as string })
        at += 3
        if (peek() === ',') at += 1
      }
      expect('}')
    }
    const isRange = /^\[/.test(peek() ?? '')
    if (isRange) at += 1
    selectors.push({ metric, matchers, isRange })
    return { type: isRange ? 'range' : 'vector', metrics: [metric] }
  }
  const call = (name: string): Found => {
    const wanted = FUNCTIONS[name] ?? fail(`${name} is no function that is used here`)
    expect('(')
    const given: Found[] = []
    while (peek() !== ')') {
      given.push(expression(0))
      if (peek() === ',') at += 1
      else if (peek() !== ')') fail(', or ) is missing')
    }
    expect(')')
    const types = given.map(({ type }) => type[0]).join('')
    if (types !== wanted) fail(`${name} takes ${wanted || 'nothing'}, not ${types}`)
    return { type: name === 'time' ? 'number' : 'vector', metrics: given.flatMap(({ metrics }) => metrics) }
  }
  const aggregate = (): Found => {
    let by: string[] = []
    if (peek() === 'by') {
      at += 1
      by = labels()
    }
    expect('(')
    const inner = expression(0)
    expect(')')
    if (inner.type !== 'vector') fail('only a vector can be aggregated')
    groups.push({ labels: by, metrics: inner.metrics })
    return inner
  }
  const primary = (): Found => {
    const token = tokens[at] ?? fail('something is missing')
    at += 1
    if (token === '(') {
      const inner = expression(0)
      expect(')')
      return inner
    }
    if (/^\d/.test(token)) return { type: 'number', metrics: [] }
    if (!/^[a-zA-Z_:]/.test(token)) return fail('a metric, a number or ( is missing')
    if (AGGREGATIONS.has(token)) return aggregate()
    return peek() === '(' ? call(token) : selector(token)
  }
  const expression = (least: number): Found => {
    let left = primary()
    for (let op = peek() ?? ''; (PRECEDENCE[op] ?? 0) > least; op = peek() ?? '') {
      at += 1
      let on: string[] | undefined
      if (peek() === 'on' || peek() === 'ignoring') {
        at += 1
        on = labels()
      }
      const right = expression(PRECEDENCE[op] ?? 0)
      if (left.type === 'range' || right.type === 'range') fail('a range stands in an operation')
      if (/^(and|or|unless)$/.test(op) && (left.type !== 'vector' || right.type !== 'vector'))
        fail(`${op} is between vectors`)
      const metrics = [...left.metrics, ...right.metrics]
      if (on !== undefined) groups.push({ labels: on, metrics })
      left = { type: left.type === 'vector' || right.type === 'vector' ? 'vector' : 'number', metrics }
    }
    return left
  }
  const whole = expression(0)
  if (at < tokens.length) fail('it does not end')
  if (whole.type !== 'vector') fail('it gives no vector')
  return { selectors, groups }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(text)
    if (found === null) throw new Error(`${text}: cannot be read at ${text.slice(from, from + 10)}`)
    tokens.push(found[0].trim())
  }
  return tokens
}
