/** Random NSX objects: groups, services and policies; most of them can be translated, some must be refused. */
import { type Family, randomBlock } from './addresses.ts'
import { NAMESPACE_LABELS, NAMESPACES, POD_LABELS, SERVICE_NAMES } from './cluster.ts'
import type { Dice } from './dice.ts'
import { randomEntry, randomIcmp } from './entries.ts'
import { groupId, POLICY_IDS } from './ids.ts'
import { randomMachines } from './machines.ts'
import type { Body, Machine } from './nsx-members.ts'
import { oddRule, spoilGroup, spoilPolicy, spoilService } from './odd.ts'

export const GROUPS = '/infra/domains/default/groups'
export const POLICIES = '/infra/domains/default/security-policies'
export const SERVICES = '/infra/services'

/** One state of NSX, by path. Bodies are never changed in place. */
export interface Intent {
  readonly groups: ReadonlyMap<string, Body>
  readonly services: ReadonlyMap<string, Body>
  readonly policies: ReadonlyMap<string, Body>
  readonly profiles: ReadonlyMap<string, Body>
  readonly machines: readonly Machine[]
  /** Groups whose members the manager has not told. */
  readonly untold: ReadonlySet<string>
  /** Policies in the forms that NSX itself offers for Antrea: these must be translated. */
  readonly plain: ReadonlySet<string>
}

/** What the making of bodies notes on the way. */
export class Notes {
  readonly addresses = new Set<string>()
  readonly ports = new Set<number>()
  readonly names = new Set<string>()
  readonly icmp = new Set<number>()
}

/** How daring a policy is. `plain`: documented forms; `wide`: every form; `odd`: with something that is refused. */
export type Manner = 'plain' | 'wide' | 'odd'

/** g0–g4: Pods. k0: behind Services. n0: nested. e0: empty. x0: spoiled. */
export const POD_GROUPS = ['g0', 'g1', 'g2', 'g3', 'g4', 'n0', 'e0', 'k0'].map((id) => `${GROUPS}/${id}`)
/** i0, i1: addresses. v0: machines. v1: machines, addresses and nested. */
const ADDRESS_GROUPS = ['i0', 'i1', 'v0', 'v1'].map((id) => `${GROUPS}/${id}`)
/** m0: Pods and addresses. w0: Pods and machines. */
export const PEER_GROUPS = [
  ...POD_GROUPS,
  ...ADDRESS_GROUPS,
  ...['m0', 'n1', 'w0'].map((id) => `${GROUPS}/${id}`),
]
const PROFILES = '/infra/context-profiles'
const GOOD_PROFILE = `${PROFILES}/names`
const BAD_PROFILE = `${PROFILES}/apps`
const SPOILED_GROUP = `${GROUPS}/x0`
const GOOD_SERVICES = ['s0', 's1', 's2', 'sn'].map((id) => `${SERVICES}/${id}`)
/** With ICMP, which Pods as peers cannot always be limited to. */
const ICMP_SERVICE = `${SERVICES}/ic`
const SPOILED_SERVICE = `${SERVICES}/sx`

/** From which groups and ids policies are made; small ones make policies meet. */
export interface Pools {
  readonly pods: readonly string[]
  readonly peers: readonly string[]
  /** What all but it can be at the far end. */
  readonly addresses?: readonly string[]
  readonly ids: readonly string[]
}
const ALL_POOLS: Pools = {
  pods: POD_GROUPS,
  peers: PEER_GROUPS,
  addresses: ADDRESS_GROUPS,
  ids: POLICY_IDS,
}

export class IntentMaker {
  readonly dice: Dice
  readonly notes: Notes
  readonly pools: Pools
  private readonly taken = new Set<string>()

  constructor(dice: Dice, notes: Notes, pools: Pools = ALL_POOLS) {
    this.dice = dice
    this.notes = notes
    this.pools = pools
  }

  intent(): Intent {
    const { dice } = this
    const groups = new Map(
      [...POD_GROUPS, ...PEER_GROUPS, SPOILED_GROUP].map((path) => [path, this.group(path)]),
    )
    const services = new Map(
      [...GOOD_SERVICES, ICMP_SERVICE, SPOILED_SERVICE].map((path) => [path, this.service(path)]),
    )
    const machines = randomMachines(dice, this.notes)
    const policies = new Map<string, Body>()
    const plain = new Set<string>()
    // Pairs that share a place stand beside each other in the list of ids.
    const from = 2 * dice.int(0, 5)
    const ids = dice.chance(0.5) ? this.pools.ids.slice(from) : dice.some(this.pools.ids, 8)
    for (let at = 0; at < Math.min(ids.length, dice.int(1, 7)); at += 1) {
      const manner = dice.pick<Manner>(['plain', 'plain', 'plain', 'wide', 'wide', 'wide', 'odd'])
      const path = `${POLICIES}/p${at}`
      policies.set(path, this.policy(path, ids[at]!, manner))
      this.taken.add(ids[at]!)
      if (manner === 'plain') plain.add(path)
    }
    const untold = new Set(dice.chance(0.05) ? [`${GROUPS}/v0`] : [])
    return { groups, services, policies, profiles: this.profiles(), machines, untold, plain }
  }

