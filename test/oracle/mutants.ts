/**
 * Mistranslations that a real bug could make, planted one at a time. Some spoil what was written (`spoil`), some read
 * NSX's bodies wrongly before they are translated (`misread`). Each must be found by the comparison.
 */
import type { Enforced } from './antrea.ts'
import type { Intent } from './intent.ts'
import { asList, type Body } from './nsx-members.ts'

/** Stored objects without their readonly; what a mutant does to them is its own affair. */
export interface Selector {
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}
export interface Member {
  group?: string
  ipBlock?: { cidr: string; except?: string[] }
  fqdn?: string
  podSelector?: Selector
  namespaceSelector?: Selector
}
export interface Port {
  protocol?: string
  port?: number
  endPort?: number
  sourcePort?: number
  sourceEndPort?: number
}
export interface Rule {
  name: string
  action: string
  appliedTo?: Member[]
  from?: Member[]
  to?: Member[]
  ports?: Port[]
  protocols?: { icmp: { icmpType?: number; icmpCode?: number } }[]
}
export interface Policy {
  metadata: { name: string }
  spec: { tier: string; priority: number; appliedTo?: Member[]; ingress: Rule[]; egress: Rule[] }
}
export interface Group {
  metadata: { name: string }
  spec: Member & {
    childGroups?: string[]
    ipBlocks?: { cidr: string }[]
    serviceReference?: { name: string; namespace: string }
  }
}
export interface Written {
  policies: Policy[]
  groups: Group[]
  tiers: { metadata: { name: string }; spec: { priority: number } }[]
}

export interface Mutant {
  readonly name: string
  readonly spoil?: (written: Written) => void
  readonly misread?: (intent: Intent) => Intent
}

/** A copy of what is enforced, spoiled. */
export function spoiled(enforced: Enforced, spoil: (written: Written) => void): Enforced {
  const copy = structuredClone(enforced) as unknown as Written
  spoil(copy)
  return copy
}

export const policies = (name: string, change: (spec: Policy['spec']) => void): Mutant => ({
  name,
  spoil: (written) => written.policies.forEach(({ spec }) => void change(spec)),
})
export const lists = (name: string, change: (rules: Rule[]) => Rule[]): Mutant =>
  policies(name, (spec) => {
    spec.ingress = change(spec.ingress)
    spec.egress = change(spec.egress)
  })
export const rules = (name: string, change: (rule: Rule) => void): Mutant =>
  lists(name, (list) => {
    list.forEach(change)
    return list
  })
/** Peers that are left empty are left out, as a list of none would be: then everybody is meant. */
export const peers = (name: string, change: (list: Member[]) => Member[]): Mutant =>
  rules(name, (rule) => {
    for (const side of ['from', 'to'] as const) {
      const list = rule[side] === undefined ? [] : change(rule[side])
      if (list.length > 0) rule[side] = list
      else delete rule[side]
    }
  })
export const ports = (name: string, change: (list: Port[]) => Port[]): Mutant =>
  rules(name, (rule) => {
    if (rule.ports !== undefined) rule.ports = change(rule.ports)
  })
export const eachPort = (name: string, change: (port: Port) => void): Mutant =>
  ports(name, (list) => {
    list.forEach(change)
    return list
  })
const appliedTo = (name: string, change: (list: Member[]) => Member[]): Mutant =>
  rules(name, (rule) => {
    rule.appliedTo = change(rule.appliedTo ?? [])
  })
export const groups = (name: string, change: (group: Group) => void): Mutant => ({
  name,
  spoil: (written) => written.groups.forEach(change),
})
/** Each place where labels are asked for: children, and what is applied to without a group. */
export const selectors = (
  name: string,
  change: (asked: NonNullable<Selector['matchExpressions']>) => void,
): Mutant => ({
  name,
  spoil: ({ groups: all, policies: written }) => {
    const members = [
      ...all.map(({ spec }) => spec as Member),
      ...written.flatMap(({ spec }) =>
        [...spec.ingress, ...spec.egress].flatMap((rule) => rule.appliedTo ?? []),
      ),
    ]
    for (const { podSelector, namespaceSelector } of members)
      for (const selector of [podSelector, namespaceSelector])
        if (selector?.matchExpressions !== undefined) change(selector.matchExpressions)
  },
})
const blocks = (name: string, change: (list: { cidr: string }[]) => { cidr: string }[]): Mutant =>
  groups(name, ({ spec }) => {
    if (spec.ipBlocks !== undefined) spec.ipBlocks = change(spec.ipBlocks)
  })
