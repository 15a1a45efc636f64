/** The three kinds of policies, made into controlplane policies. Pure. */
import { LEGACY_TIERS } from '../admission/policies.ts'
import { DEFAULT_TIER } from '../admission/tiers.ts'
import type { AntreaPolicy, AppliedTo, KubePolicy, KubeRule, Peer, Rule } from '../model.ts'
import {
  addressSelector,
  anyPeer,
  appliedToSelector,
  applyTo,
  type Converted,
  type ConvertWorld,
  type Draft,
  draftOf,
  lookUpGroup,
  peerOf,
  selectorOf,
  servicesOf,
} from './convert.ts'
import { compile, type GroupSelector, type Labels } from './selectors.ts'
import type { SourceType, WirePeer, WireRule } from './wire.ts'

const DEFAULT_TIER_PRIORITY = 250

/** A ClusterNetworkPolicy or (with a namespace) a NetworkPolicy of crd.antrea.io. */
export function convertAntreaPolicy(object: AntreaPolicy, world: ConvertWorld): Converted {
  const { namespace, name, uid, generation = 1 } = object.metadata
  const spec = object.spec ?? {}
  const draft = draftOf(world, namespace)
  const tier = LEGACY_TIERS.has(spec.tier ?? '') ? spec.tier?.toLowerCase() : spec.tier
  const tierName = tier === undefined || tier === '' ? DEFAULT_TIER : tier
  draft.madeFrom.add(`tier/${tierName}`)
  const isSplit =
    namespace === undefined && [...(spec.ingress ?? []), ...(spec.egress ?? [])].some(isPerNamespace)
  const rules = [
    ...(spec.ingress ?? []).flatMap((rule, index) =>
      convertRule(draft, rule, index, 'In', spec.appliedTo, isSplit),
    ),
    ...(spec.egress ?? []).flatMap((rule, index) =>
      convertRule(draft, rule, index, 'Out', spec.appliedTo, isSplit),
    ),
  ]
  const appliedToGroups = isSplit ? [] : applyTo(draft, spec.appliedTo)
  if (isSplit) splitByNamespace(draft, spec.appliedTo)
  return {
    ...draft,
    policy: {
      metadata: { name: uid, uid, generation },
      ...(rules.length === 0 ? {} : { rules }),
      ...(appliedToGroups.length === 0 ? {} : { appliedToGroups }),
      ...(spec.priority === undefined ? {} : { priority: spec.priority }),
      tierPriority: world.tierPriority(tierName) ?? DEFAULT_TIER_PRIORITY,
      sourceRef: {
        type: (namespace === undefined
          ? 'AntreaClusterNetworkPolicy'
          : 'AntreaNetworkPolicy') satisfies SourceType,
        ...(namespace === undefined ? {} : { namespace }),
        name,
        uid,
      },
    },
  }
}

const peersOf = (rule: Rule, direction: 'In' | 'Out'): readonly Peer[] =>
  (direction === 'In' ? rule.from : rule.to) ?? []

const isSelf = (peer: Peer): boolean => peer.namespaces?.match === 'Self'
const isSameLabels = (peer: Peer): boolean => (peer.namespaces?.sameLabels?.length ?? 0) > 0
const isPerNamespace = (rule: Rule): boolean =>
  [...(rule.from ?? []), ...(rule.to ?? [])].some((peer) => peer.namespaces !== undefined)

/**
 * One rule, or several: peers that depend on the namespace of what they are applied to make one rule for each such
 * namespace (Self), or for each group of namespaces with the same label values (sameLabels).
 */
function convertRule(
  draft: Draft,
  rule: Rule,
  index: number,
  direction: 'In' | 'Out',
  specAppliedTo: readonly AppliedTo[] | undefined,
  isSplit: boolean,
): WireRule[] {
  const services = servicesOf(rule.ports, rule.protocols)
  const make = (peer: WirePeer, appliedToGroups: readonly string[]): WireRule => ({
    direction,
    from: direction === 'In' ? peer : {},
    to: direction === 'Out' ? peer : {},
    ...(services.length === 0 ? {} : { services }),
    ...(rule.name === undefined ? {} : { name: rule.name }),
    ...(rule.action === undefined ? {} : { action: rule.action }),
    ...(index === 0 ? {} : { priority: index }),
    enableLogging: rule.enableLogging ?? false,
    ...(rule.logLabel === undefined || rule.logLabel === '' ? {} : { logLabel: rule.logLabel }),
    ...(appliedToGroups.length === 0 ? {} : { appliedToGroups }),
  })
  const appliedTo = rule.appliedTo?.length ? rule.appliedTo : isSplit ? specAppliedTo : undefined
  const peers = peersOf(rule, direction)
  const plain = peers.filter((peer) => peer.namespaces === undefined)
  const made: WireRule[] = []
  if (plain.length > 0 || plain.length === peers.length) {
    const toServices = rule.toServices?.length ? rule.toServices : undefined
    const peer =
      toServices !== undefined
        ? { toServices }
        : plain.length === 0
          ? anyPeer(draft, direction, services)
          : peerOf(draft, plain)
    made.push(make(peer, applyTo(draft, appliedTo)))
  }
  const self = peers.filter(isSelf)
  if (self.length > 0)
    for (const [namespace, group] of splitByNamespace(draft, appliedTo))
      made.push(make(namespacedPeer(draft, self, namespace), [...group]))
  for (const peer of peers.filter(isSameLabels)) made.push(...sameLabelRules(draft, peer, appliedTo, make))
  return made
}

