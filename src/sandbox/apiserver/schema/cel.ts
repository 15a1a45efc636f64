/** Evaluates CEL rules (x-kubernetes-validations) on values, for the part cel-parse.ts reads. Pure. */
import { equal, isFields, isList } from '../json.ts'
import { CelError, type Expression, parseCel } from './cel-parse.ts'

type Names = ReadonlyMap<string, unknown>

/** Steps of one evaluation: a rule over a long list must not hold the server up (kube-apiserver has a cost limit). */
const STEPS_MAX = 100_000

const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
const METHODS: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains', 'matches', 'size'])

export interface Rule {
  /** Compares with the former value; skipped when there is none. */
  readonly isTransition: boolean
  /** Throws CelError, for example when a field is absent. */
  readonly holds: (self: unknown, oldSelf: unknown) => boolean
}

const compiled = new Map<string, Rule>()
const COMPILED_MAX = 1_000

/** Throws CelError when the rule is not in the part of CEL that is understood. */
export function compileRule(text: string): Rule {
  const known = compiled.get(text)
  if (known !== undefined) return known
  const expression = parseCel(text)
  checkNames(expression, new Set(['self', 'oldSelf']))
  const rule: Rule = {
    isTransition: /\boldSelf\b/.test(text),
    holds(self, oldSelf) {
      const budget = { left: STEPS_MAX }
      const names = new Map([
        ['self', self],
        ['oldSelf', oldSelf],
      ])
      return truth(evaluate(expression, names, budget))
    },
  }
  if (compiled.size >= COMPILED_MAX) compiled.clear()
  compiled.set(text, rule)
  return rule
}

/** What cannot be evaluated is found when the definition is made, not when an object comes. */
function checkNames(expression: Expression, names: ReadonlySet<string>): void {
  if (expression.kind === 'call') checkCall(expression, names)
  else if (expression.kind === 'name' && !names.has(expression.name))
    throw new CelError(`${expression.name} is not known`)
  for (const below of partsOf(expression)) checkNames(below, names)
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'list':
      return expression.items
    case 'field':
    case 'unary':
      return [expression.of]
    case 'index':
      return [expression.of, expression.at]
    case 'binary':
      return [expression.left, expression.right]
    case 'choice':
      return [expression.when, expression.chosen, expression.otherwise]
    default:
      return []
  }
}

function checkCall(call: Expression & { kind: 'call' }, names: ReadonlySet<string>): void {
  const { of, name, arguments: given } = call
  if (of === undefined) {
    if (name !== 'has' && name !== 'size') throw new CelError(`the function ${name} is not known`)
    if (name === 'has' && given[0]?.kind !== 'field') throw new CelError('has() needs a field')
    for (const one of given) checkNames(one, names)
    return
  }
  checkNames(of, names)
  if (!MACROS.has(name)) {
    if (!METHODS.has(name)) throw new CelError(`the function ${name} is not known`)
    for (const one of given) checkNames(one, names)
    return
  }
  const [variable, body] = given
  if (variable?.kind !== 'name' || body === undefined)
    throw new CelError(`${name}() needs a name and a condition`)
  checkNames(body, new Set([...names, variable.name]))
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new CelError('no such overload')
  return value
}

interface Budget {
  left: number
}

