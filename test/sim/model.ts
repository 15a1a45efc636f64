/** What a person in NSX wants, and what that must be in the cluster: small, independent of the translation under test. */
import type { Random } from '../../src/world/index.ts'

export type ModelGroup =
  | { readonly id: string; readonly kind: 'pods'; readonly app: string }
  | { readonly id: string; readonly kind: 'namespace'; readonly namespace: string }
  | { readonly id: string; readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly id: string; readonly kind: 'nested'; readonly of: readonly string[] }

export interface ModelRule {
  readonly id: string
  readonly action: 'ALLOW' | 'DROP' | 'REJECT'
  readonly direction: 'IN' | 'OUT' | 'IN_OUT'
  /** The other side; IN_OUT has none. */
  readonly peer: string | undefined
  readonly port: number | undefined
  readonly disabled: boolean
  readonly logged: boolean
}

export interface ModelPolicy {
  readonly id: string
  readonly category: 'Emergency' | 'Infrastructure' | 'Environment' | 'Application'
  readonly sequence: number
  readonly scope: string | undefined
  readonly spanned: boolean
  readonly rules: readonly ModelRule[]
}

export const APPS = ['web', 'api', 'db', 'cache'] as const
export const NAMESPACES = ['shop', 'ops'] as const
const CATEGORIES = ['Emergency', 'Infrastructure', 'Environment', 'Application'] as const
const ACTIONS = ['ALLOW', 'DROP', 'REJECT'] as const

export const pick = <T>(random: Random, items: readonly T[]): T =>
  items[Math.floor(random.next() * items.length)]!

export const chance = (random: Random, probability: number): boolean => random.next() < probability

export function randomGroup(random: Random, id: string, others: readonly ModelGroup[]): ModelGroup {
  const leaves = others.filter(({ kind }) => kind === 'pods' || kind === 'namespace')
  switch (pick(random, ['pods', 'pods', 'namespace', 'addresses', 'nested'] as const)) {
    case 'namespace':
      return { id, kind: 'namespace', namespace: pick(random, NAMESPACES) }
    case 'addresses': {
      const octet = () => Math.floor(random.next() * 250) + 1
      const addresses = new Set(
        Array.from({ length: 1 + Math.floor(random.next() * 4) }, () => `192.0.2.${octet()}`),
      )
      return { id, kind: 'addresses', addresses: [...addresses, `198.51.${octet()}.0/24`] }
    }
    case 'nested':
      if (leaves.length >= 2) return { id, kind: 'nested', of: [pick(random, leaves).id] }
      return { id, kind: 'pods', app: pick(random, APPS) }
    default:
      return { id, kind: 'pods', app: pick(random, APPS) }
  }
}

export function randomRule(random: Random, id: string, groups: readonly ModelGroup[]): ModelRule {
  const direction = pick(random, ['IN', 'OUT', 'IN_OUT'] as const)
  return {
    id,
    action: pick(random, ACTIONS),
    direction,
    peer: direction === 'IN_OUT' || groups.length === 0 ? undefined : pick(random, groups).id,
    port: chance(random, 0.7) ? 1 + Math.floor(random.next() * 65_000) : undefined,
    disabled: chance(random, 0.15),
    logged: chance(random, 0.3),
  }
}

export function randomPolicy(random: Random, id: string, groups: readonly ModelGroup[]): ModelPolicy {
  const appliable = groups.filter(({ kind }) => kind === 'pods' || kind === 'namespace')
  return {
    id,
    category: pick(random, CATEGORIES),
    sequence: Math.floor(random.next() * 20),
    scope: chance(random, 0.6) && appliable.length > 0 ? pick(random, appliable).id : undefined,
    spanned: chance(random, 0.9),
    rules: Array.from({ length: 1 + Math.floor(random.next() * 4) }, (_, index) =>
      randomRule(random, `r${index}`, groups),
    ),
  }
}

const groupPath = (id: string) => `/infra/domains/default/groups/${id}`

/** NSX's body of a group. */
export function groupBody(group: ModelGroup): Record<string, unknown> {
  return { display_name: group.id, group_type: ['ANTREA'], expression: [expressionOf(group)] }
}

function expressionOf(group: ModelGroup): Record<string, unknown> {
  switch (group.kind) {
    case 'pods':
      return {
        resource_type: 'Condition',
        member_type: 'Pod',
        key: 'Tag',
        operator: 'EQUALS',
        value: `dis:k8s:app|${group.app}`,
      }
    case 'namespace':
      return {
        resource_type: 'Condition',
        member_type: 'Namespace',
        key: 'Name',
        operator: 'EQUALS',
        value: group.namespace,
      }
    case 'addresses':
      return { resource_type: 'IPAddressExpression', ip_addresses: group.addresses }
    case 'nested':
      return { resource_type: 'PathExpression', paths: group.of.map(groupPath) }
  }
}

/** NSX's body of a policy with its rules inline. */
export function policyBody(policy: ModelPolicy): Record<string, unknown> {
  return {
    display_name: policy.id,
    category: policy.category,
    sequence_number: policy.sequence,
    scope: [policy.scope === undefined ? 'ANY' : groupPath(policy.scope)],
    rules: policy.rules.map((rule, index) => ({
      id: rule.id,
      display_name: rule.id,
      action: rule.action,
      direction: rule.direction,
      sequence_number: index * 10,
      source_groups: [rule.direction === 'IN' && rule.peer !== undefined ? groupPath(rule.peer) : 'ANY'],
      destination_groups: [
        rule.direction === 'OUT' && rule.peer !== undefined ? groupPath(rule.peer) : 'ANY',
      ],
      services: ['ANY'],
      ...(rule.port === undefined
        ? {}
        : {
            services: [],
            service_entries: [
              {
                resource_type: 'L4PortSetServiceEntry',
                id: `port-${rule.port}`,
                display_name: `port-${rule.port}`,
                l4_protocol: 'TCP',
                destination_ports: [String(rule.port)],
              },
            ],
          }),
      scope: ['ANY'],
      profiles: ['ANY'],
      ip_protocol: 'IPV4_IPV6',
      disabled: rule.disabled,
      logged: rule.logged,
    })),
  }
}

/** Groups a policy names, and those they name. */
export function groupsOf(policy: ModelPolicy, groups: ReadonlyMap<string, ModelGroup>): Set<string> {
  const named = new Set<string>()
  const add = (id: string | undefined) => {
    if (id === undefined || named.has(id)) return
    named.add(id)
    const group = groups.get(id)
    if (group?.kind === 'nested') for (const child of group.of) add(child)
  }
  add(policy.scope)
  for (const rule of policy.rules) add(rule.peer)
  return named
}