const namespacedPeer = (draft: Draft, peers: readonly Peer[], namespace: string): WirePeer => ({
  addressGroups: peers.map(({ podSelector }) =>
    addressSelector(draft, { namespace, ...(podSelector === undefined ? {} : { podSelector }) }),
  ),
})

/** One rule for each set of namespaces that have the same values of these labels; namespaces that lack one have none. */
function sameLabelRules(
  draft: Draft,
  peer: Peer,
  appliedTo: readonly AppliedTo[] | undefined,
  make: (peer: WirePeer, appliedToGroups: readonly string[]) => WireRule,
): WireRule[] {
  const keys = peer.namespaces?.sameLabels ?? []
  const namespaces = draft.world.namespaces()
  const sets = new Map<string, { values: Labels; groups: string[] }>()
  for (const [namespace, groups] of splitByNamespace(draft, appliedTo)) {
    const labels = namespaces.get(namespace) ?? {}
    if (keys.some((key) => labels[key] === undefined)) continue
    const values = Object.fromEntries(keys.map((key) => [key, labels[key] ?? '']))
    const text = JSON.stringify(keys.map((key) => values[key]))
    const set = sets.get(text) ?? { values, groups: [] }
    set.groups.push(...groups)
    sets.set(text, set)
  }
  return [...sets.values()].map(({ values, groups }) => {
    const { podSelector } = peer
    const selector = {
      namespaceSelector: { matchLabels: values },
      ...(podSelector === undefined ? {} : { podSelector }),
    }
    return make({ addressGroups: [addressSelector(draft, selector)] }, groups)
  })
}

/** Applied-to groups that lie in one namespace each, for every namespace that is reached. */
function splitByNamespace(
  draft: Draft,
  elements: readonly AppliedTo[] | undefined,
): Map<string, Set<string>> {
  draft.madeFrom.add('namespaces')
  const split = new Map<string, Set<string>>()
  const add = (namespace: string, selector: GroupSelector) => {
    const names = split.get(namespace) ?? new Set()
    names.add(appliedToSelector(draft, { ...selector, namespace }))
    split.set(namespace, names)
  }
  for (const element of elements ?? []) {
    const { serviceAccount } = element
    if (serviceAccount !== undefined) {
      add(serviceAccount.namespace ?? '', selectorOf(draft, element))
      continue
    }
    const base = element.group ? (lookUpGroup(draft, element.group)?.spec ?? {}) : element
    const { podSelector, namespaceSelector = {} } = base
    const matches = compile(namespaceSelector)
    for (const [namespace, labels] of draft.world.namespaces())
      if (matches(labels)) add(namespace, podSelector === undefined ? {} : { podSelector })
  }
  return split
}

/** networking.k8s.io/v1. Rules have no order; what an isolated direction does not allow is denied by a rule without action. */
export function convertKubePolicy(object: KubePolicy, world: ConvertWorld): Converted {
  const { namespace = '', name, uid, generation = 1 } = object.metadata
  const { podSelector = {}, policyTypes = ['Ingress'], ingress = [], egress = [] } = object.spec ?? {}
  const draft = draftOf(world, namespace)
  const direction = (rules: readonly KubeRule[], which: 'In' | 'Out', isIsolated: boolean): WireRule[] =>
    rules.length === 0 && isIsolated
      ? [{ direction: which, from: {}, to: {}, enableLogging: false }]
      : rules.map((rule) => convertKubeRule(draft, rule, which))
  const rules = [
    ...direction(ingress, 'In', policyTypes.includes('Ingress')),
    ...direction(egress, 'Out', policyTypes.includes('Egress')),
  ]
  return {
    ...draft,
    policy: {
      metadata: { name: uid, uid, generation },
      ...(rules.length === 0 ? {} : { rules }),
      appliedToGroups: [appliedToSelector(draft, { namespace, podSelector })],
      sourceRef: { type: 'K8sNetworkPolicy', namespace, name, uid },
    },
  }
}

function convertKubeRule(draft: Draft, rule: KubeRule, direction: 'In' | 'Out'): WireRule {
  const services = servicesOf(rule.ports, undefined)
  const peers = (direction === 'In' ? rule.from : rule.to) ?? []
  const peer = peers.length === 0 ? anyPeer(draft, direction, services) : peerOf(draft, peers)
  return {
    direction,
    from: direction === 'In' ? peer : {},
    to: direction === 'Out' ? peer : {},
    ...(services.length === 0 ? {} : { services }),
    action: 'Allow',
    priority: -1,
    enableLogging: false,
  }
}
