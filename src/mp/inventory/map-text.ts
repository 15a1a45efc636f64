/** Texts as NSX takes them: its limits, labels as tags, conditions as errors. What is cut is counted, never silently. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import type { KeyValuePair, NetworkError, Tag } from '../../nsx/model.ts'

/** Limits of NSX 9.1.1's model (ManagedResource, Tag, KeyValuePair); 30 tags an object is NSX's own maximum. */
export const DISPLAY_NAME_CHARS_MAX = 255
export const TAG_SCOPE_CHARS_MAX = 128
export const TAG_VALUE_CHARS_MAX = 256
export const TAGS_MAX = 30
export const PROPERTY_VALUE_CHARS_MAX = 1_024
export const TARGET_PORT_CHARS_MAX = 15
/** Names and addresses of a gateway. */
export const HOST_NAME_CHARS_MAX = 255

/** NSX shows Kubernetes labels under this prefix, and groups name them by it. */
export const LABEL_SCOPE_PREFIX = 'dis:k8s:'
const KEY_CHARS_KEPT = 111

/** Counts what did not fit while one object is mapped. */
export interface Cuts {
  count: number
}

/** At most `charsMax` UTF-16 units, never half a surrogate pair. */
export function cutText(text: string, charsMax: number, cuts: Cuts): string {
  if (text.length <= charsMax) return text
  cuts.count += 1
  const kept = text.slice(0, charsMax)
  return kept.isWellFormed() ? kept : kept.slice(0, -1)
}

/**
 * The tag scope of a label key: `dis:k8s:` + key. A longer key keeps its first 111 characters, a dash and eight hex
 * digits of its SHA-1, which fills the 128 exactly and keeps two long keys apart.
 */
export function labelScope(key: string, cuts: Cuts): string {
  const scope = `${LABEL_SCOPE_PREFIX}${key}`
  if (scope.length <= TAG_SCOPE_CHARS_MAX) return scope
  cuts.count += 1
  const digest = createHash('sha1').update(key).digest('hex').slice(0, 8)
  return `${LABEL_SCOPE_PREFIX}${key.slice(0, KEY_CHARS_KEPT)}-${digest}`
}

/** Labels as tags, by key; those beyond NSX's maximum are left out from the end of that order and counted. */
export function labelTags(labels: Readonly<Record<string, string>> | undefined, cuts: Cuts): Tag[] {
  const keys = Object.keys(labels ?? {}).sort()
  cuts.count += Math.max(0, keys.length - TAGS_MAX)
  return keys.slice(0, TAGS_MAX).map((key) => ({
    scope: labelScope(key, cuts),
    tag: cutText(labels?.[key] ?? '', TAG_VALUE_CHARS_MAX, cuts),
  }))
}

/** Those properties that have a value. */
export function properties(values: Readonly<Record<string, string | undefined>>, cuts: Cuts): KeyValuePair[] {
  return Object.entries(values)
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
    .map(([key, value]) => ({ key, value: cutText(value, PROPERTY_VALUE_CHARS_MAX, cuts) }))
}

/** A condition as Kubernetes writes it on nodes, pods and policies. */
export interface ConditionText {
  readonly type?: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
}

/** The conditions' messages as NSX network_errors, each message once; a condition that says nothing gives none. */
export function conditionErrors(conditions: readonly ConditionText[], cuts: Cuts): NetworkError[] {
  const errors = new Map<string, NetworkError>()
  for (const { type, reason, message } of conditions) {
    const text = message || reason
    if (text === undefined || text === '' || errors.has(text)) continue
    errors.set(text, {
      error_code: reason || type || 'Unknown',
      error_message: cutText(text, PROPERTY_VALUE_CHARS_MAX, cuts),
    })
  }
  return [...errors.values()]
}

/** An object's `spec` as ordinary Kubernetes YAML, keys sorted: what NSX's import of Kubernetes policies reads. */
export const specText = (spec: unknown): string =>
  stringify(spec ?? {}, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false })
