/** The stores an enforcer plans from: complete, live and empty. */
import {
  type ClusterGroup,
  type ClusterNetworkPolicy,
  createStore,
  RESOURCES,
  type Tier,
  type WritableStore,
} from '../../../src/kube/index.ts'

export function policyStores() {
  const stores = {
    clusterNetworkPolicies: createStore<ClusterNetworkPolicy>(RESOURCES.clusterNetworkPolicies),
    clusterGroups: createStore<ClusterGroup>(RESOURCES.clusterGroups),
    tiers: createStore<Tier>(RESOURCES.tiers),
  }
  for (const store of Object.values(stores)) {
    store.swap(new Map(), '0')
    store.setLive(true)
  }
  return {
    stores,
    storeOf: (plural: string) =>
      Object.values(stores).find(({ type }) => type.plural === plural) as WritableStore,
  }
}
