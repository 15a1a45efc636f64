/**
 * What somebody else did to objects of ours and we put back, as a value: how soon one may be put back again, and where it
 * has become a fight. Pure.
 */
import { MANAGER } from '../kube/marks.ts'
import type { KubeObject } from '../kube/types.ts'
import { DRIFT_AT_ONCE, DRIFT_CALM_MS, DRIFT_FIGHT, DRIFT_SPACING_MS, DRIFT_WINDOW_MS } from '../limits.ts'

/** Of one object: when it was put back within the last DRIFT_WINDOW_MS, and from whom. */
interface Repairs {
  /** Ascending, monotonic. */
  readonly atMs: readonly number[]
  readonly by: string
}

/** By `objectRef`. Bounded: by the objects of ours, and by the rate at which one is put back. */
export type Drift = ReadonlyMap<string, Repairs>

export const NO_DRIFT: Drift = new Map()

export function noteRepair(drift: Drift, ref: string, by: string, nowMs: number): Drift {
  const atMs = [...(drift.get(ref)?.atMs ?? []), nowMs]
  return new Map([...drift, [ref, { atMs, by }]])
}

/** Without what is too old to matter. */
export function forgetOld(drift: Drift, nowMs: number): Drift {
  const isRecent = (ms: number) => nowMs - ms < DRIFT_WINDOW_MS
  if ([...drift.values()].every(({ atMs }) => atMs.every(isRecent))) return drift
  return new Map(
    [...drift].flatMap(([ref, { atMs, by }]) => {
      const recent = atMs.filter(isRecent)
      return recent.length === 0 ? [] : [[ref, { atMs: recent, by }] as const]
    }),
  )
}

/** Until when an object is left as somebody made it; in the past: it may be put back at once. */
const restEndMs = ({ atMs }: Repairs): number =>
  atMs.length < DRIFT_AT_ONCE ? Number.NEGATIVE_INFINITY : (atMs.at(-1) ?? 0) + DRIFT_SPACING_MS

/** Those that are not put back now. */
export const restingRefs = (drift: Drift, nowMs: number): ReadonlySet<string> =>
  new Set([...drift].filter(([, repairs]) => restEndMs(repairs) > nowMs).map(([ref]) => ref))

const calmMs = ({ atMs }: Repairs): number => (atMs.at(-1) ?? 0) + DRIFT_CALM_MS

const isFight = (repairs: Repairs, nowMs: number): boolean =>
  repairs.atMs.length >= DRIFT_FIGHT && calmMs(repairs) > nowMs

/** Who fights over what, for people; sorted. */
export const fightsOf = (drift: Drift, nowMs: number): string[] =>
  [...drift]
    .filter(([, repairs]) => isFight(repairs, nowMs))
    .map(([ref, { by }]) => `${ref} is changed again and again by ${by}`)
    .sort()

/** When to look again although nothing changes: a rest ends, or a fight is over. undefined: there is neither. */
export function lookAgainMs(drift: Drift, nowMs: number): number | undefined {
  const moments = [...drift.values()].flatMap((repairs) => [
    restEndMs(repairs),
    ...(isFight(repairs, nowMs) ? [calmMs(repairs)] : []),
  ])
  const ahead = moments.filter((ms) => ms > nowMs)
  return ahead.length === 0 ? undefined : Math.min(...ahead) - nowMs
}

/**
 * Who wrote this version, as its managedFields tell it: the field manager of the newest entry that is not ours and not of
 * a status (kubernetes.io, Server-Side Apply, "Field management").
 */
export function otherWriter({ metadata }: KubeObject): string {
  const others = (metadata.managedFields ?? []).filter(
    ({ manager, subresource }) => manager !== undefined && manager !== MANAGER && subresource === undefined,
  )
  const [newest] = others.toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))
  return newest?.manager === undefined
    ? `another process that calls itself ${MANAGER}`
    : `"${newest.manager}"`
}
