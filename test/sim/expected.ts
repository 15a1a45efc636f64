/** What of the model must stand in the cluster, in words that can be compared: the checkers' side of rules 1 and 2. */
import type { StoredObject } from '../../src/sandbox/apiserver/index.ts'
import type { ModelGroup, ModelPolicy, ModelRule } from './model.ts'
import { matches, type Selector } from './selectors.ts'

interface Peer {
  readonly group?: string
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly ipBlock?: { readonly cidr: string }
}

interface Rule {
  readonly name: string
  readonly action: string
  readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[]
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly appliedTo?: readonly Peer[]
  readonly enableLogging?: boolean
}

interface PolicySpec {
  readonly tier: string
  readonly appliedTo?: readonly Peer[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

interface GroupSpec extends Peer {
  readonly ipBlocks?: readonly { readonly cidr: string }[]
  readonly childGroups?: readonly string[]
}

/** Live objects the expectations are resolved against. */
export interface ClusterView {
  readonly pods: readonly StoredObject[]
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly groups: ReadonlyMap<string, GroupSpec>
}

const ACTION = { ALLOW: 'Allow', DROP: 'Drop', REJECT: 'Reject' } as const

/** One line for each rule that must be there: where, what, with whom. */
export function expectedLines(
  policy: ModelPolicy,
  ruleIds: ReadonlyMap<string, number>,
  groups: ReadonlyMap<string, ModelGroup>,
  view: ClusterView,
): string[] {
  const enabled = policy.rules.filter(({ disabled }) => !disabled)
  return enabled.flatMap((rule) => {
    const id = ruleIds.get(rule.id)
    const scope = policy.scope === undefined ? 'all pods' : membersOf(policy.scope, groups, view)
    const line = (direction: string, name: string) =>
      [
        direction,
        name,
        `nsx-category-${policy.category.toLowerCase()}`,
        ACTION[rule.action],
        rule.port === undefined ? 'any port' : `TCP ${rule.port}`,
        rule.logged ? 'logged' : 'quiet',
        `on ${scope}`,
        `with ${peerOf(rule, groups, view)}`,
      ].join(' | ')
    if (rule.direction === 'IN') return [line('ingress', `${id}`)]
    if (rule.direction === 'OUT') return [line('egress', `${id}`)]
    return [line('ingress', `${id}-in`), line('egress', `${id}-out`)]
  })
}

const peerOf = (rule: ModelRule, groups: ReadonlyMap<string, ModelGroup>, view: ClusterView): string =>
  rule.peer === undefined ? 'anybody' : membersOf(rule.peer, groups, view)

const podName = (pod: StoredObject) => `${pod.metadata.namespace}/${pod.metadata.name}`

function membersOf(id: string, groups: ReadonlyMap<string, ModelGroup>, view: ClusterView): string {
  const found = new Set<string>()
  const visit = (groupId: string) => {
    const group = groups.get(groupId)
    if (group === undefined) throw new Error(`the model has no group ${groupId}`)
    if (group.kind === 'nested') for (const child of group.of) visit(child)
    if (group.kind === 'addresses')
      for (const address of group.addresses) found.add(address.includes('/') ? address : `${address}/32`)
    if (group.kind === 'pods')
      for (const pod of view.pods) if (pod.metadata.labels?.['app'] === group.app) found.add(podName(pod))
    if (group.kind === 'namespace')
      for (const pod of view.pods) if (pod.metadata.namespace === group.namespace) found.add(podName(pod))
  }
  visit(id)
  return [...found].sort().join(',')
}

/** The same lines, read from a stored ClusterNetworkPolicy. */
export function actualLines(stored: StoredObject, view: ClusterView): string[] {
  const spec = stored['spec'] as PolicySpec
  const line = (direction: string, rule: Rule, peers: readonly Peer[] | undefined) =>
    [
      direction,
      rule.name,
      spec.tier,
      rule.action,
      rule.ports === undefined || rule.ports.length === 0
        ? 'any port'
        : rule.ports.map(({ protocol, port }) => `${protocol} ${port}`).join(','),
      rule.enableLogging === true ? 'logged' : 'quiet',
      `on ${resolve(rule.appliedTo ?? spec.appliedTo ?? [], view, 'all pods')}`,
      `with ${peers === undefined || peers.length === 0 ? 'anybody' : resolve(peers, view, 'all pods')}`,
    ].join(' | ')
  return [
    ...(spec.ingress ?? []).map((rule) => line('ingress', rule, rule.from)),
    ...(spec.egress ?? []).map((rule) => line('egress', rule, rule.to)),
  ]
}

function resolve(peers: readonly Peer[], view: ClusterView, everything: string): string {
  const isEverything = (peer: Peer) =>
    peer.group === undefined &&
    peer.ipBlock === undefined &&
    peer.namespaceSelector === undefined &&
    peer.podSelector !== undefined &&
    Object.keys(peer.podSelector).length === 0
  if (peers.some(isEverything)) return everything
  const found = new Set<string>()
  for (const peer of peers) collect(peer, view, found)
  return [...found].sort().join(',')
}

function collect(peer: GroupSpec, view: ClusterView, found: Set<string>): void {
  if (peer.group !== undefined) {
    const spec = view.groups.get(peer.group)
    if (spec === undefined) found.add(`missing group ${peer.group}`)
    else collect(spec, view, found)
    return
  }
  if (peer.ipBlock !== undefined) found.add(peer.ipBlock.cidr)
  for (const { cidr } of peer.ipBlocks ?? []) found.add(cidr)
  for (const child of peer.childGroups ?? []) collect({ group: child }, view, found)
  if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return
  for (const pod of view.pods) {
    const labels = view.namespaces.get(pod.metadata.namespace ?? '') ?? {}
    if (peer.namespaceSelector !== undefined && !matches(peer.namespaceSelector, labels)) continue
    if (peer.podSelector !== undefined && !matches(peer.podSelector, pod.metadata.labels ?? {})) continue
    found.add(podName(pod))
  }
}

/** Names of ClusterGroups that these stored policies reach. */
export function reachedGroups(policies: readonly StoredObject[], view: ClusterView): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string | undefined) => {
    if (name === undefined || reached.has(name)) return
    reached.add(name)
    for (const child of view.groups.get(name)?.childGroups ?? []) visit(child)
  }
  for (const policy of policies) {
    const spec = policy['spec'] as PolicySpec
    const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])]
    const peers = [
      ...(spec.appliedTo ?? []),
      ...rules.flatMap((rule) => [...(rule.from ?? []), ...(rule.to ?? []), ...(rule.appliedTo ?? [])]),
    ]
    for (const peer of peers) visit(peer.group)
  }
  return reached
}

/** A policy that must be in the cluster. */
export const isWanted = (policy: ModelPolicy): boolean =>
  policy.spanned && policy.rules.some(({ disabled }) => !disabled)
