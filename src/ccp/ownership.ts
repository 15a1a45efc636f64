/**
 * Which objects of the cluster are ours: those with our label, this cluster's id and an entry of our field manager,
 * all three. Nothing else is ever changed or deleted.
 */
import { CLUSTER_ID, MANAGED_BY_LABEL, MANAGER, mark } from '../kube/marks.ts'
import type { KubeObject, ObjectMeta } from '../kube/types.ts'

/** Written only together with a spec change, never for their own sake. */
export const ANNOTATIONS = {
  clusterId: CLUSTER_ID,
  source: mark('source'),
  intentPath: mark('intent-path'),
  displayName: mark('display-name'),
  /** Hash of the NSX body that is in force. */
  appliedHash: mark('applied-hash'),
  /** Hash of the spec as it was written: tells a change by hand from a change in NSX. */
  specHash: mark('spec-hash'),
  /**
   * While a policy is narrowed on its way to another form: the whole spec that applied-hash stands for. A policy that
   * is held from then on goes back to it.
   */
  wholeSpec: mark('whole-spec'),
} as const

/** What of NSX an object was made from. */
export interface Origin {
  readonly source: string
  readonly path: string
  readonly displayName: string
  readonly hash: string
}

export type Ownership =
  | 'ours'
  /** Our label without our cluster id or field manager: untouched, LOOKS_LIKE_OURS. */
  | 'looks-like-ours'
  /** Another cluster id: untouched until a person adopts or deregisters. */
  | 'foreign-cluster'
  /** Of NSX's own adapter for Antrea: untouched until a person adopts. */
  | 'other-adapter'
  | 'foreign'

/** The label of NSX's own Antrea adapter (VMware's "antrea-interworking") on what it writes. */
const OTHER_LABEL = 'ccp-adapter.antrea.tanzu.vmware.com/managedBy'

/** Another adapter keeps it, under our control plane's id or not: two in one cluster would undo each other's work. */
export const isRival = (ownership: Ownership): boolean =>
  ownership === 'foreign-cluster' || ownership === 'other-adapter'

/** Whose this object is. */
export function ownershipOf(object: KubeObject, clusterId: string): Ownership {
  const { labels, annotations, managedFields } = object.metadata
  if (labels?.[MANAGED_BY_LABEL] !== MANAGER)
    return labels?.[OTHER_LABEL] === undefined ? 'foreign' : 'other-adapter'
  const id = annotations?.[ANNOTATIONS.clusterId]
  if (id === undefined) return 'looks-like-ours'
  if (id !== clusterId) return 'foreign-cluster'
  return (managedFields ?? []).some((entry) => entry.manager === MANAGER) ? 'ours' : 'looks-like-ours'
}

/**
 * Another adapter keeps this very object. What only carries the marks of another cluster, as a copy or a restored backup
 * does, was not written by one.
 */
export const isRivalObject = (object: KubeObject, ownership: Ownership): boolean =>
  ownership === 'other-adapter' ||
  (ownership === 'foreign-cluster' &&
    (object.metadata.managedFields ?? []).some(({ manager }) => manager === MANAGER))

export const annotationOf = (object: KubeObject, key: keyof typeof ANNOTATIONS): string | undefined =>
  object.metadata.annotations?.[ANNOTATIONS[key]]

/**
 * Metadata of an object that is taken over: the marks that make it ours, and nothing else of it. What it was made from in
 * NSX is told only where it says so itself; with a source that no manager has, it is not deleted before a person agrees.
 */
export function adoptedMeta(stored: ObjectMeta, clusterId: string, specHash: string): ObjectMeta {
  const { managedFields: _managers, ...metadata } = stored
  const { [OTHER_LABEL]: _label, ...labels } = stored.labels ?? {}
  return {
    ...metadata,
    labels: { ...labels, [MANAGED_BY_LABEL]: MANAGER },
    annotations: {
      [ANNOTATIONS.source]: '',
      [ANNOTATIONS.intentPath]: '',
      [ANNOTATIONS.displayName]: '',
      [ANNOTATIONS.appliedHash]: '',
      [ANNOTATIONS.specHash]: specHash,
      ...stored.annotations,
      [ANNOTATIONS.clusterId]: clusterId,
    },
  }
}

/** Annotations may hold any text, but all of them together 256 KiB; a name needs no more than this. */
const DISPLAY_NAME_CHARS_MAX = 255

/**
 * Metadata of a new object, or of a changed one (`stored`), whose other labels and annotations stay. `wholeSpec`: in
 * JSON, where the object holds less for a moment.
 */
export function ownedMeta(
  name: string,
  clusterId: string,
  origin: Origin,
  specHash: string,
  stored?: ObjectMeta,
  wholeSpec?: string,
): ObjectMeta {
  const { uid, resourceVersion, ownerReferences, finalizers } = stored ?? {}
  const { [ANNOTATIONS.wholeSpec]: _former, ...annotations } = stored?.annotations ?? {}
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
    ...(finalizers === undefined ? {} : { finalizers }),
    labels: { ...stored?.labels, [MANAGED_BY_LABEL]: MANAGER },
    annotations: {
      ...annotations,
      [ANNOTATIONS.clusterId]: clusterId,
      [ANNOTATIONS.source]: origin.source,
      [ANNOTATIONS.intentPath]: origin.path,
      [ANNOTATIONS.displayName]: origin.displayName.toWellFormed().slice(0, DISPLAY_NAME_CHARS_MAX),
      [ANNOTATIONS.appliedHash]: origin.hash,
      [ANNOTATIONS.specHash]: specHash,
      ...(wholeSpec === undefined ? {} : { [ANNOTATIONS.wholeSpec]: wholeSpec }),
    },
  }
}
