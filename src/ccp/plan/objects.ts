/** The objects that steps write, with the metadata that makes them ours. */
import type {
  ClusterGroup,
  ClusterGroupSpec,
  ClusterNetworkPolicy,
  ClusterNetworkPolicySpec,
} from '../../kube/antrea.ts'
import { annotationOf, type Origin, ownedMeta } from '../ownership.ts'
import {
  groupSpecHash,
  policySpecHash,
  type TranslatedGroup,
  type TranslatedPolicy,
} from '../translate/index.ts'
import type { PlanInput } from './types.ts'

const API_VERSION = 'crd.antrea.io/v1beta1'

type Context = Pick<PlanInput, 'source' | 'clusterId'>

/** `stored`: the object it replaces, whose resourceVersion and foreign labels it keeps. */
export function policyObject(
  context: Context,
  policy: Pick<TranslatedPolicy, 'name' | 'path' | 'displayName' | 'hash'>,
  spec: ClusterNetworkPolicySpec,
  stored?: ClusterNetworkPolicy,
): ClusterNetworkPolicy {
  const origin: Origin = { source: context.source, ...policy }
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterNetworkPolicy',
    metadata: ownedMeta(policy.name, context.clusterId, origin, policySpecHash(spec), stored?.metadata),
    spec,
  }
}

/** The same object with another spec, and no other word about where it comes from. */
export function respecified(
  context: Context,
  stored: ClusterNetworkPolicy,
  spec: ClusterNetworkPolicySpec,
): ClusterNetworkPolicy {
  const { name } = stored.metadata
  const origin: Origin = {
    source: annotationOf(stored, 'source') ?? context.source,
    path: annotationOf(stored, 'intentPath') ?? '',
    displayName: annotationOf(stored, 'displayName') ?? '',
    hash: annotationOf(stored, 'appliedHash') ?? '',
  }
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterNetworkPolicy',
    metadata: ownedMeta(name, context.clusterId, origin, policySpecHash(spec), stored.metadata),
    spec,
  }
}

export function groupObject(
  context: Context,
  group: TranslatedGroup,
  name: string,
  spec: ClusterGroupSpec,
  stored?: ClusterGroup,
): ClusterGroup {
  const { path, displayName, hash } = group
  const origin: Origin = { source: context.source, path, displayName, hash }
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterGroup',
    metadata: ownedMeta(name, context.clusterId, origin, groupSpecHash(spec), stored?.metadata),
    spec,
  }
}
