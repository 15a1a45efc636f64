/** Who is in a group: its expression evaluated over virtual machines and inventory. */
import { MANAGER_GROUP_NESTING_MAX } from '../../limits.ts'
import { type JsonObject, objects, strings } from '../rest/index.ts'
import { matchesCondition } from './condition.ts'
import type { Item, Subject, World } from './world.ts'

export interface Found {
  readonly items: ReadonlyMap<Subject, ReadonlyMap<string, Item>>
  /** Static ones, as they were written. */
  readonly addresses: ReadonlySet<string>
}

export type GroupAt = (path: string) => JsonObject | undefined

/** Which things a member_type asks of. Others have no members here. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  VirtualMachine: 'VirtualMachine',
  Pod: 'ContainerApplicationInstance',
  Namespace: 'ContainerProject',
  Service: 'ContainerApplication',
  KubernetesCluster: 'ContainerCluster',
  KubernetesNamespace: 'ContainerProject',
  KubernetesNode: 'ContainerClusterNode',
  KubernetesService: 'ContainerApplication',
  KubernetesIngress: 'ContainerIngressPolicy',
  KubernetesGateway: 'ContainerGateway',
  AntreaEgress: 'ContainerEgress',
  AntreaIPPool: 'ContainerIpPool',
}

/** Conditions on these narrow what else the criterion asks for; alone they are the members. */
const AROUND: readonly Subject[] = ['ContainerProject', 'ContainerCluster']

export const subjectOf = (memberType: unknown): Subject | undefined =>
  typeof memberType === 'string' && Object.hasOwn(SUBJECTS, memberType) ? SUBJECTS[memberType] : undefined

/** Members of a group and of the groups in it. */
export function evaluateGroup(world: World, groupAt: GroupAt, group: JsonObject): Found {
  const found = new Collected()
  const seen = new Set<JsonObject>()
  // A work list: groups may be nested deeper than a stack.
  const waiting = [group]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const operands of alternativesOf(next['expression'])) {
      const [only] = operands
      if (operands.length === 1 && only?.['resource_type'] === 'PathExpression')
        for (const path of strings(only['paths'])) {
          const inner = groupAt(path)
          if (inner !== undefined) waiting.push(inner)
        }
      else found.add(evaluateAll(world, groupAt, operands, 0))
    }
  }
  return found
}

/** Split at OR; what is left of each part is joined by AND. */
export function alternativesOf(expression: unknown): readonly (readonly JsonObject[])[] {
  const parts: JsonObject[][] = []
  let joins = false
  for (const operand of objects(expression)) {
    if (operand['resource_type'] === 'ConjunctionOperator') joins = operand['conjunction_operator'] === 'AND'
    else if (joins) parts.at(-1)?.push(operand)
    else parts.push([operand])
    if (operand['resource_type'] !== 'ConjunctionOperator') joins = false
  }
  return parts
}

function evaluateAll(world: World, groupAt: GroupAt, operands: readonly JsonObject[], depth: number): Found {
  const isCriterion = (operand: JsonObject) =>
    operand['resource_type'] === 'Condition' || operand['resource_type'] === 'NestedExpression'
  const conditions = operands
    .filter(isCriterion)
    .flatMap((operand) => [operand, ...objects(operand['expressions'])])
    .filter((part) => part['resource_type'] === 'Condition')
  const parts = operands
    .filter((operand) => !isCriterion(operand))
    .map((operand) => evaluateOne(world, groupAt, operand, depth))
  if (conditions.length > 0) parts.push(evaluateCriterion(world, conditions))
  const [first = new Collected(), ...others] = parts
  return others.reduce((left, right) => intersection(left, right), first)
}

function evaluateOne(world: World, groupAt: GroupAt, operand: JsonObject, depth: number): Found {
  const found = new Collected()
  switch (operand['resource_type']) {
    case 'IPAddressExpression':
      for (const address of strings(operand['ip_addresses'])) found.addresses.add(address)
      break
    case 'ExternalIDExpression': {
      const ids = new Set(strings(operand['external_ids']))
      for (const item of world.items('VirtualMachine'))
        if (operand['member_type'] === 'VirtualMachine' ? ids.has(item.id) : hasVif(item, ids))
          found.put(item)
      break
    }
    case 'MACAddressExpression': {
      const macs = new Set(strings(operand['mac_addresses']).map((text) => text.toLowerCase()))
      for (const item of world.items('VirtualMachine')) if (hasMac(item, macs)) found.put(item)
      break
    }
    case 'PathExpression':
      // Beside another operand; alone, it never comes here.
      if (depth < MANAGER_GROUP_NESTING_MAX)
        for (const path of strings(operand['paths']))
          for (const inner of alternativesOf(groupAt(path)?.['expression']))
            found.add(evaluateAll(world, groupAt, inner, depth + 1))
      break
  }
  return found
}

const hasVif = ({ machine }: Item, ids: ReadonlySet<string>) =>
  machine?.vifs.some((vif) => ids.has(vif.external_id)) === true

const hasMac = ({ machine }: Item, macs: ReadonlySet<string>) =>
  machine?.vifs.some((vif) => vif.mac_address !== undefined && macs.has(vif.mac_address.toLowerCase())) ===
  true

/** All conditions hold: those on a Namespace or a cluster of what lives in it, others of one kind of thing or of none. */
function evaluateCriterion(world: World, conditions: readonly JsonObject[]): Found {
  const found = new Collected()
  const asked = new Set(conditions.map((condition) => subjectOf(condition['member_type'])))
  const inner = [...asked].filter((subject) => subject !== undefined && !AROUND.includes(subject))
  const [subject = asked.has('ContainerProject') ? 'ContainerProject' : 'ContainerCluster'] = inner
  if (asked.has(undefined)) return found
  for (const item of world.items(subject)) {
    const holds = conditions.every((condition) => {
      const about = subjectOf(condition['member_type'])
      const thing = about === subject ? item : around(world, item, about)
      return thing !== undefined && matchesCondition(condition, thing)
    })
    if (holds) found.put(item)
  }
  return found
}

function around(
  world: World,
  { clusterId, projectId }: Item,
  subject: Subject | undefined,
): Item | undefined {
  const id =
    subject === 'ContainerProject' ? projectId : subject === 'ContainerCluster' ? clusterId : undefined
  return subject === undefined || id === undefined ? undefined : world.item(subject, id)
}

class Collected implements Found {
  readonly items = new Map<Subject, Map<string, Item>>()
  readonly addresses = new Set<string>()

  put(item: Item): void {
    const known = this.items.get(item.subject) ?? new Map<string, Item>()
    this.items.set(item.subject, known.set(item.id, item))
  }

  add({ items, addresses }: Found): void {
    for (const of of items.values()) for (const item of of.values()) this.put(item)
    for (const address of addresses) this.addresses.add(address)
  }
}

function intersection(left: Found, right: Found): Found {
  const found = new Collected()
  for (const [subject, items] of left.items)
    for (const item of items.values()) if (right.items.get(subject)?.has(item.id) === true) found.put(item)
  for (const address of left.addresses) if (right.addresses.has(address)) found.addresses.add(address)
  return found
}
