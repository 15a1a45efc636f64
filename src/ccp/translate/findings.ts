/** What the translation of one policy found: problems, and where. */
import type { Problem } from '../../protocol/ccp.ts'
import { CODES, type Code } from './codes/index.ts'

export interface Where {
  readonly rule_path?: string
  readonly group_path?: string
  readonly field?: string
}

/** At most so many are told of one policy; the rest would be more of the same. */
const PROBLEMS_MAX = 50
const MESSAGE_CHARS_MAX = 500

/** A problem with the severity its code has. `detail` is about this very object; the code's text explains the rest. */
export function problem(code: Code, detail: string, where: Where = {}): Problem {
  return {
    code,
    severity: CODES[code].severity,
    ...where,
    message: detail.toWellFormed().slice(0, MESSAGE_CHARS_MAX),
  }
}

export const isError = ({ severity }: Problem): boolean => severity === 'ERROR'

/** Errors first, equal ones once, bounded. */
export function tidy(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length === 0) return problems
  const once = problems.length > COMPARED_MAX ? onceByKey(problems) : onceByPairs(problems)
  if (!once.some(isError)) return once.slice(0, PROBLEMS_MAX)
  return [...once.filter(isError), ...once.filter((found) => !isError(found))].slice(0, PROBLEMS_MAX)
}

/** Up to so many are compared each with each. */
const COMPARED_MAX = 16

const onceByKey = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((found) => [keyOf(found), found])).values(),
]

function onceByPairs(problems: readonly Problem[]): Problem[] {
  const once: Problem[] = []
  for (const found of problems) if (!once.some((other) => isSame(found, other))) once.push(found)
  return once
}

/** All that a problem says; its severity follows from its code. */
const keyOf = ({ code, rule_path, group_path, field, message }: Problem): string =>
  `${code}\n${rule_path ?? ''}\n${group_path ?? ''}\n${field ?? ''}\n${message}`

const isSame = (a: Problem, b: Problem): boolean =>
  a.code === b.code &&
  (a.rule_path ?? '') === (b.rule_path ?? '') &&
  (a.group_path ?? '') === (b.group_path ?? '') &&
  (a.field ?? '') === (b.field ?? '') &&
  a.message === b.message

export const quote = (value: unknown): string => JSON.stringify(value ?? null).slice(0, 120)
