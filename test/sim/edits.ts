/** A person who edits policy in NSX, and what it is then: as the model has it, and as NSX says it. */
import type { Body } from '../oracle/nsx-members.ts'
import type { Intent } from './checkers.ts'
import type { Bodies } from './judged.ts'
import {
  APPS,
  chance,
  groupBody,
  type ModelGroup,
  type ModelPolicy,
  type ModelRule,
  pick,
  policyBody,
  randomGroup,
  randomPolicy,
  randomRule,
} from './model.ts'
import type { World } from './world.ts'

const INFRA = '/infra/domains/default'
const DOMAIN = `/policy/api/v1${INFRA}`
const SPAN = '/infra/sites/default/enforcement-points/default/cluster-control-planes/sim'
/** What rules name; another one is for flows that no rule with a port is about. */
export const PORTS = [80, 443] as const

interface Policy extends Body {
  readonly unique_id: string
  readonly _revision: number
  readonly rules: readonly { readonly id: string; readonly rule_id: number }[]
}

export class Person implements Intent {
  readonly policies = new Map<string, ModelPolicy>()
  readonly groups = new Map<string, ModelGroup>()
  readonly assigned = new Map<string, { uniqueId: string; ruleIds: Map<string, number> }>()
  /** NSX's own words, by path. */
  private readonly said = { policies: new Map<string, Body>(), groups: new Map<string, Body>() }
  private readonly world: World
  /** Called after each change that NSX has taken. */
  private readonly onChange: () => void
  private serial = 0

  constructor(world: World, onChange: () => void) {
    this.world = world
    this.onChange = onChange
  }

  bodies(): Bodies {
    return { policies: [...this.said.policies.values()], groups: new Map(this.said.groups) }
  }

  /** Outside the cluster, one of each group that has any. */
  addresses(): string[] {
    return [...this.groups.values()].flatMap((group) =>
      group.kind === 'addresses' ? group.addresses.slice(0, 1) : [],
    )
  }

  private next(prefix: string): string {
    this.serial += 1
    return `${prefix}${this.serial}`
  }

  async prepare(): Promise<void> {
    for (const app of APPS.slice(0, 2)) await this.putGroup({ id: this.next('g'), kind: 'pods', app })
    for (let count = 0; count < 2; count += 1) await this.putGroup(this.newGroup(this.next('g')))
    for (let count = 0; count < 5; count += 1) await this.putPolicy(this.newPolicy())
  }

  /** One change, or two that belong together. */
  async edit(): Promise<void> {
    const { random } = this.world
    const known = [...this.policies.values()]
    const policy = pick(random, known)
    const kind = pick(random, [
      'rules',
      'rules',
      'group',
      'place',
      'swap',
      'exchange',
      'new',
      'delete',
      'move',
    ])
    if (kind === 'group') return this.putGroup(this.newGroup(pick(random, [...this.groups.keys()])))
    if (kind === 'place') return this.putPolicy({ ...policy, sequence: Math.floor(random.next() * 20) })
    if (kind === 'swap') return this.swapPlaces(policy, pick(random, known))
    if (kind === 'exchange') return this.exchangeMembers()
    if (kind === 'new' && known.length < 8) return this.putPolicy(this.newPolicy())
    if (kind === 'delete' && known.length > 5) return this.deletePolicy(policy)
    if (kind === 'move') return this.moveRule(policy, pick(random, known))
    const rule = this.rule(randomRule(random, this.next('r'), [...this.groups.values()]))
    const rules = chance(random, 0.5)
      ? [...policy.rules.slice(-3), rule]
      : policy.rules.map((old, at) => (at === 0 ? { ...rule, id: old.id } : old))
    return this.putPolicy({ ...policy, rules })
  }

  private async swapPlaces(a: ModelPolicy, b: ModelPolicy): Promise<void> {
    await this.putPolicy({ ...a, sequence: b.sequence })
    if (a.id !== b.id) await this.putPolicy({ ...b, sequence: a.sequence })
  }

  /** Two groups take each other's members: what one rule allows and another denies. */
  private async exchangeMembers(): Promise<void> {
    const [a, b] = [...this.groups.values()].filter(({ kind }) => kind === 'pods')
    if (a === undefined || b === undefined) return
    await this.putGroup({ ...b, id: a.id })
    await this.putGroup({ ...a, id: b.id })
  }

  private async moveRule(from: ModelPolicy, to: ModelPolicy): Promise<void> {
    const [rule, ...rest] = from.rules
    if (rule === undefined || rest.length === 0 || from.id === to.id) return
    await this.putPolicy({ ...to, rules: [...to.rules.slice(-3), { ...rule, id: this.next('r') }] })
    await this.putPolicy({ ...from, rules: rest })
  }

  private rule(rule: ModelRule): ModelRule {
    const port = rule.port === undefined ? undefined : PORTS[rule.port % PORTS.length]
    return { ...rule, port }
  }

  private newPolicy(): ModelPolicy {
    const policy = randomPolicy(this.world.random, this.next('p'), [...this.groups.values()])
    return { ...policy, spanned: true, rules: policy.rules.map((rule) => this.rule(rule)) }
  }

  /** One in use as a scope, or in another group, stays one of Pods. */
  private newGroup(id: string): ModelGroup {
    const { random } = this.world
    const others = [...this.groups.values()].filter((other) => other.id !== id)
    const inScope = [...this.policies.values()].some(({ scope }) => scope === id)
    const isNested = others.some((group) => group.kind === 'nested' && group.of.includes(id))
    return inScope || isNested
      ? { id, kind: 'pods', app: pick(random, APPS) }
      : randomGroup(random, id, others)
  }

  private async putGroup(group: ModelGroup): Promise<void> {
    const path = `/groups/${group.id}`
    await this.world.nsx('PATCH', `${DOMAIN}${path}`, groupBody(group))
    this.said.groups.set(`${INFRA}${path}`, await this.world.nsx('GET', `${DOMAIN}${path}`))
    this.groups.set(group.id, group)
    this.onChange()
  }

  private async putPolicy(policy: ModelPolicy): Promise<void> {
    const { world } = this
    const path = `/security-policies/${policy.id}`
    const before = this.said.policies.get(path)
    await world.nsx('PUT', `${DOMAIN}${path}`, {
      ...policyBody(policy),
      ...(before === undefined ? {} : { _revision: before['_revision'] }),
    })
    if (before === undefined)
      await world.nsx('PATCH', `${DOMAIN}${path}/container-cluster-span/this`, {
        container_cluster_path: SPAN,
      })
    const said = await world.nsx<Policy>('GET', `${DOMAIN}${path}`)
    this.said.policies.set(path, said)
    this.policies.set(policy.id, policy)
    const ruleIds = new Map(said.rules.map(({ id, rule_id }) => [id, rule_id]))
    this.assigned.set(policy.id, { uniqueId: said.unique_id, ruleIds })
    this.onChange()
  }

  private async deletePolicy({ id }: ModelPolicy): Promise<void> {
    await this.world.nsx('DELETE', `${DOMAIN}/security-policies/${id}`)
    this.said.policies.delete(`/security-policies/${id}`)
    this.policies.delete(id)
    this.assigned.delete(id)
    this.onChange()
  }
}