  private profiles(): ReadonlyMap<string, Body> {
    const value = this.dice.some(
      ['example.com', 'Www.Example.com', '*.example.com', '*.a.b-c.org', 'a.b-c.org'],
      2,
    )
    for (const name of [
      'example.com',
      'www.example.com',
      'x.y.example.com',
      'badexample.com',
      'a.b-c.org',
      'z.a.b-c.org',
    ])
      this.notes.names.add(name)
    return new Map<string, Body>([
      [GOOD_PROFILE, { id: 'names', attributes: [{ key: 'DOMAIN_NAME', value }] }],
      [BAD_PROFILE, { id: 'apps', attributes: [{ key: 'APP_ID', value: ['SSL'] }] }],
    ])
  }

  /** NSX never gives an id a second time. */
  freshId(): string {
    const id = this.dice.pick(this.pools.ids.filter((one) => !this.taken.has(one)))
    this.taken.add(id)
    return id
  }

  group(path: string): Body {
    const id = path.slice(path.lastIndexOf('/') + 1)
    const body = {
      id,
      path,
      display_name: id,
      unique_id: groupId(id.charCodeAt(0) * 10 + Number(id.slice(1))),
    }
    const expression = this.expression(id)
    return id.startsWith('x') ? spoilGroup(this.dice, { ...body, expression }) : { ...body, expression }
  }

  private expression(id: string): Body[] {
    const { dice } = this
    const criteria = (count: number) => dice.times(count, () => this.criterion())
    const ips = () => ({ resource_type: 'IPAddressExpression', ip_addresses: this.blocks(dice.int(1, 3)) })
    const nested = (...ids: string[]) => ({
      resource_type: 'PathExpression',
      paths: ids.map((one) => `${GROUPS}/${one}`),
    })
    switch (id[0]) {
      case 'i':
        return joined(dice.times(dice.int(1, 2), ips))
      case 'm':
        return joined([...criteria(1).map(flat), ips()])
      case 'k':
        return joined(dice.times(dice.int(1, 2), () => flat(this.behindService())))
      case 'v':
        return id === 'v0'
          ? joined(dice.times(dice.int(1, 2), () => this.outsiders()))
          : joined([nested('v0'), this.outsiders(), ips()])
      case 'w':
        return joined([...criteria(1).map(flat), this.outsiders()])
      case 'e':
        return []
      case 'n':
        return id === 'n0'
          ? joined([nested('g0', 'g1'), ...criteria(dice.int(0, 1)).map(flat)])
          : joined([nested('n0', 'i0')])
      default:
        return joined(criteria(dice.pick([1, 1, 2, 3])).map((one) => this.form(one)))
    }
  }

  private behindService(): Body[] {
    const named = (member_type: string, value: string): Body => ({
      resource_type: 'Condition',
      member_type,
      key: 'Name',
      operator: 'EQUALS',
      value,
    })
    const both = [
      named('Service', this.dice.pick(SERVICE_NAMES)),
      named('Namespace', this.dice.pick(NAMESPACES)),
    ]
    return this.dice.some(both, 2)
  }

  /** Machines by tag, by name, or one by one. */
  private outsiders(): Body {
    const { dice } = this
    const condition = (key: string, operator: string, value: string): Body => ({
      resource_type: 'Condition',
      member_type: 'VirtualMachine',
      key,
      operator,
      value,
    })
    return dice.pick<() => Body>([
      () => condition('Tag', 'EQUALS', dice.pick(['os|linux', 'os|windows', 'os|', 'linux'])),
      () => condition('Tag', 'NOTEQUALS', 'os|linux'),
      () => condition('Name', 'STARTSWITH', dice.pick(['vm-', 'vm-1', 'other'])),
      () => ({
        resource_type: 'ExternalIDExpression',
        member_type: 'VirtualMachine',
        external_ids: dice.some(['id-0', 'id-1', 'id-2'], 2),
      }),
    ])()
  }

  /** One to three conditions that hold together. */
  private criterion(): Body[] {
    return this.dice.times(this.dice.pick([1, 1, 1, 2, 2, 3]), () => this.condition())
  }

  /** AND as NSX writes it: nested, or in a row. */
  private form(conditions: readonly Body[]): Body[] {
    if (this.dice.chance(0.5) || conditions.length === 1)
      return conditions.flatMap((one, at) => (at === 0 ? [one] : [AND, one]))
    return [flat(conditions)]
  }

