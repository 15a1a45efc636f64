/** Who is in an NSX group, straight from its body: the NSX judge's half of groups and addresses. */
import type { Cluster, Endpoint } from './types.ts'

export type Body = Readonly<Record<string, unknown>>

/** Something this judge has no meaning for: the translation must refuse it too. */
export class Unmodelled extends Error {}

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A virtual machine somewhere else, as NSX knows it. */
export interface Machine {
  readonly id: string
  readonly name: string
  readonly tags: readonly { readonly scope: string; readonly tag: string }[]
  readonly addresses: readonly string[]
}

/** A group as it was at one time: its body, and all groups and machines of that time. */
export interface GroupRevision {
  readonly body: Body
  readonly groups: ReadonlyMap<string, Body>
  readonly machines: readonly Machine[]
}

/** Where members are looked for. */
interface Place {
  readonly groups: ReadonlyMap<string, Body>
  readonly machines: readonly Machine[]
  readonly cluster: Cluster
}

export type Matches = (endpoint: Endpoint) => boolean

const LABEL_SCOPE = 'dis:k8s:'

/** First and last address as numbers, and the family. */
interface Span {
  readonly family: 4 | 6
  readonly first: bigint
  readonly last: bigint
}

/** An address as a number; RFC 4291 §2.2 for IPv6. */
function numberOf(text: string): { family: 4 | 6; value: bigint } | undefined {
  const quads = text.split('.')
  if (quads.length === 4 && quads.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return { family: 4, value: quads.reduce((sum, part) => sum * 256n + BigInt(part), 0n) }
  const halves = text.split('::')
  if (halves.length > 2 || !text.includes(':')) return undefined
  const words = (half: string | undefined) => (half === undefined || half === '' ? [] : half.split(':'))
  const [head, tail] = [words(halves[0]), words(halves[1])]
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!all.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))) return undefined
  return { family: 6, value: all.reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n) }
}

function spanOf(text: string): Span {
  const wrong = () => new Unmodelled(`address ${text}`)
  if (text.includes('-')) {
    const [first, last, more] = text.split('-').map((part) => numberOf(part.trim()))
    if (first === undefined || last === undefined || more !== undefined) throw wrong()
    if (first.family !== last.family || first.value > last.value) throw wrong()
    return { family: first.family, first: first.value, last: last.value }
  }
  const [ip = '', length] = text.split('/')
  const found = numberOf(ip)
  if (found === undefined) throw wrong()
  const bits = found.family === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits || length === '') throw wrong()
  const size = 2n ** BigInt(bits - prefix)
  const first = (found.value / size) * size
  return { family: found.family, first, last: first + size - 1n }
}

const known = new Map<string, { family: 4 | 6; value: bigint }>()
const KNOWN_MAX = 100_000

/** An endpoint's address, read once. */
function place(address: string): { family: 4 | 6; value: bigint } {
  const kept = known.get(address)
  if (kept !== undefined) return kept
  const value = numberOf(address)
  if (value === undefined) throw new Error(`no address: ${address}`)
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(address, value)
  return value
}

/** Whether an endpoint has one of the addresses; `text` is one, a CIDR or a range. */
export function inAddresses(text: string): Matches {
  const { family, first, last } = spanOf(text)
  return ({ address }) => {
    const at = place(address)
    return at.family === family && at.value >= first && at.value <= last
  }
}

/** A Pod that NSX sees as a workload of its own: one on the host network has its node's interface. */
const hasVnic = ({ pod }: Endpoint): boolean => pod !== undefined && !pod.hostNetwork

const cycle = (path: string) => new Unmodelled(`group ${path} contains itself`)

/** Membership in the group at `path`. */
export function inGroup(path: string, { body, groups, machines }: GroupRevision, cluster: Cluster): Matches {
  return groupMatches(path, body, { groups, machines, cluster }, [])
}

function groupMatches(path: string, body: Body, place: Place, trail: readonly string[]): Matches {
  if (trail.includes(path)) throw cycle(path)
  if (body['reference'] === true || asList(body['extended_expression']).length > 0)
    throw new Unmodelled(`group ${path} is global or has identities`)
  const items = asList(body['expression']) as Body[]
  if (items.length === 0) return () => false
  if (items.length % 2 === 0) throw new Unmodelled(`expression of ${path}`)
  const criteria: Matches[][] = [[]]
  items.forEach((item, at) => {
    const isConjunction = item['resource_type'] === 'ConjunctionOperator'
    if (isConjunction !== (at % 2 === 1)) throw new Unmodelled(`expression of ${path}`)
    if (!isConjunction) criteria.at(-1)?.push(operandMatches(item, place, [...trail, path]))
    else if (item['conjunction_operator'] === 'OR') criteria.push([])
    else if (item['conjunction_operator'] !== 'AND') throw new Unmodelled(`conjunction in ${path}`)
  })
  return (endpoint) => criteria.some((operands) => operands.every((matches) => matches(endpoint)))
}

