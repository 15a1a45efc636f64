/** All that NSX is told, put together: its own policies and the others, each as the settle rule shows it. */
import type { Clock } from '../../world/index.ts'
import type { Others } from './others.ts'
import { type Shown, settle } from './settle.ts'
import type { Realized, Verdict } from './types.ts'

export interface Told {
  readonly items: ReadonlyMap<string, Realized>
  /** Some item changes by time alone, after this. */
  readonly againMs: number | undefined
  /** What is not told any more, and is certainly gone. */
  readonly isGone: (path: string) => boolean
}

export interface NsxPolicies {
  /** Undefined while no complete set is in memory. */
  realization(): { readonly verdicts: readonly Verdict[]; isGone(path: string): boolean } | undefined
}

export interface Board {
  /** Undefined: nothing is known yet. */
  current(): Told | undefined
  /** Another instance leads: what was shown was its word. */
  forget(): void
}

export function createBoard(
  clock: Clock,
  policies: NsxPolicies,
  others: Pick<Others, 'judge' | 'isGone'>,
): Board {
  let shown = new Map<string, Shown>()
  return {
    current() {
      const own = policies.realization()
      if (own === undefined) return undefined
      const nowMs = clock.monotonicMs()
      shown = new Map(
        own.verdicts.map((verdict) => [
          verdict.item.path,
          settle(shown.get(verdict.item.path), verdict, nowMs),
        ]),
      )
      const { items, againMs } = others.judge()
      const all = new Map<string, Realized>()
      let nextMs = againMs ?? Number.POSITIVE_INFINITY
      for (const [path, { item, againAtMs }] of shown) {
        all.set(path, item)
        if (againAtMs !== undefined) nextMs = Math.min(nextMs, againAtMs - nowMs)
      }
      for (const [path, item] of items) all.set(path, item)
      return {
        items: all,
        againMs: Number.isFinite(nextMs) ? nextMs : undefined,
        isGone: (path) => (path.startsWith('k8s:') ? others.isGone(path) : own.isGone(path)),
      }
    },
    forget() {
      shown = new Map()
    },
  }
}
