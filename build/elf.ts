/** What an ELF file says of itself (System V ABI, "ELF header"; `e_machine` in its processor supplements). */
import type { Arch } from './bundle.ts'

const MACHINE: Readonly<Record<Arch, number>> = { x64: 62, arm64: 183 }
/** Node's fuse: the last byte is 1 when something is sealed in (nodejs.org/api/single-executable-applications.html). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:'

/** Throws unless these bytes are a 64-bit little-endian ELF file for this processor. */
export function checkElf(what: string, bytes: Uint8Array, arch: Arch): void {
  const head = Buffer.from(bytes.subarray(0, 20))
  const isElf = head.length === 20 && head.subarray(0, 6).equals(Buffer.from('\x7fELF\x02\x01', 'latin1'))
  if (!isElf || head.readUInt16LE(18) !== MACHINE[arch]) throw new Error(`${what} is no ELF file for ${arch}`)
}

/** Throws unless something is sealed into this copy of Node, once. */
export function checkSealed(what: string, bytes: Buffer): void {
  const at = bytes.indexOf(FUSE, 0, 'latin1')
  if (at < 0 || bytes[at + FUSE.length] !== 0x31 || bytes.indexOf(FUSE, at + 1, 'latin1') >= 0)
    throw new Error(`${what} has nothing sealed in`)
}

/** The newest glibc whose symbols are asked for, such as 2.34; undefined when none are. */
export function glibcNeeded(bytes: Buffer): string | undefined {
  const versions = new Set(bytes.toString('latin1').match(/(?<=\0GLIBC_)2\.\d+(?=\0)/g) ?? [])
  return [...versions].sort((a, b) => Number(a.slice(2)) - Number(b.slice(2))).at(-1)
}
