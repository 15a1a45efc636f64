/** Effective addresses of groups. */
import type { JsonObject } from '../rest/index.ts'
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
