/** Ports as NSX writes them, and as Antrea's agents can hold them. */
import type { PolicyPort } from '../../kube/antrea.ts'

/** Both ends included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** `80` or `8000-9000`; undefined: neither. */
export function parsePorts(text: string): PortRange | undefined {
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(text)
  const first = Number(match?.[1])
  const last = match?.[2] === undefined ? first : Number(match[2])
  if (match === null || first < 1 || last > 65_535 || first > last) return undefined
  return { first, last }
}

const [ZERO, NINE] = [0x30, 0x39]

/** One port in digits alone, which most are; undefined: it has to be parsed. */
export function plainPort(text: string): number | undefined {
  if (text.length === 0 || text.length > 5) return undefined
  let port = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return undefined
    port = port * 10 + code - ZERO
  }
  return port >= 1 && port <= 65_535 ? port : undefined
}

/** Lists of one port by protocol: no more than there are ports, and rules that name the same one share it. */
const lists = { TCP: new Map<number, readonly [PolicyPort]>(), UDP: new Map<number, readonly [PolicyPort]>() }

/** The list that holds this port alone. */
export function onePort(protocol: 'TCP' | 'UDP', port: number): readonly [PolicyPort] {
  const known = lists[protocol].get(port)
  if (known !== undefined) return known
  const made: readonly [PolicyPort] = [{ port, protocol }]
  lists[protocol].set(port, made)
  return made
}

/**
 * A range as blocks of a power of two that begin at a multiple of their size. An agent turns a range of source ports into
 * bit masks and joins them in one flow, where only one can count (antrea-io/antrea pkg/agent/openflow, v2.7): so each
 * mask is an entry of its own.
 */
export function alignedBlocks({ first, last }: PortRange): PortRange[] {
  const blocks: PortRange[] = []
  for (let at = first; at <= last; ) {
    let size = 1
    while (at % (2 * size) === 0 && at + 2 * size - 1 <= last) size *= 2
    blocks.push({ first: at, last: at + size - 1 })
    at += size
  }
  return blocks
}

/** Each destination with each source; an empty list is every port. The keys stand in the order of canonical JSON. */
export function* crossed(
  protocol: NonNullable<PolicyPort['protocol']>,
  to: readonly PortRange[],
  source: readonly PortRange[],
): Iterable<PolicyPort> {
  const sources = source.flatMap(alignedBlocks)
  for (const one of to.length === 0 ? [undefined] : to)
    for (const from of sources.length === 0 ? [undefined] : sources)
      yield {
        ...(one === undefined || one.first === one.last ? {} : { endPort: one.last }),
        ...(one === undefined ? {} : { port: one.first }),
        protocol,
        ...(from === undefined || from.first === from.last ? {} : { sourceEndPort: from.last }),
        ...(from === undefined ? {} : { sourcePort: from.first }),
      }
}
