/** Random clusters and the flows in them. */
import { address, type Family, SPACE } from './addresses.ts'
import type { Dice } from './dice.ts'
import type { Cluster, Endpoint, Flow, Namespace, Pod, Protocol, Service } from './types.ts'

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

const BOTH: readonly Family[] = [4, 6]
/** Names of Services, each in one of the Namespaces. */
export const SERVICE_NAMES = ['front', 'back', 'bare']

function randomServices(dice: Dice): Service[] {
  return SERVICE_NAMES.map((name) => {
    const key = dice.pick(Object.keys(POD_LABELS))
    const selector = name === 'bare' ? {} : { [key]: dice.pick(POD_LABELS[key]!) }
    return { name, namespace: dice.pick(NAMESPACES), selector }
  })
}

export function randomCluster(dice: Dice, families: readonly Family[] = BOTH): Cluster {
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
    const all = families.map((family) => address(family, spot))
    const addresses = dice.chance(0.6) ? all : [dice.pick(all)]
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
  const hosts = families.map((family) => address(family, spots[10]!))
  pods.push(more('on-host', hosts, { hostNetwork: true }))
  // Its address is another's by now.
  pods.push(more('finished', [pods[0]!.addresses[0]!], { phase: 'Succeeded' }))
  pods.push(more('starting', [], { phase: 'Pending' }))
  return { families, namespaces, pods, services: randomServices(dice) }
}

/** What makes a flow worth looking at: addresses and ports at the edges of what policies name. */
export interface Edges {
  readonly addresses: ReadonlySet<string>
  readonly ports: ReadonlySet<number>
  readonly names: ReadonlySet<string>
  /** Types and codes of ICMP. */
  readonly icmp: ReadonlySet<number>
}

const PROTOCOLS: readonly Protocol[] = ['TCP', 'TCP', 'TCP', 'TCP', 'UDP', 'UDP', 'SCTP', 'ICMP', 'ICMP']

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
  const names = [...edges.names]
  const icmp = [...edges.icmp]
  const anyIcmp = () => (icmp.length > 0 && dice.chance(0.85) ? dice.pick(icmp) : dice.int(0, 3))
  const anyPort = () => (ports.length > 0 && dice.chance(0.85) ? dice.pick(ports) : dice.int(1, 65_535))
  return dice.times(count, () => {
    const one = dice.pick(inside)
    const family = familyOf(one.address)
    const other = dice.chance(0.55) ? dice.pick(sides[family].inside) : dice.pick(sides[family].outside)
    const [source, destination] = dice.chance(0.5) ? [one, other] : [other, one]
    const protocol = dice.pick(PROTOCOLS)
    const isIcmp = protocol === 'ICMP'
    const name = names.length > 0 && dice.chance(0.4) ? dice.pick(names) : undefined
    return {
      source,
      destination,
      family,
      protocol,
      sourcePort: isIcmp ? 0 : anyPort(),
      port: isIcmp ? 0 : anyPort(),
      ...(isIcmp ? { icmp: { type: anyIcmp(), code: anyIcmp() } } : {}),
      ...(name === undefined ? {} : { name }),
    }
  })
}