function evaluate(expression: Expression, names: Names, budget: Budget): unknown {
  budget.left -= 1
  if (budget.left < 0) throw new CelError('operation cancelled: actual cost limit exceeded')
  const of = (one: Expression) => evaluate(one, names, budget)
  switch (expression.kind) {
    case 'value':
      return expression.value
    case 'name':
      return names.get(expression.name)
    case 'list':
      return expression.items.map(of)
    case 'field':
      return fieldOf(of(expression.of), expression.name)
    case 'index':
      return itemOf(of(expression.of), of(expression.at))
    case 'unary':
      return expression.operator === '!' ? !truth(of(expression.of)) : -Number(of(expression.of))
    case 'choice':
      return truth(of(expression.when)) ? of(expression.chosen) : of(expression.otherwise)
    case 'binary':
      return binary(expression, of)
    case 'call':
      return call(expression, names, budget)
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (!isFields(value) || !Object.hasOwn(value, name)) throw new CelError(`no such key: ${name}`)
  return value[name]
}

function itemOf(value: unknown, at: unknown): unknown {
  if (isFields(value)) return fieldOf(value, String(at))
  if (!isList(value) || typeof at !== 'number' || at < 0 || at >= value.length)
    throw new CelError(`index out of bounds: ${String(at)}`)
  return value[at]
}

/** `||` and `&&` look past an error where the other side decides. */
function logical(isOr: boolean, sides: readonly (() => unknown)[]): boolean {
  let failure: unknown
  for (const side of sides) {
    try {
      if (truth(side()) === isOr) return isOr
    } catch (error) {
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
  return !isOr
}

function binary(expression: Expression & { kind: 'binary' }, of: (one: Expression) => unknown): unknown {
  const { operator, left, right } = expression
  if (operator === '||' || operator === '&&')
    return logical(operator === '||', [() => of(left), () => of(right)])
  const [a, b] = [of(left), of(right)]
  switch (operator) {
    case '==':
      return equal(a, b)
    case '!=':
      return !equal(a, b)
    case 'in':
      return isList(b) ? b.some((one) => equal(one, a)) : isFields(b) && Object.hasOwn(b, String(a))
    case '+':
      if (isList(a) && isList(b)) return [...a, ...b]
      return typeof a === 'string' && typeof b === 'string' ? a + b : arithmetic(operator, a, b)
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, a, b)
    default:
      return compare(operator, a, b)
  }
}

function arithmetic(operator: string, a: unknown, b: unknown): number {
  if (typeof a !== 'number' || typeof b !== 'number') throw new CelError('no such overload')
  if ((operator === '/' || operator === '%') && b === 0) throw new CelError('division by zero')
  const isWhole = Number.isInteger(a) && Number.isInteger(b)
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  return operator === '%' ? a % b : isWhole ? Math.trunc(a / b) : a / b
}

function compare(operator: string, a: unknown, b: unknown): boolean {
  const isOrdered =
    (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string')
  if (!isOrdered) throw new CelError('no such overload')
  const order = (a as number) < (b as number) ? -1 : a === b ? 0 : 1
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

function call(expression: Expression & { kind: 'call' }, names: Names, budget: Budget): unknown {
  const { of, name, arguments: given } = expression
  const value = (one: Expression | undefined) =>
    one === undefined ? undefined : evaluate(one, names, budget)
  if (of === undefined) {
    const [argument] = given
    if (name === 'size') return sizeOf(value(argument))
    if (argument?.kind !== 'field') throw new CelError('has() needs a field')
    const holder = value(argument.of)
    return isFields(holder) && Object.hasOwn(holder, argument.name)
  }
  const target = value(of)
  if (MACROS.has(name)) return macro(name, target, given, names, budget)
  if (name === 'size') return sizeOf(target)
  return textMethod(name, target, value(given[0]))
}

const sizeOf = (value: unknown): number => {
  if (typeof value === 'string') return [...value].length
  if (isList(value)) return value.length
  if (isFields(value)) return Object.keys(value).length
  throw new CelError('no such overload')
}

function textMethod(name: string, target: unknown, argument: unknown): boolean {
  if (typeof target !== 'string' || typeof argument !== 'string') throw new CelError('no such overload')
  switch (name) {
    case 'startsWith':
      return target.startsWith(argument)
    case 'endsWith':
      return target.endsWith(argument)
    case 'contains':
      return target.includes(argument)
    default:
      return new RegExp(argument).test(target)
  }
}

function macro(
  name: string,
  target: unknown,
  [variable, body]: readonly Expression[],
  names: Names,
  budget: Budget,
): unknown {
  const items = isList(target) ? target : isFields(target) ? Object.keys(target) : undefined
  if (items === undefined || variable?.kind !== 'name' || body === undefined)
    throw new CelError('no such overload')
  const on = (item: unknown) => evaluate(body, new Map([...names, [variable.name, item]]), budget)
  switch (name) {
    case 'all':
      return logical(
        false,
        items.map((item) => () => on(item)),
      )
    case 'exists':
      return logical(
        true,
        items.map((item) => () => on(item)),
      )
    case 'exists_one':
      return items.filter((item) => truth(on(item))).length === 1
    case 'filter':
      return items.filter((item) => truth(on(item)))
    default:
      return items.map(on)
  }
}