function operandMatches(item: Body, place: Place, trail: readonly string[]): Matches {
  switch (item['resource_type']) {
    case 'Condition':
      return conditionMatches(item, place)
    case 'NestedExpression': {
      const parts = (asList(item['expressions']) as Body[]).map((part, at) => {
        if (at % 2 === 0) return conditionMatches(part, place)
        if (part['conjunction_operator'] !== 'AND') throw new Unmodelled('a nested expression is AND only')
        return () => true
      })
      if (parts.length % 2 === 0) throw new Unmodelled('a nested expression that is cut off')
      return (endpoint) => parts.every((matches) => matches(endpoint))
    }
    case 'IPAddressExpression': {
      const spans = asList(item['ip_addresses']).map((text) => inAddresses(asText(text)))
      return (endpoint) => spans.some((matches) => matches(endpoint))
    }
    case 'PathExpression': {
      const nested = asList(item['paths']).map((path) => {
        const body = place.groups.get(asText(path))
        if (body === undefined) throw new Unmodelled(`member ${path} is not there`)
        return groupMatches(asText(path), body, place, trail)
      })
      return (endpoint) => nested.some((matches) => matches(endpoint))
    }
    case 'ExternalIDExpression': {
      if (item['member_type'] !== 'VirtualMachine') throw new Unmodelled(`members by ${item['member_type']}`)
      const ids = asList(item['external_ids'])
      return isMachine(place.machines.filter(({ id }) => ids.includes(id)))
    }
    default:
      throw new Unmodelled(`members by ${item['resource_type']}`)
  }
}

/** A machine is at each of its addresses. */
function isMachine(machines: readonly Machine[]): Matches {
  const addresses = new Set(machines.flatMap((machine) => machine.addresses))
  return ({ address }) => addresses.has(address)
}

function machinesBy({ key, operator, value }: Body, machines: readonly Machine[]): Matches {
  const wanted = asText(value)
  const [scope = '', tag = ''] = wanted.includes('|') ? wanted.split('|') : ['', wanted]
  if (wanted === '') throw new Unmodelled('an empty value')
  const hasTag = (machine: Machine) =>
    machine.tags.some((one) => (scope === '' || one.scope === scope) && (tag === '' || one.tag === tag))
  if (key === 'Tag' && operator === 'EQUALS') return isMachine(machines.filter(hasTag))
  if (key === 'Tag' && operator === 'NOTEQUALS') return isMachine(machines.filter((one) => !hasTag(one)))
  if (key === 'Name' && operator === 'STARTSWITH')
    return isMachine(machines.filter(({ name }) => name.startsWith(wanted)))
  throw new Unmodelled(`machines by ${key} ${operator}`)
}

/** Pods behind a Service of this name, in whichever Namespace. */
function behind(value: unknown, { services }: Cluster): Matches {
  const named = services.filter(({ name }) => name === value)
  return (endpoint) =>
    hasVnic(endpoint) &&
    named.some(({ namespace, selector }) => {
      const wanted = Object.entries(selector)
      const { pod } = endpoint
      return (
        pod?.namespace === namespace &&
        wanted.length > 0 &&
        wanted.every(([label, content]) => pod.labels[label] === content)
      )
    })
}

function conditionMatches(condition: Body, { cluster, machines }: Place): Matches {
  const { resource_type, member_type, key, operator, value, scope_operator = 'EQUALS' } = condition
  const wrong = () => new Unmodelled(`condition ${JSON.stringify(condition)}`)
  if (resource_type !== 'Condition' || condition['exclude'] != null) throw wrong()
  if (typeof value !== 'string' || value === '' || scope_operator !== 'EQUALS') throw wrong()
  if (member_type === 'VirtualMachine') return machinesBy(condition, machines)
  if (member_type === 'Service' && key === 'Name' && operator === 'EQUALS') return behind(value, cluster)
  if (operator !== 'EQUALS' && operator !== 'NOTEQUALS') throw wrong()
  if (member_type === 'Namespace' && key === 'Name' && operator === 'EQUALS')
    return (endpoint) => hasVnic(endpoint) && endpoint.pod?.namespace === value
  if ((member_type !== 'Pod' && member_type !== 'Namespace') || key !== 'Tag') throw wrong()
  const has = tagged(value)
  const labelsOf = ({ pod }: Endpoint) =>
    member_type === 'Pod'
      ? pod?.labels
      : cluster.namespaces.find(({ name }) => name === pod?.namespace)?.labels
  return (endpoint) => hasVnic(endpoint) && has(labelsOf(endpoint) ?? {}) === (operator === 'EQUALS')
}

/** `scope|tag` among an object's tags, which are its labels; a side that is empty is not asked. */
function tagged(value: string): (labels: Readonly<Record<string, string>>) => boolean {
  const bar = value.indexOf('|')
  const [scope, tag] = bar < 0 ? ['', value] : [value.slice(0, bar), value.slice(bar + 1)]
  if (scope === '') throw new Unmodelled(`tag ${value} has no scope`)
  const wanted = scope.startsWith(LABEL_SCOPE) ? scope : LABEL_SCOPE + scope
  return (labels) =>
    Object.entries(labels).some(
      ([label, content]) => LABEL_SCOPE + label === wanted && (tag === '' || content === tag),
    )
}
