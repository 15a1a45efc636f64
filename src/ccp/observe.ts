/** Tells what a change of a store is about: something that is planned from, or only something that is reported. */
import type { ClusterGroup, ClusterNetworkPolicy, KubeObject, Store, Tier } from '../kube/index.ts'
import { isComputed } from './plan/index.ts'

export interface ObservedStores {
  readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
  readonly clusterGroups: Store<ClusterGroup>
  readonly tiers: Store<Tier>
}

export interface ObserveHandlers {
  onChange(about: 'plan' | 'report'): void
  /** A policy was seen anew, with whatever status it has. */
  onPolicy(name: string): void
}

/** Calls back after each change; returns the unsubscribe. */
export function observeStores(stores: ObservedStores, { onChange, onPolicy }: ObserveHandlers): () => void {
  const ends = [
    stores.clusterNetworkPolicies.subscribe((changed) => {
      for (const name of changed) onPolicy(name)
    }),
    observe(stores.clusterNetworkPolicies, () => '', onChange),
    observe(stores.clusterGroups, (group) => String(isComputed(group)), onChange),
    observe(stores.tiers, () => '', onChange),
  ]
  return () => {
    for (const end of ends) end()
  }
}

/** A status moves the resourceVersion and nothing of this. */
function fingerprint({ metadata }: KubeObject, more: string): string {
  const { uid, generation, labels, annotations } = metadata
  return JSON.stringify([uid, generation, labels, annotations, more])
}

function observe<T extends KubeObject>(
  store: Store<T>,
  more: (object: T) => string,
  onChange: (about: 'plan' | 'report') => void,
): () => void {
  const known = new Map<string, string>()
  for (const object of store.values()) known.set(object.metadata.name, fingerprint(object, more(object)))
  return store.subscribe((changed) => {
    let isPlanned = false
    for (const key of changed) {
      const object = store.get(key)
      const now = object === undefined ? undefined : fingerprint(object, more(object))
      if (known.get(key) === now) continue
      isPlanned = true
      if (now === undefined) known.delete(key)
      else known.set(key, now)
    }
    onChange(isPlanned ? 'plan' : 'report')
  })
}
