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
  /** Forgets all selectors but these. */
  retain(keys: ReadonlySet<string>): void
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
  const byNamespace = new Map<string, Map<string, Pod>>()
  /** Never given twice, so that a selector kept again does not look like its former self. */
  let versions = 0

  const podsIn = (namespace: string) => byNamespace.get(namespace)?.values() ?? []
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
      const among = selector.namespace === undefined ? world.pods() : podsIn(selector.namespace)
      const pods = new Set<string>()
      for (const pod of among) if (matches(pod)) pods.add(podKey(pod))
      const entry = { selector, matches, pods, version: ++versions }
      entries.set(key, entry)
      return entry
    },
    retain(keys) {
      for (const key of entries.keys()) if (!keys.has(key)) entries.delete(key)
    },
    podChanged(now, before) {
      const pod = now ?? before
      if (pod === undefined) return
      const key = podKey(pod)
      const namespace = pod.metadata.namespace ?? ''
      const siblings = byNamespace.get(namespace) ?? new Map<string, Pod>()
      byNamespace.set(namespace, siblings)
      if (now === undefined) siblings.delete(key)
      else siblings.set(key, now)
      if (siblings.size === 0) byNamespace.delete(namespace)
      for (const entry of entries.values()) update(entry, key, now !== undefined && entry.matches(now), false)
    },
    namespaceChanged(name) {
      for (const entry of entries.values()) {
        if (entry.selector.namespaceSelector === undefined) continue
        for (const pod of podsIn(name)) update(entry, podKey(pod), entry.matches(pod), true)
      }
    },
    selects: (selector, pod) => matcher(selector, world)(pod),
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