  condition(): Body {
    const { dice } = this
    const base = { resource_type: 'Condition', member_type: 'Pod', key: 'Tag' }
    if (dice.chance(0.2))
      return {
        ...base,
        member_type: 'Namespace',
        key: 'Name',
        operator: 'EQUALS',
        value: dice.pick(NAMESPACES),
      }
    const isPod = dice.chance(0.7)
    const labels = isPod ? POD_LABELS : NAMESPACE_LABELS
    const key = dice.pick(Object.keys(labels))
    const scope = dice.chance(0.7) ? `dis:k8s:${key}` : key
    const tag = dice.chance(0.15) ? '' : dice.pick(labels[key] ?? [])
    return {
      ...base,
      member_type: isPod ? 'Pod' : 'Namespace',
      operator: dice.chance(0.7) ? 'EQUALS' : 'NOTEQUALS',
      ...(dice.chance(0.5) ? { scope_operator: 'EQUALS' } : {}),
      value: `${scope}|${tag}`,
    }
  }

  private blocks(count: number, families: readonly Family[] = [4, 6]): string[] {
    const family = this.dice.pick(families)
    return this.dice.times(count, () => {
      const { text, edges } = randomBlock(this.dice, family)
      for (const one of edges) this.notes.addresses.add(one)
      return text
    })
  }

  service(path: string): Body {
    const id = path.slice(path.lastIndexOf('/') + 1)
    const body = { id, path, unique_id: groupId(900 + id.charCodeAt(1)) }
    if (id === 'sn')
      return {
        ...body,
        service_entries: [
          { resource_type: 'NestedServiceServiceEntry', nested_service_path: `${SERVICES}/s0` },
          this.entry(),
        ],
      }
    if (id === 'ic')
      return {
        ...body,
        service_entries: [
          ...this.dice.times(this.dice.int(1, 3), () => this.icmp()),
          ...this.dice.times(this.dice.int(0, 2), () => this.entry()),
        ],
      }
    const service_entries = this.dice.times(this.dice.int(1, 2), () => this.entry())
    return id === 'sx' ? spoilService(this.dice, { ...body, service_entries }) : { ...body, service_entries }
  }

  entry(): Body {
    return randomEntry(this.dice, this.notes)
  }

  private icmp(): Body {
    return randomIcmp(this.dice, this.notes)
  }

  policy(path: string, unique_id: string, manner: Manner): Body {
    const { dice } = this
    const rules = dice.times(dice.int(1, 6), (at) => this.rule(path, at, manner))
    const scope = dice.chance(0.25) ? this.refs(this.pools.pods, 2) : dice.pick([undefined, ['ANY'], []])
    const body: Body = {
      id: path.slice(path.lastIndexOf('/') + 1),
      path,
      unique_id: dice.chance(0.2) ? unique_id.toUpperCase() : unique_id,
      display_name: path,
      category: dice.pick(['Emergency', 'Infrastructure', 'Environment', 'Application', 'Application', '']),
      sequence_number: dice.pick([0, 0, 1, 2, 999_999]),
      ...(scope === undefined ? {} : { scope }),
      ...(dice.chance(0.05) ? { marked_for_delete: true } : {}),
      rules: dice.some(rules, rules.length),
    }
    return manner === 'odd' && dice.chance(0.4) ? spoilPolicy(dice, body) : body
  }

  private refs(groups: readonly string[], count: number): string[] {
    return this.dice.some(groups, this.dice.int(1, count))
  }

  /** Rules of one policy have ids in another order than their numbers, and numbers that repeat. */
  rule(policyPath: string, at: number, manner: Manner): Body {
    const { dice } = this
    const id = `r${at}`
    const body: Body = {
      id,
      path: `${policyPath}/rules/${id}`,
      rule_id: 900 + 10 * ((at * 37 + 5) % 101),
      sequence_number: dice.int(0, 3),
      action: dice.pick(['ALLOW', 'ALLOW', 'DROP', 'REJECT']),
      ...(manner === 'plain' ? this.plainSides() : this.anySides()),
      ...this.ruleScope(),
      ...this.ruleServices(manner),
      ...(dice.chance(0.12) ? { disabled: true } : {}),
      ...(dice.chance(0.03) ? { marked_for_delete: true } : {}),
      ...(dice.chance(0.2) ? { logged: true, tag: 'some tag' } : {}),
    }
    return manner === 'odd' && dice.chance(0.3) ? oddRule(dice, body, SPOILED_GROUP, SPOILED_SERVICE) : body
  }

