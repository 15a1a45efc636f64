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
  const [only] = to
  if (to.length === 1 && source.length === 0 && only?.first === only?.last) {
    yield { port: only!.first, protocol }
    return
  }
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
