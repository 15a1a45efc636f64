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
  const tried = async (kind: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = asAdapterError(thrown)
      log.debug({ code, kind }, `sweeping comes again: ${message}`)
    }
  }
  for (const operation of operations) {
    const { kind } = operation
    await tried(kind, async () => {
      const overdue = (await operation.remembered(signal)).filter(
        ({ id, deadlineMs }) => !isLive(id) && clock.now() > deadlineMs + OPERATION_SWEEP_GRACE_MS,
      )
      // One that cannot be cleared yet keeps no other waiting.
      for (const { id } of overdue)
        await tried(kind, async () => {
          await operation.clear(id, signal)
          log.info({ request: id, kind }, 'what an earlier request left was taken away')
        })
    })
  }
}
