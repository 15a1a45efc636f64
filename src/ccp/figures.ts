/** How many policies and rules of NSX are in force, and which are refused, why and since when. For status and metrics. */
import type { Problem } from '../protocol/ccp.ts'
import type { Clock } from '../world/index.ts'
import type { Plan } from './plan/index.ts'
import type { DesiredState } from './source/index.ts'
import { type DesiredObject, objectKey, type Translation } from './translate/types.ts'

export interface PolicyCounts {
  /** Translated, and written as far as the cluster can be written. */
  readonly accepted: number
  /** Refused whole; what was in force before stays. */
  readonly refused: number
  /** Nothing of them is for this cluster. */
  readonly empty: number
}

export interface RefusedPolicy {
  readonly path: string
  readonly name: string
  /** Milliseconds since 1970: since when it is refused for these reasons. */
  readonly since: number
  /** The rules it has; none of them is in force in its newest form. */
  readonly rules: number
  readonly reasons: readonly { readonly code: string; readonly message: string; readonly rule?: string }[]
}

export interface PolicyFigures {
  /** By category, as NSX spells them. */
  readonly categories: Readonly<Record<string, PolicyCounts>>
  readonly rules: { readonly accepted: number; readonly rejected: number }
  /** Policies by the code of a reason; one with several reasons counts at each. */
  readonly refusedBy: Readonly<Record<string, number>>
  /** The first of them, by path. */
  readonly refused: readonly RefusedPolicy[]
  /** Objects of ours that are not as they should be: to be written, or left so for now. */
  readonly drift: number
  /** Deletes that wait for a second snapshot or for a person. */
  readonly deletesHeld: { readonly guard: number; readonly approval: number }
}

/** In a status; all of them are in NSX's own realization. */
const REFUSED_SHOWN_MAX = 100
/** Of one policy. */
const REASONS_SHOWN_MAX = 10

/** Before NSX has told anything. */
export const NO_POLICIES: PolicyFigures = {
  categories: {},
  rules: { accepted: 0, rejected: 0 },
  refusedBy: {},
  refused: [],
  drift: 0,
  deletesHeld: { guard: 0, approval: 0 },
}

export interface FiguresOf {
  readonly state: DesiredState
  readonly translation: Translation
}

/** Counted anew only when the translation or the plan is another one: a status is asked for several times a second. */
export function createFigures(clock: Clock): {
  of(translated: FiguresOf | undefined, plan: Plan | undefined): PolicyFigures
} {
  let counted: { translated: FiguresOf; plan: Plan | undefined; figures: PolicyFigures } | undefined
  let since = new Map<string, { readonly codes: string; readonly atMs: number }>()

  const sinceOf = (path: string, problems: readonly Problem[]) => {
    const codes = [...new Set(problems.map(({ code }) => code))].sort().join()
    const before = since.get(path)
    return before?.codes === codes ? before : { codes, atMs: clock.now() }
  }

  return {
    of(translated, plan) {
      if (translated === undefined) return NO_POLICIES
      if (counted?.translated === translated && counted.plan === plan) return counted.figures
      const held = heldOf(translated.translation, plan)
      since = new Map([...held].map(([path, problems]) => [path, sinceOf(path, problems)]))
      const figures = count(translated, plan, held, (path) => since.get(path)?.atMs ?? clock.now())
      counted = { translated, plan, figures }
      return figures
    },
  }
}

/** Held by what NSX says, and by the state of the cluster. */
function heldOf({ held }: Translation, plan: Plan | undefined): Map<string, readonly Problem[]> {
  const all = new Map(held.map(({ path, problems }) => [path, problems]))
  for (const [path, problems] of plan?.held ?? []) all.set(path, [...(all.get(path) ?? []), ...problems])
  return all
}

function count(
  { state, translation }: FiguresOf,
  plan: Plan | undefined,
  held: ReadonlyMap<string, readonly Problem[]>,
  sinceOf: (path: string) => number,
): PolicyFigures {
  const categories: Record<string, PolicyCounts> = {}
  const rules = { accepted: 0, rejected: 0 }
  const objectOf = (path: string) => state.objects.get(objectKey('SecurityPolicy', path))
  const add = (path: string, as: keyof PolicyCounts) => {
    const policy = objectOf(path)
    const category = textOf(policy, 'category') ?? 'unknown'
    const before = categories[category] ?? { accepted: 0, refused: 0, empty: 0 }
    categories[category] = { ...before, [as]: before[as] + 1 }
    rules[as === 'refused' ? 'rejected' : 'accepted'] += rulesOf(policy)
  }
  for (const { path } of translation.policies) if (!held.has(path)) add(path, 'accepted')
  for (const { path } of translation.empty) if (!held.has(path)) add(path, 'empty')
  const refusedBy: Record<string, number> = {}
  for (const [path, problems] of held) {
    add(path, 'refused')
    for (const code of new Set(errorsOf(problems).map((problem) => problem.code)))
      refusedBy[code] = (refusedBy[code] ?? 0) + 1
  }
  const shown = [...held].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, REFUSED_SHOWN_MAX)
  const { deletes } = plan ?? {}
  return {
    categories,
    rules,
    refusedBy,
    refused: shown.map(([path, problems]) => ({
      path,
      name: textOf(objectOf(path), 'display_name') ?? '',
      since: sinceOf(path),
      rules: rulesOf(objectOf(path)),
      reasons: errorsOf(problems).slice(0, REASONS_SHOWN_MAX).map(reasonOf),
    })),
    drift: (plan?.steps.length ?? 0) + (plan?.resting.length ?? 0),
    deletesHeld: {
      guard: deletes?.kind === 'guarded' ? deletes.names.length : 0,
      approval: deletes?.kind === 'approval' ? deletes.names.length : 0,
    },
  }
}

/** Notices are no reasons, where there are others. */
function errorsOf(problems: readonly Problem[]): readonly Problem[] {
  const errors = problems.filter(({ severity }) => severity === 'ERROR')
  return errors.length > 0 ? errors : problems
}

const reasonOf = ({ code, message, rule_path }: Problem) => ({
  code,
  message,
  ...(rule_path === undefined ? {} : { rule: rule_path }),
})

function textOf(object: DesiredObject | undefined, field: string): string | undefined {
  const value = object?.body?.[field]
  return typeof value === 'string' ? value : undefined
}

function rulesOf(object: DesiredObject | undefined): number {
  const rules = object?.body?.['rules']
  return Array.isArray(rules) ? rules.length : 0
}
