/** NSX's addresses (one, a CIDR, a range) as the CIDRs that Antrea takes. */
import ipaddr from 'ipaddr.js'

export type Family = 4 | 6

export interface Block {
  readonly family: Family
  readonly cidr: string
  /** Of one IPv4 address written as `plainBlock` does: its place among such blocks by text. */
  readonly order?: number
}

interface Address {
  readonly family: Family
  readonly value: bigint
}

/** First and last address. */
interface Range {
  readonly first: bigint
  readonly last: bigint
}

const BITS = { 4: 32, 6: 128 } as const

/** Strict: four decimal parts, or IPv6 without a zone. ipaddr.js alone would also take `10` and `0x7f.1`. */
function parseAddress(text: string): Address | undefined {
  const bytes = ipaddr.IPv4.isValidFourPartDecimal(text)
    ? ipaddr.IPv4.parse(text).toByteArray()
    : text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)
      ? ipaddr.IPv6.parse(text).toByteArray()
      : undefined
  if (bytes === undefined) return undefined
  return {
    family: bytes.length === 4 ? 4 : 6,
    value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  }
}

function addressText({ family, value }: Address): string {
  const length = BITS[family] / 8
  const bytes = Array.from({ length }, (_, at) => Number((value >> BigInt(8 * (length - 1 - at))) & 0xffn))
  return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toString()
}

const block = (family: Family, value: bigint, prefix: number): Block => ({
  family,
  cidr: `${addressText({ family, value })}/${prefix}`,
})

/** The fewest CIDRs that hold exactly `first` … `last`. */
function coverRange(family: Family, { first, last }: Range): Block[] {
  const blocks: Block[] = []
  let at = first
  while (at <= last) {
    let hostBits = 0
    while (hostBits < BITS[family]) {
      const size = 1n << BigInt(hostBits + 1)
      if ((at & (size - 1n)) !== 0n || at + size - 1n > last) break
      hostBits += 1
    }
    blocks.push(block(family, at, BITS[family] - hostBits))
    at += 1n << BigInt(hostBits)
  }
  return blocks
}

/**
 * The value of one IPv4 address in its usual form, which most sets of addresses are made of: this is all they cost. As a
 * 32-bit number with its sign, NOT_PLAIN when it is something else.
 */
export function plainV4(text: string): number {
  const { length } = text
  if (length < 7 || length > 15) return NOT_PLAIN
  let dots = 0
  let digits = 0
  let value = 0
  let address = 0
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0) return NOT_PLAIN
      dots += 1
      digits = 0
      address = (address << 8) | value
      value = 0
    } else {
      // No digit after a nought: who reads 10.010.0.1 as octal sees another address.
      if (code < ZERO || code > ZERO + 9 || (digits > 0 && value === 0)) return NOT_PLAIN
      digits += 1
      value = value * 10 + code - ZERO
      if (value > 255) return NOT_PLAIN
    }
  }
  return dots === 3 && digits > 0 ? (address << 8) | value : NOT_PLAIN
}

/** No 32-bit number. */
export const NOT_PLAIN = 2 ** 40

export const isPlainV4 = (text: string): boolean => plainV4(text) !== NOT_PLAIN

/** Places of 0 … 255 when they are sorted as texts; what ends a part comes before every digit. */
const TEXT_ORDER: readonly number[] = (() => {
  const sorted = Array.from({ length: 256 }, (_, part) => String(part)).sort()
  return Array.from({ length: 256 }, (_, part) => sorted.indexOf(String(part)))
})()

/** The block of one address that `plainV4` knows. */
export const plainBlock = (text: string, address: number): Block => ({
  family: 4,
  cidr: `${text}/32`,
  order:
    TEXT_ORDER[address >>> 24]! * 2 ** 24 +
    TEXT_ORDER[(address >>> 16) & 255]! * 2 ** 16 +
    TEXT_ORDER[(address >>> 8) & 255]! * 2 ** 8 +
    TEXT_ORDER[address & 255]!,
})

/** 224.0.0.0/4, by the value of `plainV4`. */
export const isMulticastV4 = (address: number): boolean => address >>> 28 === 14