const resized = (cidr: string, by: number): string => {
  const [network = '', length] = cidr.split('/')
  const most = network.includes(':') ? 128 : 32
  return `${network}/${Math.max(0, Math.min(most, Number(length) + by))}`
}
const withPrefix = (by: number) => (list: { cidr: string }[]) =>
  list.map(({ cidr }) => ({ cidr: resized(cidr, by) }))
const isV6 = ({ cidr }: { cidr: string }) => cidr.includes(':')

/** NSX's rules, policies, groups or services read wrongly. */
const bodies =
  (kind: 'groups' | 'services' | 'policies') =>
  (name: string, change: (body: Body) => Body): Mutant => ({
    name,
    misread: (intent) => ({
      ...intent,
      [kind]: new Map([...intent[kind]].map(([path, body]) => [path, change(body)])),
    }),
  })
export const misreadPolicy = bodies('policies')
export const misreadRule = (name: string, change: (rule: Body, policy: Body) => Body): Mutant =>
  misreadPolicy(name, (policy) => ({
    ...policy,
    rules: (asList(policy['rules']) as Body[]).map((rule) => change(rule, policy)),
  }))
const misreadExpression = (name: string, change: (expression: readonly Body[]) => readonly Body[]): Mutant =>
  bodies('groups')(name, (group) => ({ ...group, expression: change(asList(group['expression']) as Body[]) }))
export const without = (body: Body, ...fields: string[]): Body =>
  Object.fromEntries(Object.entries(body).filter(([field]) => !fields.includes(field)))
const conditionsOf = (list: readonly Body[], change: (condition: Body) => Body): readonly Body[] =>
  list.map((item) =>
    item['resource_type'] === 'NestedExpression'
      ? { ...item, expressions: conditionsOf(asList(item['expressions']) as Body[], change) }
      : item['resource_type'] === 'Condition'
        ? change(item)
        : item,
  )

