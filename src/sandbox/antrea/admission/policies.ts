/** What /validate/acnp and /validate/annp refuse, in the order in which they look (pkg/controller/networkpolicy/validate.go). */
import { isMulticast, parseAddress } from '../addresses.ts'
import type { AppliedTo, Peer, PolicyPort, PolicySpec, Rule } from '../model.ts'
import {
  checkIpBlock,
  checkSelectors,
  fieldsSet,
  firstIn,
  firstOf,
  isMulticastBlock,
  type Refusal,
} from './checks.ts'
import { qualifiedNameFaults } from './labels.ts'

/** Names from before tiers were objects; they need not exist. */
export const LEGACY_TIERS: ReadonlySet<string> = new Set([
  'Emergency',
  'SecurityOps',
  'NetworkOps',
  'Platform',
  'Application',
  'Baseline',
])

interface Rules {
  readonly spec: PolicySpec
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
  /** Ingress first. */
  readonly all: readonly Rule[]
}

/** `tierExists` asks the controller's copy of the tiers, which may lag. */
export function checkPolicy(spec: PolicySpec, tierExists: (name: string) => boolean): Refusal {
  const ingress = spec.ingress ?? []
  const egress = spec.egress ?? []
  const rules: Rules = { spec, ingress, egress, all: [...ingress, ...egress] }
  return firstOf(
    () => checkTier(spec.tier ?? '', tierExists),
    () => checkPass(rules),
    () => checkNames(rules),
    () => checkAppliedToPlaces(rules),
    () => checkAppliedTo(spec.appliedTo, egress.length > 0),
    () => firstIn(ingress, (rule) => checkAppliedTo(rule.appliedTo, false)),
    () => firstIn(egress, (rule) => checkAppliedTo(rule.appliedTo, true)),
    () => checkPeers(rules),
    () => checkServicePeers(rules),
    () => checkNamesOfHosts(rules),
    () => checkMulticast(rules),
    () => checkIgmp(rules),
    () => checkL7(rules),
    () => firstIn(rules.all, (rule) => firstIn(rule.ports, checkPort)),
  )
}

/** Said with an admission that succeeds. */
export function policyWarnings(spec: PolicySpec): string[] {
  if (!spec.appliedTo?.some((element) => element.nodeSelector !== undefined)) return []
  return [...(spec.ingress ?? []), ...(spec.egress ?? [])]
    .filter((rule) => rule.enableLogging === true && Buffer.byteLength(rule.logLabel ?? '', 'utf8') > 12)
    .map(
      (rule) =>
        `LogLabels for Node NetworkPolicies are limited to 12 characters, but the label "${rule.logLabel}" for policy rule "${rule.name ?? ''}" exceeds the limit and will be truncated in kernel logs`,
    )
}

const checkTier = (tier: string, exists: (name: string) => boolean): Refusal =>
  tier === '' || LEGACY_TIERS.has(tier) || exists(tier) ? undefined : `tier ${tier} does not exist`

const checkPass = ({ spec, all }: Rules): Refusal =>
  spec.tier?.toLowerCase() === 'baseline' && all.some((rule) => rule.action === 'Pass')
    ? '`Pass` action should not be set for Baseline Tier policy rules'
    : undefined

const checkNames = ({ all }: Rules): Refusal =>
  new Set(all.map((rule) => rule.name ?? '')).size < all.length
    ? 'rules names must be unique within the policy'
    : undefined

const isFilled = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0

function checkAppliedToPlaces({ spec, all }: Rules): Refusal {
  const inRules = all.filter((rule) => isFilled(rule.appliedTo)).length
  if (isFilled(spec.appliedTo)) {
    return inRules > 0 ? 'appliedTo should not be set in both spec and rules' : undefined
  }
  if (inRules === 0) return 'appliedTo needs to be set in either spec or rules'
  return inRules < all.length
    ? 'appliedTo field should either be set in all rules or in none of them'
    : undefined
}

function checkAppliedTo(elements: readonly AppliedTo[] | undefined, withEgress: boolean): Refusal {
  const refusal = firstIn(elements, (element) => {
    const alone = fieldsSet(element) <= 1
    for (const field of ['group', 'nodeSelector', 'serviceAccount', 'service'] as const)
      if (element[field] !== undefined && element[field] !== '' && !alone)
        return `${field} cannot be set with other peers in appliedTo`
    if (element.service !== undefined && withEgress) return 'egress rule cannot be applied to Services'
    return checkSelectors(
      element.podSelector,
      element.namespaceSelector,
      element.externalEntitySelector,
      element.nodeSelector,
    )
  })
  const services = (elements ?? []).filter((element) => element.service !== undefined).length
  if (refusal !== undefined || services === 0 || services === elements?.length) return refusal
  return 'a rule/policy cannot be applied to Services and other peers at the same time'
}

const checkPeers = ({ ingress, egress }: Rules): Refusal =>
  firstOf(
    () => firstIn(ingress, (rule) => firstIn(rule.from, checkPeer)),
    () =>
      firstIn(egress, (rule) =>
        rule.toServices !== undefined &&
        (isFilled(rule.to) || rule.ports !== undefined || rule.protocols !== undefined)
          ? '`toServices` cannot be used with `to`, `ports` or `protocols`'
          : firstIn(rule.to, checkPeer),
      ),
  )

