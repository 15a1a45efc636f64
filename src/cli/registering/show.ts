/** What a person sees of a plan: all of it before, each step while it is done, the outcome. */
import { needsPerson } from '../../errors.ts'
import { type Plan, planInWords, type Refusal, type Step, stepInWords } from '../../nsx/registration/index.ts'
import { paint, plain, say } from '../terminal.ts'
import type { ShowOptions } from './options.ts'

export interface Shown {
  /** False where nothing is to be done, or nothing must be (--dry-run). */
  plan(plan: Plan, nothing: string): boolean
  step(step: Step): void
  /** Lines for people; `facts` for programs. */
  done(lines: readonly string[], facts: Readonly<Record<string, unknown>>): void
}

export function createShown({ dryRun, json }: ShowOptions, clusterName: string): Shown {
  let all: Plan = { steps: [] }
  let at = 0
  return {
    plan(plan, nothing) {
      all = plan
      const isWanted = plan.steps.length > 0 && dryRun !== true
      if (json === true) {
        if (!isWanted) say(JSON.stringify(jsonOf(plan, clusterName), null, 2))
        return isWanted
      }
      if (plan.steps.length === 0) say(nothing)
      else {
        say(dryRun === true ? 'Would be done, in this order:' : 'To be done, in this order:')
        for (const [index, line] of planInWords(plan, clusterName).entries())
          say(`  ${String(index + 1).padStart(2)}  ${plain(line)}`)
        if (isWanted) say('')
      }
      return isWanted
    },
    step(step) {
      at += 1
      if (json !== true)
        say(`${paint('green', '›')} ${at}/${all.steps.length}  ${plain(stepInWords(step, clusterName))}`)
    },
    done(lines, facts) {
      if (json !== true) for (const line of lines) say(plain(line))
      // Without a step the plan was all there is to say.
      else if (all.steps.length > 0) say(JSON.stringify({ ...jsonOf(all, clusterName), ...facts }, null, 2))
    },
  }
}

const jsonOf = ({ steps }: Plan, clusterName: string) => ({
  cluster: clusterName,
  steps: steps.map((step) => ({ kind: step.kind, text: stepInWords(step, clusterName) })),
})

/** Throws the gravest, with all of them in its message. */
export function refuse(refusals: readonly Refusal[]): void {
  const [first, ...others] = refusals
  if (first === undefined) return
  const more = others.map(({ code, message }) => `${code}: ${message}`)
  throw needsPerson(first.code, [first.message, ...more].join('. Also: '))
}
