/** The policy tree as an index knows it that follows the store late: each object's changes in their order, each after a delay. */
import { MANAGER_LAG_CHANGES_MAX } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import type { KindName, PolicyObject, PolicyStore } from '../policy/index.ts'

/** What search reads of the policy tree. */
export type Searched = Pick<PolicyStore, 'ofKind'>

interface Late {
  readonly dueMs: number
  readonly path: string
  readonly kind: KindName
  readonly after: PolicyObject | undefined
}

/** Begins with what the store holds; `delayMs` is asked for each change. `stop` ends the following. */
export function createLagging(
  store: PolicyStore,
  kinds: readonly KindName[],
  clock: Clock,
  delayMs: () => number,
): Searched & { stop(): void } {
  const shown = new Map<KindName, Map<string, PolicyObject>>(
    kinds.map((kind) => [kind, new Map(store.ofKind(kind))]),
  )
  let late: Late[] = []
  const lastDueMs = new Map<string, number>()
  const show = ({ path, kind, after }: Late) => {
    const of = shown.get(kind)
    if (after === undefined) of?.delete(path)
    else of?.set(path, after)
  }
  const catchUp = () => {
    const nowMs = clock.monotonicMs()
    const due = late.filter(({ dueMs }) => dueMs <= nowMs)
    if (due.length === 0) return
    late = late.filter(({ dueMs }) => dueMs > nowMs)
    // Changes of one object are due in their order, and sorting leaves equal ones where they are.
    for (const change of due.sort((a, b) => a.dueMs - b.dueMs)) show(change)
    if (late.length === 0) lastDueMs.clear()
  }
  const stop = store.subscribe(({ changed }) => {
    for (const [path, { before, after }] of changed) {
      const kind = (after ?? before)?.kind
      if (kind === undefined) continue
      const dueMs = Math.max(clock.monotonicMs() + delayMs(), lastDueMs.get(path) ?? 0)
      lastDueMs.set(path, dueMs)
      late.push({ dueMs, path, kind, after })
    }
    for (const oldest of late.splice(0, late.length - MANAGER_LAG_CHANGES_MAX)) show(oldest)
  })
  return {
    ofKind(kind) {
      catchUp()
      return shown.get(kind) ?? new Map()
    },
    stop: () => void stop(),
  }
}
