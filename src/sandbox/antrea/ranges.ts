/** Ranges of addresses in pools: as they are written, as numbers, and as the allocator counts them. */
import ipaddr from 'ipaddr.js'
import { masked, parseAddress, parseBlock } from './addresses.ts'

export interface IpRange {
  readonly cidr?: string
  readonly start?: string
  readonly end?: string
}

export interface SubnetInfo {
  readonly gateway?: string
  readonly prefixLength?: number
  readonly vlan?: number
}

export type Family = 'ipv4' | 'ipv6'

/** Both ends belong to it. */
export interface Span {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

/** As Antrea names a range: its CIDR, or both ends. */
export const textOfRange = ({ cidr, start = '', end = '' }: IpRange): string =>
  cidr !== undefined && cidr !== '' ? cidr : `${start}-${end}`

type Address = NonNullable<ReturnType<typeof parseAddress>>

const numberOf = (address: Address): bigint =>
  address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

export interface Numbered {
  readonly family: Family
  readonly value: bigint
}

export function numberOfText(text: string): Numbered | undefined {
  const address = parseAddress(text)
  return address && { family: address.kind(), value: numberOf(address) }
}

export function addressText({ family, value }: Numbered): string {
  const size = family === 'ipv4' ? 4 : 16
  const bytes = Array.from({ length: size }, (_, at) =>
    Number((value >> BigInt(8 * (size - 1 - at))) & 0xffn),
  )
  return ipaddr.fromByteArray(bytes).toString()
}

function spanOfBlock(text: string): Span | undefined {
  const block = parseBlock(text)
  if (block === undefined) return undefined
  const { address, bits } = masked(block)
  const first = numberOf(address)
  const width = BigInt(address.toByteArray().length * 8 - bits)
  return { family: address.kind(), first, last: first + (1n << width) - 1n }
}

/** All of a range; undefined when it is none: bad addresses, two families, or the end before the start. */
export function spanOf({ cidr, start = '', end = '' }: IpRange): Span | undefined {
  if (cidr !== undefined && cidr !== '') return spanOfBlock(cidr)
  const [first, last] = [numberOfText(start), numberOfText(end)]
  if (first === undefined || last === undefined) return undefined
  if (first.family !== last.family || first.value > last.value) return undefined
  return { family: first.family, first: first.value, last: last.value }
}

/** The subnet of a gateway. */
export const spanOfSubnet = ({ gateway = '', prefixLength = 0 }: SubnetInfo): Span | undefined =>
  spanOfBlock(`${gateway}/${prefixLength}`)

export const overlap = (a: Span, b: Span): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last
export const isInside = (inner: Span, outer: Span): boolean =>
  inner.family === outer.family && inner.first >= outer.first && inner.last <= outer.last

/** Antrea's allocator keeps a bit for each address, and no more than these of one range. */
const RANGE_ADDRESSES_MAX = 65_536n

/**
 * How many addresses of a range are given out (pkg/ipam/ipallocator): of a CIDR neither its first one nor, of IPv4, the
 * last. Of 10.0.0.1/32 that makes -1, which Antrea shows.
 */
function countOf(range: IpRange, span: Span): bigint {
  const size = span.last - span.first + 1n
  if (range.cidr === undefined || range.cidr === '') return size
  const capped = size - 1n > RANGE_ADDRESSES_MAX ? RANGE_ADDRESSES_MAX : size - 1n
  return span.family === 'ipv4' ? capped - 1n : capped
}

/** What of a range is given out; undefined: nothing. */
export function usableSpan(range: IpRange): Span | undefined {
  const span = spanOf(range)
  if (span === undefined) return undefined
  const first = range.cidr === undefined || range.cidr === '' ? span.first : span.first + 1n
  const count = countOf(range, span)
  return count > 0n ? { ...span, first, last: first + count - 1n } : undefined
}

export const sizeOf = (ranges: readonly IpRange[]): number =>
  ranges.reduce((sum, range) => {
    const span = spanOf(range)
    return span === undefined ? sum : sum + Number(countOf(range, span))
  }, 0)

/** True when an address of one of the ranges is given out as this. */
export const holds = (ranges: readonly IpRange[], address: Numbered): boolean =>
  ranges.some((range) => {
    const span = usableSpan(range)
    return span?.family === address.family && span.first <= address.value && address.value <= span.last
  })

/** The lowest address that is not in use, of the first range that has one. `used` holds texts as `addressText` writes them. */
export function nextFree(ranges: readonly IpRange[], used: ReadonlySet<string>): string | undefined {
  for (const range of ranges) {
    const span = usableSpan(range)
    if (span === undefined) continue
    for (let value = span.first; value <= span.last; value += 1n) {
      const text = addressText({ family: span.family, value })
      if (!used.has(text)) return text
      if (value - span.first > RANGE_ADDRESSES_MAX) break
    }
  }
  return undefined
}