export const MUTANTS: readonly Mutant[] = [
  // Direction
  policies('ingress and egress change places', (spec) => {
    const turn = (list: Rule[], to: 'from' | 'to'): Rule[] =>
      list.map(({ from, to: towards, ...rule }) => {
        const side = from ?? towards
        return side === undefined ? rule : { ...rule, [to]: side }
      })
    ;[spec.ingress, spec.egress] = [turn(spec.egress, 'from'), turn(spec.ingress, 'to')]
  }),
  policies('egress is lost', (spec) => {
    spec.egress = []
  }),
  policies('ingress is lost', (spec) => {
    spec.ingress = []
  }),
  misreadRule('IN is read as IN_OUT', (rule) =>
    rule['direction'] === 'IN' ? { ...rule, direction: 'IN_OUT' } : rule,
  ),
  misreadRule('no direction is read as IN', (rule) => ({ direction: 'IN', ...rule })),
  // Actions
  rules('reject is written as drop', (rule) => {
    if (rule.action === 'Reject') rule.action = 'Drop'
  }),
  rules('drop is written as reject', (rule) => {
    if (rule.action === 'Drop') rule.action = 'Reject'
  }),
  rules('allow is written as pass', (rule) => {
    if (rule.action === 'Allow') rule.action = 'Pass'
  }),
  rules('drop is written as allow', (rule) => {
    if (rule.action === 'Drop') rule.action = 'Allow'
  }),
  // Order of rules
  lists('rules in reverse', (list) => list.reverse()),
  lists('rules by name', (list) => list.sort((a, b) => (a.name < b.name ? -1 : 1))),
  lists('denies before allows', (list) => [
    ...list.filter(({ action }) => action !== 'Allow'),
    ...list.filter(({ action }) => action === 'Allow'),
  ]),
  lists('the last rule is lost', (list) => list.slice(0, -1)),
  lists('the first rule is lost', (list) => list.slice(1)),
  misreadRule('rules in the order of their array', (rule, policy) => ({
    ...rule,
    sequence_number: asList(policy['rules']).indexOf(rule),
  })),
  misreadRule('rule_id as text where numbers are equal', (rule) => {
    const id = String(rule['rule_id'])
    return { ...rule, rule_id: id.length === 3 ? 10 * Number(id) : Number(id) }
  }),
  misreadRule('a disabled rule is kept', (rule) => ({ ...rule, disabled: false })),
  misreadRule('a deleted rule is kept', (rule) => ({ ...rule, marked_for_delete: false })),
  // Peers
  rules('sources are lost', (rule) => void delete rule.from),
  rules('destinations are lost', (rule) => void delete rule.to),
  peers('only the first peer', (list) => list.slice(0, 1)),
  peers('the last peer is lost', (list) => (list.length > 1 ? list.slice(0, -1) : list)),
  peers('groups among addresses are lost', (list) =>
    list.some(({ ipBlock }) => ipBlock !== undefined)
      ? list.filter(({ group }) => group === undefined)
      : list,
  ),
  peers('addresses among groups are lost', (list) =>
    list.some(({ group }) => group !== undefined) ? list.filter(({ group }) => group !== undefined) : list,
  ),
  misreadRule('sources of an OUT rule are not looked at', (rule) =>
    rule['direction'] === 'OUT' ? { ...rule, source_groups: ['ANY'] } : rule,
  ),
  misreadRule('destinations of an IN rule are not looked at', (rule) =>
    rule['direction'] === 'IN' ? { ...rule, destination_groups: ['ANY'] } : rule,
  ),
  // Scope
  appliedTo('everything is applied to every Pod', () => [{ podSelector: {} }]),
  appliedTo('only the first of the scope', (list) => list.slice(0, 1)),
  policies("the first rule's scope is the policy's", (spec) => {
    const first = [...spec.ingress, ...spec.egress][0]?.appliedTo
    if (first === undefined) return
    spec.appliedTo = first
    for (const rule of [...spec.ingress, ...spec.egress]) delete rule.appliedTo
  }),
  rules('scope and peers change places', (rule) => {
    const side = rule.from === undefined ? 'to' : 'from'
    const isGroups = (list: Member[] | undefined) => list?.every(({ group }) => group !== undefined)
    if (isGroups(rule[side]) !== true || isGroups(rule.appliedTo) !== true) return
    ;[rule.appliedTo, rule[side]] = [rule[side]!, rule.appliedTo!]
  }),
  appliedTo('an intersection is a union', (list) =>
    list.flatMap((member) => {
      const { podSelector, namespaceSelector } = member
      const parts = (podSelector?.matchExpressions ?? []).map((one) => ({
        podSelector: { matchExpressions: [one] },
      }))
      return member.group !== undefined || parts.length === 0
        ? [member]
        : [...parts, ...(namespaceSelector === undefined ? [] : [{ namespaceSelector }])]
    }),
  ),
  appliedTo('an intersection forgets Namespaces', (list) =>
    list.map(({ namespaceSelector, ...rest }) =>
      Object.keys(rest).length === 0 ? { ...rest, ...(namespaceSelector && { namespaceSelector }) } : rest,
    ),
  ),
  misreadPolicy("the policy's scope is not looked at", (policy) => without(policy, 'scope')),
  misreadPolicy("the rule's scope wins", (policy) => {
    const own = asList(policy['scope'])
    const isNamed = (list: readonly unknown[]) => list.length > 0 && list[0] !== 'ANY'
    const scoped = (asList(policy['rules']) as Body[]).map((rule) =>
      isNamed(own) && !isNamed(asList(rule['scope'])) ? { ...rule, scope: own } : rule,
    )
    return { ...without(policy, 'scope'), rules: scoped }
  }),
  // Services
  eachPort('the end of a range is lost', (port) => void delete port.endPort),
  eachPort('a range ends one early', (port) => {
    if (port.endPort !== undefined) port.endPort -= 1
  }),
  eachPort('a range ends one late', (port) => {
    if (port.endPort !== undefined) port.endPort += 1
  }),
  eachPort('a range begins one late', (port) => {
    if (port.port !== undefined && port.endPort !== undefined) port.port += 1
  }),
  eachPort('UDP is written as TCP', (port) => {
    if (port.protocol === 'UDP') port.protocol = 'TCP'
  }),
  eachPort('SCTP is written as TCP', (port) => {
    if (port.protocol === 'SCTP') port.protocol = 'TCP'
  }),
  ports('ports are lost', () => []),
  ports('only the first port', (list) => list.slice(0, 1)),
  ports('the last port is lost', (list) => (list.length > 1 ? list.slice(0, -1) : list)),
  ports('a protocol without port is lost', (list) => list.filter(({ port }) => port !== undefined)),
  misreadRule('entries beside ANY are not looked at', (rule) =>
    asList(rule['services']).includes('ANY') ? without(rule, 'service_entries') : rule,
  ),
  misreadRule('entries beside services are not looked at', (rule) =>
    asList(rule['services']).some((path) => path !== 'ANY') ? without(rule, 'service_entries') : rule,
  ),
  bodies('services')('nested services are lost', (service) => ({
    ...service,
    service_entries: asList(service['service_entries']).filter(
      (entry) => (entry as Body)['resource_type'] !== 'NestedServiceServiceEntry',
    ),
  })),
  // Families
  peers('the family is lost', (list) =>
    list.filter(({ ipBlock }) => !/^(0\.0\.0\.0|::)\/0$/.test(ipBlock?.cidr ?? '')),
  ),
  peers('every IPv4 address is every address', (list) =>
    list.flatMap((peer) =>
      peer.ipBlock?.cidr === '0.0.0.0/0' ? [peer, { ipBlock: { cidr: '::/0' } }] : [peer],
    ),
  ),
  peers('IPv6 is read as IPv4', (list) =>
    list.map((peer) => (peer.ipBlock?.cidr === '::/0' ? { ipBlock: { cidr: '0.0.0.0/0' } } : peer)),
  ),
  misreadRule('ip_protocol is not looked at', (rule) => without(rule, 'ip_protocol')),
  // Groups
  groups('the last child is missing', ({ spec }) => void spec.childGroups?.pop()),
  groups('the first child is missing', ({ spec }) => void spec.childGroups?.shift()),
  {
    name: 'children of addresses are not created',
    spoil: (written) => {
      written.groups = written.groups.filter(({ spec }) => spec.ipBlocks === undefined)
    },
  },
  {
    name: 'groups have each other as content',
    spoil: ({ groups: all }) => {
      const parents = all.filter(({ spec }) => spec.childGroups !== undefined)
      const contents = parents.map(({ spec }) => spec)
      parents.forEach((group, at) => {
        group.spec = contents[(at + 1) % contents.length]!
      })
    },
  },
  groups('AND is OR', (group) => {
    if (group.spec.namespaceSelector !== undefined) delete group.spec.podSelector
  }),
  groups('Namespaces are lost beside Pods', ({ spec }) => {
    if (spec.podSelector !== undefined) delete spec.namespaceSelector
  }),
  groups('an empty group is every Pod', ({ spec }) => {
    const asked = spec.podSelector?.matchExpressions ?? []
    if (asked.some(({ key }) => key.endsWith('/nothing'))) spec.podSelector = {}
  }),
  selectors('In is written as NotIn', (asked) => {
    for (const one of asked) if (one.operator === 'In') one.operator = 'NotIn'
  }),
  selectors('NotIn is written as In', (asked) => {
    for (const one of asked) if (one.operator === 'NotIn') one.operator = 'In'
  }),
  selectors('NotIn asks for the label too', (asked) => {
    for (const one of [...asked])
      if (one.operator === 'NotIn') asked.push({ key: one.key, operator: 'Exists' })
  }),
  selectors('Exists is written as DoesNotExist', (asked) => {
    for (const one of asked) if (one.operator === 'Exists') one.operator = 'DoesNotExist'
  }),
  selectors('only the first condition counts', (asked) => void asked.splice(1)),
  selectors('the prefix of the scope is kept', (asked) => {
    for (const one of asked) if (one.key === 'app') one.key = 'dis:k8s:app'
  }),
  selectors('values in lower case', (asked) => {
    for (const one of asked) if (one.values !== undefined) one.values = one.values.map((v) => v.toLowerCase())
  }),
  selectors('a Namespace is found by another label', (asked) => {
    for (const one of asked) if (one.key === 'kubernetes.io/metadata.name') one.key = 'name'
  }),
  misreadExpression('nested groups are lost', (items) =>
    items.length === 1
      ? items
      : items.filter(({ resource_type }) => resource_type !== 'PathExpression').slice(-1),
  ),
  misreadExpression('OR is read as AND', (items) =>
    items.map((item) =>
      item['conjunction_operator'] === 'OR' ? { ...item, conjunction_operator: 'AND' } : item,
    ),
  ),
  misreadExpression('AND is read as OR', (items) =>
    items.map((item) =>
      item['conjunction_operator'] === 'AND' ? { ...item, conjunction_operator: 'OR' } : item,
    ),
  ),
  misreadExpression('NOTEQUALS is read as EQUALS', (items) =>
    conditionsOf(items, (condition) => ({ ...condition, operator: 'EQUALS' })),
  ),
  misreadExpression('Namespace tags are read as Pod tags', (items) =>
    conditionsOf(items, (condition) =>
      condition['key'] === 'Tag' ? { ...condition, member_type: 'Pod' } : condition,
    ),
  ),
  // Addresses
  blocks('blocks are half as large', withPrefix(1)),
  blocks('blocks are twice as large', withPrefix(-1)),
  blocks('the last block is lost', (list) => (list.length > 1 ? list.slice(0, -1) : list)),
  blocks('the first block is lost', (list) => (list.length > 1 ? list.slice(1) : list)),
  blocks('IPv6 blocks are lost', (list) => list.filter((block) => !isV6(block))),
  // Order of policies
  policies('priorities in reverse', (spec) => {
    spec.priority = 10_001 - spec.priority
  }),
  policies('equal numbers share a priority', (spec) => {
    spec.priority = 1 + Math.floor((spec.priority - 1) * 2 ** 18) / 2 ** 18
  }),
  {
    name: 'equal places go by age',
    spoil: ({ policies: all }) => {
      const byPriority = new Map<string, Policy[]>()
      for (const policy of all) {
        const key = `${policy.spec.tier} ${Math.floor((policy.spec.priority - 1) * 2 ** 18)}`
        byPriority.set(key, [...(byPriority.get(key) ?? []), policy])
      }
      for (const tied of byPriority.values()) {
        const priorities = tied.map(({ spec }) => spec.priority).sort((a, b) => b - a)
        tied.sort((a, b) => a.spec.priority - b.spec.priority)
        tied.forEach((policy, at) => {
          policy.spec.priority = priorities[at]!
        })
      }
    },
  },
  {
    name: 'tiers in reverse',
    spoil: ({ tiers }) => {
      for (const { spec } of tiers) spec.priority = 10 - spec.priority
    },
  },
  {
    name: 'every policy in one tier',
    spoil: ({ policies: all }) => {
      for (const { spec } of all) spec.tier = all[0]!.spec.tier
    },
  },
  {
    name: 'two policies have each other’s place',
    spoil: ({ policies: [one, other] }) => {
      if (one === undefined || other === undefined) return
      ;[one.spec.priority, other.spec.priority] = [other.spec.priority, one.spec.priority]
    },
  },
  { name: 'the last policy is lost', spoil: ({ policies: all }) => void all.pop() },
  misreadPolicy('the category is not looked at', (policy) => ({ ...policy, category: 'Application' })),
  misreadPolicy('a deleted policy is kept', (policy) => ({ ...policy, marked_for_delete: false })),
]
