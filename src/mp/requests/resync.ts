/** `inventory-resync`: the next full comparison that begins after the request answers it. */
import { MP_REQUESTS_MAX, OPERATION_TIMEOUT_MS_MAX } from '../../limits.ts'
import type { Fields, Operation } from '../../operations/index.ts'
import type { Reconciled } from '../inventory/index.ts'

export interface Resync {
  readonly operation: Operation
  /** A comparison begins, which answers the resyncs asked for so far; false: nobody asked. */
  begin(): boolean
  /** The comparison that was begun is carried out. */
  finish(counts: Reconciled): void
}

/** `compare` asks the chart for a comparison; without a session there will be one anyway. */
export function createResync(compare: () => void): Resync {
  const waiting = new Map<string, { isBegun: boolean; readonly resolve: (counts: Fields) => void }>()
  return {
    operation: {
      kind: 'inventory-resync',
      runsMax: MP_REQUESTS_MAX,
      timeoutMsMax: OPERATION_TIMEOUT_MS_MAX,
      accept:
        () =>
        ({ id, signal }) =>
          new Promise((resolve, reject) => {
            waiting.set(id, { isBegun: false, resolve })
            signal.addEventListener(
              'abort',
              () => {
                waiting.delete(id)
                reject(signal.reason)
              },
              { once: true },
            )
            compare()
          }),
      // It leaves nothing in the cluster.
      clear: async () => {},
      remembered: async () => [],
    },
    begin() {
      for (const one of waiting.values()) one.isBegun = true
      return waiting.size > 0
    },
    finish({ created, updated, deleted, refused, guarded }) {
      for (const [id, { isBegun, resolve }] of waiting) {
        if (!isBegun) continue
        waiting.delete(id)
        resolve({ counts: { created, updated, deleted, refused, guarded } })
      }
    },
  }
}
