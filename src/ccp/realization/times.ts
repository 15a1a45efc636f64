/** Since when the status of each of Antrea's policies stands as it does, on the monotonic clock. */
import { standing, type WithStatus } from './status.ts'

export interface StandingTimes {
  /** A policy as it is seen now, under its key in the store; undefined: it is gone. */
  note(key: string, policy: WithStatus | undefined): void
  /** Now for one that was not noted as it is. */
  sinceMs(key: string, policy: WithStatus): number
}

/** Empty; holds one entry for each policy that is there. */
export function createStandingTimes(monotonicMs: () => number): StandingTimes {
  const known = new Map<string, { readonly stands: string; readonly ms: number }>()
  return {
    note(key, policy) {
      if (policy === undefined) {
        known.delete(key)
        return
      }
      const stands = standing(policy)
      if (known.get(key)?.stands !== stands) known.set(key, { stands, ms: monotonicMs() })
    },
    sinceMs(key, policy) {
      const entry = known.get(key)
      return entry?.stands === standing(policy) ? entry.ms : monotonicMs()
    },
  }
}
