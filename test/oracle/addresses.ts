/** Addresses for random worlds: few of them, close together, so that blocks and Pods meet; with the edges noted. */
import type { Dice } from './dice.ts'

export type Family = 4 | 6

const BASE = { 4: 0x0a_00_00_00n, 6: 0xfd00n << 112n } as const
const BITS = { 4: 32, 6: 128 } as const
/** Addresses 0 … 511 after the base are in use. */
export const SPACE = 512

const words = (value: bigint): string[] =>
  Array.from({ length: 8 }, (_, at) => ((value >> BigInt(16 * (7 - at))) & 0xffffn).toString(16))

function textOf(family: Family, value: bigint, isLong = false): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')
  const all = words(value)
  if (isLong) return all.map((word) => word.toUpperCase().padStart(4, '0')).join(':')
  const zeros = all.findIndex((word, at) => word === '0' && all[at + 1] === '0')
  if (zeros < 0) return all.join(':')
  let end = zeros
  while (all[end] === '0') end += 1
  return `${all.slice(0, zeros).join(':')}::${all.slice(end).join(':')}`
}

/** The n-th address of a family, in the form that Pods and packets have it. */
export const address = (family: Family, n: number): string => textOf(family, BASE[family] + BigInt(n))

/** The addresses at and just outside both ends. */
const edges = (family: Family, first: bigint, last: bigint): string[] =>
  [first - 1n, first, last, last + 1n]
    .filter((value) => value >= 0n && value < 2n ** BigInt(BITS[family]))
    .map((value) => textOf(family, value))

/** An address, CIDR or range as NSX takes it; `edges` are the addresses where it matters. */
export function randomBlock(dice: Dice, family: Family): { text: string; edges: string[] } {
  const first = BASE[family] + BigInt(dice.int(0, 40))
  const isLong = dice.chance(0.3)
  const kind = dice.int(0, 9)
  if (kind <= 2) return { text: textOf(family, first, isLong), edges: edges(family, first, first) }
  if (kind <= 5) {
    const hostBits = BigInt(dice.int(0, 9))
    const network = (first >> hostBits) << hostBits
    const shown = dice.chance(0.5) ? network : first
    return {
      text: `${textOf(family, shown, isLong)}/${BITS[family] - Number(hostBits)}`,
      edges: edges(family, network, network + (1n << hostBits) - 1n),
    }
  }
  if (kind === 6) return { text: family === 4 ? '0.0.0.0/0' : '::/0', edges: [] }
  const last = first + BigInt(dice.int(0, 30))
  const dash = dice.chance(0.5) ? '-' : ' - '
  return {
    text: textOf(family, first, isLong) + dash + textOf(family, last),
    edges: edges(family, first, last),
  }
}
