/**
 * Which Pods each selector selects, kept up to date Pod by Pod. A selector's version changes whenever what a group made
 * of it holds may have changed.
 */
import type { Pod } from '../model.ts'
import { isWorkload } from './members.ts'
import { compile, type GroupSelector, type Labels, type Predicate } from './selectors.ts'

export interface Membership {
  /** Starts to keep this selector, or says what is kept already. */
  keep(key: string, selector: GroupSelector): Kept
  /** Nobody needs this selector any more. */
  forget(key: string): void
  podChanged(now: Pod | undefined, before: Pod | undefined): void
  /** A namespace came, went or has other labels. */
  namespaceChanged(name: string): void
  /** True when the Pod is selected, whether or not the selector is kept. */
  selects(selector: GroupSelector, pod: Pod): boolean
}

export interface Kept {
  readonly pods: ReadonlySet<string>
  readonly version: number
}

interface Entry {
  readonly selector: GroupSelector
  readonly matches: (pod: Pod) => boolean
  readonly pods: Set<string>
  version: number
}

export interface MembershipWorld {
  pods(): Iterable<Pod>
  /** Undefined: there is no such namespace. */
  namespaceLabels(name: string): Labels | undefined
}

const podKey = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}`

export function createMembership(world: MembershipWorld): Membership {
  const entries = new Map<string, Entry>()
  const byNamespace = createIndex()
  /** By `key=value` of each label: most selectors name one, and few Pods have it. */
  const byLabel = createIndex()
  /** Never given twice, so that a selector kept again does not look like its former self. */
  let versions = 0

  /** Those among whom all that a selector may select are. */
  const candidates = ({ namespace, podSelector }: GroupSelector): Iterable<Pod> => {
    const [label] = Object.entries(podSelector?.matchLabels ?? {})
    if (label !== undefined) return byLabel.get(labelKey(...label))
    return namespace === undefined ? world.pods() : byNamespace.get(namespace)
  }
  const update = (entry: Entry, key: string, isIn: boolean, isSame: boolean) => {
    const was = entry.pods.has(key)
    if (isIn) entry.pods.add(key)
    else if (was) entry.pods.delete(key)
    if (was !== isIn || (isIn && !isSame)) entry.version = ++versions
  }

  return {
    keep(key, selector) {
      const known = entries.get(key)
      if (known !== undefined) return known
      const matches = matcher(selector, world)
      const pods = new Set<string>()
      for (const pod of candidates(selector)) if (matches(pod)) pods.add(podKey(pod))
      const entry = { selector, matches, pods, version: ++versions }
      entries.set(key, entry)
      return entry
    },
    forget: (key) => void entries.delete(key),
    podChanged(now, before) {
      const pod = now ?? before
      if (pod === undefined) return
      const key = podKey(pod)
      byNamespace.move(key, [before?.metadata.namespace], [now?.metadata.namespace], now)
      byLabel.move(key, labelKeys(before), labelKeys(now), now)
      for (const entry of entries.values()) update(entry, key, now !== undefined && entry.matches(now), false)
    },
    namespaceChanged(name) {
      for (const entry of entries.values()) {
        if (entry.selector.namespaceSelector === undefined) continue
        for (const pod of byNamespace.get(name)) update(entry, podKey(pod), entry.matches(pod), true)
      }
    },
    selects: (selector, pod) => matcher(selector, world)(pod),
  }
}

const labelKey = (key: string, value: string): string => `${key}=${value}`
const labelKeys = (pod: Pod | undefined): string[] =>
  Object.entries(pod?.metadata.labels ?? {}).map(([key, value]) => labelKey(key, value))

interface Index {
  get(place: string): Iterable<Pod>
  /** Takes the Pod out of where it was and puts it where it is now. */
  move(
    pod: string,
    from: readonly (string | undefined)[],
    to: readonly (string | undefined)[],
    now: Pod | undefined,
  ): void
}

function createIndex(): Index {
  const places = new Map<string, Map<string, Pod>>()
  return {
    get: (place) => places.get(place)?.values() ?? [],
    move(key, from, to, now) {
      for (const place of from) {
        if (place === undefined || !places.get(place)?.delete(key)) continue
        if (places.get(place)?.size === 0) places.delete(place)
      }
      if (now === undefined) return
      for (const place of to) {
        if (place === undefined) continue
        const there = places.get(place) ?? new Map<string, Pod>()
        there.set(key, now)
        places.set(place, there)
      }
    },
  }
}

/** Nodes, Services and ExternalEntities are no Pods: such a selector selects none. */
function matcher(selector: GroupSelector, world: MembershipWorld): (pod: Pod) => boolean {
  if (selector.nodeSelector !== undefined || selector.service !== undefined) return () => false
  if (selector.externalEntitySelector !== undefined) return () => false
  const pods: Predicate | undefined =
    selector.podSelector === undefined ? undefined : compile(selector.podSelector)
  const { namespace, serviceAccount } = selector
  const isInScope = scopeOf(selector, world)
  if (isInScope === undefined && pods === undefined) return () => false
  return (pod) =>
    isWorkload(pod) &&
    (namespace === undefined || pod.metadata.namespace === namespace) &&
    (serviceAccount === undefined || (pod.spec?.serviceAccountName ?? 'default') === serviceAccount) &&
    (pods === undefined || pods(pod.metadata.labels ?? {})) &&
    (isInScope === undefined || isInScope(pod))
}

/** Undefined: all namespaces. */
function scopeOf(selector: GroupSelector, world: MembershipWorld): ((pod: Pod) => boolean) | undefined {
  if (selector.namespace !== undefined) return () => true
  if (selector.namespaceSelector === undefined) return undefined
  const namespaces = compile(selector.namespaceSelector)
  return (pod) => {
    const labels = world.namespaceLabels(pod.metadata.namespace ?? '')
    return labels !== undefined && namespaces(labels)
  }
}
