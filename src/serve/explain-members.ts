/**
 * Which Pods a stored ClusterGroup or an inline selector holds, as antrea-controller reads them (antrea-io/antrea
 * docs/antrea-network-policy.md, "ClusterGroup"). Pure. Groups of a Service are left out: their members are computed elsewhere.
 */
import ipaddr from 'ipaddr.js'
import type { AppliedTo, ClusterGroup, KubeObject, LabelSelector, PolicyPeer, Store } from '../kube/index.ts'

type Labels = Readonly<Record<string, string>>

/** As metav1.LabelSelectorAsSelector: an empty selector takes everything, an unknown operator nothing. */
export function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  const has = (key: string) => Object.hasOwn(labels, key)
  return (
    Object.entries(matchLabels).every(([key, value]) => has(key) && labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator === 'In') return has(key) && values.includes(labels[key] ?? '')
      if (operator === 'NotIn') return !has(key) || !values.includes(labels[key] ?? '')
      if (operator === 'Exists') return has(key)
      return operator === 'DoesNotExist' && !has(key)
    })
  )
}

export interface PodFacts {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly namespaceLabels: Labels
  readonly ips: readonly string[]
  readonly node?: string
  readonly isHostNetwork: boolean
}

export function podFacts(pod: KubeObject, namespaces: Store): PodFacts {
  const { name, namespace = '', labels = {} } = pod.metadata
  const { spec = {}, status = {} } = pod as {
    readonly spec?: { readonly nodeName?: string; readonly hostNetwork?: boolean }
    readonly status?: { readonly podIP?: string; readonly podIPs?: readonly { readonly ip?: string }[] }
  }
  const ips = (status.podIPs ?? []).flatMap(({ ip }) => (ip === undefined || ip === '' ? [] : [ip]))
  return {
    namespace,
    name,
    labels,
    // The API server labels each namespace with its name.
    namespaceLabels: {
      'kubernetes.io/metadata.name': namespace,
      ...namespaces.get(namespace)?.metadata.labels,
    },
    ips: ips.length > 0 ? ips : status.podIP === undefined || status.podIP === '' ? [] : [status.podIP],
    ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
    isHostNetwork: spec.hostNetwork === true,
  }
}

/** Groups nest one level (antrea-controller refuses more); a loop that somebody made ends here. */
const DEPTH_MAX = 3

export interface Membership {
  /** As a peer of a rule: the Pod is there by selector or by address. */
  holds(group: string): boolean
  /** By selector alone: what a policy can be applied to. */
  applies(group: string): boolean
}

interface Found {
  readonly bySelector: boolean
  readonly byAddress: boolean
}

/** Of one Pod; each group is looked at once. */
export function membershipOf(pod: PodFacts, groupOf: (name: string) => ClusterGroup | undefined): Membership {
  const known = new Map<string, Found>()
  const look = (name: string, depth: number): Found => {
    const before = known.get(name)
    if (before !== undefined) return before
    const spec = groupOf(name)?.spec
    const children = depth < DEPTH_MAX ? (spec?.childGroups ?? []).map((child) => look(child, depth + 1)) : []
    const found = {
      bySelector:
        (spec !== undefined && selectsPod(spec, pod)) || children.some(({ bySelector }) => bySelector),
      byAddress:
        (spec?.ipBlocks ?? []).some((block) => holdsAny(block, pod.ips)) ||
        children.some(({ byAddress }) => byAddress),
    }
    known.set(name, found)
    return found
  }
  return {
    holds(group) {
      const { bySelector, byAddress } = look(group, 0)
      return bySelector || byAddress
    },
    applies: (group) => look(group, 0).bySelector && !pod.isHostNetwork,
  }
}

/** No selector at all selects nothing; a namespaceSelector alone all Pods there. */
function selectsPod(
  {
    podSelector,
    namespaceSelector,
  }: { readonly podSelector?: LabelSelector; readonly namespaceSelector?: LabelSelector },
  pod: PodFacts,
): boolean {
  if (podSelector === undefined && namespaceSelector === undefined) return false
  return (
    (podSelector === undefined || selects(podSelector, pod.labels)) &&
    (namespaceSelector === undefined || selects(namespaceSelector, pod.namespaceLabels))
  )
}

export const isAppliedTo = (pod: PodFacts, members: Membership, list: readonly AppliedTo[] = []): boolean =>
  !pod.isHostNetwork &&
  list.some((one) => (one.group === undefined ? selectsPod(one, pod) : members.applies(one.group)))

export const isPeer = (pod: PodFacts, members: Membership, list: readonly PolicyPeer[] = []): boolean =>
  list.some((one) => {
    if (one.group !== undefined) return members.holds(one.group)
    if (one.ipBlock !== undefined) return holdsAny(one.ipBlock, pod.ips)
    return selectsPod(one, pod)
  })

function holdsAny(
  { cidr, except = [] }: { readonly cidr: string; readonly except?: readonly string[] },
  ips: readonly string[],
): boolean {
  return ips.some((ip) => isIn(cidr, ip) && !except.some((one) => isIn(one, ip)))
}

/** What is no address, or of the other family, is not in it. */
function isIn(cidr: string, ip: string): boolean {
  try {
    const [address, bits] = ipaddr.parseCIDR(cidr)
    const parsed = ipaddr.parse(ip)
    return parsed.kind() === address.kind() && parsed.match([address, bits] as [typeof parsed, number])
  } catch {
    return false
  }
}
