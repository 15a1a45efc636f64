/** Random service entries that can be translated, with the edges of their ports and types noted. */
import type { Dice } from './dice.ts'
import type { Body } from './nsx-members.ts'

interface Edges {
  readonly ports: Set<number>
  readonly icmp: Set<number>
}

function randomPorts(dice: Dice, notes: Edges, count: number): string[] {
  return dice.times(count, () => {
    const first = dice.chance(0.1) ? dice.pick([1, 65_535]) : dice.int(1, 40) * 10
    const last = dice.chance(0.5) ? first : Math.min(65_535, first + dice.int(1, 25))
    for (const port of [first - 1, first, last, last + 1])
      if (port >= 1 && port <= 65_535) notes.ports.add(port)
    return first === last ? `${first}` : `${first}-${last}`
  })
}

/** TCP, UDP or a whole protocol. */
export function randomEntry(dice: Dice, notes: Edges): Body {
  if (dice.chance(0.12))
    return { resource_type: 'IPProtocolServiceEntry', protocol_number: dice.pick([6, 17, 132]) }
  const ports = randomPorts(dice, notes, dice.pick([0, 1, 1, 2, 3]))
  const source = dice.chance(0.25) ? randomPorts(dice, notes, dice.int(1, 2)) : []
  return {
    resource_type: 'L4PortSetServiceEntry',
    l4_protocol: dice.chance(0.7) ? 'TCP' : 'UDP',
    ...(ports.length === 0 && dice.chance(0.5) ? {} : { destination_ports: ports }),
    ...(source.length === 0 && dice.chance(0.5) ? {} : { source_ports: source }),
  }
}

/** All of ICMP, a type, or a type and a code; of either family. */
export function randomIcmp(dice: Dice, notes: Edges): Body {
  if (dice.chance(0.2))
    return { resource_type: 'IPProtocolServiceEntry', protocol_number: dice.pick([1, 58]) }
  const [type, code] = [dice.pick([0, 3, 8, 128, 255]), dice.int(0, 2)]
  for (const value of [type, code]) notes.icmp.add(value)
  return {
    resource_type: 'ICMPTypeServiceEntry',
    protocol: dice.pick(['ICMPv4', 'ICMPv6']),
    ...(dice.chance(0.75) ? { icmp_type: type, ...(dice.chance(0.5) ? { icmp_code: code } : {}) } : {}),
  }
}
