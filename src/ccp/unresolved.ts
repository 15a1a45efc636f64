/** Policies that name what the manager has not sent: after a while a person is told. */
import type { Health } from '../health/index.ts'
import { UNRESOLVED_WARN_MS } from '../limits.ts'
import { listNames } from './plan/index.ts'
import { type Code, type HeldPolicy, UNRESOLVED } from './translate/index.ts'

/** Times are monotonic; `nowMs` is the one moment a plan is made for. */
export interface Unresolved {
  /** The held policies of the newest translation. */
  note(held: readonly HeldPolicy[], nowMs: number): void
  /** In how long after the moment of `note` another one is to be told of. */
  againMs(nowMs: number): number | undefined
  forget(): void
}

/** Raises and clears GROUPS_UNRESOLVED. */
export function createUnresolved(health: Health): Unresolved {
  let sinceMs = new Map<string, number>()
  return {
    note(held, nowMs) {
      const waiting = held.filter(({ problems }) => problems.some(({ code }) => UNRESOLVED.has(code as Code)))
      sinceMs = new Map(waiting.map(({ path }) => [path, sinceMs.get(path) ?? nowMs]))
      const late = [...sinceMs].filter(([, ms]) => nowMs - ms >= UNRESOLVED_WARN_MS).map(([path]) => path)
      if (late.length === 0) health.clear('GROUPS_UNRESOLVED')
      else health.set('GROUPS_UNRESOLVED', listNames(late))
    },
    againMs(nowMs) {
      const waits = [...sinceMs.values()].filter((ms) => nowMs - ms < UNRESOLVED_WARN_MS)
      return waits.length === 0 ? undefined : Math.min(...waits) + UNRESOLVED_WARN_MS - nowMs
    },
    forget() {
      sinceMs = new Map()
      health.clear('GROUPS_UNRESOLVED')
    },
  }
}
