/**
 * The settle rule: what is shown of a verdict, given what was shown before. Pure; the chart (machines/reporting.ts,
 * `timing`) waits until `againAtMs`.
 *
 * - A policy shown as SUCCESS stays so while it is unsettled for less than STEADY_MS, if its form is the same: a Pod that
 *   starts on another node takes its policies back to Realizing for a moment.
 * - What is IN_PROGRESS for REALIZE_TIMEOUT_MS is late, and told as its verdict says.
 * - Everything else is shown at once.
 */
import { REALIZE_TIMEOUT_MS, STEADY_MS } from '../../limits.ts'
import { type Realized, sameItem, type Verdict } from './types.ts'

export interface Shown {
  /** The same object while nothing of it changes. */
  readonly item: Realized
  readonly revision: string
  /** Since when it is not settled, monotonic; undefined while it is. */
  readonly unsettledMs: number | undefined
  /** It is to be judged anew at this time although nothing happens. */
  readonly againAtMs: number | undefined
}

const isSettled = ({ state }: Realized): boolean => state === 'SUCCESS' || state === 'ERROR'

/** What is shown from now on. */
export function settle(before: Shown | undefined, verdict: Verdict, nowMs: number): Shown {
  const { item, revision, waitMs } = verdict
  const same = before?.revision === revision ? before : undefined
  const show = (shown: Realized, unsettledMs: number | undefined, ...againMs: (number | undefined)[]) => {
    const times = againMs.filter((ms) => ms !== undefined && ms > nowMs) as number[]
    return {
      item: before !== undefined && sameItem(before.item, shown) ? before.item : shown,
      revision,
      unsettledMs,
      againAtMs: times.length === 0 ? undefined : Math.min(...times),
    }
  }
  const verdictAtMs = waitMs === undefined ? undefined : nowMs + waitMs
  if (isSettled(item)) return show(item, undefined, verdictAtMs)
  const sinceMs = Math.min(verdict.sinceMs ?? nowMs, same?.unsettledMs ?? nowMs)
  const heldUntilMs = sinceMs + STEADY_MS
  if (verdict.isTransient === true && same?.item.state === 'SUCCESS' && nowMs < heldUntilMs)
    return show(same.item, sinceMs, heldUntilMs, verdictAtMs)
  const { late } = verdict
  const lateAtMs = late === undefined ? undefined : sinceMs + REALIZE_TIMEOUT_MS
  if (late === undefined || lateAtMs === undefined || item.state !== 'IN_PROGRESS' || nowMs < lateAtMs)
    return show(item, sinceMs, lateAtMs, verdictAtMs)
  return show(
    { ...item, state: late.state, problems: [late.problem, ...item.problems] },
    sinceMs,
    verdictAtMs,
  )
}
