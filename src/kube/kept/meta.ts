/**
 * meta/v1. Numbers: k8s.io/apimachinery pkg/apis/meta/v1/generated.proto; what is written when it is zero: types.go
 * beside it.
 */
import {
  ALWAYS_BOOLEAN,
  ALWAYS_TEXT,
  ANNOTATIONS,
  INTEGER,
  LABELS,
  list,
  message,
  sharedMessage,
  TEXT,
  TIME,
  UNIQUE_TEXT,
} from './shapes.ts'

/** ObjectMeta of what there is much of: names, versions and labels. */
export const SMALL_META = message({
  name: [1, UNIQUE_TEXT],
  namespace: [3, TEXT],
  uid: [5, UNIQUE_TEXT],
  labels: [11, LABELS],
  resourceVersion: [6, UNIQUE_TEXT],
  deletionTimestamp: [9, TIME],
})

const OWNER_REFERENCE = message({
  apiVersion: [5, ALWAYS_TEXT],
  kind: [1, ALWAYS_TEXT],
  name: [3, ALWAYS_TEXT],
  uid: [4, ALWAYS_TEXT],
  controller: [6, ALWAYS_BOOLEAN],
  blockOwnerDeletion: [7, ALWAYS_BOOLEAN],
})

/** ObjectMeta without managedFields: who wrote is asked of what the adapter writes, and that is read as JSON. */
export const META = message({
  ...SMALL_META.fields,
  generation: [7, INTEGER],
  creationTimestamp: [8, TIME],
  annotations: [12, ANNOTATIONS],
  ownerReferences: [13, list(OWNER_REFERENCE)],
  finalizers: [14, list(TEXT)],
})

/** The object of a bookmark: how far it is, and the mark at which a streamed list is complete. */
export const BOOKMARK = message({
  metadata: [1, message({ resourceVersion: [6, UNIQUE_TEXT], annotations: [12, ANNOTATIONS] })],
})

/** Condition without lastTransitionTime. */
export const CONDITION = sharedMessage({
  type: [1, ALWAYS_TEXT],
  status: [2, ALWAYS_TEXT],
  observedGeneration: [3, INTEGER],
  reason: [5, ALWAYS_TEXT],
  message: [6, ALWAYS_TEXT],
})

export const LIST_META = message({ resourceVersion: [2, UNIQUE_TEXT], continue: [3, UNIQUE_TEXT] })

const LABEL_SELECTOR_REQUIREMENT = message({
  key: [1, ALWAYS_TEXT],
  operator: [2, ALWAYS_TEXT],
  values: [3, list(ALWAYS_TEXT)],
})

export const LABEL_SELECTOR = message({
  matchLabels: [1, LABELS],
  matchExpressions: [2, list(LABEL_SELECTOR_REQUIREMENT)],
})

const STATUS_CAUSE = message({ reason: [1, TEXT], message: [2, TEXT], field: [3, TEXT] })

/** Status: the body of a refusal, and the object of an ERROR event. */
export const STATUS = message({
  status: [2, TEXT],
  message: [3, TEXT],
  reason: [4, TEXT],
  details: [
    5,
    message({
      name: [1, TEXT],
      group: [2, TEXT],
      kind: [3, TEXT],
      causes: [4, list(STATUS_CAUSE)],
      retryAfterSeconds: [5, INTEGER],
    }),
  ],
  code: [6, INTEGER],
})
