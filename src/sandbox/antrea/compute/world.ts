/** The controller's copies of the cluster, and what follows from them for single groups. */

import type { Lookup } from '../admission/review.ts'
import type { TierLookup } from '../admission/tiers.ts'
import type { Stored } from '../follow.ts'
import type { AntreaGroup, AntreaPolicy, KubeNode, KubePolicy, Pod, Service, Tier } from '../model.ts'
import type { ConvertWorld } from './convert.ts'
import type { GroupKey, KnownGroup } from './groups.ts'
import type { Labels } from './selectors.ts'
import { createUsers, type Users } from './users.ts'

type Copy<T> = Map<string, T>

/** By `namespace/name`, or `name` where there is no namespace. */
export interface World {
  readonly pods: Copy<Pod>
  readonly nodes: Copy<KubeNode>
  readonly namespaces: Copy<Stored>
  readonly services: Copy<Service>
  readonly tiers: Copy<Tier>
  readonly clusterPolicies: Copy<AntreaPolicy>
  readonly policies: Copy<AntreaPolicy>
  readonly kubePolicies: Copy<KubePolicy>
  /** Cluster groups by name and namespaced ones by `namespace/name`; neither can hold the other's form. */
  readonly groups: Map<GroupKey, KnownGroup>
  /** The groups above, by the key of each child they name, whether or not that is there. */
  readonly parents: Users
}

export const emptyWorld = (): World => ({
  pods: new Map(),
  nodes: new Map(),
  namespaces: new Map(),
  services: new Map(),
  tiers: new Map(),
  clusterPolicies: new Map(),
  policies: new Map(),
  kubePolicies: new Map(),
  groups: new Map(),
  parents: createUsers(),
})

export function convertWorldOf(world: World): ConvertWorld {
  return {
    tierPriority: (name) => world.tiers.get(name)?.spec?.priority,
    group: (key) => world.groups.get(key),
    service: (namespace, name) => world.services.get(`${namespace}/${name}`),
    namespaces: () =>
      new Map<string, Labels>(
        [...world.namespaces].map(([name, { metadata }]) => [name, metadata.labels ?? {}]),
      ),
  }
}

/** The admission webhooks' view of the same copies. */
export function lookupOf(
  world: World,
  clusterGroups: Copy<AntreaGroup>,
  groups: Copy<AntreaGroup>,
): Pick<Lookup, 'tiers' | 'clusterGroups' | 'groups'> {
  const inTier = (policies: Copy<AntreaPolicy>, tier: string) =>
    [...policies.values()].filter(({ spec }) => spec?.tier === tier).length
  const tiers: TierLookup & { exists(name: string): boolean } = {
    priorities: () => new Set([...world.tiers.values()].map(({ spec }) => spec?.priority ?? 0)),
    clusterPoliciesIn: (tier) => inTier(world.clusterPolicies, tier),
    policiesIn: (tier) => inTier(world.policies, tier),
    exists: (name) => world.tiers.has(name),
  }
  const parents = (key: GroupKey) => world.parents.of(key).size
  const childrenIn = (copy: Copy<AntreaGroup>) => (key: GroupKey) => {
    const group = copy.get(key)
    return group === undefined ? undefined : (group.spec?.childGroups?.length ?? 0)
  }
  return {
    tiers,
    clusterGroups: { parents, children: childrenIn(clusterGroups) },
    groups: { parents, children: childrenIn(groups) },
  }
}
