/** What goes into the translation and what comes out of it. */
import type { ClusterGroupSpec, ClusterNetworkPolicySpec } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import type { Category, TierSetting } from '../settings.ts'

/** One NSX object of the complete copy. Immutable: a change is another object, so identity tells what is unchanged. */
export interface DesiredObject {
  readonly kind: string
  readonly path: string
  /** SHA-256 of the body in canonical form. */
  readonly hash: string
  /** undefined: over the line limit, sent without it. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/** Key of an object in a set: a group and its members share a path. */
export const objectKey = (kind: string, path: string): string => `${kind} ${path}`

/** Objects by `objectKey`. */
export type DesiredObjects = ReadonlyMap<string, DesiredObject>

export interface TranslatedPolicy {
  readonly path: string
  /** The unique_id in lower case. */
  readonly name: string
  readonly hash: string
  readonly displayName: string
  readonly category: Category
  readonly spec: ClusterNetworkPolicySpec
  readonly specHash: string
  /** Names of the ClusterGroups its rules name. */
  readonly groups: readonly string[]
  /** Only NOTICE. */
  readonly notices: readonly Problem[]
}

export interface TranslatedGroup {
  readonly path: string
  readonly name: string
  readonly hash: string
  readonly displayName: string
  /** Content-addressed, by name. */
  readonly children: ReadonlyMap<string, ClusterGroupSpec>
}

/** A policy that is not written: it stays in the cluster as it last was. */
export interface HeldPolicy {
  readonly path: string
  /** undefined: it has no usable unique_id, so nothing in the cluster can be its own. */
  readonly name: string | undefined
  readonly hash: string
  readonly problems: readonly Problem[]
}

/** A policy of which nothing is left to enforce: no object in the cluster, and that is right. */
export interface EmptyPolicy {
  readonly path: string
  readonly name: string
  readonly hash: string
  readonly notices: readonly Problem[]
}

export interface Translation {
  /** In order of precedence. */
  readonly policies: readonly TranslatedPolicy[]
  readonly held: readonly HeldPolicy[]
  readonly empty: readonly EmptyPolicy[]
  /** Every group that translates, by name, whether or not a policy uses it. */
  readonly groups: ReadonlyMap<string, TranslatedGroup>
  /** The tiers that the policies need. */
  readonly tiers: readonly TierSetting[]
}
