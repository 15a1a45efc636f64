/** The objects that steps write, with the metadata that makes them ours. */
import type {
  ClusterGroup,
  ClusterGroupSpec,
  ClusterNetworkPolicy,
  ClusterNetworkPolicySpec,
} from '../../kube/antrea.ts'
import { WHOLE_SPEC_CHARS_MAX } from '../../limits.ts'
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

/**
 * `stored`: the object it replaces, whose resourceVersion and foreign labels it keeps. `whole`: what the policy is to
 * be, where `spec` holds less for a moment.
 */
export function policyObject(
  context: Context,
  policy: Pick<TranslatedPolicy, 'name' | 'path' | 'displayName' | 'hash'>,
  spec: ClusterNetworkPolicySpec,
  stored?: ClusterNetworkPolicy,
  whole?: ClusterNetworkPolicySpec,
): ClusterNetworkPolicy {
  const origin: Origin = { source: context.source, ...policy }
  return specified(context, policy.name, origin, spec, stored, whole)
}

/** The same object with another spec, and no other word about where it comes from. */
export function respecified(
  context: Context,
  stored: ClusterNetworkPolicy,
  spec: ClusterNetworkPolicySpec,
  whole?: ClusterNetworkPolicySpec,
): ClusterNetworkPolicy {
  const origin: Origin = {
    source: annotationOf(stored, 'source') ?? context.source,
    path: annotationOf(stored, 'intentPath') ?? '',
    displayName: annotationOf(stored, 'displayName') ?? '',
    hash: annotationOf(stored, 'appliedHash') ?? '',
  }
  return specified(context, stored.metadata.name, origin, spec, stored, whole)
}

function specified(
  { clusterId }: Context,
  name: string,
  origin: Origin,
  spec: ClusterNetworkPolicySpec,
  stored: ClusterNetworkPolicy | undefined,
  whole: ClusterNetworkPolicySpec | undefined,
): ClusterNetworkPolicy {
  const hash = policySpecHash(spec)
  const kept = whole === undefined || !canKeepWhole(whole) ? undefined : JSON.stringify(whole)
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterNetworkPolicy',
    metadata: ownedMeta(name, clusterId, origin, hash, stored?.metadata, kept),
    spec,
  }
}

/** Whether a spec fits beside its narrowed form. */
export const canKeepWhole = (whole: ClusterNetworkPolicySpec): boolean =>
  JSON.stringify(whole).length <= WHOLE_SPEC_CHARS_MAX

/** The whole spec of a policy that was narrowed, where it says so in a form that can be read. */
export function wholeSpecOf(stored: ClusterNetworkPolicy): ClusterNetworkPolicySpec | undefined {
  const text = annotationOf(stored, 'wholeSpec')
  if (text === undefined) return undefined
  try {
    const spec: unknown = JSON.parse(text)
    return isSpec(spec) ? spec : undefined
  } catch {
    return undefined
  }
}

function isSpec(value: unknown): value is ClusterNetworkPolicySpec {
  if (typeof value !== 'object' || value === null) return false
  const { tier, priority, ingress, egress } = value as Partial<Record<string, unknown>>
  const isRules = (list: unknown) =>
    Array.isArray(list) && list.every((rule) => typeof rule === 'object' && rule !== null)
  return typeof tier === 'string' && typeof priority === 'number' && isRules(ingress) && isRules(egress)
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
