/** IP addresses and blocks as Go's net package reads them, and as the controlplane API writes them. */
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

export interface Block {
  readonly address: Address
  readonly bits: number
}

/** Four decimal numbers without leading zeros: what net.ParseIP takes, and older parsers took for octal. */
const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/

function parseV4(text: string): Address | undefined {
  if (!IPV4.test(text)) return undefined
  const bytes = text.split('.').map(Number)
  return bytes.every((byte) => byte <= 255) ? new ipaddr.IPv4(bytes) : undefined
}

/** Undefined for what net.ParseIP refuses. An IPv4-mapped address is IPv4, as everywhere in Go. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseV4(text)
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.IPv6.parse(text)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

/** The address as written and the length of its prefix; undefined for what net.ParseCIDR refuses. */
export function parseBlock(text: string): Block | undefined {
  const at = text.indexOf('/')
  if (at === -1) return undefined
  const length = text.slice(at + 1)
  const address = parseAddress(text.slice(0, at))
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  const bits = Number(length)
  // A mapped address keeps the prefix of the 128 bits it is written with.
  const isMapped = text.includes(':') && address.kind() === 'ipv4'
  if (isMapped && bits <= 96) return { address: (address as ipaddr.IPv4).toIPv4MappedAddress(), bits }
  const usable = isMapped ? bits - 96 : bits
  return usable <= address.toByteArray().length * 8 ? { address, bits: usable } : undefined
}

/** The block's first address. */
export function masked({ address, bits }: Block): Block {
  const bytes = address.toByteArray().map((byte, at) => {
    const kept = Math.min(8, Math.max(0, bits - at * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
  return { address: ipaddr.fromByteArray(bytes), bits }
}

/** True when the address lies in the block; never across families. */
export const contains = (block: Block, address: Address): boolean =>
  block.address.kind() === address.kind() &&
  masked({ address, bits: block.bits }).address.toNormalizedString() ===
    masked(block).address.toNormalizedString()

/** 224.0.0.0/4 and ff00::/8. */
export const isMulticast = (address: Address): boolean => {
  const [first = 0] = address.toByteArray()
  return address.kind() === 'ipv4' ? first >= 224 && first <= 239 : first === 255
}

/** The 16 bytes of an address (IPv4 mapped), base64: how the controlplane API has it in JSON. */
export function wireAddress(address: Address): string {
  const bytes = Buffer.from(address.toByteArray()).toString('base64')
  return address.kind() === 'ipv4' ? `${MAPPED_BASE64}${bytes}` : bytes
}

/** Ten bytes of zeros and two of ones; twelve bytes are four whole groups of base64. */
const MAPPED_BASE64 = 'AAAAAAAAAAAAAP//'

/** First usable address of a pod CIDR: the gateway of a Node. */
export function gatewayOf(cidr: string): Address | undefined {
  const block = parseBlock(cidr)
  if (block === undefined) return undefined
  const bytes = masked(block).address.toByteArray()
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) | 1
  return ipaddr.fromByteArray(bytes)
}