  /** What NSX's console offers: a source with IN, a destination with OUT, or neither. */
  private plainSides(): Body {
    const { dice } = this
    const kind = dice.int(0, 3)
    if (kind === 0) return { direction: 'IN', source_groups: this.peers(), destination_groups: ['ANY'] }
    if (kind === 1) return { direction: 'OUT', source_groups: ['ANY'], destination_groups: this.peers() }
    if (kind === 2) return { direction: dice.pick(['IN', 'OUT', 'IN_OUT']) }
    const direction = dice.pick(['IN', 'OUT'])
    return { direction, ip_protocol: dice.pick(['IPV4', 'IPV6', 'IPV4_IPV6']), source_groups: ['any'] }
  }

  /** All but some: addresses at the far end, Pods at the near one; and names. */
  private rareSides(): Body {
    const { dice } = this
    const groups = this.pools.addresses ?? []
    const far = () =>
      groups.length === 0 || dice.chance(0.3) ? this.blocks(dice.int(1, 3)) : this.refs(groups, 2)
    const pods = () => this.refs(this.pools.pods, 2)
    return dice.pick<() => Body>([
      () => ({ direction: 'IN', source_groups: far(), sources_excluded: true }),
      () => ({ direction: 'OUT', destination_groups: far(), destinations_excluded: true }),
      () => ({ direction: 'OUT', source_groups: pods(), sources_excluded: true }),
      () => ({
        direction: 'IN',
        source_groups: this.peers(),
        destination_groups: pods(),
        destinations_excluded: true,
      }),
      () => ({ direction: 'OUT', source_groups: ['ANY'], profiles: [GOOD_PROFILE] }),
      () => ({
        direction: 'OUT',
        source_groups: pods(),
        profiles: [GOOD_PROFILE],
        destination_groups: ['ANY'],
      }),
    ])()
  }

  private anySides(): Body {
    const { dice } = this
    if (dice.chance(0.25)) return this.rareSides()
    const side = () =>
      dice.pick([
        () => ['ANY'],
        () => this.refs(this.pools.pods, 2),
        () => this.peers(),
        () => this.blocks(2),
      ])()
    const pods = () => this.refs(this.pools.pods, 2)
    const [direction, source_groups, destination_groups] = dice.pick<
      () => [string | undefined, string[], string[]]
    >([
      () => ['IN', this.peers(), pods()],
      () => ['OUT', pods(), this.peers()],
      () => [dice.pick(['IN_OUT', undefined]), pods(), dice.chance(0.5) ? ['ANY'] : pods()],
      () => [dice.pick(['IN_OUT', undefined]), dice.chance(0.5) ? ['ANY'] : pods(), pods()],
      () => [dice.pick(['IN', 'OUT', 'IN_OUT', undefined]), side(), dice.chance(0.4) ? ['ANY'] : side()],
    ])()
    return {
      ...(direction === undefined ? {} : { direction }),
      source_groups,
      destination_groups,
      ...(dice.chance(0.25) ? { ip_protocol: dice.pick(['IPV4', 'IPV6', 'IPV4_IPV6']) } : {}),
    }
  }

  private peers(): string[] {
    const { dice } = this
    if (dice.chance(0.15)) return this.blocks(dice.int(1, 2))
    const groups = this.refs(this.pools.peers, 2)
    return dice.chance(0.1) ? [...groups, ...this.blocks(1)] : groups
  }

  private ruleScope(): Body {
    const { dice } = this
    if (dice.chance(0.25)) return { scope: this.refs(this.pools.pods, 2) }
    const scope = dice.pick([undefined, ['ANY'], []])
    return scope === undefined ? {} : { scope }
  }

  private ruleServices(manner: Manner): Body {
    const { dice } = this
    if (manner !== 'plain' && dice.chance(0.2))
      return dice.pick<Body>([{ services: [ICMP_SERVICE] }, { service_entries: [this.icmp()] }])
    if (dice.chance(0.5)) return dice.pick([{}, { services: ['ANY'] }])
    if (dice.chance(0.5)) return { services: dice.some(GOOD_SERVICES, dice.int(1, 2)) }
    const service_entries = [this.entry()]
    return dice.pick<Body>([
      { service_entries },
      { services: ['ANY'], service_entries },
      { services: [], service_entries },
      { services: [dice.pick(GOOD_SERVICES)], service_entries },
    ])
  }
}

const AND: Body = { resource_type: 'ConjunctionOperator', conjunction_operator: 'AND' }
const OR: Body = { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }

/** One operand of a criterion. */
function flat(conditions: readonly Body[]): Body {
  if (conditions.length === 1) return conditions[0]!
  return {
    resource_type: 'NestedExpression',
    expressions: conditions.flatMap((one, at) => (at === 0 ? [one] : [AND, one])),
  }
}

/** Criteria joined by OR; each is an operand, or several with their AND between. */
const joined = (criteria: readonly (Body | readonly Body[])[]): Body[] =>
  criteria.flatMap((one, at) => [...(at === 0 ? [] : [OR]), ...[one].flat()]) as Body[]
