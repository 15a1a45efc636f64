/** Label selectors, and what a group selects: Pods, Nodes or a Service (antrea's GroupSelector). */
import { createHash } from 'node:crypto'
import type { LabelSelector, NamespacedName } from '../model.ts'

export type Labels = Readonly<Record<string, string>>
export type Predicate = (labels: Labels) => boolean

/** As metav1.LabelSelectorAsSelector: an empty selector matches everything, an unknown operator nothing. */
export function compile(selector: LabelSelector): Predicate {
  const tests: Predicate[] = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]) =>
      (labels) =>
        labels[key] === value,
  )
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const wanted = new Set(values)
    if (operator === 'In') tests.push((labels) => labels[key] !== undefined && wanted.has(labels[key]))
    else if (operator === 'NotIn')
      tests.push((labels) => labels[key] === undefined || !wanted.has(labels[key]))
    else if (operator === 'Exists') tests.push((labels) => labels[key] !== undefined)
    else if (operator === 'DoesNotExist') tests.push((labels) => labels[key] === undefined)
    else tests.push(() => false)
  }
  return (labels) => tests.every((test) => test(labels))
}

/** Requirements in an order of their own, so that equal selectors have equal texts. */
function textOf(selector: LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) => `${key} ${operator} (${[...values].sort().join(',')})`,
  )
  return [...labels, ...expressions].sort().join(',')
}

/**
 * What an inline element of a policy or a group selects. With `namespace` only there; without it namespaceSelector
 * decides, and without that all namespaces. No selector at all: with `namespace` all its Pods, without it nothing.
 */
export interface GroupSelector {
  readonly namespace?: string
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly externalEntitySelector?: LabelSelector
  readonly nodeSelector?: LabelSelector
  /** Name of a ServiceAccount in `namespace`. */
  readonly serviceAccount?: string
  readonly service?: NamespacedName
}

const FIELDS = ['podSelector', 'namespaceSelector', 'externalEntitySelector', 'nodeSelector'] as const

/** Equal selectors have the same key. */
export function keyOfSelector(selector: GroupSelector): string {
  const parts = FIELDS.flatMap((field) =>
    selector[field] === undefined ? [] : [`${field}=${textOf(selector[field])}`],
  )
  if (selector.namespace !== undefined) parts.push(`namespace=${selector.namespace}`)
  if (selector.serviceAccount !== undefined) parts.push(`serviceAccount=${selector.serviceAccount}`)
  if (selector.service !== undefined)
    parts.push(`service=${selector.service.namespace}/${selector.service.name}`)
  return parts.join(' and ')
}

/** The name of a group made from a selector: a UUID that follows from it. */
export function nameOfSelector(key: string): string {
  const hex = createHash('sha1').update(`antrea-group:${key}`).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
