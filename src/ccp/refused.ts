/** What the API server refused to take, remembered for a while: planned around, then tried again. */
import { KUBE_REFUSED_RETRY_MS, REFUSED_RETRY_MS } from '../limits.ts'
import type { Refusal } from './plan/index.ts'

/** By `objectRef`. Times are monotonic. */
export class Refused {
  private readonly refusals = new Map<string, Refusal & { readonly againMs: number }>()

  get known(): ReadonlyMap<string, Refusal> {
    return this.refusals
  }

  /** A right may be granted at any time, and one request tells; what an object says changes with NSX alone, nearly always. */
  note(ref: string, refusal: Refusal, nowMs: number): void {
    const restMs = refusal.code === 'WRITE_FORBIDDEN' ? KUBE_REFUSED_RETRY_MS : REFUSED_RETRY_MS
    this.refusals.set(ref, { ...refusal, againMs: nowMs + restMs })
  }

  forgetOld(nowMs: number): void {
    for (const [ref, { againMs }] of this.refusals) if (nowMs >= againMs) this.refusals.delete(ref)
  }

  /** How long until the first of them is tried again; undefined: there is none. */
  restMs(nowMs: number): number | undefined {
    let firstMs: number | undefined
    for (const { againMs } of this.refusals.values())
      if (firstMs === undefined || againMs < firstMs) firstMs = againMs
    return firstMs === undefined ? undefined : firstMs - nowMs
  }

  clear(): void {
    this.refusals.clear()
  }
}
