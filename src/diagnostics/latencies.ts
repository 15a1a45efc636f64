/** How long things take, as histograms: a few numbers in place of every sample, one row a while and thing. */
import { DIAGNOSTICS_LATENCIES_MAX } from '../limits.ts'

/** Upper bounds of the buckets in milliseconds; one more bucket takes what is over the last. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000,
]

export interface LatencyRow {
  /** `ccp plan`, `ccp step`, `ccp delivery`, `mp plan`, `request TRACEFLOW` … */
  readonly what: string
  readonly count: number
  readonly sumMs: number
  readonly maxMs: number
  /** How many were within each bound of LATENCY_BOUNDS_MS and over the one before; the last: over all. */
  readonly buckets: readonly number[]
}

export interface Latencies {
  /** Beyond DIAGNOSTICS_LATENCIES_MAX things, others are not counted. */
  add(what: string, tookMs: number): void
  /** What came since the last time, and begins anew. */
  take(): LatencyRow[]
}

export function createLatencies(): Latencies {
  const kept = new Map<string, { sumMs: number; maxMs: number; buckets: number[] }>()
  return {
    add(what, tookMs) {
      let one = kept.get(what)
      if (one === undefined) {
        if (kept.size >= DIAGNOSTICS_LATENCIES_MAX) return
        one = { sumMs: 0, maxMs: 0, buckets: new Array(LATENCY_BOUNDS_MS.length + 1).fill(0) as number[] }
        kept.set(what, one)
      }
      const at = LATENCY_BOUNDS_MS.findIndex((bound) => tookMs <= bound)
      const bucket = at === -1 ? LATENCY_BOUNDS_MS.length : at
      one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1
      one.sumMs += tookMs
      one.maxMs = Math.max(one.maxMs, tookMs)
    },
    take() {
      const rows = [...kept].map(([what, { sumMs, maxMs, buckets }]) => ({
        what,
        count: buckets.reduce((total, count) => total + count, 0),
        sumMs: Math.round(sumMs),
        maxMs: Math.round(maxMs),
        buckets,
      }))
      kept.clear()
      return rows
    },
  }
}

/** The bound below which this share lies (0.5: the median); Infinity when it is over the last, 0 of nothing. */
export function latencyAt({ buckets, count }: Pick<LatencyRow, 'buckets' | 'count'>, share: number): number {
  let seen = 0
  for (const [index, inside] of buckets.entries()) {
    seen += inside
    if (seen > 0 && seen >= share * count) return LATENCY_BOUNDS_MS[index] ?? Infinity
  }
  return 0
}