const DOT = 0x2e
const ZERO = 0x30

/**
 * `10.0.0.1`, `10.0.0.0/8` (host bits are cut off), `10.0.0.1-10.0.0.9`; undefined: none of these, or IPv4 written as
 * IPv6 (::ffff:10.0.0.1), which Antrea's agents take for IPv4 but with the IPv6 prefix length
 * (antrea-io/antrea pkg/util/ip, IPNetToNetIPNet).
 */
export function parseBlocks(text: string): Block[] | undefined {
  if (isPlainV4(text)) return [{ family: 4, cidr: `${text}/32` }]
  const blocks = readBlocks(text)
  return blocks?.some(isMapped) ? undefined : blocks
}

/** RFC 4291 §2.5.5.2: five words of zeros, then ffff. */
const isMapped = ({ cidr }: Block): boolean => /^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}\//.test(cidr)

function readBlocks(text: string): Block[] | undefined {
  const dash = text.split('-')
  if (dash.length === 2) {
    const [first, last] = dash.map((part) => parseAddress(part.trim()))
    if (first === undefined || last === undefined) return undefined
    if (first.family !== last.family || first.value > last.value) return undefined
    return coverRange(first.family, { first: first.value, last: last.value })
  }
  const [ip = '', prefix, more] = text.trim().split('/')
  const address = parseAddress(ip)
  if (address === undefined || more !== undefined) return undefined
  const bits = BITS[address.family]
  if (prefix === undefined) return [block(address.family, address.value, bits)]
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits) return undefined
  const hostBits = BigInt(bits - Number(prefix))
  return [block(address.family, (address.value >> hostBits) << hostBits, Number(prefix))]
}

const TWO = 0x32

/** Multicast has rules of its own in Antrea: it may not stand beside anything else. */
export const isMulticast = ({ family, cidr }: Block): boolean =>
  family === 4 ? cidr.charCodeAt(0) === TWO && /^(22[4-9]|23\d)\./.test(cidr) : /^ff[0-9a-f]{2}:/.test(cidr)

/** What looks like an address and not like a path. */
export const looksLikeAddress = (text: string): boolean => !text.startsWith('/') && /[.:]/.test(text)

function rangeOf({ family, cidr }: Block): Range {
  const [ip = '', prefix] = cidr.split('/')
  const first = parseAddress(ip)?.value ?? 0n
  return { first, last: first + (1n << BigInt(BITS[family] - Number(prefix))) - 1n }
}

/** The fewest CIDRs that hold the same addresses, none within another; all blocks are of the family. */
export function merged(family: Family, blocks: readonly Block[]): Block[] {
  const ranges = blocks.map(rangeOf).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const joined: Range[] = []
  for (const range of ranges) {
    const before = joined.at(-1)
    if (before === undefined || range.first > before.last + 1n) joined.push(range)
    else if (range.last > before.last) joined[joined.length - 1] = { first: before.first, last: range.last }
  }
  return joined.flatMap((range) => coverRange(family, range))
}

/** Every address of a family. */
export const EVERY_ADDRESS: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' }

/** A hash that spreads blocks evenly over shards (FNV-1a, mixed once more): it decides nothing that needs a secret. */
export function spreadOf(cidr: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < cidr.length; at += 1) hash = Math.imul(hash ^ cidr.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** The CIDRs of blocks, sorted as texts. */
export function sortedCidrs(blocks: readonly Block[]): string[] {
  const keys = new Float64Array(blocks.length)
  for (let at = 0; at < blocks.length; at += 1) {
    const { order } = blocks[at]!
    if (order === undefined || blocks.length > NUMBERED_MAX) return blocks.map(({ cidr }) => cidr).sort()
    keys[at] = order * NUMBERED_MAX + at
  }
  // Numbers are sorted far faster than texts.
  keys.sort()
  const sorted: string[] = []
  for (let at = 0; at < keys.length; at += 1) sorted.push(blocks[keys[at]! % NUMBERED_MAX]!.cidr)
  return sorted
}

/** With 32 bits before it, exact in a double. */
const NUMBERED_MAX = 2 ** 20
