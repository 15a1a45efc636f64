/**
 * Taking over another adapter's objects. Only whose they are is written, each in place: the rules stay word for word, so
 * no moment is without policy. What NSX wants of them is then a change like any other, never wider on its way.
 */
import type { ClusterGroup, ClusterNetworkPolicy, KubeClient, KubeObject } from '../kube/index.ts'
import { RESOURCES } from '../kube/index.ts'
import type { ResourceType } from '../kube/types.ts'
import { adoptedMeta, annotationOf, isRivalObject, type Ownership, ownershipOf } from './ownership.ts'
import { groupSpecHash, isUuidName, policySpecHash } from './translate/index.ts'

export interface Adoption {
  readonly kind: 'ClusterNetworkPolicy' | 'ClusterGroup'
  readonly name: string
  readonly from: Ownership
  readonly base: ClusterNetworkPolicy | ClusterGroup
  /** As it is to be: the same spec, other marks. */
  readonly object: ClusterNetworkPolicy | ClusterGroup
}

export interface AdoptionInput {
  readonly policies: Iterable<ClusterNetworkPolicy>
  readonly groups: Iterable<ClusterGroup>
  readonly clusterId: string
  /** Names that NSX's policy needs: of these, also what nobody's adapter wrote. */
  readonly wanted?: ReadonlySet<string>
}

/**
 * What would be taken over, groups first, by name: all that another adapter keeps, and of the wanted names whatever is
 * not ours. Pure. A policy whose name is no UUID stays out: no policy of NSX can be behind it.
 */
export function adoptionOf({ policies, groups, clusterId, wanted = new Set() }: AdoptionInput): Adoption[] {
  const isTaken = (object: KubeObject): boolean => {
    const ownership = ownershipOf(object, clusterId)
    return isRivalObject(object, ownership) || (ownership !== 'ours' && wanted.has(object.metadata.name))
  }
  const byName = (a: KubeObject, b: KubeObject) => (a.metadata.name < b.metadata.name ? -1 : 1)
  const takenGroups = [...groups].filter(isTaken).sort(byName)
  const takenPolicies = [...policies].filter((one) => isTaken(one) && isPolicyName(one.metadata.name))
  return [
    ...takenGroups.map(
      (base): Adoption => ({
        kind: 'ClusterGroup',
        name: base.metadata.name,
        from: ownershipOf(base, clusterId),
        base,
        object: { ...base, metadata: adoptedMeta(base.metadata, clusterId, groupSpecHash(base.spec)) },
      }),
    ),
    ...takenPolicies.sort(byName).map(
      (base): Adoption => ({
        kind: 'ClusterNetworkPolicy',
        name: base.metadata.name,
        from: ownershipOf(base, clusterId),
        base,
        object: { ...base, metadata: adoptedMeta(base.metadata, clusterId, policySpecHash(base.spec)) },
      }),
    ),
  ]
}

/** A policy's own object, or the temporary one of an adapter of our kind. */
const isPolicyName = (name: string): boolean => isUuidName(name.replace(/-t$/, ''))

const TYPES: Readonly<Record<Adoption['kind'], ResourceType>> = {
  ClusterGroup: RESOURCES.clusterGroups,
  ClusterNetworkPolicy: RESOURCES.clusterNetworkPolicies,
}

/**
 * Writes one after the other, each only if the object is still what was shown (its resourceVersion). Rejects at the first
 * that cannot be written; what is done stays done, and the rest can be adopted again.
 */
export async function adopt(
  adoptions: readonly Adoption[],
  kube: Pick<KubeClient, 'replace'>,
  onAdopted: (adoption: Adoption, stored: KubeObject) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (const adoption of adoptions) {
    const { kind, object } = adoption
    const { status: _status, ...written } = object
    const stored = await kube.replace(
      TYPES[kind],
      written as KubeObject,
      signal === undefined ? {} : { signal },
    )
    onAdopted(adoption, stored)
  }
}

const FROM: Readonly<Record<Ownership, string>> = {
  ours: 'ours',
  'looks-like-ours': 'with our label, written by somebody else',
  'foreign-cluster': 'of another cluster id',
  'other-adapter': "of NSX's own adapter",
  foreign: 'with a name that NSX needs',
}

/** A line for people. */
export const describeAdoption = ({ kind, name, from, base }: Adoption): string => {
  const shown = annotationOf(base, 'displayName')
  return `${kind} ${name}${shown === undefined || shown === '' ? '' : ` (${shown})`}, ${FROM[from]}`
}
