/** Random virtual machines, and what a manager tells of the groups that hold them. */
import { address } from './addresses.ts'
import type { Dice } from './dice.ts'
import { asList, type Body, inGroup, type Machine } from './nsx-members.ts'

/** Machines live behind the Pods' addresses; the first 40 are the Pods'. */
const FIRST_SPOT = 41

const spotsOf = (dice: Dice): string[] => {
  const spot = dice.int(FIRST_SPOT, FIRST_SPOT + 20)
  return dice.some([address(4, spot), address(6, spot)], dice.int(0, 2))
}

export function randomMachine(dice: Dice, at: number, notes: { readonly addresses: Set<string> }): Machine {
  const addresses = spotsOf(dice)
  for (const one of addresses) notes.addresses.add(one)
  const os = dice.pick(['linux', 'windows', undefined])
  return {
    id: `id-${at}`,
    name: `vm-${at}`,
    tags: os === undefined ? [] : [{ scope: 'os', tag: os }],
    addresses,
  }
}

export const randomMachines = (dice: Dice, notes: { readonly addresses: Set<string> }): Machine[] =>
  dice.times(4, (at) => randomMachine(dice, at, notes))

const OUTSIDERS = /"(?:member_type":"VirtualMachine|resource_type":"(?:ExternalID|MACAddress)Expression)"/

/** The addresses of a group's machines, as the manager works them out; undefined: it has none, or cannot tell. */
export function toldMembers(
  path: string,
  body: Body,
  groups: ReadonlyMap<string, Body>,
  machines: readonly Machine[],
): readonly string[] | undefined {
  if (!OUTSIDERS.test(JSON.stringify(asList(body['expression'])))) return undefined
  const cluster = { families: [4, 6] as const, namespaces: [], pods: [], services: [] }
  try {
    const isIn = inGroup(path, { body, groups, machines }, cluster)
    return machines
      .flatMap((machine) => machine.addresses)
      .filter((one) => isIn({ address: one, pod: undefined }))
  } catch {
    return undefined
  }
}
