/**
 * Which groups have members that only NSX can work out: virtual machines, alone or beside addresses and other groups, and
 * nothing that has no address there (Pods, segments, identities). The channel sends GroupMembers of these, and by the public
 * API their members are asked for. Pure.
 */
type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const objects = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])

type Operand = 'machines' | 'groups' | 'static' | 'unknown'

/** Members that NSX tells the addresses of. */
const MACHINES: ReadonlySet<unknown> = new Set(['VirtualMachine', 'VirtualNetworkInterface'])

function operandOf(operand: Fields): Operand {
  switch (operand['resource_type']) {
    case 'Condition':
      return operand['member_type'] === 'VirtualMachine' ? 'machines' : 'unknown'
    case 'NestedExpression':
      return objects(operand['expressions'])
        .filter((part) => part['resource_type'] === 'Condition')
        .every((part) => part['member_type'] === 'VirtualMachine')
        ? 'machines'
        : 'unknown'
    case 'ExternalIDExpression':
      return MACHINES.has(operand['member_type']) ? 'machines' : 'unknown'
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

/** What a group's members depend on. */
export interface Generic {
  /** The group and the groups in it. */
  readonly paths: readonly string[]
}

/** Undefined for groups that the cluster works out by itself, and where a group in it is not known. */
export function genericOf(path: string, groupAt: (path: string) => Fields | undefined): Generic | undefined {
  let hasMachines = false
  const seen = new Set<string>()
  const waiting = [path]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    const group = groupAt(next)
    if (group === undefined || objects(group['extended_expression']).length > 0) return undefined
    for (const operand of objects(group['expression'])) {
      const is = operandOf(operand)
      if (is === 'unknown') return undefined
      if (is === 'machines') hasMachines = true
      const inner = operand['paths']
      if (is === 'groups' && Array.isArray(inner))
        for (const one of inner) if (typeof one === 'string') waiting.push(one)
    }
  }
  return hasMachines ? { paths: [...seen] } : undefined
}