function checkPeer(peer: Peer): Refusal {
  const { namespaces, ipBlock } = peer
  if (peer.namespaceSelector !== undefined && namespaces !== undefined)
    return 'namespaces and namespaceSelector cannot be set at the same time for a single NetworkPolicyPeer'
  if (namespaces !== undefined && fieldsSet(namespaces) > 1)
    return 'only one matching criteria can be specified in a single peer namespaces field'
  const alone = fieldsSet(peer) <= 1
  return firstOf(
    () =>
      firstIn(namespaces?.sameLabels, (key) =>
        qualifiedNameFaults(key).length > 0 ? `Invalid label key in sameLabels rule: ${key}` : undefined,
      ),
    () => (ipBlock === undefined ? undefined : checkIpBlock(ipBlock)),
    () =>
      firstIn(['group', 'serviceAccount', 'nodeSelector'] as const, (field) =>
        peer[field] !== undefined && peer[field] !== '' && !alone
          ? `${field} cannot be set with other peers in rules`
          : undefined,
      ),
    () =>
      checkSelectors(
        peer.podSelector,
        peer.namespaceSelector,
        peer.externalEntitySelector,
        peer.nodeSelector,
      ),
  )
}

function checkServicePeers({ spec, ingress }: Rules): Refusal {
  const isToService = (elements: readonly AppliedTo[] | undefined) => elements?.[0]?.service !== undefined
  return firstIn(ingress, (rule) =>
    isToService(spec.appliedTo) || isToService(rule.appliedTo)
      ? firstIn(rule.from, (peer) =>
          peer.ipBlock === undefined || fieldsSet(peer) > 1
            ? 'a rule/policy that is applied to Services can only use ipBlock to select workloads'
            : undefined,
        )
      : undefined,
  )
}

const checkNamesOfHosts = ({ egress }: Rules): Refusal =>
  firstIn(egress, (rule) =>
    firstIn(rule.to, ({ fqdn = '' }) =>
      fqdn === '' || /^[-0-9a-zA-Z.*]+$/.test(fqdn)
        ? undefined
        : `invalid characters in egress rule fqdn field: ${fqdn}`,
    ),
  )

const isPassOrReject = (rule: Rule): boolean => rule.action === 'Pass' || rule.action === 'Reject'

function checkMulticast({ egress }: Rules): Refusal {
  return firstIn(egress, (rule) => {
    const blocks = (rule.to ?? []).filter((peer) => peer.ipBlock !== undefined)
    const multicast = blocks.filter((peer) => isMulticastBlock(peer.ipBlock ?? {})).length
    if (multicast === 0) return undefined
    if (isPassOrReject(rule)) return 'multicast does not support action Pass or Reject'
    if (multicast < blocks.length)
      return 'can not set multicast groupAddress and unicast ip address at the same time'
    const hasSelector = (peer: Peer) =>
      (
        [
          'podSelector',
          'namespaceSelector',
          'namespaces',
          'externalEntitySelector',
          'serviceAccount',
          'nodeSelector',
        ] as const
      ).some((field) => peer[field] !== undefined)
    return blocks.some(hasSelector)
      ? 'can not set multicast groupAddress and selectors at the same time'
      : undefined
  })
}

/** What has been seen in one rule holds for all that follow it, as in Antrea. */
function checkIgmp({ all }: Rules): Refusal {
  let sawIgmp = false
  let sawIcmp = false
  return firstIn(all, (rule) => {
    const refusal = firstIn(rule.protocols, ({ igmp, icmp }) => {
      sawIcmp ||= icmp !== undefined
      if (igmp === undefined) return undefined
      sawIgmp = true
      const { groupAddress = '' } = igmp
      const address = parseAddress(groupAddress)
      if (groupAddress !== '' && (address === undefined || !isMulticast(address)))
        return `groupAddress ${address?.toString() ?? '<nil>'} is not multicast address`
      return isPassOrReject(rule) ? 'protocol IGMP does not support Pass or Reject' : undefined
    })
    if (refusal !== undefined || !sawIgmp) return refusal
    return sawIcmp ||
      isFilled(rule.ports) ||
      isFilled(rule.toServices) ||
      isFilled(rule.from) ||
      isFilled(rule.to)
      ? 'protocol IGMP can not be used with other protocols or other properties like from, to'
      : undefined
  })
}

/** The gate L7NetworkPolicy is off by default. */
const checkL7 = ({ all }: Rules): Refusal =>
  all.some((rule) => isFilled(rule.l7Protocols))
    ? 'layer 7 protocols can only be used when L7NetworkPolicy is enabled'
    : undefined

function checkPort({ port, endPort, sourcePort, sourceEndPort }: PolicyPort): Refusal {
  if (endPort !== undefined) {
    if (port === undefined) return 'if `endPort` is specified `port` must be specified'
    if (typeof port === 'string') return 'if `port` is a string `endPort` cannot be specified'
    if (endPort < port) return '`endPort` should be greater than or equal to `port`'
  }
  if (sourceEndPort === undefined) return undefined
  if (sourcePort === undefined) return 'if `sourceEndPort` is specified `sourcePort` must be specified'
  return sourceEndPort < sourcePort
    ? '`sourceEndPort` should be greater than or equal to `sourcePort`'
    : undefined
}
