/** What the channel tells of its plans: each step and how it went, the plan as a whole, and which policies have problems. */
import type { AdapterError } from '../errors.ts'
import type { StepFact, TellFact } from '../health/index.ts'
import { DIAGNOSTICS_STEPS_MAX } from '../limits.ts'
import type { Problem } from '../protocol/index.ts'
import type { Clock } from '../world/index.ts'
import type { ApplyOutcome } from './apply.ts'
import type { Plan, Step } from './plan/index.ts'
import type { HeldPolicy } from './translate/index.ts'

export interface Journal {
  /** NSX wants something else from now on; the oldest such moment counts until a plan is done. */
  wanted(): void
  /** What NSX wants is there already. */
  nothingToDo(): void
  /** A step begins; the answer is called at its end, with the error when it failed. */
  step(step: Step): (error?: AdapterError) => void
  /** A plan was carried out, began `startedMs` and ended so. One without steps is told only when it delivers. */
  plan(plan: Plan, outcome: ApplyOutcome, startedMs: number, isGivenUp: boolean): void
  /** All policies with problems, by path, as of the newest plan. */
  problems(held: readonly HeldPolicy[], more: Plan['held']): void
}

export function createJournal(clock: Clock, tell: TellFact): Journal {
  let number = 1
  let wantedMs: number | undefined
  let told = { done: 0, failed: 0 }
  /** By path: the codes that were told. */
  let problems: ReadonlyMap<string, string> = new Map()

  const tellStep = (fact: StepFact) => {
    const kind = fact.outcome === 'done' ? 'done' : 'failed'
    told[kind] += 1
    if (told[kind] <= DIAGNOSTICS_STEPS_MAX) tell(fact)
  }
  return {
    wanted() {
      wantedMs ??= clock.monotonicMs()
    },
    nothingToDo() {
      wantedMs = undefined
    },
    step(step) {
      const startedMs = clock.monotonicMs()
      const { name } = ('object' in step ? step.object : step.base).metadata
      return (error) =>
        tellStep({
          kind: 'step',
          channel: 'ccp',
          plan: number,
          step: step.kind,
          subject: name,
          tookMs: round(clock.monotonicMs() - startedMs),
          ...outcomeOf(error),
        })
    },
    plan(plan, outcome, startedMs, isGivenUp) {
      const nowMs = clock.monotonicMs()
      const isDelivered = outcome.kind === 'done' && plan.awaiting.length === 0
      const delivered = isDelivered ? wantedMs : undefined
      if (isDelivered) wantedMs = undefined
      if (plan.steps.length === 0 && delivered === undefined) return
      tell({
        kind: 'plan',
        channel: 'ccp',
        plan: number,
        steps: countBy(plan.steps.map(({ kind }) => kind)),
        written: outcome.writes,
        tookMs: round(nowMs - startedMs),
        ...(delivered === undefined ? {} : { deliveredMs: round(nowMs - delivered) }),
        ...(outcome.kind === 'failed'
          ? { ...outcomeOf(outcome.error), outcome: isGivenUp ? 'stopped' : 'failed' }
          : { outcome: outcome.kind === 'again' ? 'refused' : 'done' }),
      })
      number += 1
      told = { done: 0, failed: 0 }
    },
    problems(held, more) {
      const now = new Map<string, readonly Problem[]>(held.map(({ path, problems }) => [path, problems]))
      for (const [path, others] of more) now.set(path, [...(now.get(path) ?? []), ...others])
      if (now.size === 0 && problems.size === 0) return
      const next = new Map<string, string>()
      for (const [policy, found] of now) {
        const codes = [...new Set(found.map(({ code }) => code))]
        next.set(policy, codes.join())
        if (problems.get(policy) !== codes.join())
          tell({ kind: 'problem', policy, codes, message: found[0]?.message ?? '' })
      }
      for (const policy of problems.keys())
        if (!next.has(policy)) tell({ kind: 'problem', policy, codes: [], message: '' })
      problems = next
    },
  }
}

const outcomeOf = (error: AdapterError | undefined) =>
  error === undefined
    ? ({ outcome: 'done' } as const)
    : ({
        outcome: error.kind === 'needs-person' ? 'refused' : 'failed',
        code: error.code,
        message: error.message,
      } as const)

const round = (ms: number) => Math.round(ms * 10) / 10

function countBy(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
