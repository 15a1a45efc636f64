/**
 * Who is on which side of a rule: as NSX's groups say, and as antrea-controller has computed. Only Pods are listed; what
 * addresses match is shown by verdicts.
 */
import type { PolicyInForce } from '../../oracle/nsx.ts'
import { asList, type Body, inGroup, type Matches } from '../../oracle/nsx-members.ts'
import type { Cluster, Pod } from '../../oracle/types.ts'
import type { AnyJson } from './api.ts'
import type { Computed } from './computed.ts'

export interface Members {
  /** The NSX rule's number and `In` or `Out`. */
  readonly rule: string
  /** Pods it is applied to. */
  readonly appliedTo: readonly string[]
  /** Pods at the far end, with their addresses; undefined where the rule is limited to one family, or to all but some. */
  readonly peers: readonly string[] | undefined
}

/** Of no Pod and in no group. */
const NOWHERE = '192.0.2.250'

const nameOf = ({ namespace, name }: Pod): string => `${namespace}/${name}`
const isAny = (list: unknown): boolean => {
  const [first] = asList(list)
  return first === undefined || String(first).toUpperCase() === 'ANY'
}

/** Pods in the network of Pods that have not ended. */
const isWorkload = ({ hostNetwork, phase }: Pod): boolean => !hostNetwork && phase !== 'Succeeded'

/** In order; halves of a rule that match nobody are left out. */
export function expectedMembers(policy: PolicyInForce, cluster: Cluster): Members[] {
  const pods = cluster.pods.filter(isWorkload)
  const matches = (list: unknown): Matches => {
    const each = asList(list).flatMap((item) => {
      const group = policy.groups.get(String(item))
      return group === undefined ? [] : [inGroup(String(item), group, cluster)]
    })
    return (endpoint) => each.some((one) => one(endpoint))
  }
  const podsIn = (list: unknown): ((pod: Pod) => boolean) => {
    const isIn = matches(list)
    return (pod) => isIn({ address: NOWHERE, pod })
  }
  const near = (list: unknown, isExcluded: unknown): ((pod: Pod) => boolean) => {
    if (isAny(list)) return () => true
    const isIn = podsIn(list)
    return (pod) => isIn(pod) !== (isExcluded === true)
  }
  const own = policy.body['scope']
  const rules = (asList(policy.body['rules']) as Body[]).filter((rule) => rule['disabled'] !== true)
  return sorted(
    rules.flatMap((rule) => {
      const isApplied = near(isAny(own) ? rule['scope'] : own, false)
      return (['In', 'Out'] as const)
        .filter(
          (direction) => rule['direction'] === 'IN_OUT' || rule['direction'] === direction.toUpperCase(),
        )
        .flatMap((direction) => {
          const source = [rule['source_groups'], rule['sources_excluded']] as const
          const destination = [rule['destination_groups'], rule['destinations_excluded']] as const
          const [self, far] = direction === 'In' ? [destination, source] : [source, destination]
          const isNear = near(...self)
          const appliedTo = pods.filter((pod) => isApplied(pod) && isNear(pod)).map(nameOf)
          const isOneFamily = !['IPV4_IPV6', undefined].includes(rule['ip_protocol'] as string | undefined)
          const isUnlisted = isOneFamily || far[1] === true || hasIcmp(rule)
          const isPeer = isAny(far[0]) ? () => false : podsIn(far[0])
          const peers = isUnlisted
            ? undefined
            : pods
                .filter((pod) => pod.addresses.length > 0 && isPeer(pod))
                .map((pod) => `${nameOf(pod)} ${pod.addresses.map(plain).sort().join()}`)
          return [
            { rule: `${rule['rule_id']} ${direction}`, appliedTo: appliedTo.sort(), peers: peers?.sort() },
          ]
        })
    }),
  )
}

const hasIcmp = (rule: Body): boolean =>
  /ICMP|"protocol_number":(1|58)\b/.test(JSON.stringify(rule['service_entries'] ?? []))

/** What is computed, for the same rules; a rule that became several counts once, and each of them must say the same. */
export function computedMembers(computed: Computed, name: string, wanted: readonly Members[]): Members[] {
  const policy = computed.policies.find(({ sourceRef }) => sourceRef.name === name)
  const rules: AnyJson[] = policy?.rules ?? []
  const known = new Set(wanted.map(({ rule }) => rule))
  const found = new Map<string, Members>()
  for (const rule of rules) {
    const key = `${String(rule.name).replace(/-.*$/, '')} ${rule.direction}`
    if (!known.has(key)) throw new Error(`${name} has a rule ${rule.name} that NSX does not know`)
    const members = (groups: readonly string[], from: ReadonlyMap<string, AnyJson>): AnyJson[] =>
      groups.flatMap((group) => {
        const held = from.get(group)
        if (held === undefined) throw new Error(`${group} is not computed`)
        return held.groupMembers ?? []
      })
    const pods = (list: readonly AnyJson[], text: (member: AnyJson) => string) =>
      [...new Set(list.filter(({ pod }) => pod !== undefined).map(text))].sort()
    const peer = rule.direction === 'In' ? rule.from : rule.to
    const isUnlisted = wanted.some((one) => one.rule === key && one.peers === undefined)
    const now: Members = {
      rule: key,
      appliedTo: pods(
        members(rule.appliedToGroups ?? policy.appliedToGroups ?? [], computed.appliedToGroups),
        ({ pod }) => `${pod.namespace}/${pod.name}`,
      ),
      peers: isUnlisted
        ? undefined
        : pods(
            members(peer?.addressGroups ?? [], computed.addressGroups),
            ({ pod, ips = [] }) => `${pod.namespace}/${pod.name} ${ips.map(hexOf).sort().join()}`,
          ),
    }
    const before = found.get(key)
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(now))
      throw new Error(`the halves of ${key} of ${name} differ`)
    found.set(key, now)
  }
  return sorted([...found.values()])
}

const sorted = (list: readonly Members[]): Members[] => [...list].sort((a, b) => (a.rule < b.rule ? -1 : 1))

/** An address as the hexadecimal digits of its 4 or 16 bytes. */
function plain(text: string): string {
  if (!text.includes(':'))
    return text
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join('')
  const [head = '', tail = ''] = text.split('::')
  const words = (half: string) => (half === '' ? [] : half.split(':'))
  const zeros = Array.from({ length: 8 - words(head).length - words(tail).length }, () => '0')
  return [...words(head), ...zeros, ...words(tail)].map((word) => word.padStart(4, '0')).join('')
}

/** From base64; IPv4 may come mapped into IPv6. */
const hexOf = (base64: string): string =>
  Buffer.from(base64, 'base64')
    .toString('hex')
    .replace(/^0{20}ffff/, '')
