/** What requests left behind: past its deadline, and nobody here works on it. */
import { asAdapterError } from '../errors.ts'
import { OPERATION_SWEEP_GRACE_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { Clock } from '../world/index.ts'
import type { Operation } from './types.ts'

export interface SweepDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly operations: readonly Operation[]
}

/** One round over all kinds; what fails is tried again in the next round. `isLive` tells who is worked on here. */
export async function sweepOperations(
  { clock, log, operations }: SweepDeps,
  isLive: (id: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (const operation of operations) {
    try {
      const overdue = (await operation.remembered(signal)).filter(
        ({ id, deadlineMs }) => !isLive(id) && clock.now() > deadlineMs + OPERATION_SWEEP_GRACE_MS,
      )
      for (const { id } of overdue) {
        await operation.clear(id, signal)
        log.info({ request: id, kind: operation.kind }, 'what an earlier request left was taken away')
      }
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = asAdapterError(thrown)
      log.debug({ code, kind: operation.kind }, `sweeping comes again: ${message}`)
    }
  }
}
