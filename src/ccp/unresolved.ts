/** Policies that name what the manager has not sent: after a while a person is told. */
import type { Health } from '../health/index.ts'
import { UNRESOLVED_WARN_MS } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import { listNames } from './plan/index.ts'
import { type Code, type HeldPolicy, UNRESOLVED } from './translate/index.ts'

export interface Unresolved {
  /** The held policies of the newest translation. */
  note(held: readonly HeldPolicy[]): void
  /** In how long another one is to be told of. */
  againMs(): number | undefined
  forget(): void
}

/** Raises and clears GROUPS_UNRESOLVED. */
export function createUnresolved(clock: Clock, health: Health): Unresolved {
  let sinceMs = new Map<string, number>()
  const isLate = (ms: number) => clock.monotonicMs() - ms >= UNRESOLVED_WARN_MS
  return {
    note(held) {
      const nowMs = clock.monotonicMs()
      const waiting = held.filter(({ problems }) => problems.some(({ code }) => UNRESOLVED.has(code as Code)))
      sinceMs = new Map(waiting.map(({ path }) => [path, sinceMs.get(path) ?? nowMs]))
      const late = [...sinceMs].filter(([, ms]) => isLate(ms)).map(([path]) => path)
      if (late.length === 0) health.clear('GROUPS_UNRESOLVED')
      else health.set('GROUPS_UNRESOLVED', listNames(late))
    },
    againMs() {
      const nowMs = clock.monotonicMs()
      const waits = [...sinceMs.values()].filter((ms) => !isLate(ms))
      return waits.length === 0 ? undefined : Math.min(...waits) + UNRESOLVED_WARN_MS - nowMs
    },
    forget() {
      sinceMs = new Map()
      health.clear('GROUPS_UNRESOLVED')
    },
  }
}
