/** Effective addresses of groups, and of which groups they are told to clusters. */
import { type JsonObject, objects, strings } from '../rest/index.ts'
import { addressesOf } from '../vms/index.ts'
import { evaluateGroup, type GroupAt } from './evaluate.ts'
import type { World } from './world.ts'

/** Static addresses and those of virtual machines, each once, in one order. */
export function effectiveAddresses(world: World, groupAt: GroupAt, group: JsonObject): readonly string[] {
  const { items, addresses } = evaluateGroup(world, groupAt, group)
  const all = new Set(addresses)
  for (const { machine } of items.get('VirtualMachine')?.values() ?? [])
    if (machine !== undefined) for (const address of addressesOf(machine)) all.add(address)
  return [...all].sort()
}

/**
 * A group whose addresses a cluster cannot work out by itself and this manager can: with virtual machines among its
 * members, its groups' members included, and nothing that has no address here (Pods, segments, identities).
 */
export function isGeneric(groupAt: GroupAt, group: JsonObject): boolean {
  let generic = false
  const seen = new Set<JsonObject>()
  const waiting: (JsonObject | undefined)[] = [group]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (next === undefined) return false
    if (seen.has(next)) continue
    seen.add(next)
    if (objects(next['extended_expression']).length > 0) return false
    for (const operand of objects(next['expression'])) {
      const kind = kindOfOperand(operand)
      if (kind === 'unknown') return false
      if (kind === 'machines') generic = true
      if (kind === 'groups') for (const path of strings(operand['paths'])) waiting.push(groupAt(path))
    }
  }
  return generic
}

function kindOfOperand(operand: JsonObject): 'machines' | 'groups' | 'static' | 'unknown' {
  switch (operand['resource_type']) {
    case 'Condition':
      return operand['member_type'] === 'VirtualMachine' ? 'machines' : 'unknown'
    case 'NestedExpression':
      return objects(operand['expressions']).every(
        (part) => part['resource_type'] !== 'Condition' || part['member_type'] === 'VirtualMachine',
      )
        ? 'machines'
        : 'unknown'
    case 'ExternalIDExpression':
      return ['VirtualMachine', 'VirtualNetworkInterface'].includes(String(operand['member_type']))
        ? 'machines'
        : 'unknown'
    case 'MACAddressExpression':
      return 'machines'
    case 'PathExpression':
      return 'groups'
    case 'IPAddressExpression':
    case 'ConjunctionOperator':
      return 'static'
    default:
      return 'unknown'
  }
}
