/** What the channel tells of bringing the inventory up: the first objects of each run, all that were refused, and the whole. */
import type { AdapterError } from '../../errors.ts'
import type { TellFact } from '../../health/index.ts'
import { DIAGNOSTICS_STEPS_MAX } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import type { InventoryStep } from './plan.ts'

export interface Journal {
  /** An object was taken, or refused with this error. */
  step(step: InventoryStep, error?: AdapterError): void
  /** A run that began `startedMs` is over; one that sent nothing and did not fail is not told. */
  end(startedMs: number, error?: AdapterError, isGivenUp?: boolean): void
}

export function createJournal(clock: Clock, tell: TellFact): Journal {
  let number = 1
  let steps: Record<string, number> = {}
  let told = { done: 0, failed: 0 }
  return {
    step({ op, object }, error) {
      const sort = `${op} ${object.resource_type}`
      if (error === undefined) steps[sort] = (steps[sort] ?? 0) + 1
      const kind = error === undefined ? 'done' : 'failed'
      told[kind] += 1
      if (told[kind] > DIAGNOSTICS_STEPS_MAX) return
      tell({
        kind: 'step',
        channel: 'mp',
        plan: number,
        step: sort,
        subject: object.external_id,
        ...(error === undefined
          ? { outcome: 'done' }
          : { outcome: 'refused', code: error.code, message: error.message }),
      })
    },
    end(startedMs, error, isGivenUp = false) {
      const { done, failed } = told
      const isTold = done + failed > 0 || (error !== undefined && !isGivenUp)
      if (isTold)
        tell({
          kind: 'plan',
          channel: 'mp',
          plan: number,
          steps,
          written: done,
          tookMs: Math.round(clock.monotonicMs() - startedMs),
          ...(error === undefined
            ? { outcome: failed > 0 ? 'refused' : 'done' }
            : { outcome: isGivenUp ? 'stopped' : 'failed', code: error.code, message: error.message }),
        })
      if (isTold) number += 1
      steps = {}
      told = { done: 0, failed: 0 }
    },
  }
}
