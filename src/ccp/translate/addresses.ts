/** NSX's addresses (one, a CIDR, a range) as the CIDRs that Antrea takes. */
import ipaddr from 'ipaddr.js'

export type Family = 4 | 6

export interface Block {
  readonly family: Family
  readonly cidr: string
}

interface Address {
  readonly family: Family
  readonly value: bigint
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
function coverRange(family: Family, first: bigint, last: bigint): Block[] {
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
 * `10.0.0.1`, `10.0.0.0/8` (host bits are cut off), `10.0.0.1-10.0.0.9`; undefined: none of these, or IPv4 written as
 * IPv6 (::ffff:10.0.0.1), which Antrea's agents take for IPv4 but with the IPv6 prefix length
 * (antrea-io/antrea pkg/util/ip, IPNetToNetIPNet).
 */
export function parseBlocks(text: string): Block[] | undefined {
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
    return coverRange(first.family, first.value, last.value)
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

/** Multicast has rules of its own in Antrea: it may not stand beside anything else. */
export const isMulticast = ({ family, cidr }: Block): boolean =>
  family === 4 ? /^(22[4-9]|23\d)\./.test(cidr) : /^ff[0-9a-f]{2}:/.test(cidr)

/** What looks like an address and not like a path. */
export const looksLikeAddress = (text: string): boolean => !text.startsWith('/') && /[.:]/.test(text)
