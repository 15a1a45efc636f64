/** What may be looked at of the channels: `diff` and `explain` are made from it. The composition fills it in. */
import type { Adopter, CcpInsight } from '../ccp/index.ts'
import { waitFor } from '../errors.ts'
import type { Store } from '../kube/index.ts'
import type { InventoryInsight } from '../mp/index.ts'
import { type ClusterView, type PolicyNames, readStatistics, type Statistics } from '../operations/index.ts'
import type { Clock, HttpClient } from '../world/index.ts'
import type { Pauses } from './pauses.ts'

export interface Insight {
  readonly ccp: CcpInsight | undefined
  readonly inventory: InventoryInsight | undefined
  readonly stores: { readonly pods: Store; readonly namespaces: Store }
  /** What the rules of one policy of NSX's matched; rejects as `readStatistics`. */
  statistics(path: string, signal: AbortSignal): Promise<Statistics>
}

/** What the channels hand out as they are put together. */
export interface Made {
  adopter?: Adopter
  ccp?: CcpInsight
  inventory?: InventoryInsight
  statistics?: Insight['statistics']
  pauses?: Pauses
  agents?: { troubled(): readonly string[] }
}

export interface CountingDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly view: ClusterView
  readonly names: PolicyNames
}

export const countedBy =
  ({ http, clock, view, names }: CountingDeps): Insight['statistics'] =>
  (path, signal) =>
    readStatistics(
      { http, clock, ...view, names },
      { paths: new Set([path]), kinds: new Set(['SecurityPolicy']) },
      signal,
    )

/** Of this moment. */
export const insightOf = (made: Made, storeOf: (name: 'pods' | 'namespaces') => Store): Insight => ({
  ccp: made.ccp,
  inventory: made.inventory,
  stores: { pods: storeOf('pods'), namespaces: storeOf('namespaces') },
  statistics:
    made.statistics ??
    (() => Promise.reject(waitFor('CHANNEL_NOT_STARTED', 'it is not started yet; ask again in a moment'))),
})
