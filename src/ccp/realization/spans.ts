/**
 * On which Nodes a Kubernetes NetworkPolicy has to be enforced: those of the Pods it selects (antrea-io/antrea
 * pkg/controller/networkpolicy: Pods that have a Node, are not finished and not in the host's network). Kept from the
 * Pods' own store, so that nothing has to be asked of antrea-controller, for which who watches is an agent.
 */
import type { LabelSelector } from '../../kube/antrea.ts'
import type { KubeObject, Store } from '../../kube/index.ts'

type Labels = Readonly<Record<string, string>>

interface PodShape {
  readonly spec?: { readonly nodeName?: string; readonly hostNetwork?: boolean }
  readonly status?: { readonly phase?: string }
}

interface Placed {
  readonly node: string
  readonly labels: Labels
}

export interface Spans {
  /** Takes in what changed; the namespaces whose spans may be others now. */
  note(keys: Iterable<string>): ReadonlySet<string>
  /** Names of Nodes, sorted. */
  nodesOf(namespace: string, selector: LabelSelector | undefined): string[]
}

/** Holds the Pods that are there already. */
export function createSpans(pods: Store): Spans {
  const byNamespace = new Map<string, Map<string, Placed>>()
  const noteOne = (key: string): string | undefined => {
    const namespace = key.slice(0, key.indexOf('/'))
    const mine = byNamespace.get(namespace)
    const before = mine?.get(key)
    const now = placedOf(pods.get(key))
    if (isSame(before, now)) return undefined
    if (now !== undefined) {
      if (mine === undefined) byNamespace.set(namespace, new Map([[key, now]]))
      else mine.set(key, now)
    } else {
      mine?.delete(key)
      if (mine?.size === 0) byNamespace.delete(namespace)
    }
    return namespace
  }
  const note = (keys: Iterable<string>) => {
    const moved = new Set<string>()
    for (const key of keys) {
      const namespace = noteOne(key)
      if (namespace !== undefined) moved.add(namespace)
    }
    return moved
  }
  note(pods.keys())
  return {
    note,
    nodesOf(namespace, selector) {
      const nodes = new Set<string>()
      for (const { node, labels } of byNamespace.get(namespace)?.values() ?? [])
        if (!nodes.has(node) && selects(selector, labels)) nodes.add(node)
      return [...nodes].sort()
    },
  }
}

const NO_LABELS: Labels = {}

function placedOf(pod: KubeObject | undefined): Placed | undefined {
  if (pod === undefined) return undefined
  const { spec, status } = pod as PodShape
  const node = spec?.nodeName ?? ''
  const isFinished = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  if (node === '' || spec?.hostNetwork === true || isFinished) return undefined
  return { node, labels: pod.metadata.labels ?? NO_LABELS }
}

function isSame(a: Placed | undefined, b: Placed | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.node !== b.node) return false
  const names = Object.keys(a.labels)
  return (
    a.labels === b.labels ||
    (names.length === Object.keys(b.labels).length &&
      names.every((name) => a.labels[name] === b.labels[name]))
  )
}

/** kubernetes.io, "Labels and Selectors": all requirements; none selects everything. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {}))
    if (labels[key] !== value) return false
  return (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const has = Object.hasOwn(labels, key)
    const isIn = has && values.includes(labels[key] ?? '')
    if (operator === 'In') return isIn
    if (operator === 'NotIn') return !isIn
    return operator === 'Exists' ? has : !has
  })
}
