/** Random clusters and the flows in them. */
import { address, type Family, SPACE } from './addresses.ts'
import type { Dice } from './dice.ts'
import type { Cluster, Endpoint, Flow, Namespace, Pod, Protocol } from './types.ts'

export const NAMESPACES = ['shop', 'bank', 'dev']
/** Labels and the values they take; one has a prefix, one a value that differs from another by case only. */
export const POD_LABELS: Readonly<Record<string, readonly string[]>> = {
  app: ['web', 'Web', 'db'],
  tier: ['front', 'back'],
  'example.com/role': ['a', 'b.1'],
}
export const NAMESPACE_LABELS: Readonly<Record<string, readonly string[]>> = {
  env: ['prod', 'test'],
  team: ['red', 'blue'],
}

function randomLabels(dice: Dice, from: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [key, values] of Object.entries(from)) if (dice.chance(0.7)) labels[key] = dice.pick(values)
  return labels
}

export function randomCluster(dice: Dice): Cluster {
  const namespaces = NAMESPACES.map(
    (name): Namespace => ({
      name,
      labels: { 'kubernetes.io/metadata.name': name, ...randomLabels(dice, NAMESPACE_LABELS) },
    }),
  )
  const spots = dice.some(
    dice.times(40, (n) => n),
    12,
  )
  const pods: Pod[] = spots.slice(0, dice.int(5, 9)).map((spot, at) => {
    const both = [address(4, spot), address(6, spot)]
    const addresses = dice.chance(0.6) ? both : [dice.pick(both)]
    return {
      name: `pod-${at}`,
      namespace: dice.pick(NAMESPACES),
      labels: randomLabels(dice, POD_LABELS),
      addresses,
      hostNetwork: false,
      phase: 'Running',
    }
  })
  const more = (name: string, addresses: readonly string[], rest: Partial<Pod>): Pod => ({
    name,
    namespace: dice.pick(NAMESPACES),
    labels: randomLabels(dice, POD_LABELS),
    addresses,
    hostNetwork: false,
    phase: 'Running',
    ...rest,
  })
  pods.push(more('on-host', [address(4, spots[10]!), address(6, spots[10]!)], { hostNetwork: true }))
  // Its address is another's by now.
  pods.push(more('finished', [pods[0]!.addresses[0]!], { phase: 'Succeeded' }))
  pods.push(more('starting', [], { phase: 'Pending' }))
  return { namespaces, pods }
}

/** What makes a flow worth looking at: addresses and ports at the edges of what policies name. */
export interface Edges {
  readonly addresses: ReadonlySet<string>
  readonly ports: ReadonlySet<number>
}

const PROTOCOLS: readonly Protocol[] = ['TCP', 'TCP', 'TCP', 'TCP', 'UDP', 'UDP', 'SCTP', 'ICMP']

const familyOf = (text: string): Family => (text.includes(':') ? 6 : 4)

/** At least one end is a Pod; both have the same family. */
export function randomFlows(dice: Dice, cluster: Cluster, edges: Edges, count: number): Flow[] {
  const running = cluster.pods.filter(({ phase }) => phase === 'Running')
  const inside = running.flatMap((pod) => pod.addresses.map((one): Endpoint => ({ address: one, pod })))
  const owner = new Map(inside.map((endpoint) => [endpoint.address, endpoint]))
  const outside: Endpoint[] = [
    ...edges.addresses,
    ...dice.times(4, () => address(dice.chance(0.5) ? 4 : 6, dice.int(0, SPACE - 1))),
    '192.0.2.7',
    '2001:db8::7',
  ].map((one) => owner.get(one) ?? { address: one, pod: undefined })
  const byFamily = (family: Family, list: readonly Endpoint[]) =>
    list.filter((endpoint) => familyOf(endpoint.address) === family)
  const sides = {
    4: { inside: byFamily(4, inside), outside: byFamily(4, outside) },
    6: { inside: byFamily(6, inside), outside: byFamily(6, outside) },
  }
  const ports = [...edges.ports]
  const anyPort = () => (ports.length > 0 && dice.chance(0.85) ? dice.pick(ports) : dice.int(1, 65_535))
  return dice.times(count, () => {
    const one = dice.pick(inside)
    const family = familyOf(one.address)
    const other = dice.chance(0.55) ? dice.pick(sides[family].inside) : dice.pick(sides[family].outside)
    const [source, destination] = dice.chance(0.5) ? [one, other] : [other, one]
    const protocol = dice.pick(PROTOCOLS)
    const isIcmp = protocol === 'ICMP'
    return {
      source,
      destination,
      family,
      protocol,
      sourcePort: isIcmp ? 0 : anyPort(),
      port: isIcmp ? 0 : anyPort(),
    }
  })
}
